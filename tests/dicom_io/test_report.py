"""A plan survives the way into a structured report and back, and the report says what it is not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from highdicom.sr import srread

from dicom_io import codes
from dicom_io.report import NO_PATIENT_ID, NoTargetError, write_report
from dicom_io.report_groups import down_the_barrel_deg
from dicom_io.report_reader import ReportedPlan, read_report
from dicom_io.report_tree import ReportFormatError
from dicom_io.series import SeriesSource
from dicom_io.signature import UnsignedReleaseError
from planner.plan import Plan, PlanState
from planner.structures import Interspace, Side, Structure, Unnamed
from tests.dicom_io import plans
from tests.dicom_io.ct_files import FRAME, ct_source
from tests.dicom_io.judges import complaints, report_text

FLOAT32_MM = 1e-4


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> SeriesSource:
    return ct_source(tmp_path_factory.mktemp("ct"))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, source: SeriesSource) -> Path:
    return written(plans.plan(), source, tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def report(file: Path) -> ReportedPlan:
    return read_report(file)


def written(plan: Plan, source: SeriesSource, folder: Path) -> Path:
    path = folder / "report.dcm"
    path.write_bytes(write_report(plan, source, plans.case(plan)))
    return path


def test_geometry_comes_back_within_float32(report: ReportedPlan) -> None:
    planned = plans.plan().targets[0]
    reported = report.targets[0]
    np.testing.assert_allclose(reported.point_mm, planned.point_mm, atol=FLOAT32_MM)
    for path, back in zip(planned.trajectories, reported.trajectories, strict=True):
        np.testing.assert_allclose(back.entry_mm, path.entry_mm, atol=FLOAT32_MM)
        np.testing.assert_allclose(back.target_mm, path.target_mm, atol=FLOAT32_MM)
        for one, other in zip(path.clearances, back.clearances, strict=True):
            np.testing.assert_allclose(other.on_path_mm, one.on_path_mm, atol=FLOAT32_MM)
            np.testing.assert_allclose(other.on_structure_mm, one.on_structure_mm, atol=FLOAT32_MM)


@pytest.mark.parametrize(
    "name",
    [
        "rank",
        "length_mm",
        "obliquity_deg",
        "tilt_deg",
        "tolerance_deg",
        "needle",
        "entry_from_midline_mm",
        "floor_angle_deg",
    ],
)
def test_a_path_comes_back_number_by_number(report: ReportedPlan, name: str) -> None:
    planned = plans.plan().targets[0].trajectories
    assert [getattr(back, name) for back in report.targets[0].trajectories] == [getattr(path, name) for path in planned]


@pytest.mark.parametrize(
    "name",
    "structure part level side clearance_mm margin_mm depth_mm uncertainty_mm confidence is_hard exempt_mm".split(),  # noqa: SIM905 - one line
)
def test_a_clearance_comes_back_field_by_field(report: ReportedPlan, name: str) -> None:
    planned = plans.plan().targets[0].trajectories[0].clearances
    reported = report.targets[0].trajectories[0].clearances
    assert [getattr(back, name) for back in reported] == [getattr(one, name) for one in planned]


def test_target_and_search_come_back(report: ReportedPlan) -> None:
    planned, reported = plans.plan().targets[0], report.targets[0]
    assert reported.words == planned.words == "L4 root, foramen L4/L5, left"
    assert (reported.side, reported.name_is_certain) == (planned.side, True)
    assert (reported.examined, reported.rejected) == (planned.examined, planned.rejected)
    assert reported.chosen_by == "--root L4"
    assert report.frame_of_reference_uid == FRAME


def test_a_draft_rehearsal_says_so_and_is_not_verified(report: ReportedPlan) -> None:
    assert (report.is_draft, report.is_rehearsal, report.is_verified, report.is_final) == (True, True, False, False)
    assert report.scan_position == "HFS, supine (inferred: table under the back)"
    assert report.treatment_position == "prone"


def test_what_is_not_known_comes_back(report: ReportedPlan) -> None:
    assert report.not_checked == ("Ureter", "Bowel")
    assert report.release_blockers == plans.plan().release_blockers
    assert report.warnings == plans.plan().warnings


@pytest.fixture(scope="module")
def advised(tmp_path_factory: pytest.TempPathFactory, source: SeriesSource) -> Path:
    """Two targets whose needles go together, the first path of each with all that is told beside it."""
    one = plans.target((plans.advised(plans.path(1)), plans.path(2, (60.0, 58.0, 14.0))))
    other = replace(plans.target((plans.advised(plans.path(1, (-48.0, 61.0, 4.0))),)), side=Side.RIGHT)
    placed = replace(
        plans.plan((one, other)), placing=("Place one, then the other.",), together=(2, 1), site_values=("tilt 0",)
    )
    return written(placed, source, tmp_path_factory.mktemp("advised"))


def test_the_risk_of_a_path_comes_back_number_by_number(advised: Path) -> None:
    path, without = read_report(advised).targets[0].trajectories
    assert path.risk == plans.RISK
    assert without.risk is None


def test_what_is_told_beside_a_path_comes_back(advised: Path) -> None:
    path, without = read_report(advised).targets[0].trajectories
    assert path.landmark is not None
    assert (path.landmark.level, path.landmark.cranial_mm, path.landmark.left_mm) == ("L4", -12.5, 69.0)
    assert path.bend_words == str(plans.BEND)
    assert (path.bevel_clock, path.entry_tolerance_mm, path.merits) == (3, 7.1, ("safest", "shortest"))
    assert {(row.obstacle, row.lies) for row in path.clearances} >= {("nerve root", "dorsal and cranial to")}
    assert (without.landmark, without.bend_words, without.merits) == (None, "", ())


def test_order_of_placing_and_the_paths_that_go_together_come_back(advised: Path) -> None:
    report = read_report(advised)
    assert report.placing == ("Place one, then the other.",)
    assert [target.together_rank for target in report.targets] == [2, 1]
    assert report.site_values == ("tilt 0",)


@pytest.mark.servers
def test_dciodvfy_finds_nothing_in_what_is_told_beside_a_path(advised: Path) -> None:
    assert complaints(advised) == []
    said = report_text(advised)
    for words in ("freehand", "Probability", "control scan", "Bevel at 3 o'clock"):
        assert words in said


def test_what_would_open_a_path_comes_back(source: SeriesSource, tmp_path: Path) -> None:
    none = replace(plans.target(paths=()), binding="iliac crest", relaxations=("On the other side: a path opens.",))
    target = read_report(written(plans.plan((none,)), source, tmp_path)).targets[0]
    assert (target.binding, target.relaxations) == ("iliac crest", ("On the other side: a path opens.",))


def test_signs_beyond_ascii_are_spelled_out(report: ReportedPlan) -> None:
    assert report.targets[0].trajectories[0].sentence.endswith("12 degrees oblique, +- 3.2 degrees.")


@pytest.mark.servers
def test_dciodvfy_finds_nothing(file: Path) -> None:
    assert complaints(file) == []


@pytest.mark.servers
def test_dsrdump_reads_status_target_and_what_is_not_checked(file: Path) -> None:
    said = report_text(file)
    for words in (
        "DRAFT - NOT RELEASED",
        "REHEARSAL",
        "Verification Flag   : UNVERIFIED",
        "Preliminary Flag    : PRELIMINARY",
        "L4 root, foramen L4/L5, left",
        '"NOT CHECKED")=(87953007,SCT,"Ureter")',
        "this series only: patient moved or re-scanned",
    ):
        assert words in said


def test_highdicom_finds_one_group_per_target_and_path(file: Path) -> None:
    content = srread(file).content
    assert len(content.get_image_measurement_groups(finding_type=codes.PATH.code)) == 3
    assert len(content.get_image_measurement_groups(finding_type=codes.TARGET.code)) == 1


def test_every_slice_is_evidence_and_the_key_slices_are_in_the_library(file: Path, source: SeriesSource) -> None:
    evidence = {uid for _, _, uid, _ in srread(file).get_evidence()}
    assert evidence == {one.sop_instance_uid for one in source.instances}
    report = pydicom.dcmread(file)
    library = next(item for item in report.ContentSequence if item.ConceptNameCodeSequence[0].CodeValue == "111028")
    listed = [
        one.ReferencedSOPSequence[0].ReferencedSOPInstanceUID for one in library.ContentSequence[0].ContentSequence
    ]
    nearest = sorted({round((z + 20.0) / 2.5) for z in (11.1357911, 13.999999, 14.0, 4.0)})
    assert listed == [source.instances[k].sop_instance_uid for k in nearest]


def test_the_private_scheme_is_declared(file: Path) -> None:
    schemes = pydicom.dcmread(file).CodingSchemeIdentificationSequence
    assert codes.PRIVATE_SCHEME in {scheme.CodingSchemeDesignator for scheme in schemes}


def test_the_same_case_gives_the_same_bytes(source: SeriesSource, file: Path) -> None:
    assert write_report(plans.plan(), source, plans.case(plans.plan())) == file.read_bytes()


def test_a_path_keeps_its_tracking_uid_when_its_rank_changes(source: SeriesSource, tmp_path: Path) -> None:
    first, second, third = plans.target().trajectories
    revised = plans.plan((plans.target((replace(second, rank=1), replace(first, rank=2), third)),))
    before = read_report(written(plans.plan(), source, tmp_path)).targets[0]
    after = read_report(written(revised, source, tmp_path)).targets[0]
    assert after.tracking_uid == before.tracking_uid
    assert [p.tracking_uid for p in after.trajectories] == [before.trajectories[k].tracking_uid for k in (1, 0, 2)]


def test_no_safe_path_is_a_report_with_counts(source: SeriesSource, tmp_path: Path) -> None:
    path = written(plans.plan((plans.target(paths=()),)), source, tmp_path)
    target = read_report(path).targets[0]
    assert target.trajectories == ()
    assert target.rejected == {"bone": 91_022, "skin outside image": 31}


def test_a_level_without_name_stays_without_name(source: SeriesSource, tmp_path: Path) -> None:
    unnamed = replace(
        plans.target(),
        root="unknown 2",
        between=Interspace(Unnamed(2), Unnamed(1)),
        side=Side.RIGHT,
        name_is_certain=False,
    )
    target = read_report(written(plans.plan((unnamed,)), source, tmp_path)).targets[0]
    assert target.words == "unknown 2 root, foramen unknown 2/unknown 1, right"
    assert (target.side, target.name_is_certain) == (Side.RIGHT, False)


def test_two_targets_keep_their_own_paths(source: SeriesSource, tmp_path: Path) -> None:
    right = replace(
        plans.target((plans.path(1, (-48.0, 60.0, 14.0)),)), side=Side.RIGHT, point_mm=np.array([-21.0, -4.0, 11.0])
    )
    found = read_report(written(plans.plan((plans.target(), right)), source, tmp_path)).targets
    assert [len(target.trajectories) for target in found] == [3, 1]
    assert found[1].trajectories[0].entry_mm[0] == -48.0


def test_a_missing_patient_id_keeps_the_plan_from_release(tmp_path: Path) -> None:
    report = read_report(written(plans.plan(), ct_source(tmp_path, patient_id=""), tmp_path))
    assert NO_PATIENT_ID in report.release_blockers


def test_a_released_plan_without_a_signature_is_refused(source: SeriesSource) -> None:
    released = plans.plan(state=PlanState.RELEASED)
    with pytest.raises(UnsignedReleaseError, match="names no person"):
        write_report(released, source, plans.case(released))


def test_a_plan_without_target_is_refused(source: SeriesSource) -> None:
    empty = plans.plan(targets=())
    with pytest.raises(NoTargetError, match="no target"):
        write_report(empty, source, plans.case(empty))


def test_an_image_is_not_read_as_a_report(source: SeriesSource) -> None:
    with pytest.raises(ReportFormatError, match="Comprehensive 3D SR"):
        read_report(source.instances[0].path)


def test_every_structure_can_be_not_checked(source: SeriesSource, tmp_path: Path) -> None:
    report = read_report(written(plans.plan(not_checked=tuple(Structure)), source, tmp_path))
    assert len(report.not_checked) == len(Structure)


@pytest.mark.parametrize(
    ("direction", "angles"),
    [
        ((0.0, -1.0, 0.0), (180.0, 0.0)),  # from behind: the receptor stands behind the patient
        ((0.0, 1.0, 0.0), (0.0, 0.0)),
        ((-1.0, 0.0, 0.0), (90.0, 0.0)),  # enters on the left: the receptor stands on the left, PS3.3 C.8.7.5.1.2
        ((1.0, 0.0, 0.0), (-90.0, 0.0)),
        ((0.0, -1.0, 1.0), (180.0, -45.0)),  # aims cranially: the receptor stands caudally
    ],
)
def test_the_down_the_barrel_view_looks_from_the_hub(
    direction: tuple[float, float, float], angles: tuple[float, float]
) -> None:
    assert down_the_barrel_deg(np.array(direction)) == pytest.approx(angles)
