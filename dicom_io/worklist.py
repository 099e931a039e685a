"""What is ordered for today: the Modality Worklist (PS3.4 annex K).

In: a destination, a day, a modality. Out: frozen records. What an order means is read from its codes alone; its free
text is for people. Records never print a patient.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pydicom.dataset import Dataset
from pydicom.uid import ImplicitVRLittleEndian
from pynetdicom.sop_class import ModalityWorklistInformationFind

from dicom_io.association import Destination, associated
from dicom_io.attributes import text
from dicom_io.query import answers


@dataclass(frozen=True, slots=True)
class Code:
    """A coded concept (PS3.3 8.8)."""

    value: str
    scheme: str
    meaning: str = field(default="", compare=False, repr=False)

    @property
    def words(self) -> str:
        """``(L4-PRT, 99HOSPITAL)``; the meaning is another's free text."""
        return f"({self.value}, {self.scheme})"


@dataclass(frozen=True, slots=True)
class WorklistItem:
    """One scheduled procedure step: whose, when, and what in codes. Free text is shown to people and decides nothing."""

    accession_number: str = field(repr=False)
    study_uid: str
    patient_id: str = field(repr=False)
    issuer_of_patient_id: str = field(repr=False)
    patient_name: str = field(repr=False)
    birth_date: str = field(repr=False)
    start_date: str
    start_time: str
    modality: str
    station_ae_title: str
    requested_procedure_id: str
    description: str = field(repr=False)
    codes: tuple[Code, ...]
    """Requested Procedure Code, Scheduled Protocol Codes and the codes in their protocol context."""
    checks: tuple[str, ...] = field(default=(), repr=False)
    """What the order says of the patient: medical alerts, allergies, pregnancy, state, special needs."""
    urgency: str = ""
    """Requested Procedure Priority (0040,1003): STAT, HIGH, ROUTINE, MEDIUM, LOW, or empty."""


def find_worklist(destination: Destination, date: str, modality: str = "CT", station: str = "") -> list[WorklistItem]:
    """What is scheduled on a day (``YYYYMMDD``), for a modality and, where given, one station."""
    step = Dataset()
    step.ScheduledProcedureStepStartDate, step.Modality, step.ScheduledStationAETitle = date, modality, station
    for keyword in ("ScheduledProcedureStepStartTime", "ScheduledProcedureStepDescription"):
        setattr(step, keyword, "")
    step.ScheduledProtocolCodeSequence = []
    asked = Dataset()
    for keyword in _WORKLIST_KEYS:
        setattr(asked, keyword, "")
    asked.RequestedProcedureCodeSequence = []
    asked.ScheduledProcedureStepSequence = [step]
    with associated(destination, [(ModalityWorklistInformationFind, ImplicitVRLittleEndian)]) as open_one:
        found = list(answers(open_one, asked, ModalityWorklistInformationFind))
    return [item for answer in found for item in worklist_items(answer)]


def worklist_items(answer: Dataset) -> Iterator[WorklistItem]:
    """One item for each scheduled step of an answer."""
    for step in answer.get("ScheduledProcedureStepSequence") or [Dataset()]:
        yield WorklistItem(
            accession_number=text(answer, "AccessionNumber"),
            study_uid=text(answer, "StudyInstanceUID"),
            patient_id=text(answer, "PatientID"),
            issuer_of_patient_id=text(answer, "IssuerOfPatientID"),
            patient_name=text(answer, "PatientName"),
            birth_date=text(answer, "PatientBirthDate"),
            start_date=text(step, "ScheduledProcedureStepStartDate"),
            start_time=text(step, "ScheduledProcedureStepStartTime"),
            modality=text(step, "Modality"),
            station_ae_title=text(step, "ScheduledStationAETitle"),
            requested_procedure_id=text(answer, "RequestedProcedureID"),
            description=text(answer, "RequestedProcedureDescription"),
            codes=(
                *_codes(answer, "RequestedProcedureCodeSequence"),
                *_codes(step, "ScheduledProtocolCodeSequence"),
            ),
            checks=tuple(_checks(answer)),
            urgency=text(answer, "RequestedProcedurePriority").strip().upper(),
        )


_CHECKS = {
    "MedicalAlerts": "alerts",
    "Allergies": "allergies",
    "PregnancyStatus": "pregnancy",
    "PatientState": "state",
    "SpecialNeeds": "special needs",
}

_PREGNANCY = {"1": "not pregnant", "2": "possibly pregnant", "3": "pregnant", "4": ""}
"""Pregnancy Status (0010,21C0), PS3.3 C.2.3; 4 is unknown, and no check."""

_WORKLIST_KEYS = (
    "AccessionNumber", "StudyInstanceUID", "PatientID", "IssuerOfPatientID", "PatientName", "PatientBirthDate",
    "PatientSex", "RequestedProcedureID", "RequestedProcedureDescription", "RequestedProcedurePriority",
    "SpecificCharacterSet", *_CHECKS,
)  # fmt: skip
"""Return keys (PS3.4 table K.6-1)."""


def _checks(answer: Dataset) -> Iterator[str]:
    for keyword, name in _CHECKS.items():
        said = text(answer, keyword)
        told = _PREGNANCY.get(said, said) if keyword == "PregnancyStatus" else said
        if told:
            yield f"{name}: {told}"


def _codes(item: Dataset, keyword: str) -> Iterator[Code]:
    """The codes of a sequence, and below each those of its protocol context and their modifiers."""
    for one in item.get(keyword) or ():
        if text(one, "CodeValue"):
            yield Code(text(one, "CodeValue"), text(one, "CodingSchemeDesignator"), text(one, "CodeMeaning"))
        for context in one.get("ProtocolContextSequence") or ():
            yield from _codes(context, "ConceptCodeSequence")
            for modifier in context.get("ContentItemModifierSequence") or ():
                yield from _codes(modifier, "ConceptCodeSequence")
