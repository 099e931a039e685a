"""A real worklist server (DCMTK's wlmscpfs) on a free port, with the orders that a test writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from dicom_io.association import Destination
from tests.servers import a_free_port, is_listening, process, program, wait_until

AE_TITLE = "WORKLIST"


def coded(value: str, scheme: str = "99SITE", meaning: str = "as coded") -> Dataset:
    """One coded concept."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def order(
    accession: str = "A7",
    patient_id: str = "R-1",
    study_uid: str = "1.2.9",
    codes: tuple[Dataset, ...] = (),
    protocol: tuple[Dataset, ...] = (),
    date: str = "20260105",
    **more: str,
) -> Dataset:
    """One scheduled procedure step as wlmscpfs keeps it."""
    item = Dataset()
    item.SpecificCharacterSet = "ISO_IR 100"
    item.PatientName, item.PatientID, item.PatientBirthDate, item.PatientSex = (
        "Secret^Name",
        patient_id,
        "19600102",
        "F",
    )
    item.AccessionNumber, item.StudyInstanceUID, item.RequestedProcedureID = accession, study_uid, "RP1"
    item.RequestedProcedureDescription = "PRT L4 left"
    item.RequestedProcedureCodeSequence = list(codes)
    for keyword, value in more.items():
        setattr(item, keyword, value)
    step = Dataset()
    step.Modality, step.ScheduledStationAETitle, step.ScheduledProcedureStepID = "CT", "CT1", "S1"
    step.ScheduledProcedureStepStartDate, step.ScheduledProcedureStepStartTime = date, "101500"
    step.ScheduledPerformingPhysicianName, step.ScheduledProcedureStepDescription = "", "PRT"
    step.ScheduledProtocolCodeSequence = list(protocol)
    item.ScheduledProcedureStepSequence = [step]
    return item


@contextmanager
def worklist_server(folder: Path, *orders: Dataset) -> Iterator[Destination]:
    """Wlmscpfs with these orders, until the block ends."""
    place = folder / AE_TITLE
    place.mkdir(parents=True)
    (place / "lockfile").touch()
    for number, item in enumerate(orders):
        item.file_meta = FileMetaDataset()
        item.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        item.file_meta.MediaStorageSOPClassUID = "1.2.276.0.7230010.3.1.0.1"
        item.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.{number}"
        item.save_as(place / f"{number}.wl", enforce_file_format=True)
    port = a_free_port()
    log = folder / "wlmscpfs.log"
    with process(log, program("wlmscpfs"), "-dfr", "-dfp", folder, port) as server:
        wait_until(lambda: is_listening(port) or server.poll() is not None, what="wlmscpfs's start")
        yield Destination("127.0.0.1", port, AE_TITLE, answer_timeout_s=10)
