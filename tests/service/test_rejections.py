"""Images that their sender takes back by a rejection note are not planned on, whichever came first."""

from pathlib import Path

import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, KeyObjectSelectionDocumentStorage

from dicom_io.rejection import rejection_notes
from service.rows import CaseState
from service.store import NewInstance
from tests.service.test_server import QUIET_S, SERIES, START_S, STUDY, Hospital

NOTE_SERIES = "1.2.826.0.1.99"
LATER_S = START_S + 100.0


def item(**attributes: object) -> Dataset:
    made = Dataset()
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


def write_note(folder: Path, uids: list[str], *, code: str = "113001", series: str = SERIES) -> Path:
    """A Key Object Selection as PS3.3 A.35.4 has it, as far as it names images."""
    note = item(SOPClassUID=KeyObjectSelectionDocumentStorage, SOPInstanceUID=f"{NOTE_SERIES}.1", Modality="KO")
    note.StudyInstanceUID, note.SeriesInstanceUID = STUDY, NOTE_SERIES
    note.ConceptNameCodeSequence = [item(CodeValue=code, CodingSchemeDesignator="DCM", CodeMeaning="a title")]
    images = [item(ReferencedSOPClassUID=CTImageStorage, ReferencedSOPInstanceUID=uid) for uid in uids]
    of_series = item(SeriesInstanceUID=series, ReferencedSOPSequence=images)
    note.CurrentRequestedProcedureEvidenceSequence = [
        item(StudyInstanceUID=STUDY, ReferencedSeriesSequence=[of_series])
    ]
    note.file_meta = FileMetaDataset()
    note.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    folder.mkdir(parents=True, exist_ok=True)
    note.save_as(folder / "note.dcm", enforce_file_format=True)
    return folder / "note.dcm"


@pytest.fixture
def place(tmp_path):
    made = Hospital(tmp_path)
    yield made
    made.service.stop(START_S)
    made.store.close()


def receive_note(place: Hospital, now_s: float, study: str = STUDY, **told: str) -> None:
    uids = told.pop("uids", None) or [one.sop_instance_uid for one in place.store.instances(SERIES)][:2]
    path = write_note(place.arrivals.folder_of(NOTE_SERIES), list(uids), **told)
    place.store.add_instance(NewInstance(f"{NOTE_SERIES}.1", NOTE_SERIES, study, str(path), "0", "CT1"), now_s)


def states(place: Hospital) -> list[str]:
    return [str(case.state) for case in place.store.cases()]


def test_a_plan_on_images_that_are_taken_back_is_stale_and_a_person_is_asked(place):
    place.receive()
    images = len(place.store.instances(SERIES))
    place.store.move(1, CaseState.PLANNED, "3 paths", START_S)
    receive_note(place, LATER_S)
    place.service.tick(LATER_S + QUIET_S)
    assert states(place) == ["stale", "ignored", "receiving"]
    place.service.tick(LATER_S + 2 * QUIET_S)
    case = place.case(3)
    assert (case.state, case.revision) == (CaseState.WAITING, 2)
    assert case.reason.startswith(
        f"2 of {images} images were taken back by their sender (Rejected for Quality Reasons)"
    )


def test_images_that_come_after_their_note_are_not_planned_either(place):
    place.receive()
    receive_note(place, START_S)
    place.service.tick(START_S + QUIET_S)
    assert "taken back" in place.case(1).reason or place.case(1).state is CaseState.STALE
    place.service.tick(START_S + 3 * QUIET_S)
    assert {str(case.state) for case in place.store.cases() if case.series_instance_uid == SERIES} <= {
        "waiting",
        "stale",
    }


@pytest.mark.parametrize("told", [{"code": "113000"}, {"code": "113039"}, {"series": "1.2.3"}, {"study": "1.2.888"}])
def test_what_takes_nothing_of_the_study_back_changes_nothing(place, told):
    place.receive()
    place.store.move(1, CaseState.PLANNED, "3 paths", START_S)
    receive_note(place, LATER_S, **told)
    place.service.tick(LATER_S + QUIET_S)
    assert states(place) == ["planned", "ignored"]


def test_a_broken_note_says_nothing(tmp_path):
    path = write_note(tmp_path / "series", ["1.2.3"])
    assert [note.images for note in rejection_notes(path.parent)] == [{SERIES: frozenset({"1.2.3"})}]
    path.write_bytes(path.read_bytes()[:-40])
    rejection_notes(path.parent)
    path.write_bytes(b"nothing")
    assert rejection_notes(path.parent) == ()
    assert rejection_notes(tmp_path / "absent") == ()
