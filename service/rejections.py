"""What a rejection note does to cases: the plan on rejected images becomes stale, and the next revision waits for a person.

In: rows, and where the images of a series lie. Out: the reason in words, or series that are to be judged again. Notes and
images may come in any order; a note counts for its own study alone.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dicom_io.rejection import rejection_notes
from service.store import Store

FolderOf = Callable[[str], Path]

TAKEN_BACK = "images were taken back by their sender"


def why_rejected(store: Store, folder_of: FolderOf, series_uid: str) -> str:
    """How many images of a series the notes of its study name, and why; empty where none does."""
    uids = {one.sop_instance_uid for one in store.instances(series_uid)}
    for other in store.series_of_study(series_uid):
        for note in rejection_notes(folder_of(other)):
            named = len(uids & note.images.get(series_uid, frozenset()))
            if named:
                return f"{named} of {len(uids)} {TAKEN_BACK} ({note.reason}); wait for the corrected series, or ask"
    return ""


def heed(store: Store, folder_of: FolderOf, series_uid: str, now_s: float) -> list[int]:
    """Where this series holds notes: what was made of the images they name is stale; numbers of the new revisions."""
    named = {series for note in rejection_notes(folder_of(series_uid)) for series in note.images}
    of_study = named & set(store.series_of_study(series_uid))
    words = f"{TAKEN_BACK}: judged again"
    return [number for one in sorted(of_study) if (number := store.judge_again(one, words, now_s)) is not None]
