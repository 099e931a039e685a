"""What a person checks on the image where the planner is not sure of it: the only gates that a look closes."""

from __future__ import annotations

from enum import StrEnum


class Look(StrEnum):
    """One kind of doubt."""

    POSITION = "position"
    STRUCTURE = "structure"
    PLACE = "place"
    NAME = "name"
