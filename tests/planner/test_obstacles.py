"""What is kept clear of and by how much."""

from dataclasses import replace

import pytest

from planner.anatomy.model import Anatomy
from planner.obstacles import Obstacle, find_obstacles
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
    unsure = replace(anatomy, uncertainty_mm=dict.fromkeys(Structure, 1.25))
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
