"""What the network says of a spine: two passes, the second with the canal in the middle of each window.

In: a volume on any grid, the network, and the canal's middle where somebody knows it. Out: a ``SpineOpinion``.
Away from the spine the network is confidently wrong; so it is asked again only where a long canal runs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from planner.anatomy import itk
from planner.anatomy.network.session import WINDOW, Network, Share
from planner.anatomy.network.windows import SPACING_MM, Corner, WindowedImage, answers, corners_anywhere
from planner.errors import AnatomyError
from planner.geometry import BoolArray, Float32Array, FloatArray, VolumeGeometry
from planner.volume import Volume

_FIRST_STEP, _SECOND_STEP = 48, 32
"""Voxels between windows: three quarters of one for a first look, half of one along a canal that is known."""

_INSET = 16
"""Voxels from a canal's end to the first window's middle: the window then reaches 24 mm beyond the end."""

_OFF_CENTRE = 9
"""Voxels before and behind the canal: a lumbar body and a spinous process do not fit into one window of 96 mm together."""

_SHORTEST_MM = 40.0
"""A vertebra with its disc: anything shorter that looks like a canal is as likely a vessel."""

_LIKELY = 0.5
_MARGIN = 34
"""Voxels around the canal that are kept: half a window and the step beside it."""


@dataclass(frozen=True, slots=True, eq=False)
class SpineOpinion:
    """Shares of each class on 1.5 mm cubes in a box around the canal, given on ``grid`` when asked for.

    ``shares`` is (classes, k, j, i) on ``box``; ``grid`` is the volume's own. Satisfies ``SpineProbabilities``.
    """

    grid: VolumeGeometry
    box: VolumeGeometry
    shares: Float32Array

    @property
    def body(self) -> Float32Array:
        """Vertebral body."""
        return self.on_grid(Share.BODY)

    @property
    def posterior(self) -> Float32Array:
        """Posterior element, articular processes included."""
        return self.on_grid(Share.POSTERIOR, Share.SUPERIOR_PROCESS, Share.INFERIOR_PROCESS)

    @property
    def disc(self) -> Float32Array:
        """Intervertebral disc."""
        return self.on_grid(Share.DISC)

    @property
    def canal(self) -> Float32Array:
        """Spinal canal."""
        return self.on_grid(Share.CANAL)

    @property
    def sacrum(self) -> Float32Array:
        """Sacrum."""
        return self.on_grid(Share.SACRUM)

    @property
    def other_bone(self) -> Float32Array:
        """Ribs, ilium and all other bone."""
        return self.on_grid(Share.OTHER_BONE)

    @property
    def superior_process(self) -> Float32Array:
        """Superior articular processes."""
        return self.on_grid(Share.SUPERIOR_PROCESS)

    @property
    def inferior_process(self) -> Float32Array:
        """Inferior articular processes."""
        return self.on_grid(Share.INFERIOR_PROCESS)

    def on_grid(self, *classes: Share) -> Float32Array:
        """(k, j, i) summed share of the classes on the volume's own grid; 0 where the network did not look."""
        return shares_on(self.shares[list(classes)].sum(axis=0), self.box, self.grid)

    def mask(self, *classes: Share) -> BoolArray:
        """(k, j, i) on ``box``: the classes together are likelier than all else."""
        return np.asarray(self.shares[list(classes)].sum(axis=0) > _LIKELY)


def shares_on(shares: Float32Array, box: VolumeGeometry, grid: VolumeGeometry) -> Float32Array:
    """Linear between cubes' middles; 0 beyond."""
    return itk.linear_on(shares, box, grid)


def look(volume: Volume, network: Network, centreline_mm: FloatArray | None = None) -> SpineOpinion:
    """The network's opinion of a volume.

    Parameters
    ----------
    centreline_mm : (n, 3) middle of the canal where it is known; else the network looks for it in the whole image first.
    """
    image = WindowedImage.of(volume)
    if centreline_mm is None:
        first = answers(image, corners_anywhere(image.voxels.shape, _FIRST_STEP), network)[Share.CANAL]
        centres = _centres(long_canal(first > _LIKELY, image.geometry))
    else:
        centres = _in_image(image.geometry.indices(centreline_mm), image.voxels.shape)
    box = _around(centres, image.voxels.shape)
    part = WindowedImage(itk.crop(image.geometry, box), image.voxels[box], image.known[box])
    first_index = np.array([span.start for span in box])
    return SpineOpinion(volume.geometry, part.geometry, answers(part, corners_along(centres - first_index), network))


def long_canal(likely: BoolArray, geometry: VolumeGeometry) -> BoolArray:
    """The largest piece that runs long enough along the body to be a canal."""
    needed = min(_SHORTEST_MM, 0.6 * geometry.shape[0] * SPACING_MM)
    pieces = itk.components(likely)
    longest = 0.0
    for number in range(1, min(int(pieces.max()), 8) + 1):
        rows = np.flatnonzero((pieces == number).any(axis=(1, 2)))
        length = float(rows[-1] - rows[0] + 1) * SPACING_MM
        if length >= needed:
            return np.asarray(pieces == number)
        longest = max(longest, length)
    raise AnatomyError(
        "spinal canal",
        f"the longest piece that looks like one measures {longest:.0f} mm, {needed:.0f} mm are needed",
        "send a scan that shows more of the spine",
    )


def _centres(canal: BoolArray) -> FloatArray:
    """(n, 3) index of the canal's middle in each slice that holds it, caudal to cranial."""
    k, j, i = np.nonzero(canal)
    count = np.bincount(k, minlength=len(canal))
    rows = np.flatnonzero(count)
    middles = [np.bincount(k, weights=axis, minlength=len(canal))[rows] / count[rows] for axis in (j, i)]
    return np.stack([rows.astype(np.float64), *middles], axis=1)


def _in_image(centres: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    inside = ((centres >= 0) & (centres < np.array(shape))).all(axis=1)
    kept = centres[inside]
    if not len(kept):
        raise AnatomyError("spinal canal", "its given middle lies outside the image", "give the canal of this scan")
    return np.asarray(kept[np.argsort(kept[:, 0], kind="stable")])


def _around(centres: FloatArray, shape: tuple[int, ...]) -> itk.Box:
    low = np.floor(centres.min(axis=0)).astype(int)
    high = np.ceil(centres.max(axis=0)).astype(int) + 1
    box = (slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2]))
    return itk.grown_box(box, (_MARGIN, _MARGIN + _OFF_CENTRE, _MARGIN), shape)


def corners_along(centres: FloatArray) -> list[Corner]:
    """Two windows every 48 mm of the canal, one a little before it, one a little behind."""
    rows = centres[:, 0]
    inset = min(_INSET, float(rows[-1] - rows[0]) / 2.0)
    low, high = rows[0] + inset, rows[-1] - inset
    corners: list[Corner] = []
    for row in np.linspace(low, high, int(np.ceil((high - low) / _SECOND_STEP)) + 1):
        j, i = (float(np.interp(row, rows, centres[:, axis])) for axis in (1, 2))
        corners += [_corner(row, j + aside, i) for aside in (-_OFF_CENTRE, _OFF_CENTRE)]
    return corners


def _corner(k: float, j: float, i: float) -> Corner:
    half = (WINDOW - 1) / 2.0
    return round(k - half), round(j - half), round(i - half)
