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


class Canvas:
    """One off-screen window that several screens draw into, one after the other: a window each would cost 30 MB each."""

    def __init__(self) -> None:
        self._window = vtkRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.SetMultiSamples(0)
        self._pixels = vtkUnsignedCharArray()
        self._size = (0, 0)
        self._renderers: list[Renderer] = []

    def add(self, renderer: Renderer) -> None:
        """Drawn only when its own screen is asked."""
        self._window.AddRenderer(renderer)
        self._renderers.append(renderer)

    def remove(self, renderer: Renderer) -> None:
        """Its graphics memory is given back."""
        self._window.RemoveRenderer(renderer)
        self._renderers.remove(renderer)

    def draw(self, drawn: list[Renderer], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
        """(height, width, 3) RGB of some renderers in the window's lower left corner, top row first."""
        width, height = size
        if width > self._size[0] or height > self._size[1]:
            self._size = (max(width, self._size[0]), max(height, self._size[1]))
            self._window.SetSize(*self._size)
        for renderer in self._renderers:
            renderer.SetDraw(int(renderer in drawn))
        for renderer in drawn:
            renderer.SetViewport(0.0, 0.0, width / self._size[0], height / self._size[1])
        self._window.Render()
        self._window.GetPixelData(0, 0, width - 1, height - 1, 0, self._pixels, 0)
        pixels = vtk_to_numpy(self._pixels).reshape(height, width, 3)
        return np.ascontiguousarray(pixels[::-1])

    def close(self) -> None:
        """Give the graphics memory back."""
        self._window.Finalize()


class Screen:
    """A picture of a size that may change; alone in its window, or one of several on a canvas."""

    def __init__(self, width: int, height: int, canvas: Canvas | None = None) -> None:
        self._canvas, self._is_alone = canvas or Canvas(), canvas is None
        self._renderers: list[Renderer] = []
        self.size = (width, height)
        self.resize(width, height)

    def add(self, renderer: Renderer) -> None:
        """Draw this renderer."""
        self._canvas.add(renderer)
        self._renderers.append(renderer)

    def resize(self, width: int, height: int) -> None:
        """At least ``LEAST_PX`` either way."""
        self.size = (max(LEAST_PX, width), max(LEAST_PX, height))

    def picture(self) -> npt.NDArray[np.uint8]:
        """(height, width, 3) RGB, top row first."""
        return self._canvas.draw(self._renderers, self.size)

    def close(self) -> None:
        """Give the graphics memory back."""
        for renderer in self._renderers:
            self._canvas.remove(renderer)
        self._renderers.clear()
        if self._is_alone:
            self._canvas.close()
