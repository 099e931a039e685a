"""What is removed when its time has passed, or when space runs short: never what is not published.

In: rows, settings, the clock. Out: cases whose images, or whose results too, go; files removed, then rows that say so.
With the images goes the folder that the page opens a case from, which holds the scan.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from service.logs import Log
from service.rows import Case, CaseState, ExportState
from service.settings import Settings
from service.store import Store
from service.viewing.keeping import KEPT

_DAY_S = 24 * 3600.0
_BYTES_PER_GB = 10**9
_LOG = Log("retention")


@dataclass(frozen=True, slots=True)
class Due:
    """Cases to purge, the oldest first; ``results`` lose their images too."""

    images: tuple[Case, ...]
    results: tuple[Case, ...]


def purgeable(store: Store, settings: Settings, now_s: float) -> Due:
    """What may go now by its age."""
    kept = settings.retention
    may_go = _may_go(store)
    return Due(
        tuple(one for one in may_go if one.images_purged_at_s is None and _is_older(one, kept.images_days, now_s)),
        tuple(one for one in may_go if one.results_purged_at_s is None and _is_older(one, kept.results_days, now_s)),
    )


def purge(store: Store, settings: Settings, due: Due, now_s: float) -> None:
    """Remove what is due."""
    for case in due.images:
        _purge_images(store, settings, case, now_s)
    for case in due.results:
        if case.folder:
            shutil.rmtree(case.folder, ignore_errors=True)
        store.purged(case.number, now_s, results=True)


def make_room(store: Store, settings: Settings, now_s: float) -> int:
    """Below the wanted free space, remove images of the oldest cases until there is room; how many cases."""
    wanted = settings.retention.make_room_below_gb * _BYTES_PER_GB
    count = 0
    for case in _may_go(store) if _free_bytes(settings) < wanted else ():
        if case.images_purged_at_s is None:
            _purge_images(store, settings, case, now_s)
            count += 1
        if _free_bytes(settings) >= wanted:
            break
    return count


def keep_house(store: Store, settings: Settings, now_s: float) -> int:
    """By age, then by space; how many cases lost something."""
    due = purgeable(store, settings, now_s)
    purge(store, settings, due, now_s)
    early = make_room(store, settings, now_s)
    if due.images or due.results or early:
        _LOG.info("purged", images=len(due.images), results=len(due.results), to_make_room=early)
    return len({case.number for case in (*due.images, *due.results)}) + early


def _may_go(store: Store) -> list[Case]:
    """Of each series whose newest revision is published or ignored: every revision with nothing left to send."""
    newest = {case.series_instance_uid: case for case in store.cases()}
    done = {uid for uid, case in newest.items() if case.state in {CaseState.PUBLISHED, CaseState.IGNORED}}
    cases = [case for case in store.cases() if case.series_instance_uid in done]
    unsent = {
        one.case_number for one in store.exports_in(*set(ExportState) - {ExportState.SENT, ExportState.WITHDRAWN})
    }
    held = {case.series_instance_uid for case in cases if case.number in unsent and case.state is not CaseState.STALE}
    return sorted(
        (case for case in cases if case.series_instance_uid not in held), key=lambda case: case.last_image_at_s
    )


def _is_older(case: Case, days: float | None, now_s: float) -> bool:
    return days is not None and now_s - case.last_image_at_s > days * _DAY_S


def _purge_images(store: Store, settings: Settings, case: Case, now_s: float) -> None:
    """Files first: a row without file is dropped at the next start, a file without row would become a case again."""
    if case.state is not CaseState.STALE:
        received = settings.storage.folder.absolute() / "received"
        for image in store.instances(case.series_instance_uid):
            Path(image.path).unlink(missing_ok=True)
            store.forget_image(image.path)
        for kind in ("series", "conflicts"):
            shutil.rmtree(received / kind / case.series_instance_uid, ignore_errors=True)
    if case.folder:
        shutil.rmtree(Path(case.folder) / KEPT, ignore_errors=True)
    store.purged(case.number, now_s, results=False)


def _free_bytes(settings: Settings) -> int:
    return shutil.disk_usage(settings.storage.folder).free
