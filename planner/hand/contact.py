"""How likely a drawn needle touches each obstacle around one path.

In: a path, the kept distances around it, normal draws. Out: for each needle the probability of contact. LPS mm. No distance
map is made here. A structure's drawn border lies off by a normal error, 95 % within its stated uncertainty; that part is
taken in closed form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner.geometry import Float32Array, FloatArray, IntArray, unit
from planner.hand.execution import Execution, contact_at_most
from planner.hand.probability import NORMAL_95, normal_below
from planner.obstacles import Obstacle
from planner.sweep.kept import Corners, Kept, Layer
from planner.sweep.reach import NEAR_MM

NEAR_STEP_MM, FAR_STEP_MM, BEYOND_STEP_MM = 0.5, 1.0, 0.25
"""Between the points of a drawn needle that are looked at: half of it is the most a distance is over-stated by."""


@dataclass(frozen=True, slots=True, eq=False)
class Shaft:
    """A planned path as depths below the skin, and what lies around it."""

    entry_mm: FloatArray
    tip_mm: FloatArray
    radius_mm: float
    obstacles: tuple[Obstacle, ...]
    kept: Kept

    @property
    def length_mm(self) -> float:
        """Skin to tip."""
        return float(np.linalg.norm(self.tip_mm - self.entry_mm))

    def depths_mm(self, from_mm: float, beyond_mm: float) -> FloatArray:
        """(s,) from a depth to beyond the tip, closer together the deeper; the tip is one of them."""
        length = self.length_mm
        change = np.clip(length - NEAR_MM, from_mm, length)
        return np.concatenate(
            [
                np.linspace(from_mm, change, int(np.ceil((change - from_mm) / FAR_STEP_MM)), endpoint=False),
                np.linspace(change, length, int(np.ceil((length - change) / NEAR_STEP_MM)), endpoint=False),
                np.arange(length, length + beyond_mm + BEYOND_STEP_MM, BEYOND_STEP_MM),
            ]
        )


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Standard normal draws for n needles: (n, 2) at each end of a leg, (n,) for the depth of its tip."""

    start: FloatArray
    end: FloatArray
    depth: FloatArray

    @classmethod
    def of(cls, rng: np.random.Generator, count: int) -> Draws:
        """From a generator that the caller seeds."""
        return cls(rng.standard_normal((count, 2)), rng.standard_normal((count, 2)), rng.standard_normal(count))

    def first(self, count: int) -> Draws:
        """The first of them."""
        return Draws(self.start[:count], self.end[:count], self.depth[:count])


def border_sigma_mm(obstacle: Obstacle) -> float:
    """Of a drawn border, from its 95 % uncertainty."""
    return obstacle.uncertainty_mm / NORMAL_95


@dataclass(frozen=True, slots=True)
class Leg:
    """Part of a path between two depths, driven without looking."""

    from_mm: float
    to_mm: float


def bound_of(shaft: Shaft, execution: Execution, obstacle: int) -> float:
    """Upper bound of an obstacle's probability of contact, from the planned path alone."""
    depths = shaft.depths_mm(0.0, 3 * execution.depth_sigma_mm)
    straight = distances(shaft, [obstacle], depths, np.zeros((1, len(depths), 2)))[0, 0]
    share = depths / shaft.length_mm
    sigmas = np.hypot((1.0 - share) * execution.skin_sigma_mm, share * execution.tip_sigma_mm)
    return contact_at_most(straight - shaft.radius_mm, sigmas, border_sigma_mm(shaft.obstacles[obstacle]))


def touched_on(shaft: Shaft, execution: Execution, obstacles: Sequence[int], draws: Draws, leg: Leg) -> FloatArray:
    """(obstacles, n) probability that each drawn needle touches each of some obstacles on one leg."""
    touched: FloatArray = touched_to(shaft, execution, obstacles, draws, leg.from_mm, (leg.to_mm,))[..., 0]
    return touched


def touched_to(
    shaft: Shaft,
    execution: Execution,
    obstacles: Sequence[int],
    draws: Draws,
    from_mm: float,
    to_mm: Sequence[float],
) -> FloatArray:
    """(obstacles, n, stops) probability that each drawn needle touches each obstacle on the legs from one depth to each stop.

    The border's own error is taken in closed form.
    """
    depths = shaft.depths_mm(from_mm, 3 * depth_sigma_mm(shaft, execution, from_mm))
    found = _distances(shaft, obstacles, depths, _offsets(shaft, execution, depths, draws, from_mm))
    least = np.minimum.accumulate(found, axis=2, out=found)
    ends = np.stack([ends_of(shaft, execution, depths, draws, Leg(from_mm, stop)) for stop in to_mm], axis=1)
    room = least[:, np.arange(len(ends))[:, None], ends].astype(np.float64) - shaft.radius_mm
    sigmas = [border_sigma_mm(shaft.obstacles[index]) for index in obstacles]
    shares = [normal_below(-one / sigma) if sigma > 0 else one <= 0 for one, sigma in zip(room, sigmas, strict=True)]
    return np.array(shares, dtype=np.float64).reshape(room.shape)


