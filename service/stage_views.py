"""One picture per stage of the anatomy, to be looked at: ``needleplan segment --explain DIR``.

In: what the stages found. Out: ``NN-stage.png`` with what the stage drew and the number that says how sure it is. Every stage
can be drawn alone: ``VIEWS[stage](findings)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from planner.anatomy.findings import Findings
from planner.anatomy.foramina import foramina
from planner.anatomy.model import Anatomy
from planner.anatomy.roots import draw_roots
from planner.anatomy.straight import bring_back
from planner.geometry import FloatArray
from planner.structures import Side, Structure
from viz.palette import BLUE, BONE, GREEN, ORANGE, PURPLE, SKY, SOFT_TISSUE, VERMILION, YELLOW
from viz.stage_pictures import Layer, Points, StageView, draw_stage

_NO_POINTS = np.zeros((0, 3))
_COLOURS = (ORANGE, SKY, GREEN, YELLOW, BLUE, VERMILION, PURPLE)
_ARTERIES = (Structure.AORTA, Structure.ARTERY)


def write_explanation(folder: Path, found: Findings, anatomy: Anatomy) -> None:
    """Every stage's picture, numbered in the order of the stages."""
    folder.mkdir(parents=True, exist_ok=True)
    views = [*(view(found) for view in VIEWS.values()), labels_view(found, anatomy)]
    for number, view in enumerate(views, start=1):
        picture = draw_stage(found.volume, view, anatomy.lie.pose)
        Image.fromarray(picture).save(folder / f"{number:02d}-{view.stage.replace(' ', '-')}.png")


def skin_view(found: Findings) -> StageView:
    """The filled body."""
    skin = found.frame.skin
    lie = skin.lie
    said = f"{skin.confidence:.0%} of the outline is skin; {lie.pose} (confidence {lie.confidence:.2f}: {lie.evidence})"
    return StageView("skin", said, _middle(found), (Layer(skin.body, ORANGE),), window=SOFT_TISSUE)


def bone_view(found: Findings) -> StageView:
    """Bone with its marrow, and metal."""
    bone = found.frame.bone
    metal_ml = float(bone.metal.sum() * np.prod(found.volume.geometry.spacing_mm) / 1000.0)
    said = f"confidence {bone.confidence:.2f}: how far cortex stands out of the noise; {metal_ml:.1f} mL of metal"
    return StageView("bone", said, _middle(found), (Layer(bone.mask, SKY), Layer(bone.metal, VERMILION)))


def canal_view(found: Findings) -> StageView:
    """The canal's mask and centreline."""
    canal = found.frame.canal
    length = canal.frame.s_mm[-1] - canal.frame.s_mm[0]
    said = (
        f"confidence {canal.confidence:.2f}; {length:.0f} mm, looks like a canal by {float(np.median(canal.score)):.2f} "
        f"(median), by {float(canal.score.min()):.2f} where least; radius {float(np.median(canal.radius_mm)):.1f} mm"
    )
    line = Points(canal.frame.centres_mm, VERMILION)
    return StageView("canal", said, _middle(found), (Layer(canal.mask, SKY),), (line,))


def discs_view(found: Findings) -> StageView:
    """Middles of the discs, and a stretch of each mid-plane."""
    discs, names = found.spine.discs, found.spine.interspaces
    said = "confidence " + ", ".join(f"{name} {disc.confidence:.2f}" for name, disc in zip(names, discs, strict=True))
    planes = [_plane_points(disc.center_mm, disc.normal) for disc in discs]
    marks = (Points(_stack(planes), SKY), Points(_stack([disc.center_mm[None] for disc in discs]), VERMILION))
    return StageView("discs", said, _middle_of([disc.center_mm for disc in discs], found), (), marks)


def pelvis_view(found: Findings) -> StageView:
    """Sacrum and iliac bones, below the lowest disc."""
    pelvis, naming = found.frame.pelvis, found.whole.naming
    seen = (
        "no sacrum shows" if pelvis.lumbosacral is None else f"sacrum as an anchor, confidence {pelvis.confidence:.2f}"
    )
    named = (
        f"names by {naming.evidence}, confidence {naming.confidence:.2f}" if naming.evidence else "no level is named"
    )
    layers = (Layer(pelvis.sacrum, ORANGE), Layer(pelvis.ilium[Side.LEFT], SKY), Layer(pelvis.ilium[Side.RIGHT], GREEN))
    below = found.spine.discs[0].center_mm + np.array([0.0, 15.0, -25.0 if pelvis.sacrum.any() else 0.0])
    return StageView("pelvis", f"{seen}; {named}", below, layers)


def ribs_view(found: Findings) -> StageView:
    """Ribs that were traced from their vertebra."""
    ribs, names = found.frame.ribs, found.whole.names
    each = ", ".join(f"{names[rib.vertebra]} {rib.side} {rib.reach_mm:.0f} mm" for rib in ribs.found[:10])
    sure = ", ".join(f"{side} {ribs.confidence_of(side):.2f}" for side in Side)
    said = f"{len(ribs.found)} traced, confidence {sure}; followed: {each}" if ribs.found else "none traced"
    behind = found.spine.discs[-1].center_mm + np.array([0.0, 25.0, 0.0])
    return StageView("ribs", said, behind, (Layer(ribs.mask, ORANGE),))


