"""Several volumes of one place in one series (phases, echoes, acquisitions): what tells them apart, and which one is meant.

In: the images of one series, and a choice in words. Out: ``VolumePart``s in order, each with the mark that all its images
share. Which one is meant is never guessed. Headers only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from dicom_io.errors import DicomIoError, DuplicatePositionError, VolumeNotFoundError
from dicom_io.image_tags import MARKS
from dicom_io.instances import Instance
from dicom_io.stack import stack

CHOICE = r"^([1-9][0-9]*|[A-Za-z0-9 -]+=[^=]+(, [A-Za-z0-9 -]+=[^=]+)*)$"
"""How a volume is named: ``2``, or what tells it apart: ``Acquisition Number=3``, ``Stack ID=1, Echo Time=4.6``."""

_MOST_MARKS = 2
"""Marks together: an acquisition of several echoes needs two; three were not seen. Assumed."""

_UNPRINTED = re.compile(r"[^A-Za-z0-9 ._+\\-]")
_LONGEST_VALUE = 32


@dataclass(frozen=True, slots=True, eq=False)
class VolumePart:
    """One volume of a series, numbered from 1 in order of its mark's values; ``mark`` as a choice names it."""

    number: int
    mark: str
    instances: tuple[Instance, ...]

    @property
    def words(self) -> str:
        """*2: Acquisition Number=3 (120 images)*."""
        return f"{self.number}: {self.mark} ({len(self.instances)} images)"


def volumes(instances: Sequence[Instance]) -> tuple[VolumePart, ...]:
    """The volumes that overlapping images make by the first mark, or the first two together, that part them; else none."""
    for names in _marks_that_differ(instances):
        groups: dict[tuple[str, ...], list[Instance]] = {}
        for one in instances:
            groups.setdefault(tuple(one.marks.get(name, "") for name in names), []).append(one)
        if all(len(group) > 1 and not _overlaps(group) for group in groups.values()):
            return tuple(
                VolumePart(number, _mark(names, values), tuple(groups[values]))
                for number, values in enumerate(sorted(groups, key=_in_order), start=1)
            )
    return ()


def volume_of(instances: Sequence[Instance], wanted: str) -> tuple[VolumePart, int]:
    """The volume that is meant, and how many there are; a series of one volume is its number 1."""
    found = volumes(instances) if _overlaps(instances) else ()
    found = found or (VolumePart(1, "", tuple(instances)),)
    meant = [one for one in found if _is_meant(one, wanted)]
    if len(meant) != 1:
        raise VolumeNotFoundError(wanted, [one.words for one in found if one.mark])
    return meant[0], len(found)


def _marks_that_differ(instances: Sequence[Instance]) -> Iterator[tuple[str, ...]]:
    differing = [name for name in MARKS if len({one.marks.get(name, "") for one in instances}) > 1]
    for count in range(1, _MOST_MARKS + 1):
        yield from combinations(differing, count)


def _overlaps(instances: Sequence[Instance]) -> bool:
    """Whether two images lie at one place; what else keeps them from being a volume is said elsewhere."""
    try:
        stack(tuple(instances))
    except DuplicatePositionError:
        return True
    except DicomIoError:
        return False
    return False


def _is_meant(part: VolumePart, wanted: str) -> bool:
    if wanted.strip() == str(part.number):
        return True
    pairs = [one.partition("=") for one in wanted.split(",")]
    names = {name.casefold(): name for name in MARKS}
    return all(
        is_named and names.get(name.strip().casefold()) is not None
        and {_printed(one.marks.get(names[name.strip().casefold()], "")) for one in part.instances} == {value.strip()}
        for name, is_named, value in pairs
    )  # fmt: skip


def _mark(names: Sequence[str], values: Sequence[str]) -> str:
    return ", ".join(f"{name}={_printed(value)}" for name, value in zip(names, values, strict=True))


def _printed(value: str) -> str:
    """Scanner's terms as they are; whatever else somebody wrote there is not shown."""
    return _UNPRINTED.sub("?", value)[:_LONGEST_VALUE] or "none"


def _in_order(values: tuple[str, ...]) -> list[tuple[bool, float, str]]:
    return [(False, float(one), "") if _NUMBER.fullmatch(one) else (True, 0.0, one) for one in values]


_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?")
