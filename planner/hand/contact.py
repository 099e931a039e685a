"""How likely a drawn needle touches each obstacle around one path.

In: a path, the kept distances around it, normal draws. Out: for each needle the probability of contact. LPS mm. No distance
map is made here. A structure's drawn border lies off by a normal error, 95 % within its stated uncertainty; that part is
taken in closed form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from planner.geometry import BoolArray, Float32Array, FloatArray, IntArray, unit
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
    least_mm: FloatArray | None = None
    """(obstacles,) what the axis is known to stay away from each; None: nothing is known but the kept distances."""

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
    straight = Laid.of(shaft, depths).straight([obstacle])[obstacle].astype(np.float64)
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
    laid, offsets = Laid.of(shaft, depths), _offsets(shaft, execution, depths, draws, from_mm)
    beside = np.hypot(offsets[..., 0], offsets[..., 1]).astype(np.float32)
    ends = np.stack([ends_of(shaft, execution, depths, draws, Leg(from_mm, stop)) for stop in to_mm], axis=1)
    straight = laid.straight(obstacles)
    free = {index: found - np.float32(_far_enough_mm(shaft, index)) for index, found in straight.items()}
    reached = [index for index in obstacles if laid.knows(index) and (free[index] <= beside.max(axis=1)).any()]
    least_free = np.min([np.full(len(depths), np.inf), *(free[index] for index in reached)], axis=0)
    looked = np.flatnonzero(beside >= least_free[:, None])
    corners = laid.corners(looked // beside.shape[1], offsets.reshape(-1, 2)[looked])
    shares = np.zeros((len(obstacles), *ends.shape))
    for row, index in enumerate(obstacles):
        found = straight[index][:, None] - beside
        if index in reached:
            found.reshape(-1)[looked] = laid.distance(index, corners)
            least = np.minimum.accumulate(found, axis=0, out=found)[ends, np.arange(len(ends))[:, None]]
        else:
            least = np.full(ends.shape, found.min() if laid.knows(index) else straight[index].min())
        shares[row] = _share(least.astype(np.float64) - shaft.radius_mm, border_sigma_mm(shaft.obstacles[index]))
    return shares


SURELY_SIGMAS = 4.5
"""Of a border's error: where a needle stays further away, it is not looked how much further; it touches in 1 of 300,000."""


def _far_enough_mm(shaft: Shaft, obstacle: int) -> float:
    """A needle whose axis stays this far away surely does not touch.

    A point beside the path is nearer to an obstacle than the path by at most how far it lies beside it: where that leaves
    enough, nothing is looked up.
    """
    return shaft.radius_mm + SURELY_SIGMAS * border_sigma_mm(shaft.obstacles[obstacle])


def _share(room_mm: FloatArray, sigma_mm: float) -> FloatArray:
    """(...) probability that a border that is drawn ``room_mm`` away is touched."""
    shares: FloatArray = normal_below(-room_mm / sigma_mm) if sigma_mm > 0 else (room_mm <= 0).astype(np.float64)
    return shares


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
    """(s, n, 2) how far each drawn needle lies beside the path [mm]."""
    start, end = leg_sigmas_mm(shaft, execution, from_mm)
    share = ((depths_mm - from_mm) / (shaft.length_mm - from_mm))[:, None, None]
    offsets: FloatArray = (1.0 - share) * start * draws.start + share * end * draws.end
    return offsets


def across_of(shaft: Shaft) -> FloatArray:
    """(2, 3) unit vectors across the path: to the right and caudal, seen from the hub along the needle."""
    along = unit(shaft.tip_mm - shaft.entry_mm)
    right = unit(np.cross(along, [0.0, 0.0, 1.0]))
    return np.stack([right, np.cross(along, right)])


def distances(shaft: Shaft, obstacles: Sequence[int], depths_mm: FloatArray, offsets_mm: FloatArray) -> FloatArray:
    """(obstacles, n, s) distance of each needle's axis to each obstacle, from the fine layer near the tip."""
    laid = Laid.of(shaft, depths_mm)
    at = np.broadcast_to(np.arange(len(depths_mm)), offsets_mm.shape[:2]).reshape(-1)
    corners = laid.corners(at, offsets_mm.reshape(-1, 2))
    found = np.array([laid.distance(index, corners) for index in obstacles], dtype=np.float64)
    return found.reshape(len(obstacles), *offsets_mm.shape[:2])


Beside: TypeAlias = tuple[BoolArray, Corners, Corners]
"""Points beside a path: which of them lie on the fine layer, those on it, and the others on the coarse one."""


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """A path's points at some depths, and unit steps across it, as indices of the fine and of the coarse layer."""

    shaft: Shaft
    depths_mm: FloatArray
    fine: tuple[FloatArray, FloatArray]
    coarse: tuple[FloatArray, FloatArray]

    @classmethod
    def of(cls, shaft: Shaft, depths_mm: FloatArray) -> Laid:
        """At depths below the skin."""
        path = shaft.entry_mm + depths_mm[:, None] * unit(shaft.tip_mm - shaft.entry_mm)
        basis = across_of(shaft)

        def on(layer: Layer) -> tuple[FloatArray, FloatArray]:
            geometry = layer.lattice.geometry
            return geometry.indices(path), geometry.indices(path[0] + basis) - geometry.indices(path[0])

        return cls(shaft, depths_mm, on(shaft.kept.near), on(shaft.kept.far))

    def corners(self, at: IntArray, offsets_mm: FloatArray) -> Beside:
        """Of points (p,) at the depths numbered ``at``, ``offsets_mm`` (p, 2) beside the path.

        Near the tip the fine layer is asked; beside it, and further out, the coarse one.
        """
        is_near = (self.shaft.length_mm - self.depths_mm <= NEAR_MM)[at]
        points = self.fine[0][at] + offsets_mm @ self.fine[1]
        last = np.array(self.shaft.kept.near.lattice.geometry.shape) - 1
        is_near &= ((points >= 0) & (points <= last)).all(axis=1)
        others = self.coarse[0][at[~is_near]] + offsets_mm[~is_near] @ self.coarse[1]
        near, far = self.shaft.kept.near.lattice.geometry.shape, self.shaft.kept.far.lattice.geometry.shape
        return is_near, Corners.of(near, points[is_near]), Corners.of(far, others)

    def distance(self, obstacle: int, beside: Beside) -> Float32Array:
        """(p,) distance to one obstacle, as it is kept: a field's own 32 bits."""
        is_near, fine, coarse = beside
        found = np.empty(len(is_near), dtype=np.float32)
        found[is_near] = self.shaft.kept.near.at(obstacle, fine)
        found[~is_near] = self.shaft.kept.far.at(obstacle, coarse)
        return found

    def knows(self, obstacle: int) -> bool:
        """Some of its distances are kept; it is further than its cap otherwise."""
        return any(obstacle in layer.distances for layer in (self.shaft.kept.near, self.shaft.kept.far))

    def straight(self, obstacles: Sequence[int]) -> dict[int, Float32Array]:
        """(s,) distance of the planned path itself to each obstacle, at least what it is known to be."""
        every = np.arange(len(self.depths_mm))
        corners, on_path = self.corners(every, np.zeros((len(every), 2))), self.depths_mm <= self.shaft.length_mm
        found = {index: self.distance(index, corners) for index in obstacles}
        if self.shaft.least_mm is not None:
            for index, one in found.items():
                np.maximum(one, np.float32(self.shaft.least_mm[index]), out=one, where=on_path)
        return found
