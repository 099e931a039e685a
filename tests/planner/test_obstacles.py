"""What is kept clear of and by how much."""

from dataclasses import replace

import numpy as np
import pytest

from planner.anatomy.model import Anatomy
from planner.obstacles import ROOT_BAND_MM, Obstacle, find_obstacles
from planner.procedures import PROCEDURES
from planner.structures import Interspace, Role, Side, SpineLevel, Structure

PRT = PROCEDURES["prt"]
L4_L5 = Interspace(SpineLevel.L4, SpineLevel.L5)

RESERVES_MM = {
    Structure.BONE: 0.0,
    Structure.CANAL: 2.0,
    Structure.THECAL_SAC: 2.0,
    Structure.AORTA: 2.0,
    Structure.ARTERY: 2.0,
    Structure.INFERIOR_VENA_CAVA: 1.0,
    Structure.VEIN: 1.0,
    Structure.LUNG: 5.0,
    Structure.PLEURAL_ZONE: 5.0,
    Structure.BOWEL: 3.0,
    Structure.GAS: 3.0,
    Structure.KIDNEY: 3.0,
    Structure.URETER: 3.0,
    Structure.NERVE_ROOT: 1.0,
}
"""The site's table of reserves."""


@pytest.fixture(scope="module")
def obstacles(anatomy: Anatomy) -> dict[str, Obstacle]:
    roots = tuple(replace(root, uncertainty_mm=1.25) for root in anatomy.nerve_roots)
    unsure = replace(anatomy, uncertainty_mm=dict.fromkeys(Structure, 1.25), nerve_roots=roots)
    return {o.name: o for o in find_obstacles(unsure, anatomy.labels, PRT, L4_L5, Side.LEFT)}


@pytest.mark.parametrize(("structure", "reserve_mm"), RESERVES_MM.items())
def test_reserves_are_the_sites_table(structure: Structure, reserve_mm: float) -> None:
    assert PRT.roles[structure].reserve_mm == reserve_mm
    assert PRT.roles[structure].role is Role.FORBIDDEN


def test_every_structure_has_a_role_with_a_source() -> None:
    assert set(PRT.roles) == set(Structure)
    assert all(role.source for role in PRT.roles.values())
    assert set(PRT.required) <= set(PRT.roles)


def test_a_margin_is_uncertainty_and_reserve(obstacles: dict[str, Obstacle]) -> None:
    assert obstacles["thecal sac"].margin_mm == 3.25
    assert obstacles["aorta"].margin_mm == 3.25
    assert obstacles["other nerve roots"].margin_mm == 2.25


def test_the_canal_has_the_duras_reserve_only_where_the_sac_is_not_drawn(
    anatomy: Anatomy, obstacles: dict[str, Obstacle]
) -> None:
    assert obstacles["canal"].margin_mm == 1.25
    sacless = {v: e for v, e in anatomy.labels.entries.items() if e.structure is not Structure.THECAL_SAC}
    labels = replace(anatomy.labels, entries=sacless)
    found = {o.name: o for o in find_obstacles(anatomy, labels, PRT, L4_L5, Side.LEFT)}
    assert found["canal"].margin_mm == 2.0


def test_bone_is_one_obstacle_and_half_a_voxel_uncertain(anatomy: Anatomy, obstacles: dict[str, Obstacle]) -> None:
    assert obstacles["bone"].margin_mm == pytest.approx(0.5 * 1.6 ** (1 / 3))
    bones = {anatomy.labels.entries[int(v)].structure for v in obstacles["bone"].values}
    assert {Structure.VERTEBRA, Structure.SACRUM, Structure.ILIUM} <= bones


def test_an_unstated_uncertainty_is_the_largest_assumed(anatomy: Anatomy) -> None:
    silent = replace(anatomy, uncertainty_mm={})
    found = {o.name: o for o in find_obstacles(silent, anatomy.labels, PRT, L4_L5, Side.LEFT)}
    assert found["canal"].uncertainty_mm == 3.0


