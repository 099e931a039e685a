"""A whole plan against a patient whose truth is known in closed form."""

from dataclasses import replace

import numpy as np
import pytest

from planner.anatomy.model import Anatomy, Lie
from planner.geometry import AxisOrder, VolumeGeometry
from planner.plan import Clearance, Plan, TargetPlan
from planner.planning import plan_trajectories
from planner.position import reconcile
from planner.procedures import PROCEDURES
from planner.search import DISTINCT_DEG, DISTINCT_MM
from planner.structures import PatientPosition, Side, Structure
from planner.targets import TargetRequest, find_targets
from planner.volume import LabelMap
from sample_data.phantom import Phantom

PRT = PROCEDURES["prt"]
BONES = (Structure.VERTEBRA, Structure.SACRUM, Structure.ILIUM, Structure.RIB)


def planned(anatomy: Anatomy, *, root: str = "L4", side: Side = Side.LEFT, position: str = "HFP") -> Plan:
    targets = find_targets(anatomy, PRT, TargetRequest(side, root=root))
    lie = Lie(PatientPosition(position).pose, 1.0, "a test")
    return plan_trajectories(anatomy, targets, PRT, reconcile(PatientPosition(position), lie), {"needleplan": "0"})


@pytest.fixture(scope="module")
def prone(anatomy: Anatomy) -> Plan:
    return planned(anatomy)


@pytest.fixture(scope="module")
def left_l4(prone: Plan) -> TargetPlan:
    return prone.targets[0]


def test_three_different_paths_enter_from_behind_on_the_named_side(left_l4: TargetPlan) -> None:
    assert len(left_l4.trajectories) >= 3
    for path in left_l4.trajectories:
        assert 10 <= path.obliquity_deg <= 70
        assert path.entry_from_midline_mm is not None
        assert path.entry_from_midline_mm > 0
        assert path.entry_mm[1] > path.target_mm[1]
    for number, path in enumerate(left_l4.trajectories):
        for other in left_l4.trajectories[:number]:
            d, e = (p.target_mm - p.entry_mm for p in (path, other))
            angle = np.degrees(np.arccos(d @ e / np.linalg.norm(d) / np.linalg.norm(e)))
            assert angle >= DISTINCT_DEG or np.linalg.norm(path.entry_mm - other.entry_mm) >= DISTINCT_MM


def test_the_right_side_is_planned_on_the_right(anatomy: Anatomy) -> None:
    target = planned(anatomy, side=Side.RIGHT).targets[0]
    assert target.words == "L4 root, foramen L4/L5, right"
    assert all(path.obliquity_deg < 0 and path.entry_mm[0] < 0 for path in target.trajectories)


def test_the_tip_lies_in_the_foramen_below_its_pedicle_and_behind_the_root(
    lower_back: Phantom, anatomy: Anatomy, left_l4: TargetPlan
) -> None:
    foramen = next(f for f in anatomy.foramina if f.between == left_l4.between and f.side is Side.LEFT)
    for path in left_l4.trajectories:
        tip = path.target_mm[None]
        assert tip[0, 2] < foramen.pedicle_above_mm[2]
        assert np.linalg.norm(tip[0] - foramen.center_mm) < 14
        assert lower_back.signed_distance_mm(Structure.CANAL, tip)[0] > 2
        ganglion = next(
            r.ganglion_mm for r in anatomy.nerve_roots if r.between == left_l4.between and r.side is Side.LEFT
        )
        assert tip[0, 1] > ganglion[1]


def test_the_needle_fits_with_ten_millimetres_outside(left_l4: TargetPlan) -> None:
    for path in left_l4.trajectories:
        assert path.needle.length_mm >= path.length_mm + 10
        shorter = [n for n in PRT.needles if n.gauge == path.needle.gauge and n.length_mm < path.needle.length_mm]
        assert all(n.length_mm < path.length_mm + 10 for n in shorter)


def test_every_limit_is_kept_and_every_rejection_counted(left_l4: TargetPlan) -> None:
    for path in left_l4.trajectories:
        assert all(row.spare_mm >= 0 for row in path.clearances)
    assert 0 < sum(left_l4.rejected.values()) < left_l4.examined
    assert left_l4.rejected["clearance: bone"] > 0


def true_clearance_mm(phantom: Phantom, row: Clearance, path: np.ndarray, radius_mm: float) -> float:
    structure = Structure.BONE if row.structure in BONES else row.structure
    nerve = row.structure is Structure.NERVE_ROOT
    level, side = (row.level, row.side) if nerve else (None, None)
    return float(phantom.signed_distance_mm(structure, path, level=level, side=side).min()) - radius_mm


@pytest.mark.slow
def test_reported_clearances_are_the_closed_form_on_half_millimetre_labels(fine_left_l4: Phantom) -> None:
    target = planned(fine_left_l4.anatomy()).targets[0]
    assert target.trajectories
    for path in target.trajectories:
        samples = np.linspace(path.entry_mm, path.target_mm, 1000)
        depth = np.linspace(0, path.length_mm, 1000)
        for row in path.clearances:
            own = row.structure is Structure.NERVE_ROOT and row.level is target.between.upper and row.side is Side.LEFT
            part = samples
            if own:
                zone = depth >= path.length_mm - PRT.roles[Structure.NERVE_ROOT].tip_zone_mm
                part = samples[~zone if row.exempt_mm else zone]
            truth = true_clearance_mm(fine_left_l4, row, part, path.needle.radius_mm)
            assert row.clearance_mm == pytest.approx(truth, abs=0.5)


