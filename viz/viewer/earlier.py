"""An earlier scan that was laid over today's: to be looked at over the slices, by as much as a person asks for. Nothing is measured on it.

In: its values on a grid in today's frame, what it is, how well each vertebra fits; or why it was not laid over. Out: plain values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from planner.volume import Volume
from viz.palette import Window
from viz.viewer.words import Language, texts

UNSEEN = -32768
"""A value that stands for *the earlier scan shows nothing here*: today's stays as it is."""

STEPS = (0.0, 0.5, 1.0)
"""Shares of the earlier scan on its key, in turn."""


@dataclass(frozen=True, slots=True, eq=False)
class EarlierImage:
    """The earlier scan where today's vertebrae lie; ``volume`` None: ``refused`` says why it was not laid over."""

    words: str
    """*MR 2024-03-01*."""
    volume: Volume | None = None
    window: Window | None = None
    """Of its own, where it is no CT."""
    residuals: tuple[tuple[str, float, bool], ...] = ()
    """Level, how far two halves of the image disagree about it [mm], whether that is little enough."""
    refused: str = ""


def next_step(share: float) -> float:
    """The next share on the key."""
    return next((step for step in STEPS if step > share + 1e-6), STEPS[0])


def earlier_values(
    image: EarlierImage | None, share: float, language: Language, say: Callable[[str], str]
) -> dict[str, Any]:
    """For the template."""
    if image is None:
        return {"before": {}}
    return {
        "before": {
            "words": image.words,
            "share": round(100 * share),
            "refused": say(image.refused),
            "rows": [
                {
                    "level": level,
                    "mm": f"{mm:.1f}",
                    "ok": is_usable,
                    "said": "" if is_usable else texts(language)["not_used"],
                }
                for level, mm, is_usable in image.residuals
            ],
        }
    }
