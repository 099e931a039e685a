"""Chance for the painter: numbers, smooth fields and textures from one seeded generator.

In: a seed. Out: the same numbers each time, on any machine with the same torch.
"""

from __future__ import annotations

from functools import cache

import torch
from torch.nn import functional

from planner.anatomy.network.session import WINDOW


class Dice:
    """Numbers from one seeded generator."""

    def __init__(self, seed: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)

    def uniform(self, low: float, high: float) -> float:
        """One number."""
        return low + (high - low) * float(torch.rand((), generator=self.generator))

    def chance(self, share: float) -> bool:
        """Whether something that happens this often happens."""
        return self.uniform(0.0, 1.0) < share

    def whole(self, count: int) -> int:
        """One of 0..count - 1."""
        return int(torch.randint(count, (), generator=self.generator))

    def normal(self, *shape: int) -> torch.Tensor:
        """Standard normal numbers."""
        return torch.randn(shape, generator=self.generator)

    def smooth(self, coarse: int, channels: int = 1) -> torch.Tensor:
        """(channels, 64, 64, 64) a smooth field of about unit deviation with ``coarse`` knots along each edge."""
        knots = self.normal(1, channels, coarse, coarse, coarse)
        return functional.interpolate(knots, (WINDOW,) * 3, mode="trilinear", align_corners=True)[0] * 1.4

    def patches(self) -> torch.Tensor:
        """(64, 64, 64) smooth with 8 to 24 knots: one of a stock, turned over and moved; making each anew takes too long."""
        return self._moved(_stock_of_patches())

    def grain(self) -> torch.Tensor:
        """(64, 64, 64) standard normal, from a stock as well."""
        return self._moved(_stock_of_grain())

    def _moved(self, stock: tuple[torch.Tensor, ...]) -> torch.Tensor:
        field = stock[self.whole(len(stock))]
        flips = [axis for axis in range(3) if self.chance(0.5)]
        by = [self.whole(WINDOW) for _ in range(3)]
        return field.flip(flips).roll(by, (0, 1, 2)) if flips else field.roll(by, (0, 1, 2))


@cache
def _stock_of_patches() -> tuple[torch.Tensor, ...]:
    dice = Dice(11)
    return tuple(dice.smooth(8 + n % 17)[0].contiguous() for n in range(51))


@cache
def _stock_of_grain() -> tuple[torch.Tensor, ...]:
    dice = Dice(12)
    return tuple(dice.normal(WINDOW, WINDOW, WINDOW) for _ in range(24))
