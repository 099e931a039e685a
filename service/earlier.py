"""Earlier plans of the same patient, to stand beside a new one.

In: an open series, reports of ours on disk. Out: ``EarlierPlanDocument``. Two scans are of one patient only where Patient ID,
its issuer and the birth date are all there and equal; a person who names a file joins by hand, unless these contradict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import pydicom
from pydicom.errors import InvalidDicomError

from dicom_io.instances import Patient
from dicom_io.report_reader import ReportedPlan, ReportedTarget, read_report
from dicom_io.report_tree import ReportFormatError
from service import words
from service.documents import EarlierPlanDocument, EarlierTargetDocument
from service.errors import RequestError
from service.opening import OpenSeries
from service.signed import newest_signed

REPORT = "report.dcm"
BY_IDENTITY = "same Patient ID, issuer and birth date"
BY_HAND = "by hand: a person says so, the identity does not prove it"

MOST_SHOWN = 5
"""The latest; assumed."""

_TAGS = ("PatientID", "IssuerOfPatientID", "PatientBirthDate", "VerificationFlag", "SOPInstanceUID")


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes two scans one patient's; never printed."""

    patient_id: str
    issuer: str
    birth_date: str

    @classmethod
    def of_series(cls, series: OpenSeries) -> Identity:
        """Of the images; empty where they name nobody."""
        patient = Patient() if series.facts.source is None else series.facts.source.patient
        return cls(patient.patient_id, patient.issuer_of_patient_id, patient.birth_date)

    def is_surely(self, other: Identity) -> bool:
        """All three are there and equal."""
        return self == other and all(getattr(self, one.name) for one in fields(self))

    def contradicts(self, other: Identity) -> bool:
        """One that both have differs."""
        pairs = [(getattr(self, one.name), getattr(other, one.name)) for one in fields(self)]
        return any(mine and theirs and mine != theirs for mine, theirs in pairs)


def signed_before(
    results: Path, series: OpenSeries, but: Path, by_hand: frozenset[str] = frozenset()
) -> tuple[EarlierPlanDocument, ...]:
    """Signed plans of the same patient among a service's results, the latest first; ``but`` is the case at hand.

    ``by_hand`` names folders of results that a person joined; one whose identity contradicts is left out all the same.
    """
    own = Identity.of_series(series)
    found = []
    for report, name in _signed_reports(results, but):
        header = _header(report)
        joined_by = "" if header is None else _joined_by(own, _identity(header), is_by_hand=name in by_hand)
        if joined_by and header is not None and header.get("VerificationFlag") == "VERIFIED":
            found.append(_document(read_report(report), joined_by))
    return tuple(sorted(found, key=lambda one: one.content_date, reverse=True)[:MOST_SHOWN])


def _joined_by(own: Identity, other: Identity, *, is_by_hand: bool) -> str:
    """By what two scans are one patient's; empty where they are not."""
    if own.is_surely(other):
        return BY_IDENTITY
    return BY_HAND if is_by_hand and not own.contradicts(other) else ""


def reports_for(images: Path, results: Path, but: Path, by_hand: frozenset[str] = frozenset()) -> list[Path]:
    """Signed reports that ``signed_before`` would choose from for the series of these images."""
    header = next((found for path in sorted(images.iterdir()) if (found := _header(path)) is not None), None)
    own = Identity("", "", "") if header is None else _identity(header)
    return [
        report
        for report, name in _signed_reports(results, but)
        if (told := _header(report)) is not None and _joined_by(own, _identity(told), is_by_hand=name in by_hand)
    ]


def named_by_hand(given: Path, series: OpenSeries) -> EarlierPlanDocument:
    """The plan in a report, or in a results folder, that a person names; another patient's is refused."""
    report = given / REPORT if given.is_dir() else given
    header = _header(report) if report.is_file() else None
    if header is None:
        raise RequestError("--earlier: no report of needleplan lies there; give report.dcm, or the folder of a plan")
    own, other = Identity.of_series(series), _identity(header)
    if own.contradicts(other):
        raise RequestError(
            "--earlier: that plan's Patient ID, issuer or birth date is not this series'; it is another patient's plan"
        )
    try:
        return _document(read_report(report), BY_IDENTITY if own.is_surely(other) else BY_HAND)
    except ReportFormatError as error:
        raise RequestError(f"--earlier: {error}") from error


def _signed_reports(results: Path, but: Path) -> Iterator[tuple[Path, str]]:
    """Each signed report, and the name of the results folder it lies under."""
    cases: Iterable[Path] = sorted(results.iterdir()) if results.is_dir() else ()
    for case in cases:
        signed = newest_signed(case) if case.is_dir() and case.resolve() != but.resolve() else None
        if signed is not None and (signed / REPORT).is_file():
            yield signed / REPORT, case.name


def _header(report: Path) -> pydicom.Dataset | None:
    try:
        return pydicom.dcmread(report, specific_tags=list(_TAGS))
    except InvalidDicomError:
        return None


def _identity(header: pydicom.Dataset) -> Identity:
    return Identity(*(str(header.get(tag) or "") for tag in _TAGS[:3]))


def _document(plan: ReportedPlan, joined_by: str) -> EarlierPlanDocument:
    return EarlierPlanDocument(
        procedure=plan.procedure,
        title=plan.title,
        state_words=words.RELEASED if plan.is_verified and not plan.is_draft else words.DRAFT,
        content_date=plan.content_date,
        sop_instance_uid=plan.sop_instance_uid,
        joined_by=joined_by,
        targets=[_target(target) for target in plan.targets],
    )


def _target(target: ReportedTarget) -> EarlierTargetDocument:
    path = next(iter(target.trajectories), None)
    return EarlierTargetDocument(
        words=target.words,
        needle="" if path is None else str(path.needle),
        length_mm=None if path is None else path.length_mm,
        obliquity_deg=None if path is None else path.obliquity_deg,
        tilt_deg=None if path is None else path.tilt_deg,
        entry_from_midline_mm=None if path is None else path.entry_from_midline_mm,
        sentence="" if path is None else path.sentence,
    )
