"""The phantom on an MR scanner: signal by tissue, coil fall-off, bias, thick stacks, noise.

In: a ``Phantom`` and ``MrParameters``. Out: a ``Volume`` of the modality MR on the phantom's own grid (its voxel size, field of view and
turn are the stack's), whole numbers, background near 0. The patient is the same as on CT, so the truth is too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from planner.geometry import Float32Array, FloatArray, VolumeGeometry
from planner.volume import Modality, Volume
from sample_data.phantom import Phantom
from sample_data.render import paint_hu
from sample_data.scene import Material, Solid
from sample_data.tissue import OF_STRUCTURE, T2, Dixon, Sequence, Tissue

_FULL_SCALE = 1000.0
_NOTHING = -1000.0
"""What the painter takes for air; signal is painted on top of it."""

_COIL_BEHIND_MM = 130.0
"""The spine coil lies in the table, this far behind the middle of the trunk; assumed."""

_STEP = 8
"""Voxels between the places where a smooth field is computed."""


@dataclass(frozen=True, slots=True)
class MrParameters:
    """One MR scan.

    Parameters
    ----------
    noise : standard deviation in each of the two channels, as a share of cerebrospinal fluid's signal.
    coil_reach_mm : at this distance from the coil half of its sensitivity is left; infinite for a body coil.
    bias : largest relative deviation of the smooth field that is left over.
    annulus_mm : thickness of the discs' rim, dark as ligament on every sequence; 0 makes discs of one tissue.
    dixon : which image of a Dixon series; None: water and fat are not told apart.
    """

    sequence: Sequence = T2
    noise: float = 0.02
    coil_reach_mm: float = float("inf")
    bias: float = 0.0
    annulus_mm: float = 0.0
    dixon: Dixon | None = None
    seed: int = 1

    def __post_init__(self) -> None:
        if self.coil_reach_mm <= 0 or not 0.0 <= self.bias < 1.0 or self.noise < 0:
            raise ValueError(
                f"coil_reach_mm {self.coil_reach_mm}, bias {self.bias}, noise {self.noise}: above 0, 0 to 1 and at least 0"
            )


def mr_volume(phantom: Phantom, parameters: MrParameters | None = None) -> Volume:
    """The scan; the same parameters give the same voxels."""
    given = parameters or MrParameters()
    geometry = phantom.geometry
    layers = [[_as_signal(solid, given) for solid in layer] for layer in phantom.layers]
    signal = np.abs(paint_hu(layers, geometry, flip=phantom.parameters.mirrored) - np.float32(_NOTHING))
    shaded = signal * sensitivity(geometry, given)
    rng = np.random.default_rng(given.seed)
    real, imaginary = (
        np.float32(given.noise * _FULL_SCALE) * rng.standard_normal(signal.shape, dtype=np.float32) for _ in range(2)
    )
    magnitude = np.hypot(shaded + real, imaginary)
    return Volume(geometry, np.rint(magnitude).astype(np.int16), Modality.MR)


def _as_signal(solid: Solid, given: MrParameters) -> Solid:
    inside, rim, shell_mm = tissue_of(solid), surface_tissue_of(solid), solid.material.shell_mm
    if inside is Tissue.DISC and given.annulus_mm > 0.0:
        rim, shell_mm = Tissue.LIGAMENT, given.annulus_mm
    level, surface = (_NOTHING + _FULL_SCALE * _level(tissue, given) for tissue in (inside, rim))
    return replace(solid, material=Material(level, surface, shell_mm))


def _level(tissue: Tissue, given: MrParameters) -> float:
    return given.sequence.signal(tissue) if given.dixon is None else given.dixon.of(*given.sequence.parts(tissue))


def tissue_of(solid: Solid) -> Tissue:
    """What a solid is filled with."""
    if solid.material.tissue is not None:
        return solid.material.tissue
    if solid.entry is None:
        raise ValueError("a solid without a label names its tissue in its material")
    return OF_STRUCTURE[solid.entry.structure]


def surface_tissue_of(solid: Solid) -> Tissue:
    """Bones are cortex outside, everything else is one tissue."""
    return Tissue.CORTEX if solid.material.shell_mm > 0 else tissue_of(solid)


def sensitivity(geometry: VolumeGeometry, parameters: MrParameters) -> Float32Array:
    """(k, j, i) what the coil and the scanner make of a signal of 1; 1 at the canal's depth, smooth."""
    points = geometry.points_mm(
        np.stack(np.meshgrid(*(np.arange(n) for n in _coarse(geometry)), indexing="ij"), axis=-1) * _STEP
    )
    away_mm = np.maximum(_COIL_BEHIND_MM - points[..., 1], 0.0)
    coil = (1.0 + _COIL_BEHIND_MM / parameters.coil_reach_mm) / (1.0 + away_mm / parameters.coil_reach_mm)
    rng = np.random.default_rng(parameters.seed + 1)
    waves = sum(
        np.cos(2.0 * np.pi * (points @ direction) / length_mm + phase)
        for direction, length_mm, phase in zip(
            rng.standard_normal((3, 3)) / np.sqrt(3.0), (300.0, 400.0, 500.0), rng.uniform(0.0, 6.28, 3), strict=True
        )
    )
    return _fine(coil * (1.0 + parameters.bias * waves / 3.0), geometry)


def _coarse(geometry: VolumeGeometry) -> tuple[int, int, int]:
    k, j, i = (-(-n // _STEP) + 1 for n in geometry.shape)
    return k, j, i


def _fine(field: FloatArray, geometry: VolumeGeometry) -> Float32Array:
    """Linear between the coarse places, axis by axis."""
    smooth = field.astype(np.float32)
    for axis, count in enumerate(geometry.shape):
        place = np.arange(count, dtype=np.float32) / _STEP
        low = np.minimum(place.astype(np.intp), smooth.shape[axis] - 2)
        weight = (place - low).reshape([-1 if a == axis else 1 for a in range(3)]).astype(np.float32)
        smooth = smooth.take(low, axis=axis) * (1 - weight) + smooth.take(low + 1, axis=axis) * weight
    return smooth