def ends_of(shaft: Shaft, execution: Execution, depths: FloatArray, draws: Draws, leg: Leg) -> IntArray:
    """(n,) the depth each needle reaches, or the next one: exactly the leg's end where it is scanned there, else too deep or shallow."""
    error = depth_sigma_mm(shaft, execution, leg.from_mm) * draws.depth
    reached = leg.to_mm + (error if leg.to_mm >= shaft.length_mm else 0.0 * error)
    return np.clip(np.searchsorted(depths, reached - 1e-6), 0, len(depths) - 1)


def leg_sigmas_mm(shaft: Shaft, execution: Execution, from_mm: float) -> tuple[float, float]:
    """Errors of a leg at its start, and at the tip's depth: from the skin as published, from a scan what is left to go."""
    if from_mm <= 0:
        return execution.skin_sigma_mm, execution.tip_sigma_mm
    left = 1.0 - from_mm / shaft.length_mm
    return execution.seen_sigma_mm, float(np.hypot(execution.tip_sigma_mm * left, execution.seen_sigma_mm))


def depth_sigma_mm(shaft: Shaft, execution: Execution, from_mm: float) -> float:
    """Error of a leg's tip along the path."""
    if from_mm <= 0:
        return execution.depth_sigma_mm
    return float(np.hypot(execution.depth_sigma_mm * (1.0 - from_mm / shaft.length_mm), execution.seen_sigma_mm))


def _offsets(shaft: Shaft, execution: Execution, depths_mm: FloatArray, draws: Draws, from_mm: float) -> FloatArray:
    """(n, s, 2) how far each drawn needle lies beside the path [mm]."""
    start, end = leg_sigmas_mm(shaft, execution, from_mm)
    share = ((depths_mm - from_mm) / (shaft.length_mm - from_mm))[None, :, None]
    offsets: FloatArray = (1.0 - share) * start * draws.start[:, None, :] + share * end * draws.end[:, None, :]
    return offsets


def across_of(shaft: Shaft) -> FloatArray:
    """(2, 3) unit vectors across the path: to the right and caudal, seen from the hub along the needle."""
    along = unit(shaft.tip_mm - shaft.entry_mm)
    right = unit(np.cross(along, [0.0, 0.0, 1.0]))
    return np.stack([right, np.cross(along, right)])


def distances(shaft: Shaft, obstacles: Sequence[int], depths_mm: FloatArray, offsets_mm: FloatArray) -> FloatArray:
    """(obstacles, n, s) distance of each needle's axis to each obstacle, from the fine layer near the tip."""
    return _distances(shaft, obstacles, depths_mm, offsets_mm).astype(np.float64)


def _distances(shaft: Shaft, obstacles: Sequence[int], depths_mm: FloatArray, offsets_mm: FloatArray) -> Float32Array:
    """As they are kept: a field's own 32 bits."""
    along, basis = unit(shaft.tip_mm - shaft.entry_mm), across_of(shaft)
    near = shaft.length_mm - depths_mm <= NEAR_MM
    found = np.empty((len(obstacles), *offsets_mm.shape[:2]), dtype=np.float32)
    for layer, chosen in ((shaft.kept.near, near), (shaft.kept.far, ~near)):
        if chosen.any():
            path = shaft.entry_mm + depths_mm[chosen, None] * along
            corners = _corners(layer, path, offsets_mm[:, chosen], basis)
            for row, index in enumerate(obstacles):
                found[row][:, chosen] = layer.at(index, corners).reshape(-1, int(chosen.sum()))
    return found


def _corners(layer: Layer, path_mm: FloatArray, offsets_mm: FloatArray, basis: FloatArray) -> Corners:
    geometry = layer.lattice.geometry
    base = geometry.indices(path_mm)
    turned = geometry.indices(path_mm[0] + basis) - base[0]
    return Corners.of(geometry.shape, (base[None] + offsets_mm @ turned).reshape(-1, 3))
