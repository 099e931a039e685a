"""Where the other MR series of a study lie, for a case whose slices they cross; ``stacks_beside.py`` looks at them in the case's process.

In: rows, and where the images of a series lie. Out: folders of series that are complete and were not taken back.
"""

from __future__ import annotations

from pathlib import Path

import pydicom
from pydicom.errors import InvalidDicomError

from service.rejections import FolderOf, why_rejected
from service.store import Store


def stacks_of_study(store: Store, folder_of: FolderOf, series_uid: str) -> tuple[Path, ...]:
    """Folders of the study's other MR series; none where the series itself is no MR."""
    others = [uid for uid in store.series_of_study(series_uid) if _is_mr(folder_of(uid))]
    if not others or not _is_mr(folder_of(series_uid)):
        return ()
    arriving = store.arriving(others)
    return tuple(folder_of(uid) for uid in others if uid not in arriving and not why_rejected(store, folder_of, uid))


def waits_for_stacks(store: Store, folder_of: FolderOf, series_uid: str) -> bool:
    """Whether this series and another one of its study, which still arrives, are MR."""
    arriving = store.arriving(store.series_of_study(series_uid))
    return _is_mr(folder_of(series_uid)) and any(_is_mr(folder_of(uid)) for uid in arriving) if arriving else False


def _is_mr(folder: Path) -> bool:
    """By its first image; a folder without one holds none."""
    first = next(iter(sorted(folder.glob("*.dcm"))), None)
    if first is None:
        return False
    try:
        return bool(pydicom.dcmread(first, specific_tags=["Modality"]).get("Modality") == "MR")
    except InvalidDicomError:
        return False
