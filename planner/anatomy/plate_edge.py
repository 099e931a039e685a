"""Where a thin plate of bone begins, seen through blur: its steepest rise lies outside it.

In: HU along the normal of a surface found at the steepest rise, averaged over the surface. Out: how far bone's border lies inside it
[mm]. A plate thinner than the blur is seen as a bell as wide as the blur, whose flank is steepest one standard deviation from its
middle: 0.6 to 1 mm outside the plate in slices of 1 to 2 mm, measured on phantoms. Fitting a blurred plate is the way of Treece 2010
(doi:10.1016/j.media.2010.01.003, for cortices down to 0.3 mm).
"""

from __future__ import annotations

from functools import cache
from math import erf

import numpy as np

from planner.geometry import FloatArray

PLATE_MM = 0.6
"""Of a vertebral end-plate and the bone fused to it (assumed): 0.35 mm on average in L1 over 45 years (Silva 1994, Bone 15:409)."""

DEPTH_MM: FloatArray = np.arange(-4.0, 6.01, 0.5)
"""Where the profile is sampled, into the bone: disc or muscle before it, marrow behind it."""

_BLUR_MM: FloatArray = np.array([0.7, 0.85, 1.0, 1.2, 1.4, 1.7, 2.0, 2.4, 2.9])
"""Standard deviations: from slices of 0.6 mm to slices of 5 mm."""

_PLACES_MM: FloatArray = np.arange(-1.5, 3.01, 0.1)

_TRUSTED_BLUR_MM = 1.5
"""At which the place within the bell and the surface at its flank count alike: a plate of 0.6 mm is then a fifth of what is seen, and
its place hangs on how even its surroundings are (assumed)."""

_LEAST_SAMPLES = 12
_LEAST_RISE_HU = 40.0
"""Less is noise of a mean over a surface, no bone (assumed)."""

_NONE, _STEP, _PLATE = 0, 1, 2
_TERMS = ((_NONE, _STEP, _PLATE), (_NONE, _STEP), (_NONE, _PLATE))


def border_inside(profile_hu: FloatArray) -> float:
    """Millimetres from the steepest rise into the bone to its border, of a profile at ``DEPTH_MM``; 0 where it does not tell.

    Samples that are not finite do not count. The place in the best fit of a step to marrow with a plate of free density on it,
    drawn towards the steepest rise the more, the wider the blur is.
    """
    seen = np.isfinite(profile_hu)
    if np.count_nonzero(seen) < _LEAST_SAMPLES or np.ptp(profile_hu[seen]) < _LEAST_RISE_HU:
        return 0.0
    misfit = np.min([_misfit(profile_hu[seen], _models()[..., seen, :][..., terms]) for terms in _TERMS], axis=0)
    if not np.isfinite(misfit).any():
        return 0.0
    blur, place = np.unravel_index(int(misfit.argmin()), misfit.shape)
    trust = 1.0 / (1.0 + (_BLUR_MM[blur] / _TRUSTED_BLUR_MM) ** 2)
    return float(trust * _PLACES_MM[place])


@cache
def _models() -> FloatArray:
    """(blur, place, depth, 3) evenness, step to marrow, and plate."""
    away = (DEPTH_MM - _PLACES_MM[:, None]) / _BLUR_MM[:, None, None]
    further = (DEPTH_MM - _PLACES_MM[:, None] - PLATE_MM) / _BLUR_MM[:, None, None]
    step = _share_below(away)
    return np.stack([np.ones_like(step), step, step - _share_below(further)], axis=-1)


def _share_below(deviations: FloatArray) -> FloatArray:
    """Of a Gaussian."""
    return np.asarray(0.5 * (1.0 + np.vectorize(erf)(deviations / np.sqrt(2.0))))


def _misfit(profile_hu: FloatArray, models: FloatArray) -> FloatArray:
    """(blur, place) sum of squares that least squares leave; infinite where bone would be darker than what lies before it."""
    across = np.swapaxes(models, -1, -2)
    ridge = 1e-6 * np.eye(models.shape[-1])
    weights = np.linalg.solve(across @ models + ridge, (across @ profile_hu)[..., None])  # (blur, place, terms, 1)
    left = profile_hu - (models @ weights)[..., 0]
    possible = (weights[..., 1:, 0] >= 0.0).all(axis=-1)
    return np.where(possible, (left**2).sum(axis=-1), np.inf)
