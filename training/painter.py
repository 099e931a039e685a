"""Painted windows: what a scanner might have shown of a labelled patient, different each time.

In: training maps, a seeded generator. Out: (1, 64, 64, 64) windows with mean 0 and deviation 1, and their targets
(``IGNORED`` where the window lies outside the image). Three of ten and fewer look like CT, the rest like MR of some kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from planner.anatomy.network.session import WINDOW, Share
from planner.anatomy.network.windows import CT_RANGE_HU
from training.dice import Dice
from training.legs import Leg
from training.levels import CORTICAL, FATS, MARROWS, ct_levels, mr_levels
from training.maps import NO_HU, TrainingMap
from training.tissues import Tissue

IGNORED = 255
_MIXED = {
    Tissue.SOFT: (Tissue.FAT, Tissue.MUSCLE, Tissue.BOWEL, Tissue.GLAND, Tissue.FAT, Tissue.VEIN),
    Tissue.LAMINAR: (Tissue.BACK_MUSCLE, Tissue.FAT, Tissue.BACK_MUSCLE, Tissue.FLAVUM, Tissue.BACK_MUSCLE, Tissue.FAT),
    Tissue.INTERSPINOUS: (Tissue.INTERSPINOUS, Tissue.FLAVUM, Tissue.INTERSPINOUS, Tissue.FAT, Tissue.BACK_MUSCLE),
    Tissue.FLAVUM: (Tissue.FLAVUM, Tissue.FAT, Tissue.FLAVUM, Tissue.EPIDURAL),
    Tissue.FORAMINAL: (Tissue.FAT, Tissue.FAT, Tissue.MUSCLE, Tissue.VEIN),
    Tissue.EPIDURAL: (Tissue.FAT, Tissue.SAC, Tissue.EPIDURAL, Tissue.FLAVUM),
    Tissue.BOWEL: (Tissue.BOWEL, Tissue.GAS, Tissue.FLUID, Tissue.BOWEL),
    Tissue.BACK_MUSCLE: (*(Tissue.BACK_MUSCLE,) * 6, Tissue.FAT),
}
"""Tissues that are a patchwork of others: each place takes one of these."""

_FAT_MOVES = 0.35
"""How often fat and fatty marrow are seen beside their place, up to one voxel: the chemical shift."""

_OPPOSED = 0.1
"""How often fat and water of one voxel cancel, as in a gradient echo with opposed phase (Dixon): their borders are dark (share assumed)."""

_FAT_OF_MARROW = (0.25, 0.6)
"""Share of fat in marrow's signal (assumed; vertebral marrow of adults has a proton density fat fraction of about 0.2 to 0.6)."""

_COARSE = 0.1
"""How often an MR window is as coarse as voxels of 2.4 to 3.3 mm."""

_THICK_MR, _THICK_CT = 0.45, 0.3
"""How often slices are thick; of MR's, most are sagittal."""

# What a window is centred on, and how often.
_CANAL, _SACRUM, _RIBS, _ANYWHERE = 0.74, 0.09, 0.08, 0.09


@dataclass(frozen=True, slots=True, eq=False)
class Patient:
    """A training map as tensors, and where its classes lie."""

    tissue: torch.Tensor
    target: torch.Tensor
    hu: torch.Tensor
    canal: torch.Tensor
    sacrum: torch.Tensor
    ribs: torch.Tensor
    body: torch.Tensor
    has_image: bool
    is_phantom: bool

    @classmethod
    def of(cls, given: TrainingMap) -> Patient:
        """Tensors of one map."""
        near = np.argwhere(given.target == Share.POSTERIOR)
        low, high = near[:, 0].min() - 40, near[:, 0].max()
        bones = np.argwhere(given.target == Share.OTHER_BONE)
        places = [
            np.argwhere(given.target == Share.CANAL),
            np.argwhere(given.target == Share.SACRUM),
            bones[(bones[:, 0] > low) & (bones[:, 0] < high)],
            np.argwhere(given.tissue > 0)[::50],
        ]
        canal, sacrum, ribs, body = (torch.from_numpy(p.astype(np.float32)) for p in places)
        return cls(
            torch.from_numpy(given.tissue),
            torch.from_numpy(given.target),
            torch.from_numpy(given.hu),
            canal,
            sacrum,
            ribs,
            body,
            bool((given.hu != NO_HU).any()),
            given.name.startswith("phantom"),
        )


