"""What is bright on this MR: fat, fluid, both or neither, told by the image and never by the sequence's name.

In: the even volume and the spine that the network saw. Out: a ``Contrast``: signals of sac, marrow, muscle and fat, and what they say.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from planner.anatomy import itk
from planner.anatomy.network.session import Share
from planner.anatomy.network.spine_on_mr import MrSpine
from planner.geometry import BoolArray, Float32Array, FloatArray
from planner.volume import Volume

_SURE_SHARE = 0.8
"""Of the network: cores of canal and bodies, where no neighbour's signal is mixed in."""

_NO_SPINE = 0.1
_MUSCLE_U_MM, _MUSCLE_V_MM = (14.0, 42.0), (-40.0, -14.0)
"""Beside the spinous processes and behind the transverse ones: multifidus and longissimus at every thoracic and lumbar level."""

_AROUND_MM = 60.0
_FLUID_BRIGHT, _FLUID_DARK = 1.6, 1.0
"""Sac against muscle: T2 and STIR are at 3 to 15, T1 at 0.4 to 0.9, a fat image below 0.6."""

_FAT_ALONE = 3.0
"""Marrow against muscle: no T1 makes marrow so much brighter, and on T2 the sac is brighter still; on an image of fat alone it is not."""

_MARROW_FATTY = 1.2
"""Marrow, a third or half of it fat (Li 2011, doi:10.1002/jmri.22443), against muscle: above, fat is bright; below, it is dark."""

_TELLS_APART = 1.5
"""Fat against muscle, or muscle against fat: less does not tell a nerve from the fat around it (assumed)."""

_BRIGHTER_THAN_MARROW = 1.3
"""Fat against marrow, which is partly fat: less does not tell bone from the fat beside it (assumed)."""

_BRIGHT, _DARK = 1.5, 0.5
"""Of muscle: what is brighter or darker than that around the spine is mostly fat, the commonest soft tissue beside muscle (assumed)."""

_LEAST_VOXELS = 200
"""Of 1.5 mm cubes: fewer of a tissue say nothing about it."""


class Weighting(StrEnum):
    """How an image is weighted, as far as a plan needs to know."""

    T1 = "T1"
    T2 = "T2"
    FLUID_WITHOUT_FAT = "STIR or T2 without fat"
    T1_WITHOUT_FAT = "T1 without fat"
    FAT_ALONE = "fat alone"
    OPPOSED = "fat and water opposed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Contrast:
    """Median signals, and whether fat can be told from muscle; ``confidence`` 0 to 1 that ``weighting`` is right."""

    weighting: Weighting
    sac: float
    marrow: float
    muscle: float
    fat: float
    confidence: float

    @property
    def shows_fat(self) -> bool:
        """Fat and muscle differ enough to see a nerve in fat, and do not cancel where they meet."""
        brighter, darker = max(self.fat, self.muscle), min(self.fat, self.muscle)
        return self.weighting not in (Weighting.UNKNOWN, Weighting.OPPOSED) and brighter > _TELLS_APART * max(
            darker, 1e-3
        )

    @property
    def fluid_is_bright(self) -> bool:
        """Cerebrospinal fluid shines."""
        return self.weighting in (Weighting.T2, Weighting.FLUID_WITHOUT_FAT)

    @property
    def words(self) -> str:
        """As a person reads it."""
        return (
            f"told as {self.weighting} by the image (sac {self.sac / max(self.muscle, 1.0):.1f}, marrow "
            f"{self.marrow / max(self.muscle, 1.0):.1f}, fat {self.fat / max(self.muscle, 1.0):.1f} of muscle; "
            f"confidence {self.confidence:.2f})"
        )

    def is_fat(self, signal: Float32Array) -> BoolArray:
        """Where a voxel is fat and no marrow; nowhere where the two look alike."""
        if not self.shows_fat or self.fat < _BRIGHTER_THAN_MARROW * self.marrow:
            return np.zeros(signal.shape, dtype=bool)
        return np.asarray(signal > (self.fat + self.marrow) / 2.0)

    def fat_share(self, signal: Float32Array) -> Float32Array:
        """How much of each voxel is fat, 0 to 1; 0 everywhere where fat is not told apart."""
        if not self.shows_fat:
            return np.zeros(signal.shape, dtype=np.float32)
        share: Float32Array = np.clip((signal - self.muscle) / (self.fat - self.muscle), 0.0, 1.0).astype(np.float32)
        return share


