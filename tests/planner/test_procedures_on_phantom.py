"""Each procedure on a patient whose truth is known in closed form: right place, right side, right level, mirrored alike."""

from dataclasses import replace

import numpy as np
import pytest

from planner.anatomy.model import Anatomy, Lie
from planner.errors import AnatomyError, UnknownNameError
from planner.hosts import without_hosts
from planner.obstacles import ordered
from planner.plan import Plan
from planner.planning import plan_trajectories
from planner.position import reconcile
from planner.procedure import Procedure
from planner.procedures import PROCEDURES
from planner.structures import Part, PatientPosition, Pose, Side, SpineLevel, Structure
from planner.target import Target
from planner.targets import TargetRequest, find_again, find_all_targets, find_targets
from planner.tips import MOST_TIPS
from planner.volume import LabelEntry, LabelMap
from sample_data.parameters import PhantomParameters
from sample_data.phantom import Phantom, make_phantom

FACET = PROCEDURES["facet"]
BOTH = (Side.LEFT, Side.RIGHT)


def aimed(anatomy: Anatomy, key: str, level: str, side: Side) -> tuple[Target, ...]:
    return find_targets(anatomy, PROCEDURES[key], TargetRequest(side, level=level))


def planned(anatomy: Anatomy, key: str, targets: tuple[Target, ...]) -> Plan:
    scan = reconcile(PatientPosition.HFP, Lie(Pose.PRONE, 1.0, "a test"))
    return plan_trajectories(anatomy, targets, PROCEDURES[key], scan, {"needleplan": "0"})


@pytest.mark.parametrize("side", BOTH)
@pytest.mark.parametrize("level", ["L2/L3", "L3/L4", "L4/L5", "L5/S1"])
def test_a_joint_s_first_tip_lies_in_its_posterior_gap(
    lower_back: Phantom, anatomy: Anatomy, level: str, side: Side
) -> None:
    (target,) = aimed(anatomy, "facet", level, side)
    truth = next(f for f in anatomy.facets if str(f.between) == level and f.side is side)
    assert target.words == f"facet joint {level}, {side}"
    assert 0 < len(target.tips_mm) <= MOST_TIPS
    assert np.linalg.norm(target.point_mm - truth.point_mm) < 2.0
    upper = lower_back.signed_distance_mm(
        Structure.VERTEBRA, target.point_mm[None], truth.between.upper, side, Part.INFERIOR_ARTICULAR_PROCESS
    )
    assert upper[0] == pytest.approx(1.0, abs=0.4)


def test_both_recesses_come_after_the_gap_the_inferior_one_first(anatomy: Anatomy) -> None:
    (target,) = aimed(anatomy, "facet", "L4/L5", Side.LEFT)
    truth = next(f for f in anatomy.facets if str(f.between) == "L4/L5" and f.side is Side.LEFT)
    up = (target.tips_mm - truth.point_mm) @ truth.axis
    gap, inferior, superior = (np.flatnonzero(found) for found in (abs(up) < 3, up < -6, up > 6))
    assert len(gap)
    assert len(inferior)
    assert len(superior)
    assert gap.max() < inferior.min() <= inferior.max() < superior.min()


def test_only_the_joint_s_own_processes_in_its_cone_are_no_obstacle(anatomy: Anatomy) -> None:
    anatomy = ordered(anatomy)
    (target,) = aimed(anatomy, "facet", "L4/L5", Side.LEFT)
    changed = np.argwhere(without_hosts(anatomy.labels, target).labels != anatomy.labels.labels)
    assert len(changed)
    (cone,) = target.cones
    assert cone.contains(anatomy.labels.geometry.points_mm(changed)).all()
    hosts = {anatomy.labels.entries[int(v)] for v in anatomy.labels.labels[tuple(changed.T)]}
    assert {(str(h.level), h.part, h.side) for h in hosts} <= {
        ("L4", Part.INFERIOR_ARTICULAR_PROCESS, Side.LEFT),
        ("L5", Part.SUPERIOR_ARTICULAR_PROCESS, Side.LEFT),
    }


def test_a_root_is_no_joint(anatomy: Anatomy) -> None:
    with pytest.raises(UnknownNameError, match="--level L4/L5"):
        find_targets(anatomy, FACET, TargetRequest(Side.LEFT, root="L4"))


