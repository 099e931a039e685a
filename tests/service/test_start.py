"""What the running service loads before its first case: what receives, gives out and sends, and nothing that computes or draws."""

import json
import subprocess
import sys

from tests.conftest import PROJECT

HEAVY = ("SimpleITK", "vtkmodules", "highdicom", "onnxruntime", "reportlab", "trame", "distributed")

LOADED = """
import json, sys
import service.entry, service.serving, service.caseworker
from pathlib import Path
resident_mb = int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6
print(json.dumps([resident_mb, sorted({name.split(".")[0] for name in sys.modules})]))
"""


def test_the_service_starts_without_what_a_case_computes_and_draws_with() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], cwd=PROJECT, capture_output=True, check=True)
    resident_mb, loaded = json.loads(done.stdout)
    assert not set(HEAVY) & set(loaded)
    assert resident_mb < 150.0
