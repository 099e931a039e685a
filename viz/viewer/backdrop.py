"""The scan behind a pane's marks: grey values through the window, outlines over them, as one picture.

In: a scan image, a plane, a window, a slab. Out: an actor whose pixels are the plane's. What has not changed is not made again:
most panes only move their crosshair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkRenderingCore import vtkActor2D, vtkImageMapper

from planner.structures import Structure
from viz.palette import Window
from viz.planes import Plane
from viz.slices import windowed
from viz.viewer.scan import ScanImage, Slab
from viz.viewer.screen import enlarged
from viz.window import Renderer

_SEEN = -5000.0
"""Below lie only mixtures with the value for *nothing here*."""

_OPACITY = np.float32(210 / 255)

Colours = Mapping[Structure, tuple[int, int, int]] | None


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """What is looked at; ``colours`` of outlines, None: all in their own."""

    plane: Plane
    pixel_mm: float
    slab: Slab
    window: Window
    shows_outlines: bool
    colours: Colours
    blend: float = 0.0
    """Share of the earlier scan."""

    @property
    def key(self) -> tuple[object, ...]:
        """Equal where the picture is."""
        colours = None if self.colours is None else tuple(sorted(self.colours.items()))
        return (*self.place, self.window, self.shows_outlines, colours, self.blend)

    @property
    def place(self) -> tuple[object, ...]:
        """Equal where the values are."""
        own = self.plane
        vectors = (own.center_mm.tobytes(), own.right.tobytes(), own.up.tobytes())
        return (*vectors, own.width_mm, own.height_mm, self.pixel_mm, self.slab)


class Backdrop:
    """One pane's picture of the scan."""

    def __init__(self, renderer: Renderer) -> None:
        self._image, mapper, actor = vtkImageData(), vtkImageMapper(), vtkActor2D()
        mapper.SetInputData(self._image)
        mapper.SetColorWindow(255.0)
        mapper.SetColorLevel(127.5)
        actor.SetMapper(mapper)
        actor.GetProperty().SetDisplayLocationToBackground()
        renderer.AddActor(actor)
        self._key: tuple[object, ...] = ()
        self._shade: tuple[Window, npt.NDArray[np.uint8]] | None = None
        self._pixels = np.zeros((0, 3), np.uint8)

    def forget(self) -> None:
        """The scan itself has changed."""
        self._key = ()

    def show(self, scan: ScanImage, cut: Cut) -> None:
        """Cut, window and outline; nothing where all is as it was."""
        if cut.key == self._key:
            return
        self._key = cut.key
        values = scan.grey(cut.plane, cut.pixel_mm, cut.slab)
        rows, columns = values.shape
        pixels = self._shades(cut.window).take(values.reshape(-1).view(np.uint16), axis=0)
        if cut.blend:
            pixels = self._blended(scan, cut, pixels)
        if cut.shows_outlines:
            found, colours = scan.edges(cut.plane, cut.pixel_mm, cut.colours, 2 * round(enlarged((columns, rows))))
            pixels[found] = pixels[found] + _OPACITY * (colours - pixels[found])
        self._pixels = pixels
        self._image.SetDimensions(columns, rows, 1)
        self._image.GetPointData().SetScalars(numpy_to_vtk(self._pixels, deep=0))
        self._image.Modified()

    def _blended(self, scan: ScanImage, cut: Cut, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        """The earlier scan over today's by its share, where it shows anything."""
        found = scan.before(cut.plane, cut.pixel_mm, cut.slab)
        if found is None:
            return pixels
        values = found.reshape(-1)
        seen = values > _SEEN
        grey = windowed(values[seen].astype(np.float64), scan.earlier_window or cut.window)[:, None]
        mixed = (1.0 - cut.blend) * pixels[seen] + cut.blend * grey
        pixels[seen] = np.rint(mixed).astype(np.uint8)
        return pixels

    def _shades(self, window: Window) -> npt.NDArray[np.uint8]:
        """(65536, 3) grey of every value that a voxel can have, by its bits."""
        if self._shade is None or self._shade[0] != window:
            values = np.arange(2**16, dtype=np.uint16).view(np.int16).astype(np.float64)
            self._shade = window, np.repeat(windowed(values, window)[:, None], 3, axis=1)
        return self._shade[1]
