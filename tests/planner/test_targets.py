"""Targets by root, level and place, and where their tip points lie."""

from dataclasses import replace

import numpy as np
import pytest

from planner.anatomy.model import Anatomy
from planner.errors import LevelNotFoundError, UnknownNameError
from planner.obstacles import with_roots
from planner.procedures import PROCEDURES
from planner.structures import Interspace, Side, SpineLevel, Structure, Unnamed
from planner.targets import TargetRequest, find_targets
from planner.tips import (
    LOW_IN_THE_FORAMEN,
    MOST_TIPS,
    PEDICLE_HALF_WIDTH_MM,
    SUBPEDICULAR,
    best_tips,
    foramen_frame,
    pedicle_half_width_mm,
    window_of,
)
from sample_data.phantom import Phantom

PRT = PROCEDURES["prt"]


def test_root_and_level_name_the_same_foramen(anatomy: Anatomy) -> None:
    (by_root,) = find_targets(anatomy, PRT, TargetRequest(Side.RIGHT, root="l4"))
    (by_level,) = find_targets(anatomy, PRT, TargetRequest(Side.RIGHT, level="L4/L5"))
    assert by_root.words == by_level.words == "L4 root, foramen L4/L5, right"
    assert by_root.tips_mm.tolist() == by_level.tips_mm.tolist()
    assert by_root.name_is_certain


def test_a_place_finds_the_nearest_foramen_and_is_never_certain(anatomy: Anatomy) -> None:
    foramen = next(f for f in anatomy.foramina if str(f.between) == "L4/L5" and f.side is Side.LEFT)
    place = f"@{foramen.center_mm[2] + 6.14:.2f}"
    (target,) = find_targets(anatomy, PRT, TargetRequest(Side.LEFT, level=place))
    assert str(target.between) == "L4/L5"
    assert target.chosen_by == f"level {place}, 6.1 mm from the foramen"
    assert not target.name_is_certain


@pytest.mark.parametrize("asked", ["@-900", "L1/L3", "T4/T5"])
def test_what_is_not_there_is_refused_with_what_is(anatomy: Anatomy, asked: str) -> None:
    with pytest.raises(LevelNotFoundError, match="L4/L5 at z -46"):
        find_targets(anatomy, PRT, TargetRequest(Side.LEFT, level=asked))


