"""What is measured on: a phantom of 310 slices, and a scan where one is named; one target, and fields around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from dicom_io.series import read_series
from planner.anatomy.model import Anatomy, Foramen, Surroundings
from planner.anatomy.segment import segment
from planner.geometry import AnyArray, Float32Array, FloatArray
from planner.obstacles import ROOM_MM
from planner.side_by_side import side_by_side
from planner.structures import Structure
from planner.sweep.fan import Face, Swept
from planner.sweep.fields import Lattice, Patch
from planner.sweep.reach import FAR_STEP_MM
from sample_data.parameters import PhantomParameters
from sample_data.phantom import make_phantom

ROUNDS = 5
REACH_MM = 120.0
FIELD_MM, CAP_MM = FAR_STEP_MM, 24.0
LEVEL_MM, LOWEST_MM = 0.125, -5.0
BONES = (Structure.VERTEBRA, Structure.SACRUM, Structure.ILIUM, Structure.RIB, Structure.BONE)
GROUPS = (
    ((BONES, 0.5),),
    (
        ((Structure.THECAL_SAC, Structure.CANAL), 4.0),
        ((Structure.AORTA, Structure.ARTERY), 4.0),
        ((Structure.INFERIOR_VENA_CAVA, Structure.VEIN), 4.0),
        ((Structure.KIDNEY,), 6.0),
        ((Structure.BOWEL, Structure.GAS), 6.0),
        ((Structure.LUNG, Structure.PLEURAL_ZONE), 8.0),
    ),
    (((Structure.DISC,), 3.0),),
)
"""Eight structures with a margin [mm] in three fields: hard bone, hard soft, soft preference."""


def fastest_s(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Least wall time of a few rounds: the machine's noise only adds."""
    times = []
    for _ in range(rounds):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return min(times)


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """An anatomy and the centre of its middle foramen on the left."""

    name: str
    anatomy: Anatomy
    tip_mm: FloatArray

    @classmethod
    def phantom(cls) -> Case:
        """Slices of 1 mm."""
        return cls.of("phantom", make_phantom(PhantomParameters(spacing_mm=(1.0, 1.0, 1.0))).anatomy())

    @classmethod
    def scan(cls, series: Path) -> Case:
        """A folder of DICOM, segmented here."""
        series = series / "series" if (series / "series").is_dir() else series
        name = series.parent.name if series.name == "series" else series.name
        return cls.of(name, segment(read_series(series).volume))

    @classmethod
    def of(cls, name: str, anatomy: Anatomy) -> Case:
        """With its middle left foramen."""
        left = left_foramina(anatomy)
        return cls(name, anatomy, left[len(left) // 2].center_mm)

    @property
    def left_foramina(self) -> list[Foramen]:
        """From cranial to caudal."""
        return left_foramina(self.anatomy)

    @property
    def grid(self) -> str:
        """Slices x rows x columns, and the voxel."""
        geometry = self.anatomy.labels.geometry
        sizes = " x ".join(f"{mm:.2f}" for mm in geometry.spacing_mm)
        return f"{' x '.join(map(str, geometry.shape))} of {sizes} mm"

    def lattice(self, step_mm: float = FIELD_MM) -> Lattice:
        """All that a needle of ``REACH_MM`` along a face's axis reaches inside the body."""
        grid = self.anatomy.labels.geometry
        body = np.flatnonzero((self.anatomy.surroundings.labels == Surroundings.BODY).any(axis=(0, 2)))
        corners = grid.indices(self.tip_mm + REACH_MM * np.array([[-1.0, -1, -1], [1, 1, 1]]))
        corners[:, 1] = np.clip(corners[:, 1], body[0], body[-1])
        return Lattice.around(grid, grid.points_mm(corners), 0.0, step_mm)


def left_foramina(anatomy: Anatomy) -> list[Foramen]:
    """From cranial to caudal."""
    left = [foramen for foramen in anatomy.foramina if foramen.side.sign > 0]
    return sorted(left, key=lambda foramen: -float(foramen.center_mm[2]))


def face_of(half_axis: tuple[int, int], count: int, axes: FloatArray) -> Face:
    """A whole face of the cube map, as many directions along rows as along columns."""
    axis, sign = half_axis
    tangents = np.linspace(-1.0, 1.0, count)
    first, second = (other for other in range(3) if other != axis)
    rows, columns = tangents[:, None], tangents[None, :]
    lps = sign * axes[:, axis] + rows[..., None] * axes[:, first] + columns[..., None] * axes[:, second]
    norms = np.hypot(np.hypot(rows, columns), 1.0)
    return Face(axis, sign, tangents, tangents, lps, np.ones((count, count), dtype=bool), norms)


FOUR = ((1, 1), (1, -1), (2, 1), (2, -1))
"""Posterior, anterior, left, right."""


def levels(room_mm: Float32Array) -> AnyArray:
    """Room on 8 bits, rounded down."""
    return np.clip((room_mm - LOWEST_MM) / LEVEL_MM, 0, 255).astype(np.uint8)


def fused(case: Case, lattice: Lattice) -> list[Swept]:
    """One 8-bit field for each group: least room beyond its structures' margins, told apart up to ``ROOM_MM`` as in a plan.

    Structures with one margin share a distance map.
    """
    found = []
    for group in GROUPS:
        alike = {margin_mm: sum((s for s, mm in group if mm == margin_mm), ()) for _, margin_mm in group}
        room = np.full(lattice.geometry.shape, levels(np.full(1, ROOM_MM, dtype=np.float32))[0])
        for patch, near in side_by_side(lambda one: _near(case, lattice, one[1], one[0]), alike.items()):
            np.minimum(room[patch], near, out=room[patch])
        found.append(Swept.of(lattice, room))
    return found


def _near(case: Case, lattice: Lattice, structures: tuple[Structure, ...], margin_mm: float) -> tuple[Patch, AnyArray]:
    """Room beyond one margin in levels, where it is less than ``ROOM_MM``."""
    labels, cap_mm = case.anatomy.labels, margin_mm + ROOM_MM
    mask = np.isin(lattice.crop(labels.labels), labels.values_of(*structures), kind="table")
    patch = lattice.near(mask, cap_mm)
    return patch, levels(lattice.distance_on(patch, mask, cap_mm) - np.float32(margin_mm))
