import os
import subprocess
import sys

import pytest

PROBE = "from viz.graphics import probe_graphics; s = probe_graphics(); print(s.is_available, s.words)"


@pytest.mark.graphics
def test_missing_graphics_library_is_said_and_crashes_nothing():
    """Dispatch libraries that lead nowhere stand for a machine without a drawing driver."""
    environment = os.environ | {
        "__EGL_VENDOR_LIBRARY_DIRS": "/nowhere",
        "VTK_DEFAULT_OPENGL_WINDOW": "vtkEGLRenderWindow",
        "LIBGL_DRIVERS_PATH": "/nowhere",
    }
    done = subprocess.run([sys.executable, "-c", PROBE], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stdout.startswith("False")
    assert "apt-get install libegl1" in done.stdout