def test_an_unanchored_scan_refuses_names_and_takes_places(anatomy: Anatomy) -> None:
    nameless = replace(
        anatomy,
        foramina=tuple(
            replace(f, between=Interspace(Unnamed(n // 2 + 2), Unnamed(n // 2 + 1)))
            for n, f in enumerate(anatomy.foramina)
        ),
        nerve_roots=(),
    )
    with pytest.raises(LevelNotFoundError, match="anchor one level"):
        find_targets(nameless, PRT, TargetRequest(Side.LEFT, root="L4"))
    (target,) = find_targets(nameless, PRT, TargetRequest(Side.LEFT, level="@-46"))
    assert not target.name_is_certain
    assert target.has_arterial_quadrant


@pytest.mark.parametrize("asked", [{}, {"root": "L4", "level": "L4/L5"}])
def test_exactly_one_of_root_and_level_is_asked(asked: dict[str, str]) -> None:
    with pytest.raises(UnknownNameError):
        TargetRequest(Side.LEFT, **asked)


def test_a_level_the_procedure_does_not_serve_is_refused(anatomy: Anatomy) -> None:
    upper, lower = SpineLevel.T4, SpineLevel.T5
    there = replace(anatomy, foramina=tuple(replace(f, between=Interspace(upper, lower)) for f in anatomy.foramina[:2]))
    with pytest.raises(UnknownNameError, match="T4/T5"):
        find_targets(there, PRT, TargetRequest(Side.LEFT, level="T4/T5"))


@pytest.mark.parametrize("root", ["L3", "L4", "L5"])
@pytest.mark.parametrize("side", list(Side))
def test_tip_points_have_room_behind_the_root(lower_back: Phantom, anatomy: Anatomy, root: str, side: Side) -> None:
    (target,) = find_targets(anatomy, PRT, TargetRequest(side, root=root))
    tips = target.tips_mm
    assert 1 <= len(tips) <= MOST_TIPS
    assert (lower_back.signed_distance_mm(Structure.BONE, tips) > 0).all()
    assert (lower_back.signed_distance_mm(Structure.NERVE_ROOT, tips) > 0).all()
    assert (lower_back.signed_distance_mm(Structure.CANAL, tips) > 2).all()
    local = target.frame.local(tips)
    assert (local[:, 0] >= target.frame.midline_of_pedicle_mm - 1e-6).all()
    assert (local[:, 2] <= target.frame.top_mm).all()
    course = next(r.course_mm for r in anatomy.nerve_roots if r.between == target.between and r.side is side)
    for tip in tips:
        nearest = course[np.argmin(np.linalg.norm(course - tip, axis=1))]
        assert (tip - nearest) @ target.frame.dorsal > 0


def test_the_arterial_quadrant_is_kept_free_down_to_l3(anatomy: Anatomy) -> None:
    (third,), (fourth,) = (find_targets(anatomy, PRT, TargetRequest(Side.LEFT, root=r)) for r in ("L3", "L4"))
    assert third.has_arterial_quadrant
    assert not fourth.has_arterial_quadrant
    assert (third.frame.outside_quadrant_mm(third.tips_mm) > 0).all()


def test_modelled_roots_are_drawn_where_the_labels_have_none(anatomy: Anatomy) -> None:
    nerves = anatomy.labels.values_of(Structure.NERVE_ROOT)
    bare = anatomy.labels.labels.copy()
    bare[np.isin(bare, nerves)] = anatomy.labels.values_of(Structure.MUSCLE)[0]
    entries = {v: e for v, e in anatomy.labels.entries.items() if v not in nerves}
    drawn = with_roots(replace(anatomy, labels=type(anatomy.labels)(anatomy.labels.geometry, bare, entries)))
    root = next(r for r in anatomy.nerve_roots if r.root == "L4" and r.side is Side.LEFT)
    at_ganglion = drawn.entries[int(drawn.nearest(root.ganglion_mm[None])[0])]
    assert (at_ganglion.structure, at_ganglion.level, at_ganglion.side) == (
        Structure.NERVE_ROOT,
        SpineLevel.L4,
        Side.LEFT,
    )
    assert (drawn.mask(Structure.VERTEBRA) == anatomy.labels.mask(Structure.VERTEBRA)).all()


def test_a_foramen_that_is_no_opening_has_no_tip(anatomy: Anatomy) -> None:
    flat = tuple(replace(f, pedicle_below_mm=f.pedicle_above_mm - np.array([0.0, 0.0, 2.0])) for f in anatomy.foramina)
    (target,) = find_targets(replace(anatomy, foramina=flat), PRT, TargetRequest(Side.LEFT, root="L4"))
    assert not len(target.tips_mm)
    assert target.rejected_tips == {"tip: foramen lower than 4 mm": 1}


def test_a_foramen_outside_the_body_has_no_tip(anatomy: Anatomy) -> None:
    shift = np.array([0.0, 300.0, 0.0])
    moved = tuple(
        replace(
            f,
            center_mm=f.center_mm + shift,
            pedicle_above_mm=f.pedicle_above_mm + shift,
            pedicle_below_mm=f.pedicle_below_mm + shift,
        )
        for f in anatomy.foramina
    )
    (target,) = find_targets(replace(anatomy, foramina=moved), PRT, TargetRequest(Side.LEFT, root="L4"))
    assert not len(target.tips_mm)
    assert target.point_mm.tolist() == target.frame.centre_mm.tolist()


def test_a_pedicle_is_measured_where_its_edge_is_seen(anatomy: Anatomy) -> None:
    for foramen in anatomy.foramina:
        width = pedicle_half_width_mm(anatomy, foramen_frame(anatomy, foramen))
        assert PEDICLE_HALF_WIDTH_MM[0] <= width <= PEDICLE_HALF_WIDTH_MM[1]


def test_pedicles_in_the_wrong_order_have_no_tip(anatomy: Anatomy) -> None:
    turned = tuple(
        replace(f, pedicle_above_mm=f.pedicle_below_mm, pedicle_below_mm=f.pedicle_above_mm) for f in anatomy.foramina
    )
    (target,) = find_targets(replace(anatomy, foramina=turned), PRT, TargetRequest(Side.LEFT, root="L4"))
    assert not len(target.tips_mm)


def test_a_foramen_far_off_on_the_other_side_does_not_turn_the_frame(anatomy: Anatomy) -> None:
    wrong = tuple(
        replace(f, center_mm=f.center_mm + np.array([0.0, 60.0, 0.0])) if f.side is Side.RIGHT else f
        for f in anatomy.foramina
    )
    (target,) = find_targets(replace(anatomy, foramina=wrong), PRT, TargetRequest(Side.LEFT, root="L4"))
    assert target.frame.lateral[0] > 0.95


def test_what_alone_keeps_every_tip_out_is_named() -> None:
    points = np.zeros((6, 3)) + np.arange(6.0)[:, None]
    quadrant = np.array([True, True, True, True, False, False])
    pleura = np.array([-1.0, -1.0, 1.0, -1.0, -1.0, -1.0])
    bone = np.array([-1.0, 1.0, -1.0, 1.0, 1.0, 1.0])
    found = best_tips(points, np.zeros(6), {"tip: quadrant": quadrant}, [("bone", bone), ("pleura", pleura)])
    assert not len(found.points_mm)
    assert max(found.rejected, key=lambda name: found.rejected[name]) == "tip: quadrant"
    assert found.binding == "tip: pleura"


def test_thoracic_roots_are_reached_low_in_the_foramen() -> None:
    assert window_of(SpineLevel.T12) is window_of(SpineLevel.T10) is LOW_IN_THE_FORAMEN
    assert window_of(SpineLevel.L1) is window_of(Unnamed(3)) is SUBPEDICULAR
    assert LOW_IN_THE_FORAMEN.ideal_share > 2 / 3
