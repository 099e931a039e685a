"""A window that nobody sees: drawn into, read out, kept for the next picture.

In: renderers. Out: RGB, top row first.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import vtkmodules.vtkRenderingFreeType  # text
import vtkmodules.vtkRenderingOpenGL2  # noqa: F401 - registers the drawing back end
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkUnsignedCharArray
from vtkmodules.vtkRenderingCore import vtkRenderWindow

from viz.window import Renderer

LEAST_PX = 16

ONCE_PX, MOST_ENLARGED = 450, 3.0
"""Letters grow with a pane whose shorter edge is longer than this: a 4K screen is looked at from the same chair."""


def enlarged(size: tuple[int, int]) -> float:
    """How much larger letters and dots are drawn in a pane of a size [pixels]."""
    return min(max(min(size) / ONCE_PX, 1.0), MOST_ENLARGED)


class Screen:
    """One off-screen window of a size that may change."""

    def __init__(self, width: int, height: int) -> None:
        self._window = vtkRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.SetMultiSamples(0)
        self._pixels = vtkUnsignedCharArray()
        self.size = (width, height)
        self.resize(width, height)

    def add(self, renderer: Renderer) -> None:
        """Draw this renderer."""
        self._window.AddRenderer(renderer)

    def resize(self, width: int, height: int) -> None:
        """At least ``LEAST_PX`` either way."""
        self.size = (max(LEAST_PX, width), max(LEAST_PX, height))
        self._window.SetSize(*self.size)

    def picture(self) -> npt.NDArray[np.uint8]:
        """(height, width, 3) RGB, top row first."""
        width, height = self.size
        self._window.Render()
        self._window.GetPixelData(0, 0, width - 1, height - 1, 0, self._pixels, 0)
        pixels = vtk_to_numpy(self._pixels).reshape(height, width, 3)
        return np.ascontiguousarray(pixels[::-1])

    def close(self) -> None:
        """Give the graphics memory back."""
        self._window.Finalize()
