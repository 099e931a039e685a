"""What the phantom consists of: labelled parts, each a union of shapes with a material.

In: nothing. Out: the types ``Material`` and ``Part`` that anatomy modules fill and ``render`` and ``truth`` read.
"""

from __future__ import annotations

from dataclasses import dataclass

from planner.geometry import AnyArray
from planner.structures import LevelName, Part, Side, Structure
from planner.volume import LabelEntry
from sample_data.shapes import Points, Shape, union_distance
from sample_data.tissue import Tissue


@dataclass(frozen=True, slots=True)
class Material:
    """How a part looks: on CT ``hu`` inside, and a shell of ``shell_hu`` along its surface."""

    hu: float
    shell_hu: float = 0.0
    shell_mm: float = 0.0
    tissue: Tissue | None = None
    """On MR; None: what its label says."""

    @property
    def surface_hu(self) -> float:
        """Of the shell where there is one."""
        return self.shell_hu if self.shell_mm > 0 else self.hu


@dataclass(frozen=True, slots=True, eq=False)
class Solid:
    """A union of shapes with one label and one material; ``entry`` None paints without a label of its own."""

    entry: LabelEntry | None
    shapes: tuple[Shape, ...]
    material: Material

    def distance_mm(self, points: Points) -> AnyArray:
        """(...) signed distance of points."""
        return union_distance(self.shapes, points)


def label(
    structure: Structure, level: LevelName | None = None, side: Side | None = None, part: Part | None = None
) -> LabelEntry:
    """A label that is known, not estimated: confidence 1."""
    return LabelEntry(structure, part, level, side, 1.0)


def bone_material(marrow_hu: float, shell_mm: float = 1.3) -> Material:
    """Cortex of 950 HU around marrow."""
    return Material(marrow_hu, 950.0, shell_mm)
