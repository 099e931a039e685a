"""A plan as a Comprehensive 3D SR (PS3.3 A.35.13) after TID 1500, one TID 1501 group per target and per path.

In: a plan, the series it was made on, and the case. Out: the bytes of a DICOM file. Points are LPS mm in the
series' Frame of Reference; SCOORD3D holds them as float32, so they come back within 1e-4 mm. What no person signed is
UNVERIFIED and PRELIMINARY, and says DRAFT - NOT RELEASED.
"""

from __future__ import annotations

from itertools import zip_longest

from highdicom.sr import (
    Comprehensive3DSR,
    ContainerContentItem,
    ContentSequence,
    DeviceObserverIdentifyingAttributes,
    MeasurementReport,
    ObservationContext,
    ObserverContext,
)
from pydicom.sr.codedict import codes as dicom_codes

from dicom_io import codes
from dicom_io.documents import SourceImages, equipment, finished, plan_marks, source_images
from dicom_io.errors import DicomIoError
from dicom_io.identity import MANUFACTURER, MODEL_NAME, DicomCase, derived_uid
from dicom_io.key_slices import key_slices
from dicom_io.report_groups import GroupContext, target_group, trajectory_group
from dicom_io.report_items import Item, coded, text
from dicom_io.series import SeriesSource
from dicom_io.signature import Signature, date_verification, require_match, verification
from dicom_io.structure_codes import coded_site
from planner.plan import VALID_FOR, Plan, PlanState, ScanPosition

NO_PATIENT_ID = "the series has no Patient ID"
_STATUS = {PlanState.DRAFT: codes.DRAFT, PlanState.RELEASED: codes.RELEASED}


class NoTargetError(DicomIoError):
    """A plan about nothing."""

    def __init__(self) -> None:
        super().__init__("the plan has no target; name a root or level and a side, then plan again")


def write_report(plan: Plan, source: SeriesSource, case: DicomCase, signature: Signature | None = None) -> bytes:
    """The plan as a structured report: a draft, or, with a signature and no open gate, verified and final."""
    require_match(plan, signature, release_blockers(plan, source))
    if not plan.targets:
        raise NoTargetError
    images = source_images(source)
    report = Comprehensive3DSR(
        evidence=list(images.objects),
        content=_content(plan, images, case),
        series_instance_uid=case.uid_for("report series"),
        series_number=case.series_numbers.report,
        sop_instance_uid=case.uid_for("report"),
        instance_number=1,
        series_description=f"Needle plan, {plan_marks(plan)}"[:64],
        **verification(signature),
        **equipment(case),
    )
    date_verification(report, signature)
    return finished(report, images, case)


def release_blockers(plan: Plan, source: SeriesSource) -> tuple[str, ...]:
    """What keeps the plan from release, an empty Patient ID (0010,0020) included."""
    missing = () if source.patient.patient_id or NO_PATIENT_ID in plan.release_blockers else (NO_PATIENT_ID,)
    return (*plan.release_blockers, *missing)


def position_words(position: ScanPosition) -> str:
    """Scan position, and who says so."""
    known = f"{position.position.value}, " if position.position else ""
    return f"{known}{position.pose.value} ({'inferred: ' if position.is_inferred else ''}{position.evidence})"


def _content(plan: Plan, images: SourceImages, case: DicomCase) -> Item:
    context = GroupContext(images, plan.procedure, case.software_version)
    groups = []
    for target, rank in zip_longest(plan.targets, plan.together):
        groups.append(target_group(target, context, rank or None))
        groups.extend(trajectory_group(target, path, context) for path in target.trajectories)
    report = MeasurementReport(
        observation_context=ObservationContext(_observer(case)),
        procedure_reported=codes.PROCEDURE_REPORTED.code,
        imaging_measurements=groups,
        title=codes.MEASUREMENT_REPORT.code,
        referenced_images=images.showing(key_slices(plan, images)),
    )
    report[0].ContentSequence.append(_evaluations(plan, images))
    return report


def _observer(case: DicomCase) -> Item:
    return ObserverContext(
        dicom_codes.DCM.Device,
        DeviceObserverIdentifyingAttributes(
            uid=derived_uid(MANUFACTURER, "device", case.software_version),
            name=MODEL_NAME,
            manufacturer_name=MANUFACTURER,
            model_name=f"{MODEL_NAME} {case.software_version}",
        ),
    )


def _evaluations(plan: Plan, images: SourceImages) -> Item:
    """Status, positions and everything that is not known, PS3.16 TID 1500 row 12."""
    container = ContainerContentItem(codes.QUALITATIVE_EVALUATIONS.code, relationship_type="CONTAINS")
    container.ContentSequence = ContentSequence(
        [
            coded(codes.PLAN_STATUS, _STATUS[plan.state]),
            coded(codes.POSITION_CHECK, codes.REHEARSAL if plan.is_rehearsal else codes.IN_TREATMENT_POSITION),
            text(codes.SCAN_POSITION, position_words(plan.scan_position)),
            text(codes.TREATMENT_POSITION, plan.treatment_pose.value),
            text(codes.PLANNED_PROCEDURE, plan.title),
            text(codes.PROCEDURE_KEY, plan.procedure),
            *(coded(codes.NOT_CHECKED, coded_site(structure).kind) for structure in plan.not_checked),
            *(text(codes.RELEASE_BLOCKER, sentence) for sentence in release_blockers(plan, images.series)),
            *(text(codes.WARNING, sentence) for sentence in plan.warnings),
            *(text(codes.PLACING, sentence) for sentence in plan.placing),
            *(text(codes.SITE_VALUE, sentence) for sentence in plan.site_values),
            *(text(codes.GATE, str(gate)) for gate in plan.gates),
            *_injectate(plan),
            text(codes.VALIDITY, VALID_FOR),
            *(text(codes.SOFTWARE, f"{name} {version}") for name, version in plan.versions.items()),
        ]
    )
    return container


def _injectate(plan: Plan) -> tuple[Item, ...]:
    """The volume; how far it may spread stands among the warnings, which it never leaves."""
    if plan.volume_ml is None:
        return ()
    low, high = plan.volume_ml
    return (text(codes.INJECTATE, f"{low:g} to {high:g} ml at each target; spread may warn, it never clears"),)