def paint(patients: Sequence[Patient], weights: torch.Tensor, seed: int, leg: Leg) -> tuple[torch.Tensor, torch.Tensor]:
    """One window and its targets; the same seed and leg paint the same window."""
    dice = Dice(seed)
    patient = patients[int(torch.multinomial(weights, 1, generator=dice.generator))]
    places = _places(patient, dice)
    tissue, target, hu = _sampled(patient, places)
    if dice.chance(leg.mr_share):
        image = _blurred(_as_mr(tissue, dice), dice.uniform(0.25, 0.85))
        if dice.chance(_COARSE):
            for axis in range(3):
                image = _in_slices_of(image, axis, dice.uniform(1.6, 2.2))
        elif dice.chance(_THICK_MR):
            image = _in_thick_slices(image, 2 if dice.chance(0.5) else dice.whole(3), dice)
    else:
        image = _blurred(_as_ct(tissue, hu, dice, may_be_real=patient.has_image), dice.uniform(0.25, 0.85))
        if dice.chance(_THICK_CT):
            image = _in_thick_slices(image, dice.whole(3), dice)
        image = image.clamp(*CT_RANGE_HU)
    if dice.chance(0.5):
        image, target = image.flip(2), target.flip(2)
    return _normal(image, target, dice)


def _places(patient: Patient, dice: Dice) -> torch.Tensor:
    """(64, 64, 64, 3) index into the map that each voxel of the window shows."""
    chance = dice.uniform(0.0, 1.0)
    limits = (_CANAL, _CANAL + _SACRUM, _CANAL + _SACRUM + _RIBS, 1.01)
    group = next(
        g for g, limit in zip((patient.canal, patient.sacrum, patient.ribs, patient.body), limits, strict=True)
        if chance < limit
    )  # fmt: skip
    centre = group[dice.whole(len(group))] + dice.normal(3) * 5.0
    turn = torch.linalg.multi_dot([_turn(axis, dice) for axis in range(3)])
    size = dice.uniform(0.78, 1.25)
    scale = torch.diag(torch.tensor([size * dice.uniform(0.93, 1.07) for _ in range(3)]))
    axis = torch.arange(WINDOW, dtype=torch.float32) - (WINDOW - 1) / 2
    grid = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), dim=-1)
    places = grid @ (turn @ scale).T + centre
    if dice.chance(0.7):
        bend = dice.smooth(4, 3) * dice.uniform(0.5, 2.5) + dice.smooth(9, 3) * dice.uniform(0.0, 0.6)
        places = places + bend.movedim(0, -1)
    return places


def _turn(axis: int, dice: Dice) -> torch.Tensor:
    widest = 45.0 if dice.chance(0.12) else 15.0
    angle = torch.deg2rad(torch.tensor(dice.uniform(-widest, widest)))
    cos, sin = torch.cos(angle), torch.sin(angle)
    turn = torch.eye(3)
    a, b = [n for n in range(3) if n != axis]
    turn[a, a], turn[b, b], turn[a, b], turn[b, a] = cos, cos, -sin, sin
    return turn