@pytest.fixture(scope="module")
def left_joint(anatomy: Anatomy) -> Plan:
    return planned(anatomy, "facet", aimed(anatomy, "facet", "L4/L5", Side.LEFT))


def test_a_joint_is_reached_from_behind_on_its_side(left_joint: Plan) -> None:
    (target,) = left_joint.targets
    assert target.words == "facet joint L4/L5, left"
    assert len(target.trajectories) >= 3
    for path in target.trajectories:
        assert path.entry_mm[0] > 0
        assert path.entry_mm[1] > path.target_mm[1]
        assert all(row.spare_mm >= 0 for row in path.clearances)
    assert any("own two processes" in sentence for sentence in left_joint.warnings)


@pytest.mark.slow
def test_the_mirrored_patient_gets_the_mirrored_joint(left_joint: Plan, mirrored_back: Phantom) -> None:
    mirrored = mirrored_back.anatomy()
    plan = planned(mirrored, "facet", aimed(mirrored, "facet", "L4/L5", Side.RIGHT))
    first, other = left_joint.targets[0], plan.targets[0]
    assert np.linalg.norm(first.point_mm - other.point_mm * [-1, 1, 1]) < 1.0
    best, mirror = first.trajectories[0].binding, other.trajectories[0].binding
    assert best is not None
    assert mirror is not None
    assert best.spare_mm == pytest.approx(mirror.spare_mm, abs=0.5)


def test_joints_of_several_levels_and_sides_are_one_set(anatomy: Anatomy) -> None:
    asked = [TargetRequest(side, level=level) for level in ("L3/L4", "L4/L5") for side in BOTH]
    targets = find_all_targets(anatomy, FACET, [*asked, asked[0]])
    assert [t.words for t in targets] == [
        "facet joint L3/L4, left",
        "facet joint L3/L4, right",
        "facet joint L4/L5, left",
        "facet joint L4/L5, right",
    ]


def test_a_joint_without_its_processes_is_refused(anatomy: Anatomy) -> None:
    labels = anatomy.labels
    bare = np.where(np.isin(labels.labels, labels.values_of(Structure.VERTEBRA)), 0, labels.labels).astype(np.uint16)
    with pytest.raises(AnatomyError, match="pair of processes at joint L4/L5, left"):
        aimed(replace(anatomy, labels=LabelMap(labels.geometry, bare, labels.entries)), "facet", "L4/L5", Side.LEFT)


@pytest.mark.parametrize(("off_mm", "found"), [(12.0, "on the left"), (-14.0, "on the left")])
@pytest.mark.parametrize("key", ["facet", "medial-branch"])
def test_a_joint_that_does_not_lie_beside_the_canal_as_its_fellow_does_is_refused(
    anatomy: Anatomy, key: str, off_mm: float, found: str
) -> None:
    facets = tuple(
        replace(f, point_mm=f.point_mm + np.array([off_mm, 0.0, 0.0]))
        if f.side is Side.LEFT and str(f.between) == "L4/L5"
        else f
        for f in anatomy.facets
    )
    for side in BOTH:
        with pytest.raises(AnatomyError, match=f"joint L4/L5, {side} .*{found}.* 8 mm apart at most"):
            aimed(replace(anatomy, facets=facets), key, "L4/L5", side)


@pytest.mark.parametrize("side", BOTH)
@pytest.mark.parametrize("level", ["L3/L4", "L4/L5"])
def test_medial_branches_lie_in_the_corner_of_articular_and_transverse_process(
    lower_back: Phantom, anatomy: Anatomy, level: str, side: Side
) -> None:
    for target in aimed(anatomy, "medial-branch", level, side):
        vertebra, tip = target.between.lower, target.point_mm[None]
        gaps = [
            lower_back.signed_distance_mm(Structure.VERTEBRA, tip, vertebra, *place)[0]
            for place in ((side, Part.SUPERIOR_ARTICULAR_PROCESS), (None, Part.POSTERIOR))
        ]
        assert min(gaps) > 0.3
        assert max(gaps) < 2.5
        assert (tip[0] - anatomy.canal_centreline_mm.mean(axis=0)) @ target.frame.lateral > 15


