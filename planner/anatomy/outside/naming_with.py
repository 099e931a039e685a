"""How sure names are that a source brings: where the image names the same vertebrae too, and where it names others.

In: our own naming of the same column and the source's names. Out: a ``Naming``. Trained models shift by a level in 1 to 2 % of
cases, so a source alone is no certainty, and a disagreement leaves none.
"""

from __future__ import annotations

from dataclasses import replace

from planner.anatomy.outside.levels import Levels
from planner.anatomy.stages import Naming
from planner.structures import LevelName, SpineLevel

_AGREE, _ALONE, _DISAGREE = 0.97, 0.85, 0.4
"""Of a name: both say it; only the source does; the image says another one, or the source miscounts (assumed)."""


def naming_with(ours: Naming, names: tuple[LevelName, ...], levels: Levels, source: str) -> Naming:
    """The names with what speaks for them."""
    if not levels.places:
        return ours
    if levels.miscounted:
        return Naming(
            names[0], names[1:], _DISAGREE, f"{source}, whose names miscount", (*ours.warnings, *levels.miscounted)
        )
    place, level = next(iter(levels.places.items()))
    image_says = (ours.below, *ours.names)[place]
    if not isinstance(image_says, SpineLevel):
        return Naming(names[0], names[1:], _ALONE, f"{source}, which names the vertebrae; the image anchors none")
    if image_says is level:
        said = f"{source} and the image agree: {ours.evidence}"
        return Naming(names[0], names[1:], max(_AGREE * _sure(ours), _ALONE), said, ours.warnings)
    warning = (
        f"{source} names a vertebra {level} that the image names {image_says} ({ours.evidence}): every name may be off; "
        "confirm one"
    )
    return Naming(names[0], names[1:], _DISAGREE, f"{source}, against the image", (*ours.warnings, warning))


def without_agreement(naming: Naming, source: str) -> Naming:
    """The names where the image shows its sacrum below another vertebra than the source's L5."""
    warning = (
        f"the image shows the sacrum below another vertebra than the L5 of {source}: every name may be off; confirm one"
    )
    return replace(naming, confidence=min(_DISAGREE, naming.confidence), warnings=(*naming.warnings, warning))


def _sure(ours: Naming) -> float:
    return 1.0 if ours.confidence > _DISAGREE else ours.confidence
