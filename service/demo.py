"""The main job on the small series that is shipped: a made phantom, no patient.

In: the package's own sample data. Out: the folder of the series, and what the demo asks for.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from planner.structures import Side
from service.errors import MissingPartError
from service.request import NamedRoot, PlanRequest

REQUEST = PlanRequest("prt", NamedRoot("L4"), Side.LEFT)


def sample_series() -> Path:
    """The folder of the shipped series."""
    folder = Path(str(files("sample_data"))) / "small"
    if not folder.is_dir():
        raise MissingPartError("the sample series", "the demo", "pip install --force-reinstall needleplan")
    return folder