def test_the_targets_own_nerve_is_apart_with_its_tip_zone(anatomy: Anatomy, obstacles: dict[str, Obstacle]) -> None:
    own = obstacles["target's own nerve root"]
    assert own.tip_zone_mm == 10.0
    named = {(anatomy.labels.entries[int(v)].level, anatomy.labels.entries[int(v)].side) for v in own.values}
    assert named == {(SpineLevel.L4, Side.LEFT)}
    assert not set(own.values) & set(obstacles["other nerve roots"].values)
    assert [name for name, o in obstacles.items() if o.tip_zone_mm] == [own.name]


def with_roots_known_to(anatomy: Anatomy, known_mm: dict[tuple[SpineLevel, Side], float]) -> Anatomy:
    roots = tuple(
        replace(root, uncertainty_mm=known_mm.get((root.between.upper, root.side), 3.5))  # type: ignore[arg-type]
        for root in anatomy.nerve_roots
    )
    largest = max(root.uncertainty_mm for root in roots)
    return replace(anatomy, nerve_roots=roots, uncertainty_mm={**anatomy.uncertainty_mm, Structure.NERVE_ROOT: largest})


def roots_kept_clear_of(anatomy: Anatomy) -> dict[tuple[SpineLevel, Side], tuple[Obstacle, float]]:
    """For each drawn root its obstacle, and the uncertainty it is stated with."""
    found = {}
    stated = {(root.between.upper, root.side): root.uncertainty_mm for root in anatomy.nerve_roots}
    for obstacle in find_obstacles(anatomy, anatomy.labels, PRT, L4_L5, Side.LEFT):
        for value in obstacle.values if obstacle.structure is Structure.NERVE_ROOT else ():
            entry = anatomy.labels.entries[int(value)]
            found[entry.level, entry.side] = obstacle, stated[entry.level, entry.side]  # type: ignore[index]
    return found  # type: ignore[return-value]


L5_KNOWN_TO_MM = {(SpineLevel.L5, Side.LEFT): 7.9, (SpineLevel.L5, Side.RIGHT): 7.4, (SpineLevel.L4, Side.LEFT): 2.0}


def test_a_root_is_kept_clear_of_by_its_own_uncertainty(anatomy: Anatomy) -> None:
    found = roots_kept_clear_of(with_roots_known_to(anatomy, L5_KNOWN_TO_MM))
    assert found[SpineLevel.L3, Side.LEFT][0].margin_mm == 4.5
    assert found[SpineLevel.L4, Side.LEFT][0].margin_mm == 3.0
    assert found[SpineLevel.L5, Side.LEFT][0].margin_mm == 8.9
    assert found[SpineLevel.L5, Side.RIGHT][0].name == "other nerve roots known to 7.9 mm"
    assert found[SpineLevel.L4, Side.LEFT][0].tip_zone_mm > 0


@pytest.mark.parametrize("seed", range(5))
def test_no_root_is_kept_clear_of_by_less_than_its_own_uncertainty(anatomy: Anatomy, seed: int) -> None:
    rng = np.random.default_rng(seed)
    drawn = {(root.between.upper, root.side): float(rng.uniform(1, 8)) for root in anatomy.nerve_roots}
    found = roots_kept_clear_of(with_roots_known_to(anatomy, drawn))  # type: ignore[arg-type]
    assert len(found) >= 6
    for obstacle, stated_mm in found.values():
        assert stated_mm <= obstacle.uncertainty_mm <= stated_mm + ROOT_BAND_MM
    names = [o.name for o in {id(o): o for o, _ in found.values()}.values()]
    assert len(set(names)) == len(names)


def test_a_drawn_root_that_the_anatomy_does_not_state_has_the_largest_uncertainty(anatomy: Anatomy) -> None:
    silent = replace(with_roots_known_to(anatomy, L5_KNOWN_TO_MM), nerve_roots=())
    margins = {o.margin_mm for o in find_obstacles(silent, anatomy.labels, PRT, L4_L5, Side.LEFT) if "root" in o.name}
    assert margins == {8.9}