@pytest.mark.parametrize("side", BOTH)
def test_the_last_joint_s_nerves_are_l4_at_l5_and_the_dorsal_ramus_at_the_ala(
    lower_back: Phantom, anatomy: Anatomy, side: Side
) -> None:
    upper, lower = aimed(anatomy, "medial-branch", "L5/S1", side)
    assert upper.words == f"L4 medial branch at the L5 transverse process, {side}"
    assert lower.words == f"L5 dorsal ramus at the S1 articular process and ala, {side}"
    gap = lower_back.signed_distance_mm(Structure.SACRUM, lower.point_mm[None])[0]
    assert 0.3 < gap < 2.0


def test_n_neighbouring_joints_have_n_plus_one_nerves_on_each_side(anatomy: Anatomy) -> None:
    asked = [TargetRequest(side, level=level) for side in BOTH for level in ("L3/L4", "L4/L5", "L5/S1")]
    targets = find_all_targets(anatomy, PROCEDURES["medial-branch"], asked)
    assert len(targets) == 2 * (3 + 1)
    assert [t.what[:2] for t in targets[:4]] == ["L2", "L3", "L4", "L5"]


def test_a_medial_branch_is_found_again_by_its_joint(anatomy: Anatomy) -> None:
    first, second = aimed(anatomy, "medial-branch", "L4/L5", Side.LEFT)
    for target in (first, second):
        again = find_again(anatomy, PROCEDURES["medial-branch"], target, Side.LEFT)
        assert again.words == target.words
        assert again.point_mm.tolist() == target.point_mm.tolist()


@pytest.fixture(scope="module")
def trunk() -> Phantom:
    """T12 to S1 with aorta, vena cava and psoas."""
    return make_phantom(
        PhantomParameters(
            spacing_mm=(2.0, 1.5, 1.5), field_of_view_mm=(300.0, 240.0, 240.0), center_mm=(0.0, 20.0, 10.0)
        )
    )


BESIDE = [("lumbar-sympathetic", level) for level in ("L2", "L3", "L4")] + [("splanchnic", "T12"), ("splanchnic", "L1")]


@pytest.mark.parametrize("side", BOTH)
@pytest.mark.parametrize(("key", "level"), BESIDE)
def test_a_plexus_is_aimed_at_beside_the_front_of_its_body(trunk: Phantom, key: str, level: str, side: Side) -> None:
    anatomy = trunk.anatomy()
    (target,) = aimed(anatomy, key, level, side)
    assert 0 < len(target.tips_mm) <= MOST_TIPS
    body = next(v.body_center_mm for v in anatomy.vertebrae if str(v.name) == level)
    lateral, dorsal, cranial = target.frame.local(target.tips_mm).T
    assert np.linalg.norm(target.frame.centre_mm - body) < 1e-6
    assert (lateral > 8).all()
    assert (side.sign * (target.tips_mm - body)[:, 0] > 8).all()
    assert (dorsal < 2).all()
    assert np.abs(cranial).max() < 12
    gaps = trunk.signed_distance_mm(Structure.VERTEBRA, target.tips_mm, SpineLevel(level))
    assert (gaps > 1.0).all()
    assert (gaps < 7.5).all()
    for structure in (Structure.PSOAS, Structure.AORTA, Structure.INFERIOR_VENA_CAVA):
        assert (trunk.signed_distance_mm(structure, target.tips_mm) > 0).all()
    assert "never clears" in target.notes[0]


@pytest.mark.parametrize("side", BOTH)
def test_splanchnic_tips_lie_between_the_body_and_the_crus_that_is_drawn(trunk: Phantom, side: Side) -> None:
    anatomy = trunk.anatomy()
    grid, crus = anatomy.labels.geometry, 999
    points = grid.points_mm(np.argwhere(np.ones(grid.shape, bool)))
    gap = trunk.signed_distance_mm(Structure.VERTEBRA, points, SpineLevel.L1).reshape(grid.shape)
    soft = np.isin(anatomy.labels.labels, [0, *anatomy.labels.values_of(Structure.BODY, Structure.MUSCLE)])
    drawn = np.where((gap > 4.5) & (gap < 9.0) & soft, crus, anatomy.labels.labels).astype(np.uint16)
    entries = {**anatomy.labels.entries, crus: LabelEntry(Structure.CRUS)}
    with_crus = replace(anatomy, labels=LabelMap(grid, drawn, entries))
    (target,) = aimed(with_crus, "splanchnic", "L1", side)
    assert len(target.tips_mm) > 0
    assert (trunk.signed_distance_mm(Structure.VERTEBRA, target.tips_mm, SpineLevel.L1) < 5.5).all()
    everywhere = replace(
        anatomy, labels=LabelMap(grid, np.where(soft & (gap < 9.0), crus, drawn).astype(np.uint16), entries)
    )
    (none,) = aimed(everywhere, "splanchnic", "L1", side)
    assert dict(none.rejected_tips) == {"tip: no room beside the body, inside of the crus": 1}