def weighed(even: Volume, spine: MrSpine) -> Contrast:
    """The contrast of an MR whose spine is known."""
    signal = itk.resampled(even, spine.geometry, outside=-1).voxels.astype(np.float32)
    shares, seen = spine.opinion.shares, signal >= 0.0
    sac = _middle(signal[(shares[Share.CANAL] > _SURE_SHARE) & seen])
    marrow = _middle(signal[(shares[Share.BODY] > _SURE_SHARE) & seen])
    soft = (shares[[Share.BODY, Share.DISC, Share.CANAL, Share.SACRUM]].sum(axis=0) < _NO_SPINE) & seen
    muscle_place, near = _places(spine, soft)
    if min(muscle_place.sum(), near.sum()) < _LEAST_VOXELS or not all(np.isfinite([sac, marrow])):
        return Contrast(Weighting.UNKNOWN, sac, marrow, 0.0, 0.0, 0.0)
    muscle = _middle(signal[muscle_place])
    return _told(sac, marrow, muscle, signal[near])


def _middle(values: FloatArray | Float32Array) -> float:
    return float(np.median(values)) if len(values) >= _LEAST_VOXELS else float("nan")


def _places(spine: MrSpine, soft: BoolArray) -> tuple[BoolArray, BoolArray]:
    """Where back muscle lies, and all soft tissue near the canal."""
    index = np.argwhere(soft)
    _, u, v = spine.canal.frame.from_lps(spine.geometry.points_mm(index), rounds=2).T
    muscle = (np.abs(u) > _MUSCLE_U_MM[0]) & (np.abs(u) < _MUSCLE_U_MM[1])
    muscle &= (v > _MUSCLE_V_MM[0]) & (v < _MUSCLE_V_MM[1])
    near = np.hypot(u, v) < _AROUND_MM
    masks = []
    for chosen in (muscle, near):
        mask = np.zeros(soft.shape, dtype=bool)
        mask[tuple(index[chosen].T)] = True
        masks.append(mask)
    return masks[0], masks[1]


def _told(sac: float, marrow: float, muscle: float, soft: Float32Array) -> Contrast:
    """Two signs say whether fat is bright: marrow against muscle, and which tail of the soft tissue is the longer one.

    Marrow is dark too where its fat and water cancel, as in one image of a Dixon series; then most fat is bright all the same.
    """
    darkest, brightest = (float(np.percentile(soft, p)) for p in (3.0, 97.0))
    reference = max(muscle, 1.0)
    fluid, fatty = sac / reference, marrow / reference
    tails = np.log(max(brightest, 1.0) / reference) - np.log(reference / max(darkest, 1.0))
    if fatty > _FAT_ALONE and fluid < fatty:
        return Contrast(Weighting.FAT_ALONE, sac, marrow, muscle, brightest, 0.9)
    signs = (fatty > _MARROW_FATTY, bool(tails > 0.0))
    bright = signs[0] if fluid < _FLUID_BRIGHT else (all(signs) if fatty < 1.5 else True)
    clear = 0.9 if signs[0] == signs[1] else 0.6
    if _FLUID_DARK <= fluid < _FLUID_BRIGHT:
        clear *= 0.6
    if fluid >= _FLUID_BRIGHT:
        kind = Weighting.T2 if bright else Weighting.FLUID_WITHOUT_FAT
    elif not bright and np.mean(soft > _BRIGHT * reference) > np.mean(soft < _DARK * reference):
        kind, bright, clear = Weighting.OPPOSED, True, 0.6
    else:
        kind = Weighting.T1 if bright else Weighting.T1_WITHOUT_FAT
    return Contrast(kind, sac, marrow, muscle, brightest if bright else darkest, clear)
