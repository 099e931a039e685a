"""The network: a small 3-D U-Net, five levels, one input channel, one output per ``Share``.

In: (1, 1, 64, 64, 64), one window of 1.5 mm with mean 0 and standard deviation 1. Out: logits of the same size.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

WIDTHS = (16, 32, 40, 56, 64)
"""Channels per level; 0.84 million parameters, 3.4 MB."""


class InstanceNormal(nn.Module):
    """Instance normalisation with a scale and a shift.

    In training each window comes alone, where it equals batch normalisation: that is the one which keeps the channels
    last in memory, and takes half the time.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels))
        self.shift = nn.Parameter(torch.zeros(channels))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, c, k, j, i) features, n = 1 in training."""
        if self.training:
            return functional.batch_norm(x, None, None, self.scale, self.shift, training=True, momentum=0.0)
        return functional.instance_norm(x, weight=self.scale, bias=self.shift)


class Block(nn.Module):
    """Convolution, instance normalisation, rectifier."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.convolution = nn.Conv3d(inputs, outputs, 3, stride, 1, bias=False)
        self.normal = InstanceNormal(outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(n, c, k, j, i) features."""
        return functional.relu(self.normal(self.convolution(x)))


class Net(nn.Module):
    """Down by strided convolutions, up by repetition, with skips; a second head at half size helps training."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        down: list[nn.Module] = [Block(1, WIDTHS[0])]
        down += [nn.Sequential(Block(a, b, 2), Block(b, b)) for a, b in pairwise(WIDTHS)]
        self.down = nn.ModuleList(down)
        self.up = nn.ModuleList(Block(a + b, a) for a, b in pairwise(WIDTHS))
        self.head = nn.Conv3d(WIDTHS[0], classes, 1)
        self.half_head = nn.Conv3d(WIDTHS[1], classes, 1)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits at full and at half size."""
        skips = []
        for level in self.down:
            x = level(x)
            skips.append(x)
        half = x
        for level in range(len(WIDTHS) - 2, -1, -1):
            larger = functional.interpolate(x, scale_factor=2.0, mode="nearest")
            x = self.up[level](torch.cat([skips[level], larger], dim=1))
            half = x if level == 1 else half
        return self.head(x), self.half_head(half)
