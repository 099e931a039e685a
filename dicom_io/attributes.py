"""Attribute values as plain Python values; absent, empty and invalid are told apart by None.

In: a data set and an attribute's keyword. Out: text or numbers.
"""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue


def values(header: Dataset, keyword: str) -> list[object]:
    """Every value of an attribute; empty where it is absent or empty."""
    value = header.get(keyword)
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, (list, MultiValue)) else [value]


def text(header: Dataset, keyword: str) -> str:
    """The value as text, several joined as DICOM does; empty where absent."""
    return "\\".join(str(value) for value in values(header, keyword)).strip()


def numbers(header: Dataset, keyword: str, count: int) -> tuple[float, ...] | None:
    """Exactly ``count`` finite numbers, or None."""
    try:
        numbers = tuple(float(str(value)) for value in values(header, keyword))
    except ValueError:
        return None
    return numbers if len(numbers) == count and np.isfinite(numbers).all() else None


def number(header: Dataset, keyword: str) -> float | None:
    """One finite number, or None."""
    found = numbers(header, keyword, 1)
    return None if found is None else found[0]


def integer(header: Dataset, keyword: str) -> int | None:
    """One number cut to a whole one, or None."""
    found = number(header, keyword)
    return None if found is None else int(found)
