"""Colours and windows: told apart by people who do not see red and green alike (Okabe and Ito 2008)."""

from __future__ import annotations

from dataclasses import dataclass

from planner.structures import Structure

BLACK, WHITE = (0, 0, 0), (255, 255, 255)
ORANGE, SKY, GREEN, YELLOW = (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66)
BLUE, VERMILION, PURPLE, GREY = (0, 114, 178), (213, 94, 0), (204, 121, 167), (150, 150, 150)
BONE = (232, 220, 196)

NEEDLE = (0, 255, 255)
TARGET = YELLOW
WARNING = (255, 176, 0)

CONTOURS: dict[Structure, tuple[int, int, int]] = {
    Structure.VERTEBRA: BONE,
    Structure.SACRUM: BONE,
    Structure.ILIUM: BONE,
    Structure.RIB: BONE,
    Structure.BONE: BONE,
    Structure.CANAL: SKY,
    Structure.THECAL_SAC: SKY,
    Structure.NERVE_ROOT: YELLOW,
    Structure.AORTA: VERMILION,
    Structure.ARTERY: VERMILION,
    Structure.INFERIOR_VENA_CAVA: BLUE,
    Structure.VEIN: BLUE,
    Structure.KIDNEY: ORANGE,
    Structure.URETER: ORANGE,
    Structure.LUNG: PURPLE,
    Structure.PLEURAL_ZONE: PURPLE,
    Structure.BOWEL: GREEN,
    Structure.GAS: GREEN,
}
"""Outlined in slices; discs, muscles, liver and spleen stay unmarked so that the picture stays readable."""

SOLIDS: dict[Structure, float] = {
    Structure.VERTEBRA: 1.0,
    Structure.SACRUM: 1.0,
    Structure.ILIUM: 1.0,
    Structure.RIB: 1.0,
    Structure.BONE: 1.0,
    Structure.CANAL: 1.0,
    Structure.THECAL_SAC: 1.0,
    Structure.NERVE_ROOT: 1.0,
    Structure.AORTA: 1.0,
    Structure.ARTERY: 1.0,
    Structure.INFERIOR_VENA_CAVA: 1.0,
    Structure.VEIN: 1.0,
    Structure.KIDNEY: 1.0,
}
"""Opacity of each structure that the 3D picture shows."""


@dataclass(frozen=True, slots=True)
class Window:
    """Display window [HU]."""

    center: float
    width: float


SPINE = Window(100.0, 600.0)
BONE_WINDOW = Window(400.0, 1800.0)
SOFT_TISSUE = Window(40.0, 400.0)
LUNG_WINDOW = Window(-600.0, 1500.0)
