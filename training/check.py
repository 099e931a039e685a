"""Whether training still works and repeats itself: a few steps on a phantom, twice, once with a pause, and the export of what came out.

``python -m training.check`` needs no real scan and about two minutes. Ends with an error where anything differs.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch

import planner.anatomy.network
from sample_data.parameters import PhantomParameters
from sample_data.phantom import make_phantom
from training.export import export
from training.legs import leg_at
from training.painter import Patient, paint
from training.sources import phantom_map
from training.train import Run, step_once

_STEPS = 8
_SMALL = PhantomParameters(field_of_view_mm=(150.0, 160.0, 160.0), center_mm=(0.0, 60.0, -40.0))
_SHIPPED = Path(planner.anatomy.network.__file__).parent


def losses_of(patients: Sequence[Patient], run: Run, until: int = _STEPS) -> list[float]:
    """The losses of a run from its step on."""
    shares = torch.ones(len(patients))
    windows = (paint(patients, shares, number, leg_at(number, _STEPS)) for number in range(run.step, until))
    return [step_once(run, image[None], target[None], _STEPS) for image, target in windows]


def losses_with_a_pause(patients: Sequence[Patient], checkpoint: Path) -> list[float]:
    """The same, written down half-way and taken up by a run that began with other weights."""
    before, after = Run.start(3), Run.start(4)
    losses = losses_of(patients, before, _STEPS // 2)
    before.keep(checkpoint)
    after.take_up(checkpoint)
    return losses + losses_of(patients, after)


def require(agrees: bool, what: str) -> None:  # noqa: FBT001
    """Say it, or stop."""
    if not agrees:
        raise SystemExit(f"differs: {what}")
    print(f"agrees: {what}", flush=True)


def main() -> None:
    """All checks in turn."""
    torch.set_num_threads(1)
    patients = [Patient.of(phantom_map("phantom", make_phantom(_SMALL)))]
    first, second = Run.start(3), Run.start(3)
    losses = losses_of(patients, first)
    require(
        losses == losses_of(patients, second), f"{_STEPS} losses of two runs with one seed ({losses[-1]:.3f} at last)"
    )
    with tempfile.TemporaryDirectory() as folder:
        paused = losses_with_a_pause(patients, Path(folder) / "half.pt")
        require(losses == paused, "the same with a pause half-way")
        first.keep(Path(folder) / "checkpoint.pt")
        apart = export(Path(folder) / "checkpoint.pt", Path(folder) / "spine.onnx")
    require(apart < 1e-3, "onnxruntime's answer and torch's")
    digest = hashlib.sha256((_SHIPPED / "spine.onnx").read_bytes()).hexdigest()
    require(digest in (_SHIPPED / "MODEL_CARD.md").read_text(encoding="utf8"), "the shipped file and its card")


if __name__ == "__main__":
    main()
