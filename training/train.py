"""The training run: painted windows in, checkpoints out; the same seed and steps give the same network.

In: the folder of label maps, a folder to work in. Out: ``checkpoint.pt`` there, every 250 steps and at the end; a run
that finds one goes on from it, and ends where a run without a pause would have: window n is painted from seed and n alone.
``python -m training.train --data FOLDER --work FOLDER --steps 12500``.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from planner.anatomy.network.session import Share
from training.legs import Leg, leg_at, rate_at
from training.maps import TrainingMap
from training.painter import IGNORED, Patient, paint
from training.sources import training_maps
from training.unet import Net

_DECAY = 1e-2
_AVERAGE = 0.996
"""Of the running mean of weights, per step: the last 250 steps or so."""
_HALF_SHARE = 0.3
_KEPT_EVERY = 250
_STEPS = 12_500
_REAL_SHARE = 0.8
"""Of windows painted from real patients' labels; the rest from phantoms."""


class Windows(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """The row of painted windows; number n is always the same."""

    def __init__(self, patients: Sequence[Patient], shares: torch.Tensor, seed: int, steps: int) -> None:
        self.patients, self.shares, self.seed, self.steps = patients, shares, seed, steps

    def __getitem__(self, number: int) -> tuple[torch.Tensor, torch.Tensor]:
        torch.set_num_threads(1)
        return paint(self.patients, self.shares, self.seed * 10_000_000 + number, leg_at(number, self.steps))


class From(Sampler[int]):
    """Numbers in turn from a first to a last."""

    def __init__(self, first: int, last: int) -> None:
        self.first, self.last = first, last

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.first, self.last))

    def __len__(self) -> int:
        return self.last - self.first


@dataclass
class Run:
    """What a checkpoint holds."""

    net: Net
    mean: Net
    optimiser: torch.optim.AdamW
    step: int = 0

    @classmethod
    def start(cls, seed: int) -> Run:
        """Fresh weights."""
        torch.manual_seed(seed)
        net, mean = (Net(len(Share)).to(memory_format=torch.channels_last_3d) for _ in range(2))
        mean.load_state_dict(net.state_dict())
        return cls(net, mean, torch.optim.AdamW(net.parameters(), lr=rate_at(0, _STEPS), weight_decay=_DECAY))

    def keep(self, path: Path) -> None:
        """Write all that is needed to go on."""
        state = {"step": self.step, "net": self.net.state_dict(), "mean": self.mean.state_dict()}
        torch.save({**state, "optimiser": self.optimiser.state_dict()}, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)

    def take_up(self, path: Path) -> None:
        """Go on from a checkpoint."""
        state: dict[str, Any] = torch.load(path, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.mean.load_state_dict(state["mean"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step = int(state["step"])


def loss_of(logits: torch.Tensor, target: torch.Tensor, leg: Leg) -> torch.Tensor:
    """Cross entropy and soft Dice over the classes that occur, canal weighed as the leg says; ignored voxels count nothing."""
    known = (target[0] != IGNORED).reshape(-1)
    logs = logits[0].float().flatten(1).log_softmax(dim=0)
    truth = target[0].reshape(-1).clamp(max=len(Share) - 1)
    right = logs.gather(0, truth[None])[0] * known
    weight = _but_canal(1.0, leg.canal_weight)[truth] * known
    entropy = -(right * weight).sum() / weight.sum().clamp(min=1)
    common = torch.zeros(len(Share)).index_add(0, truth, right.exp() * known)
    wanted = torch.bincount(truth[known], minlength=len(Share))
    size = logs.exp() @ known.float()
    spare = _but_canal(0.5, leg.canal_spare)
    dice = (2 * common + 1.0) / (2.0 * (spare * size + (1.0 - spare) * wanted) + 1.0)
    return entropy + (1.0 - dice[wanted > 0]).mean()


def _but_canal(others: float, canal: float) -> torch.Tensor:
    """(classes,) one value for all and another for the canal."""
    values = torch.full((len(Share),), others)
    values[int(Share.CANAL)] = canal
    return values


def step_once(run: Run, image: torch.Tensor, target: torch.Tensor, steps: int) -> float:
    """One step of the optimiser; the loss before it."""
    for group in run.optimiser.param_groups:
        group["lr"] = rate_at(run.step, steps)
    image = image.to(memory_format=torch.channels_last_3d)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        full, half = run.net(image)
    leg = leg_at(run.step, steps)
    loss = loss_of(full, target, leg) + _HALF_SHARE * loss_of(half, target[:, ::2, ::2, ::2], leg)
    run.optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(run.net.parameters(), 5.0)
    run.optimiser.step()
    run.step += 1
    with torch.no_grad():
        share = min(_AVERAGE, run.step / (run.step + 10.0))
        for kept, new in zip(run.mean.parameters(), run.net.parameters(), strict=True):
            kept.lerp_(new, 1.0 - share)
    return float(loss.detach())


def train(patients: Sequence[Patient], work: Path, seed: int, steps: int) -> Run:
    """Step until ``steps`` are done."""
    run = Run.start(seed)
    path = work / "checkpoint.pt"
    if path.exists():
        run.take_up(path)
    windows = Windows(patients, _shares(patients), seed, steps)
    rows = DataLoader(windows, 1, sampler=From(run.step, steps), num_workers=1, prefetch_factor=8)
    began, first, losses = time.monotonic(), run.step, []
    for image, target in rows:
        losses.append(step_once(run, image, target, steps))
        if run.step % 50 == 0:
            each = (time.monotonic() - began) / (run.step - first)
            print(f"step {run.step} loss {sum(losses[-50:]) / 50:.3f} {each:.3f} s/step", flush=True)
        if run.step % _KEPT_EVERY == 0:
            run.keep(path)
    run.keep(path)
    return run


def _shares(patients: Sequence[Patient]) -> torch.Tensor:
    """(n,) how often each patient is painted."""
    phantoms = torch.tensor([one.is_phantom for one in patients])
    return torch.where(phantoms, (1.0 - _REAL_SHARE) / phantoms.sum(), _REAL_SHARE / (~phantoms).sum())


def _prepared(data: Path, work: Path) -> list[TrainingMap]:
    """The maps, made once and kept in the working folder."""
    kept = sorted(work.glob("map_*.npz"))
    if not kept:
        for number, one in enumerate(training_maps(data)):
            arrays = {"tissue": one.tissue, "target": one.target, "hu": one.hu}
            np.savez_compressed(work / f"map_{number}.npz", name=one.name, **arrays)
        kept = sorted(work.glob("map_*.npz"))
    opened = [np.load(path) for path in kept]
    return [TrainingMap(str(one["name"]), one["tissue"], one["target"], one["hu"]) for one in opened]


def main() -> None:
    """Prepare the maps, then train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=_STEPS)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(1)  # a second thread waits more than it helps, and would sum in another order
    given.work.mkdir(parents=True, exist_ok=True)
    patients = [Patient.of(one) for one in _prepared(given.data, given.work)]
    print(f"{len(patients)} patients are ready", flush=True)
    train(patients, given.work, given.seed, given.steps)


if __name__ == "__main__":
    main()
