"""The averaged network as one ONNX file, with probabilities as output, checked against torch.

``python -m training.export --work FOLDER --out FILE``
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import nn

from planner.anatomy.network.session import WINDOW, Share
from training.unet import Net

_MOST_BYTES = 4 * 1024 * 1024
_NEAR = 1e-3
"""Of a probability, between torch and onnxruntime."""


class Probabilities(nn.Module):
    """The full-size head alone, as probabilities."""

    def __init__(self, net: Net) -> None:
        super().__init__()
        self.net = net

    def forward(self, window: torch.Tensor) -> torch.Tensor:
        """(1, classes, 64, 64, 64) in 0..1."""
        full, _ = self.net(window)
        return full.softmax(dim=1)


def averaged(checkpoint: Path) -> Probabilities:
    """The running mean of the weights."""
    net = Net(len(Share))
    net.load_state_dict(torch.load(checkpoint, weights_only=True)["mean"])
    return Probabilities(net).eval()


def export(checkpoint: Path, out: Path) -> float:
    """Write the file; the largest difference between torch's answer and onnxruntime's."""
    module = averaged(checkpoint)
    window = torch.randn(1, 1, WINDOW, WINDOW, WINDOW, generator=torch.Generator().manual_seed(7))
    torch.onnx.export(
        module, (window,), str(out), input_names=["window"], output_names=["shares"], opset_version=17, dynamo=False
    )
    session = onnxruntime.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    (answer,) = session.run(None, {"window": window.numpy()})
    with torch.no_grad():
        apart = float(np.abs(answer - module(window).numpy()).max())
    if apart > _NEAR:
        raise ValueError(f"onnxruntime's answer is {apart:.5f} off torch's; {_NEAR} is allowed")
    if out.stat().st_size > _MOST_BYTES:
        raise ValueError(f"{out.stat().st_size} bytes; at most {_MOST_BYTES} are shipped")
    return apart


def main() -> None:
    """Export the last checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    apart = export(given.work / "checkpoint.pt", given.out)
    print(f"{given.out.stat().st_size} bytes, at most {apart:.6f} off torch")


if __name__ == "__main__":
    main()