@pytest.mark.parametrize(
    ("permutation", "flips"), [((2, 0, 1), (True, False, True)), ((1, 2, 0), (False, True, False))]
)
def test_re_stored_axes_give_the_same_plan(
    anatomy: Anatomy, left_l4: TargetPlan, permutation: tuple[int, int, int], flips: tuple[bool, bool, bool]
) -> None:
    order = AxisOrder(permutation, flips)

    def stored(labels: LabelMap) -> LabelMap:
        return LabelMap(order.apply_to_geometry(labels.geometry), order.apply(labels.labels), labels.entries)

    again = planned(replace(anatomy, labels=stored(anatomy.labels), surroundings=stored(anatomy.surroundings)))
    for path, other in zip(left_l4.trajectories, again.targets[0].trajectories, strict=True):
        assert np.abs(path.entry_mm - other.entry_mm).max() < 0.1
        assert np.abs(path.target_mm - other.target_mm).max() < 0.1
        assert path.cost == pytest.approx(other.cost, abs=1e-3)


@pytest.mark.slow
def test_the_same_input_gives_the_same_plan(anatomy: Anatomy, left_l4: TargetPlan) -> None:
    again = planned(anatomy).targets[0]
    assert again.rejected == left_l4.rejected
    for path, other in zip(left_l4.trajectories, again.trajectories, strict=True):
        assert path.entry_mm.tobytes() == other.entry_mm.tobytes()
        assert path.costs == other.costs


def test_a_small_field_of_view_has_no_skin_and_says_so(anatomy: Anatomy) -> None:
    grid = anatomy.labels.geometry
    rows = int(np.argmin(np.abs(grid.points_mm([[0, j, 0] for j in range(grid.shape[1])])[:, 1] - 75.0)))
    small = VolumeGeometry(grid.lps_from_index, (grid.shape[0], rows, grid.shape[2]))

    def cut(labels: LabelMap) -> LabelMap:
        return LabelMap(small, labels.labels[:, :rows], labels.entries)

    target = planned(replace(anatomy, labels=cut(anatomy.labels), surroundings=cut(anatomy.surroundings))).targets[0]
    assert not target.trajectories
    assert target.rejected["skin outside image"] > 1000


@pytest.mark.slow
def test_another_position_is_a_rehearsal_and_never_releasable(anatomy: Anatomy) -> None:
    supine = planned(anatomy, position="HFS")
    assert supine.is_rehearsal
    assert not supine.is_releasable
    assert any(sentence.startswith("Rehearsal: scanned supine, treated prone") for sentence in supine.release_blockers)
    assert all(path.floor_angle_deg is None for path in supine.targets[0].trajectories)


def test_a_prone_scan_gives_the_angle_to_the_floor(prone: Plan) -> None:
    assert not prone.is_rehearsal
    assert prone.is_releasable
    for path in prone.targets[0].trajectories:
        direction = (path.target_mm - path.entry_mm) / path.length_mm
        assert path.floor_angle_deg == pytest.approx(np.degrees(np.arcsin(-direction[1])))


@pytest.mark.slow
def test_the_mirrored_patient_gets_the_mirrored_plan(left_l4: TargetPlan, mirrored_back: Phantom) -> None:
    mirrored = planned(mirrored_back.anatomy(), side=Side.RIGHT).targets[0]
    for path, other in zip(left_l4.trajectories, mirrored.trajectories, strict=True):
        assert np.abs(path.entry_mm - other.entry_mm * [-1, 1, 1]).max() < 0.1
        assert path.cost == pytest.approx(other.cost, abs=0.01)


@pytest.mark.slow
def test_an_obliquely_scanned_patient_gets_the_same_target_and_room(left_l4: TargetPlan, turned_back: Phantom) -> None:
    turned = planned(turned_back.anatomy()).targets[0]
    assert np.linalg.norm(turned.point_mm - left_l4.point_mm) < 1.0
    best, other = left_l4.trajectories[0].binding, turned.trajectories[0].binding
    assert best is not None
    assert other is not None
    assert best.spare_mm == pytest.approx(other.spare_mm, abs=0.5)


@pytest.mark.slow
def test_no_safe_path_is_an_answer_with_counts_and_in_words(anatomy: Anatomy) -> None:
    y_mm = anatomy.labels.geometry.points_mm([[0, j, 0] for j in range(anatomy.labels.geometry.shape[1])])[:, 1]
    plated = anatomy.labels.labels.copy()
    plated[:, (y_mm > 72) & (y_mm < 76)] = anatomy.labels.values_of(Structure.VERTEBRA)[0]
    plan = planned(replace(anatomy, labels=LabelMap(anatomy.labels.geometry, plated, anatomy.labels.entries)))
    target = plan.targets[0]
    assert not plan.has_path
    assert not target.trajectories
    assert target.rejected["clearance: bone"] > 100_000
    assert sum(target.rejected.values()) == target.examined
    assert any("no safe path" in sentence and "clearance: bone" in sentence for sentence in plan.warnings)
