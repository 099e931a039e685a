"""Where the real scans are, and the servers that tests start (``tests/servers.py``)."""

import os
from pathlib import Path

import pytest

pytest_plugins = ["tests.servers"]

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real scans; the test is skipped, with the reason, where it is absent."""
    folder = Path(os.environ.get("NEEDLEPLAN_DATA", PROJECT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real scans at {folder}; set NEEDLEPLAN_DATA to their folder")
    return folder