def _sampled(patient: Patient, places: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Tissue, target and HU of the nearest voxel; beyond the map nothing is known."""
    shape = torch.tensor(patient.tissue.shape)
    nearest = (places + 0.5).floor().long()
    inside = ((nearest >= 0) & (nearest < shape)).all(dim=-1)
    k, j, i = nearest.clamp(torch.zeros(3, dtype=torch.long), shape - 1).unbind(-1)
    tissue, target = patient.tissue[k, j, i].long(), patient.target[k, j, i].long()
    # Beside a map its tissue goes on; above and below the patient goes on and nothing is known of it.
    beyond = (nearest[..., 0] < 0) | (nearest[..., 0] >= shape[0])
    tissue[~inside & ~beyond] = int(Tissue.AIR)
    target[~inside & ~beyond] = int(Share.BACKGROUND)
    target[beyond] = IGNORED
    return tissue, target, patient.hu[k, j, i].float()


def _patchwork(tissue: torch.Tensor, dice: Dice) -> torch.Tensor:
    """Mixed tissues replaced by what they are made of, in smooth patches."""
    mixed = tissue.clone()
    for kind, made_of in _MIXED.items():
        here = tissue == kind
        if not here.any() or dice.chance(0.15):
            continue
        field = dice.patches()
        chosen = [made_of[dice.whole(len(made_of))] for _ in range(3)]
        edges = sorted(dice.uniform(-1.2, 1.2) for _ in range(2))
        which = (field > edges[0]).long() + (field > edges[1]).long()
        mixed = torch.where(here, torch.tensor([int(c) for c in chosen])[which], mixed)
    return mixed


def _textured(mixed: torch.Tensor, levels: torch.Tensor, spread: torch.Tensor, dice: Dice) -> torch.Tensor:
    """Each tissue's mean with a patchy and a fine texture."""
    patchy = dice.patches() * dice.uniform(0.2, 1.0)
    fine = dice.grain() * dice.uniform(0.1, 0.7)
    return levels[mixed] + spread[mixed] * (patchy + fine)


def _as_ct(tissue: torch.Tensor, hu: torch.Tensor, dice: Dice, *, may_be_real: bool) -> torch.Tensor:
    """HU; where a real image is known it is used half of the time."""
    levels = ct_levels(dice)
    spread = torch.full((len(Tissue),), dice.uniform(3.0, 18.0))
    for kind in MARROWS:
        spread[int(kind)] = dice.uniform(15.0, 90.0)
    for kind in CORTICAL:
        spread[int(kind)] = 0.3 * float(levels[int(kind)])
    image = _textured(_patchwork(tissue, dice), levels, spread, dice)
    if may_be_real and dice.chance(0.5):
        real = (hu - 0.0) * dice.uniform(0.8, 1.15)
        image = torch.where(hu > NO_HU, real, image)
    return image + dice.grain() * dice.uniform(0.0, 30.0)


def _as_mr(tissue: torch.Tensor, dice: Dice) -> torch.Tensor:
    """Signal from 0 on, tissues about 0..1: three of ten T1, half T2, the rest of any order."""
    levels = mr_levels(dice)
    spread = torch.full((len(Tissue),), dice.uniform(0.01, 0.07))
    mixed = _patchwork(tissue, dice)
    image = _textured(mixed, levels, spread, dice).clamp(min=0.0)
    if dice.chance(_OPPOSED):
        image = _opposed(image, mixed, dice)
    elif dice.chance(_FAT_MOVES):
        image = _with_fat_moved(image, mixed, dice)
    bias = torch.exp(dice.smooth(3)[0] * dice.uniform(0.0, 0.35))
    image = image ** dice.uniform(0.7, 1.4) * bias
    strength = dice.uniform(0.0, 0.07)
    return torch.hypot(image + strength * dice.grain(), strength * dice.grain())


_FATTY = torch.zeros(len(Tissue), dtype=torch.bool)
_FATTY[[int(kind) for kind in (*FATS, *MARROWS)]] = True


_MARROW = torch.zeros(len(Tissue), dtype=torch.bool)
_MARROW[[int(kind) for kind in MARROWS]] = True


def _opposed(image: torch.Tensor, mixed: torch.Tensor, dice: Dice) -> torch.Tensor:
    """Water minus fat in each voxel: marrow and the border of fat are dark, fat itself stays bright."""
    share = torch.where(_MARROW[mixed], dice.uniform(*_FAT_OF_MARROW), _FATTY[mixed].float())
    fat = _blurred(image * share, 0.8)
    water = _blurred(image * (1.0 - share), 0.8)
    return (water - fat).abs()


def _with_fat_moved(image: torch.Tensor, mixed: torch.Tensor, dice: Dice) -> torch.Tensor:
    """Fat's signal moved along one axis: a dark border on one side of it, a bright one on the other."""
    fat = image * _FATTY[mixed]
    by = dice.uniform(0.2, 1.0)
    return image + by * (fat.roll(1 if dice.chance(0.5) else -1, dice.whole(3)) - fat)


def _in_thick_slices(image: torch.Tensor, axis: int, dice: Dice) -> torch.Tensor:
    """Averaged over slices of 2 to 5 mm, and drawn smooth between them."""
    return _in_slices_of(image, axis, dice.uniform(1.4, 3.6))


def _in_slices_of(image: torch.Tensor, axis: int, thickness: float) -> torch.Tensor:
    """The same with a thickness given in voxels."""
    moved = image.movedim(axis, -1).reshape(1, WINDOW * WINDOW, WINDOW)
    slices = (
        functional.interpolate(moved, round(WINDOW / thickness), mode="linear", align_corners=False, antialias=False)
        if thickness < 2
        else functional.adaptive_avg_pool1d(moved, round(WINDOW / thickness))
    )
    whole = functional.interpolate(slices, WINDOW, mode="linear", align_corners=False)
    return whole.reshape(WINDOW, WINDOW, WINDOW).movedim(-1, axis)


def _blurred(image: torch.Tensor, sigma: float) -> torch.Tensor:
    """Gaussian of ``sigma`` voxels along each axis."""
    steps = torch.arange(-2, 3, dtype=torch.float32)
    weights = torch.exp(-0.5 * (steps / sigma) ** 2)
    weights = (weights / weights.sum()).reshape(1, 1, 5)
    for axis in range(3):
        moved = image.movedim(axis, -1)
        lines = functional.pad(moved.reshape(-1, 1, WINDOW), (2, 2), mode="replicate")
        image = functional.conv1d(lines, weights).reshape(moved.shape).movedim(-1, axis)
    return image


def _normal(image: torch.Tensor, target: torch.Tensor, dice: Dice) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean 0 and deviation 1 over what is image; beyond the image's edge 0, and nothing is asked."""
    seen = torch.ones_like(target, dtype=torch.bool)
    if dice.chance(0.25):
        for axis in range(3):
            if dice.chance(0.4):
                cut = 4 + dice.whole(20)
                place = [slice(None)] * 3
                place[axis] = slice(0, cut) if dice.chance(0.5) else slice(WINDOW - cut, WINDOW)
                seen[tuple(place)] = False
    values = image[seen]
    image = (image - values.mean()) / values.std().clamp(min=1e-3)
    image[~seen] = 0.0
    target[~seen] = IGNORED
    return image[None], target
