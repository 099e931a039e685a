"""A person's signature under a plan: what turns a draft into a verified, final report (PS3.3 C.17.2).

In: who signed, for whom, when, and which draft was read. Out: what a report's constructor takes. No signature is
accepted on a plan that something keeps from release.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import Comprehensive3DSRStorage

from dicom_io.documents import plain
from dicom_io.errors import DicomIoError
from planner.plan import Plan, PlanState


class UnsignedReleaseError(DicomIoError):
    """A plan that claims to be released, without the person who released it."""

    def __init__(self) -> None:
        super().__init__(
            "the plan is marked released, but this report names no person who verified it; "
            "write it as a draft, or sign it"
        )


class SignedDraftError(DicomIoError):
    """A signature under a plan that is still a draft."""

    def __init__(self) -> None:
        super().__init__("a signature is given, but the plan is a draft; release the plan, then sign it")


class OpenGateError(DicomIoError):
    """A signature under a plan that something keeps from release."""

    def __init__(self, blockers: tuple[str, ...]) -> None:
        super().__init__(f"{len(blockers)} things keep this plan from release: {'; '.join(blockers)}; it is not signed")
        self.blockers = blockers


@dataclass(frozen=True, slots=True)
class ReportReference:
    """Which report was read before signing."""

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str

    @classmethod
    def of(cls, path: Path) -> ReportReference:
        """The report in a file."""
        header = pydicom.dcmread(path, stop_before_pixels=True)
        return cls(str(header.StudyInstanceUID), str(header.SeriesInstanceUID), str(header.SOPInstanceUID))


@dataclass(frozen=True, slots=True)
class Signature:
    """Who verified a plan. ``person`` mirrors Verifying Observer Name (0040,A075): ``Family^Given``."""

    person: str = field(repr=False)
    organization: str
    signed_at: datetime
    predecessor: ReportReference


def require_match(plan: Plan, signature: Signature | None, blockers: tuple[str, ...]) -> None:
    """A draft has no signature; a released plan has one, and no open gate."""
    if signature is None:
        if plan.state is not PlanState.DRAFT:
            raise UnsignedReleaseError
        return
    if plan.state is PlanState.DRAFT:
        raise SignedDraftError
    if blockers:
        raise OpenGateError(blockers)


def verification(signature: Signature | None) -> dict[str, Any]:
    """Verification, completion and predecessor, as highdicom's constructor takes them."""
    if signature is None:
        return {"is_complete": True, "is_final": False, "is_verified": False}
    return {
        "is_complete": True,
        "is_final": True,
        "is_verified": True,
        "verifying_observer_name": plain(signature.person),
        "verifying_organization": plain(signature.organization),
        "previous_versions": [_header(signature.predecessor)],
    }


def date_verification(report: Dataset, signature: Signature | None) -> None:
    """Verification DateTime (0040,A030) is when the person signed; the library writes its clock."""
    if signature is not None:
        report.VerifyingObserverSequence[0].VerificationDateTime = signature.signed_at.strftime("%Y%m%d%H%M%S")


def _header(reference: ReportReference) -> Dataset:
    header = Dataset()
    header.SOPClassUID = Comprehensive3DSRStorage
    header.StudyInstanceUID = reference.study_instance_uid
    header.SeriesInstanceUID = reference.series_instance_uid
    header.SOPInstanceUID = reference.sop_instance_uid
    return header