def test_alcohol_has_a_procedure_of_its_own(anatomy: Anatomy) -> None:
    with pytest.raises(UnknownNameError, match="vertebrae L2, L3, L4"):
        aimed(anatomy, "lumbar-sympathetic-neurolysis", "L5", Side.LEFT)
    assert "Second stage" in " ".join(PROCEDURES["splanchnic-neurolysis"].notes)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "level"), [("medial-branch", "L5/S1"), ("lumbar-sympathetic", "L3"), ("splanchnic", "T12")]
)
def test_a_path_leads_there_from_behind_on_its_side(trunk: Phantom, key: str, level: str) -> None:
    anatomy = trunk.anatomy()
    plan = planned(anatomy, key, aimed(anatomy, key, level, Side.RIGHT))
    for target in plan.targets:
        assert len(target.trajectories) >= 3
        assert all(path.entry_mm[0] < 0 and path.entry_mm[1] > path.target_mm[1] for path in target.trajectories)
        assert all(row.spare_mm >= 0 for path in target.trajectories for row in path.clearances)


@pytest.mark.parametrize("procedure", PROCEDURES.values(), ids=lambda procedure: procedure.key)
def test_every_procedure_states_its_sources_and_its_stock(procedure: Procedure) -> None:
    assert procedure.references
    assert all(words.strip() for words in procedure.references.values())
    assert all(approach.source for approach in procedure.approaches)
    assert all(role.source for role in procedure.roles.values())
    assert set(procedure.roles) == set(Structure)
    assert set(procedure.required) <= set(procedure.roles)
    assert [n.length_mm for n in procedure.needles]
    for approach in procedure.approaches:
        assert approach.obliquity_deg[0] <= approach.preferred_obliquity_deg <= approach.obliquity_deg[1]
        assert approach.tilt_deg[0] <= approach.preferred_tilt_deg <= approach.tilt_deg[1]


@pytest.mark.parametrize("side", BOTH)
@pytest.mark.parametrize("root", ["L3", "L4", "L5"])
def test_a_retrodiscal_tip_lies_caudal_of_the_root_outside_the_disc(
    lower_back: Phantom, anatomy: Anatomy, root: str, side: Side
) -> None:
    (target,) = find_targets(anatomy, PROCEDURES["prt-retrodiscal"], TargetRequest(side, root=root))
    assert "retrodiscal" in target.words
    assert 0 < len(target.tips_mm) <= MOST_TIPS
    local = target.frame.local(target.tips_mm)
    assert (local[:, 2] <= target.frame.top_mm - 0.49 * target.frame.height_mm).all()
    for structure in (Structure.DISC, Structure.NERVE_ROOT, Structure.BONE):
        assert (lower_back.signed_distance_mm(structure, target.tips_mm) > 0.3).all()


def test_s1_says_that_sacral_foramina_are_missing(anatomy: Anatomy) -> None:
    with pytest.raises(AnatomyError, match="no dorsal sacral foramen, left found"):
        find_targets(replace(anatomy, sacral_foramina=()), PROCEDURES["prt"], TargetRequest(Side.LEFT, root="S1"))


@pytest.mark.parametrize("key", ["lumbar-sympathetic", "lumbar-sympathetic-neurolysis"])
def test_both_sides_of_the_lumbar_trunk_in_one_sitting_are_refused(anatomy: Anatomy, key: str) -> None:
    asked = [TargetRequest(side, level="L4") for side in BOTH]
    with pytest.raises(UnknownNameError, match="one side in one sitting"):
        find_all_targets(anatomy, PROCEDURES[key], asked)


@pytest.mark.parametrize("key", ["splanchnic", "celiac", "celiac-neurolysis"])
def test_what_the_source_does_on_both_sides_is_one_sitting(trunk: Phantom, key: str) -> None:
    asked = [TargetRequest(side, level="L1") for side in BOTH]
    found = find_all_targets(trunk.anatomy(), PROCEDURES[key], asked)
    assert [target.side for target in found] == list(BOTH)
    assert all(len(target.tips_mm) > 0 for target in found)
