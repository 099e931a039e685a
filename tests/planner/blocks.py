"""A block of tissue with balls in it: an anatomy whose truth is a list of centres and radii."""

from dataclasses import dataclass, fields, replace

import numpy as np

from planner.anatomy.model import Anatomy, Lie, Surroundings
from planner.geometry import FloatArray, VolumeGeometry
from planner.obstacles import Obstacle, find_obstacles
from planner.planning import needle_groups
from planner.procedure import Approach, Procedure
from planner.procedures import PROCEDURES
from planner.situation import Situation
from planner.structures import Interspace, Pose, Side, SpineLevel, Structure
from planner.sweep.fan import Face, faces_for
from planner.targets import Target
from planner.tips import ForamenFrame
from planner.volume import LabelEntry, LabelMap

PRT = PROCEDURES["prt"]
WIDE = Approach("wide", (-15.0, 45.0), (-20.0, 20.0), 15.0, 0.0, "a test")
SKIN_Y_MM = 45.0
KINDS = (Structure.BONE, Structure.ARTERY, Structure.VEIN, Structure.KIDNEY)


@dataclass(frozen=True)
class Ball:
    centre_mm: tuple[float, float, float]
    radius_mm: float
    structure: Structure = Structure.ARTERY


def grid(spacing_mm: float = 1.5) -> VolumeGeometry:
    """100 mm high, from 20 mm before the target to 10 mm behind the skin, 130 mm wide."""
    shape = tuple(int(size / spacing_mm) for size in (100.0, 75.0, 130.0))
    return VolumeGeometry.from_spacing(shape, (spacing_mm,) * 3, (-50.0, -20.0, -65.0))  # type: ignore[arg-type]


def block(balls: list[Ball], geometry: VolumeGeometry | None = None, uncertainty_mm: float = 0.5) -> Anatomy:
    """Balls in a block with flat skin at ``SKIN_Y_MM`` behind and air around; the first of two that overlap is kept."""
    geometry = geometry or grid()
    centres = geometry.points_mm(np.stack(np.meshgrid(*map(np.arange, geometry.shape), indexing="ij"), axis=-1))
    body = (centres[..., 1] <= SKIN_Y_MM) & (np.abs(centres[..., 0]) <= 55.0)
    labels = np.where(body, 1, 0).astype(np.uint16)
    values = {structure: number for number, structure in enumerate(KINDS, start=2)}
    entries = {1: LabelEntry(Structure.BODY), **{number: LabelEntry(structure) for structure, number in values.items()}}
    for ball in balls:
        inside = np.linalg.norm(centres - ball.centre_mm, axis=-1) <= ball.radius_mm
        labels[inside & (labels == 1)] = values[ball.structure]
    around = np.where(body, int(Surroundings.BODY), int(Surroundings.AIR)).astype(np.uint16)
    return Anatomy(
        labels=LabelMap(geometry, labels, entries),
        surroundings=LabelMap(geometry, around),
        vertebrae=(),
        discs=(),
        canal_centreline_mm=np.empty((0, 3)),
        foramina=(),
        facets=(),
        nerve_roots=(),
        confidence=dict.fromkeys(KINDS, 1.0),
        uncertainty_mm=dict.fromkeys(KINDS, uncertainty_mm),
        lie=Lie(Pose.PRONE, 1.0, "a test"),
        naming="a test",
    )


def random_balls(seed: int, count: int = 14) -> list[Ball]:
    """None over the target itself."""
    rng = np.random.default_rng(seed)
    found: list[Ball] = []
    while len(found) < count:
        centre, radius = rng.uniform([-15, 0, -18], [35, 42, 18]), float(rng.uniform(2, 9))
        if np.linalg.norm(centre) > radius + 6.0:
            found.append(Ball(tuple(centre.tolist()), radius, KINDS[int(rng.integers(len(KINDS)))]))
    return found


def target_at(tips_mm: FloatArray | None = None) -> Target:
    """A target at the origin."""
    tips = np.zeros((1, 3)) if tips_mm is None else tips_mm
    lengths = dict.fromkeys((f.name for f in fields(ForamenFrame) if f.name.endswith("_mm")), 5.0)
    axes = dict(zip(("lateral", "dorsal", "cranial"), np.eye(3), strict=True))
    frame = ForamenFrame(**{**lengths, **axes, "centre_mm": np.zeros(3)})  # type: ignore[arg-type]
    between = Interspace(SpineLevel.L4, SpineLevel.L5)
    return Target("L4", between, Side.LEFT, tips[0], tips, frame, {}, True, 1.0, "a test")


def procedure(approach: Approach = WIDE) -> Procedure:
    """Periradicular therapy from a wide window."""
    return replace(PRT, approaches=(approach,))


def situation_in(anatomy: Anatomy, target: Target | None = None, chosen: Procedure | None = None) -> Situation:
    """The block as the search sees it."""
    target, chosen = target or target_at(), chosen or procedure()
    obstacles: tuple[Obstacle, ...] = find_obstacles(anatomy, anatomy.labels, chosen, target.between, target.side)
    needles = needle_groups(chosen)[0]
    midline = np.empty((0, 3))
    return Situation(target, chosen, chosen.approaches[0], needles, obstacles, midline, False, anatomy, anatomy.labels)


def faces_of(situation: Situation) -> tuple[Face, ...]:
    """Faces for its window."""
    return faces_for(situation.approach, situation.target.side, situation.labels.geometry.axes)
