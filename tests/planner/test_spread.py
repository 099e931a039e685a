"""Where an injected volume may be: a region with that volume, which names what it reaches and frees nothing."""

from dataclasses import replace

import numpy as np
import pytest

from planner.aims.vertebra import with_injectate
from planner.injectate import Injectate
from planner.procedures import PROCEDURES
from planner.spread import half_axes_mm, injectate, spread_note
from planner.structures import Side, Structure
from planner.target import plain_frame
from planner.targets import TargetRequest, find_targets
from sample_data.phantom import Phantom
from tests.planner.blocks import Ball, block

FRAME = plain_frame(np.zeros(3), Side.LEFT, np.array([0.0, 0.0, 1.0]))
WHERE = ("a plexus", Side.LEFT)


def region(volume_ml: float = 10.0, balls: tuple[Ball, ...] = ()) -> Injectate:
    return injectate(block(list(balls)), FRAME, np.zeros(3), volume_ml)


@pytest.mark.parametrize("volume_ml", [0.5, 3.0, 25.0])
def test_the_region_holds_the_volume(volume_ml: float) -> None:
    assert 4 / 3 * np.pi * np.prod(half_axes_mm(volume_ml)) == pytest.approx(1000 * volume_ml)
    step = 0.5
    axis = np.arange(-30, 30, step)
    points = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3)
    assert region(volume_ml).contains(points).sum() * step**3 == pytest.approx(1000 * volume_ml, rel=0.05)


def test_what_it_reaches_is_named_and_what_it_does_not_reach_is_not() -> None:
    near, far = Ball((12.0, 0.0, 0.0), 3.0), Ball((22.0, 0.0, 0.0), 3.0, Structure.VEIN)
    assert region(10.0, (near, far)).reached == ("artery",)
    assert region(1.0, (near, far)).reached == ()


def test_it_warns_and_never_clears() -> None:
    empty = spread_note(region(), WHERE)
    assert "would reach: nothing that was found in this scan" in empty
    assert empty.endswith("Spread may warn; it never clears.")


def test_a_plexus_s_largest_volume_goes_with_its_target(lower_back: Phantom) -> None:
    (target,) = find_targets(
        lower_back.anatomy(), PROCEDURES["lumbar-sympathetic-neurolysis"], TargetRequest(Side.LEFT, level="L4")
    )
    assert target.injectate is not None
    assert target.injectate.volume_ml == 12.0
    assert target.injectate.center_mm.tolist() == target.point_mm.tolist()


def test_where_no_tip_can_be_nothing_is_injected_and_nothing_is_said_to_be_reached(lower_back: Phantom) -> None:
    anatomy, procedure = lower_back.anatomy(), PROCEDURES["lumbar-sympathetic-neurolysis"]
    (target,) = find_targets(anatomy, procedure, TargetRequest(Side.LEFT, level="L4"))
    bare = replace(target, tips_mm=np.empty((0, 3)), injectate=None, notes=())
    assert with_injectate(bare, anatomy, procedure) is bare
