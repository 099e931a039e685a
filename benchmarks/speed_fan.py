"""The sweep alone, on one core: directions a second, beside the memory's own limit, and how its cost grows."""

from __future__ import annotations

import numpy as np
from speed_cases import CAP_MM, FOUR, LEVEL_MM, REACH_MM, Case, face_of, fastest_s, levels

from planner.geometry import AnyArray, FloatArray
from planner.sweep.fan import Face, Swept
from planner.sweep.least import Rising, sweep_least

GROWTH = 0.03
"""Margin added below the skin [mm/mm]: 3.6 mm at 120 mm."""

Row = dict[str, float]
_FULL = np.full((), 255, dtype=np.uint8)


BETWEEN = np.zeros(()), np.full((), REACH_MM)
"""From the tip along the face's axis, for every direction."""


def rates(case: Case, swept: Swept) -> Row:
    """One face of 1000 x 1000 directions, least room along the whole reach."""
    face = face_of((1, 1), 1000, case.anatomy.labels.geometry.axes)
    count = face.norms.size
    plain_s = fastest_s(lambda: sweep_least(_FULL, swept, face, case.tip_mm, BETWEEN))
    rising, nothing = Rising(GROWTH / LEVEL_MM * face.norms, _widened, _rounded), _widened(_FULL)
    cone_s = fastest_s(lambda: sweep_least(nothing, swept, face, case.tip_mm, BETWEEN, rising))
    spacing = float(swept.lattice.geometry.spacing_mm[1])
    index = float(swept.lattice.geometry.indices(case.tip_mm)[1])
    planes = int(min(REACH_MM / spacing, swept.lattice.geometry.shape[1] - 1 - index)) + 1
    limits = memory_s(count, planes)
    return {
        "fan_planes": planes,
        "fan_uint8_directions_per_s": count / plain_s,
        "fan_cone_directions_per_s": count / cone_s,
        **{f"{name}_directions_per_s": count / seconds for name, seconds in limits.items()},
        **{f"share_of_{name}": seconds / plain_s for name, seconds in limits.items()},
    }


def memory_s(count: int, planes: int) -> dict[str, float]:
    """One byte copied, and one compared and kept, for each direction and plane."""
    source, least = (np.zeros(count, dtype=np.uint8) for _ in range(2))
    return {
        "copy": fastest_s(lambda: [np.copyto(least, source) for _ in range(planes)]),
        "minimum": fastest_s(lambda: [np.minimum(least, source, out=least) for _ in range(planes)]),
    }


def _widened(met: AnyArray) -> AnyArray:
    return met.astype(np.uint32) << 16


def _rounded(added: FloatArray) -> AnyArray:
    return np.floor(added * (1 << 16)).astype(np.uint32)


def growing(case: Case, fields: list[Swept]) -> dict[str, list[Row]]:
    """Milliseconds against directions, fields (structures fused into one cost one), targets and nodes."""
    axes, one = case.anatomy.labels.geometry.axes, fields[0]

    def sweep_ms(face: Face, swept: list[Swept], targets: int = 1) -> float:
        tips = case.tip_mm + np.arange(targets)[:, None]

        def work() -> None:
            for tip in tips:
                for field in swept:
                    sweep_least(_FULL, field, face, tip, BETWEEN)

        return 1e3 * fastest_s(work, 3)

    small = face_of(FOUR[0], 500, axes)
    by_directions = [
        {"directions": n * n, "ms": sweep_ms(face_of(FOUR[0], n, axes), [one])} for n in (100, 250, 500, 1000, 1500)
    ]
    by_structures = [_structures(case, n) for n in (1, 2, 4, 8)]
    by_targets = [{"targets": n, "ms": sweep_ms(small, [one], n)} for n in (1, 2, 4, 8, 16)]
    by_fields = [{"fields": n, "ms": sweep_ms(small, (fields * 3)[:n])} for n in (1, 2, 3, 8)]
    by_nodes = []
    for step_mm in (3.0, 2.0, 1.0):
        lattice = case.lattice(step_mm)
        mask = lattice.crop(case.anatomy.labels.labels) > 1
        swept = Swept.of(lattice, levels(lattice.distance_mm(mask, CAP_MM)))
        by_nodes.append({"megavoxels": lattice.geometry.shape[0] * 1e-6 * np.prod(lattice.geometry.shape[1:])})
        by_nodes[-1]["ms"] = sweep_ms(small, [swept])
    return {
        "directions": by_directions,
        "structures": by_structures,
        "targets": by_targets,
        "fields": by_fields,
        "field size": by_nodes,
    }


def _structures(case: Case, count: int) -> Row:
    """Fusing distances that exist: what another structure adds once, not to a sweep."""
    lattice = case.lattice()
    room = np.full(lattice.geometry.shape, CAP_MM, dtype=np.float32)

    def fuse() -> None:
        for margin_mm in range(count):
            np.minimum(room, room - np.float32(margin_mm), out=room)
        levels(room)

    return {"structures": count, "ms": 1e3 * fastest_s(fuse, 2)}
