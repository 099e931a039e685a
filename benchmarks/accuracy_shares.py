"""A share with its n and 95 % interval (Wilson 1927, doi:10.1080/01621459.1927.10502953)."""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt


def wilson(hits: int, n: int) -> tuple[float, float]:
    """95 % interval of a share."""
    if n == 0:
        return 0.0, 1.0
    z, p = 1.96, hits / n
    centre, half = p + z * z / (2 * n), z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, (centre - half) / (1 + z * z / n)), min(1.0, (centre + half) / (1 + z * z / n))


def share_words(oks: Iterable[bool]) -> str:
    """Hits of n, as a person reads them."""
    oks = list(oks)
    if not oks:
        return "none"
    low, high = wilson(sum(oks), len(oks))
    return f"{sum(oks)}/{len(oks)} = {sum(oks) / len(oks):.0%} ({low:.0%} to {high:.0%})"
