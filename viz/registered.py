"""An earlier scan beside today's in one plane: today, half of each, the earlier one.

In: a plane, both scans' values on its pixels, words. Out: (rows, columns, 3) uint8, top row first, each of the three with the letters of
its edges. Nothing is measured on these pictures.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from planner.geometry import FloatArray
from planner.volume import Modality
from viz.annotate import captioned, write_letters
from viz.palette import SPINE
from viz.planes import Plane
from viz.slices import windowed
from viz.subject import Caption
from viz.window import photograph

BANNER = "FOR LOOKING ONLY"

_DARK_SHARE, _BRIGHT_SHARE = 1.0, 99.5
"""Percentiles of an MR's values that are shown black and white; assumed."""


def draw_registered(
    plane: Plane, today: FloatArray, earlier: FloatArray, modality: Modality, notes: tuple[str, ...]
) -> npt.NDArray[np.uint8]:
    """Three pictures side by side; ``today`` is in HU, ``earlier`` of ``modality``, both (rows, columns)."""
    now = windowed(today, SPINE)
    then = windowed(earlier, SPINE) if modality is Modality.CT else _stretched(earlier)
    half = ((now.astype(np.uint16) + then) // 2).astype(np.uint8)
    named = ((now, "today's CT"), (half, "half of each"), (then, f"earlier {modality} where today's vertebrae lie"))
    return np.hstack([_lettered(plane, grey, Caption(BANNER, (words,), notes)) for grey, words in named])


def _lettered(plane: Plane, grey: npt.NDArray[np.uint8], caption: Caption) -> npt.NDArray[np.uint8]:
    rows, columns = grey.shape
    renderer = captioned(np.repeat(grey[..., None], 3, axis=-1), caption)
    write_letters(renderer, plane.letters, columns, rows, caption)
    return photograph(renderer, columns, rows)


def _stretched(values: FloatArray) -> npt.NDArray[np.uint8]:
    dark, bright = np.percentile(values, [_DARK_SHARE, _BRIGHT_SHARE])
    share = np.clip((values - dark) / max(bright - dark, 1.0), 0.0, 1.0)
    return np.asarray(np.rint(255 * share), dtype=np.uint8)
