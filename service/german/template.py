"""A sentence with gaps, in English and in German: what fills a gap is turned too, where it is a word and not a number.

In: pairs of sentences with ``{kind}`` or ``{kind_2}`` for a gap. Out: the German one for an English sentence that fits; nothing is said
that was not said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

Turn: TypeAlias = Callable[[str], str]
"""What fills a gap, in German."""

_GAP = re.compile(r"\{(\w+)\}")
_NUMBERS = {"mm", "n", "deg", "share"}
_NUMBER = r"[-+]?[\d.]+%?"


@dataclass(frozen=True, slots=True)
class Template:
    """One sentence in both languages."""

    english: re.Pattern[str]
    german: str
    gaps: tuple[str, ...]

    def said(self, sentence: str, turns: Mapping[str, Turn]) -> str | None:
        """In German; None where it is another sentence."""
        found = self.english.fullmatch(sentence)
        if found is None:
            return None
        return self.german.format(**{gap: turns.get(kind_of(gap), str)(found[gap]) for gap in self.gaps})


Pairs: TypeAlias = tuple[tuple[str, str], ...]


def templates(pairs: Iterable[tuple[str, str]]) -> tuple[Template, ...]:
    """Of pairs of an English and a German sentence with the same gaps."""
    return tuple(_template(english, german) for english, german in pairs)


def kind_of(gap: str) -> str:
    """*mm* of *mm_2*."""
    return gap.partition("_")[0]


def _template(english: str, german: str) -> Template:
    parts = _GAP.split(english)
    pattern = "".join(
        f"(?P<{part}>{_NUMBER if kind_of(part) in _NUMBERS else '.+?'})" if n % 2 else re.escape(part)
        for n, part in enumerate(parts)
    )
    return Template(re.compile(pattern, re.DOTALL), german, tuple(parts[1::2]))
