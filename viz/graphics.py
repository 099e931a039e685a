"""Whether VTK can draw here, found out where a crash harms nobody.

Without EGL and OSMesa libraries VTK ends the process with a segmentation fault: a child process tries first.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from functools import cache

ADVICE = "sudo apt-get install libegl1 libegl-mesa0 libgl1-mesa-dri"

_TRIAL = "import numpy, viz.window; numpy.asarray(viz.window.blank(8, 8))"
_LONGEST_TRIAL_S = 60.0


@dataclass(frozen=True, slots=True)
class Graphics:
    """``is_available``, and in words what draws or what is missing."""

    is_available: bool
    words: str


@cache
def probe_graphics() -> Graphics:
    """Draw one empty picture in a child process."""
    try:
        trial = subprocess.run(  # noqa: S603 - our own interpreter, a constant program
            [sys.executable, "-c", _TRIAL], capture_output=True, check=False, timeout=_LONGEST_TRIAL_S
        )
    except subprocess.TimeoutExpired:
        return Graphics(is_available=False, words=f"VTK did not draw within {_LONGEST_TRIAL_S:g} s; {ADVICE}")
    if trial.returncode == 0:
        return Graphics(is_available=True, words="VTK draws off screen")
    return Graphics(
        is_available=False,
        words=f"VTK cannot draw here (exit {trial.returncode}); pictures are left out. Install: {ADVICE}",
    )
