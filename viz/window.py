"""Off-screen drawing: a renderer in, an RGB array out. All other modules draw through this one."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import vtkmodules.vtkRenderingFreeType  # text
import vtkmodules.vtkRenderingOpenGL2  # noqa: F401 - registers the drawing back end
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkLogger
from vtkmodules.vtkRenderingCore import vtkRenderer, vtkRenderWindow, vtkWindowToImageFilter

vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_ERROR)  # a missing display is expected, and EGL takes over

Renderer = Any
"""A vtkRenderer; VTK ships no types that a checker can follow."""


def photograph(renderer: Renderer, width: int, height: int) -> npt.NDArray[np.uint8]:
    """(height, width, 3) RGB of what the renderer shows, top row first."""
    window = vtkRenderWindow()
    window.SetOffScreenRendering(1)
    window.SetMultiSamples(0)
    window.SetSize(width, height)
    window.AddRenderer(renderer)
    window.Render()
    grab = vtkWindowToImageFilter()
    grab.SetInput(window)
    grab.SetInputBufferTypeToRGB()
    grab.ReadFrontBufferOff()
    grab.Update()
    pixels = vtk_to_numpy(grab.GetOutput().GetPointData().GetScalars()).reshape(height, width, 3)
    picture = np.ascontiguousarray(pixels[::-1])
    window.RemoveRenderer(renderer)
    window.Finalize()
    return picture


def blank(width: int, height: int) -> npt.NDArray[np.uint8]:
    """An empty picture: proves that drawing works."""
    return photograph(vtkRenderer(), width, height)
