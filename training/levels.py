"""How bright each tissue is in one painted image: a draw between the ends that ``tissues`` gives, alike where tissues are.

In: seeded chance. Out: (tissues,) means, HU for CT, shares of the brightest tissue for MR.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from training.dice import Dice
from training.tissues import SIGNALS, Tissue

CORTICAL = (Tissue.BODY_CORTEX, Tissue.POSTERIOR_CORTEX, Tissue.SACRUM_CORTEX, Tissue.OTHER_CORTEX)
MARROWS = (Tissue.BODY_MARROW, Tissue.POSTERIOR_MARROW, Tissue.SACRUM_MARROW, Tissue.OTHER_MARROW)
FATS = (Tissue.SKIN_FAT, Tissue.FAT, Tissue.LAMINAR, Tissue.FORAMINAL)
MUSCLES = (Tissue.MUSCLE, Tissue.BACK_MUSCLE, Tissue.PSOAS)

_MARROW_IN_RIM = {Tissue.POSTERIOR_CORTEX: (0.45, 1.0)}
_MARROW_IN_OTHER_RIM = (0.0, 0.75)
"""Of the outermost voxel of a bone on MR: an arch's cortex is 0.5 to 1 mm thick, a voxel 1.5 mm (assumed)."""

_HANGS_ON_FAT = 0.8
"""How often marrow's signal hangs on fat's in windows like T1 and T2; in the rest the two are drawn apart (assumed)."""

_LIGAMENT_AS_MARROW = 0.08
"""How often a soft tissue behind the canal is as bright as marrow: then only the dark rim tells bone from it."""


def ct_levels(dice: Dice) -> torch.Tensor:
    """(tissues,) one mean per tissue [HU]."""
    levels = _levels(_ENDS["ct_hu"], dice)
    _alike(levels, MARROWS, 35.0, dice)
    _alike(levels, FATS, 6.0, dice)
    _alike(levels, MUSCLES, 8.0, dice)
    return levels


def mr_levels(dice: Dice) -> torch.Tensor:
    """(tissues,) one mean signal per tissue; in those like T1 or T2 marrow mostly hangs on fat."""
    chance = dice.uniform(0.0, 1.0)
    if chance < 0.8:
        levels = _levels(_ENDS["t1" if chance < 0.3 else "t2"], dice)
        if dice.chance(_HANGS_ON_FAT):
            _marrow_by_fat(levels, dice)
        elif dice.chance(0.2):  # fat suppressed
            levels[[int(t) for t in (*FATS, *MARROWS)]] *= dice.uniform(0.1, 0.5)
    else:
        levels = torch.rand(len(Tissue), generator=dice.generator)
        levels[[int(Tissue.AIR), int(Tissue.GAS)]] = 0.02
        if dice.chance(0.7):
            levels[[int(t) for t in CORTICAL]] = dice.uniform(0.02, 0.3)
    _alike(levels, MARROWS, 0.05, dice)
    _alike(levels, FATS, 0.05, dice)
    _alike(levels, MUSCLES, 0.03, dice)
    for cortex, marrow in zip(CORTICAL, MARROWS, strict=True):
        share = dice.uniform(*_MARROW_IN_RIM.get(cortex, _MARROW_IN_OTHER_RIM))
        levels[int(cortex)] = levels[int(cortex)] * (1.0 - share) + levels[int(marrow)] * share
    for soft in (Tissue.INTERSPINOUS, Tissue.BACK_MUSCLE, Tissue.FLAVUM):
        if dice.chance(_LIGAMENT_AS_MARROW):
            levels[int(soft)] = levels[int(Tissue.POSTERIOR_MARROW)] * dice.uniform(0.85, 1.15)
    return levels


def _marrow_by_fat(levels: torch.Tensor, dice: Dice) -> None:
    """Marrow is fat and water between bony plates: darker than fat, and brighter where fat alone is suppressed (shares assumed)."""
    marrow = float(levels[int(FATS[0])]) * dice.uniform(0.35, 0.85)
    if dice.chance(0.2):
        levels[[int(t) for t in FATS]] *= dice.uniform(0.1, 0.45)
        marrow *= dice.uniform(0.35, 0.8)
    levels[int(MARROWS[0])] = marrow


def _levels(table: torch.Tensor, dice: Dice) -> torch.Tensor:
    """(tissues,) one mean per tissue between the table's (tissues, 2) ends."""
    return table[:, 0] + (table[:, 1] - table[:, 0]) * torch.rand(len(table), generator=dice.generator)


_ENDS = {
    kind: torch.tensor([getattr(SIGNALS[tissue], kind) for tissue in Tissue], dtype=torch.float32)
    for kind in ("ct_hu", "t1", "t2")
}


def _alike(levels: torch.Tensor, group: Sequence[Tissue], spread: float, dice: Dice) -> None:
    """Tissues of one kind lie near each other."""
    common = float(levels[int(group[0])])
    for tissue in group:
        levels[int(tissue)] = common + spread * float(dice.normal(1))