def vertebrae_view(found: Findings) -> StageView:
    """Whose each bone voxel is."""
    spine = found.spine
    number = bring_back(spine.vertebrae.number, spine.column.grid, found.volume.geometry)
    layers = tuple(Layer(number == n + 1, _COLOURS[n % len(_COLOURS)]) for n in range(len(spine.names)))
    sure = zip(spine.names, spine.vertebrae.confidence, strict=True)
    said = "confidence " + ", ".join(f"{name} {confidence:.2f}" for name, confidence in sure)
    return StageView("vertebrae", said, _middle_of(list(spine.centres_mm), found), layers)


def foramina_view(found: Findings) -> StageView:
    """Middles of the foramina, and the pedicles' edges that bound them."""
    seen = foramina(found.spine.openings)
    said = "confidence " + ", ".join(f"{one.between} {one.side} {one.confidence:.2f}" for one in seen)
    edges = [np.array([one.pedicle_above_mm, one.pedicle_below_mm]) for one in seen]
    marks = (Points(_stack(edges), SKY), Points(_stack([one.center_mm[None] for one in seen]), VERMILION))
    return StageView("foramina", said, _middle_of([one.center_mm for one in seen], found), (), marks)


def roots_view(found: Findings) -> StageView:
    """The roots as they are modelled, with their ganglia."""
    roots = found.spine.roots
    drawn = draw_roots(roots, found.volume.geometry)
    ganglion = (drawn > 0) & (drawn % 2 == 0)
    layers = (Layer((drawn > 0) & ~ganglion, YELLOW), Layer(ganglion, VERMILION))
    said = "a model, within " + ", ".join(f"{r.root} {r.side} {r.uncertainty_mm:.1f} mm" for r in roots)
    return StageView("nerve roots", said, _middle_of([root.ganglion_mm for root in roots], found), layers)


def facets_view(found: Findings) -> StageView:
    """A point of each joint, and its long axis."""
    facets = found.spine.facets
    said = "confidence " + ", ".join(f"{one.between} {one.side} {one.confidence:.2f}" for one in facets)
    axes = [one.point_mm + np.linspace(-6.0, 6.0, 13)[:, None] * one.axis for one in facets]
    marks = (Points(_stack(axes), SKY), Points(_stack([one.point_mm[None] for one in facets]), VERMILION))
    return StageView("facets", said, _middle_of([one.point_mm for one in facets], found), (), marks)


def sac_view(found: Findings) -> StageView:
    """The sac in the canal."""
    sac = found.spine.sac
    said = f"fat shows the sac's border in {sac.confidence:.0%} of the slices; its border lies within {sac.uncertainty_mm:.1f} mm"
    layers = (Layer(found.frame.canal.mask, BLUE), Layer(sac.mask, SKY))
    return StageView("sac", said, _middle(found), layers, window=SOFT_TISSUE)


def organs_view(found: Findings) -> StageView:
    """Vessels, kidneys, lungs, gas, bowel, liver and spleen."""
    organs, geometry = found.organs, found.volume.geometry
    regions = (
        *((one.region, VERMILION if one.structure in _ARTERIES else BLUE) for one in organs.vessels.found),
        (organs.kidneys.left, ORANGE),
        (organs.kidneys.right, ORANGE),
        (organs.lungs.lung, PURPLE),
        (organs.lungs.gas, YELLOW),
        (organs.abdomen.bowel, GREEN),
        (organs.abdomen.liver, BONE),
        (organs.abdomen.spleen, BONE),
    )
    layers = tuple(Layer(region.on(geometry), colour) for region, colour in regions if region is not None)
    said = "confidence " + ", ".join(f"{s.words} {sure:.2f}" for s, sure in organs.confidence.items())
    front = _middle(found) + np.array([0.0, -45.0, 0.0])
    return StageView("organs", said, front, layers, window=SOFT_TISSUE)


def labels_view(found: Findings, anatomy: Anatomy) -> StageView:
    """What a plan keeps clear of, as it is drawn in a plan's pictures."""
    said = f"{len(anatomy.labels.entries)} labels; {len(anatomy.warnings)} doubts: " + " | ".join(anatomy.warnings)
    return StageView("labels", said, _middle(found), labels=anatomy.labels)


VIEWS: Mapping[str, Callable[[Findings], StageView]] = {
    "skin": skin_view,
    "bone": bone_view,
    "canal": canal_view,
    "discs": discs_view,
    "pelvis": pelvis_view,
    "ribs": ribs_view,
    "vertebrae": vertebrae_view,
    "foramina": foramina_view,
    "nerve roots": roots_view,
    "facets": facets_view,
    "sac": sac_view,
    "organs": organs_view,
}
"""Each stage's view by its name."""


def _middle(found: Findings) -> FloatArray:
    """On the canal, half-way between the first and the last disc."""
    discs = found.spine.discs
    return np.asarray(found.frame.canal.frame.at((discs[0].s_mm + discs[-1].s_mm) / 2.0)[0])


def _middle_of(points: list[FloatArray], found: Findings) -> FloatArray:
    """The middle one of what was found; the canal's middle where nothing was."""
    return np.asarray(points[len(points) // 2]) if points else _middle(found)


def _stack(points: Iterable[FloatArray]) -> FloatArray:
    return np.concatenate([_NO_POINTS, *points])


def _plane_points(centre_mm: FloatArray, normal: FloatArray) -> FloatArray:
    """Points of a disc's mid-plane within 18 mm of its middle."""
    across = np.cross(normal, [0.0, 1.0, 0.0])
    along = np.cross(across, normal)
    steps = np.linspace(-18.0, 18.0, 37)[:, None]
    return np.concatenate([centre_mm + steps * across, centre_mm + steps * along])
