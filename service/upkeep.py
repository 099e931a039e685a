"""Upkeep of the database: upgrade, backup, restore.

In: settings. Out: words on what was done. A SQLite file is copied while the service runs; for PostgreSQL its own
``pg_dump`` and ``pg_restore`` do this, and we say so.
"""

from __future__ import annotations

import fcntl
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TextIO

from service.database import open_engine
from service.errors import ServiceError, SettingsError
from service.migrations import NEWEST, schema_of, upgrade
from service.settings import Settings
from service.store import address_of

LOCK_FILE = "lock"
_LOCK_TRIES, _LOCK_PAUSE_S = 5, 0.05


class UpkeepError(ServiceError):
    """The database cannot be kept as asked."""


def upgrade_database(settings: Settings) -> list[str]:
    """Bring the tables to this version's schema; a SQLite file is copied beside itself before."""
    address = address_of(settings)
    with owned(settings.storage.folder.absolute()):
        engine = open_engine(address)
        try:
            found = schema_of(engine)
            if found is not None and found > NEWEST:
                raise UpkeepError(
                    f"the database has schema {found}, this version knows {NEWEST}; install the newer one"
                )
            if isinstance(address, Path) and found is not None and found < NEWEST:
                _copy(address, address.with_name(f"{address.name}.schema-{found}"))
            return upgrade(engine)
        finally:
            engine.dispose()


def backup_database(settings: Settings, to: Path) -> None:
    """Copy the rows of a running or stopped service into one file that is whole."""
    source = _file(settings, "pg_dump --format=custom")
    if not source.is_file():
        raise UpkeepError("there is no database yet; start the service once")
    if to.exists():
        raise UpkeepError("the backup's file is there already; name another")
    _copy(source, to)


def restore_database(settings: Settings, backup: Path) -> None:
    """Put a backup in the database's place; what was there is kept beside it."""
    target = _file(settings, "pg_restore --clean")
    with owned(target.parent):
        _require_whole(backup)
        if target.exists():
            _copy(target, _unused(target.with_name(f"{target.name}.replaced")))
        for suffix in ("-wal", "-shm"):
            target.with_name(target.name + suffix).unlink(missing_ok=True)
        part = target.with_name(f"{target.name}.part")
        part.unlink(missing_ok=True)
        _copy(backup, part)
        part.replace(target)


@contextmanager
def owned(folder: Path) -> Iterator[None]:
    """The storage folder for one process alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / LOCK_FILE).open("w") as file:
        if not _locked(file):
            raise SettingsError(
                "another needleplan serves this storage folder; stop it, or set storage.folder elsewhere"
            )
        yield


def _locked(file: TextIO) -> bool:
    """``needleplan status`` looks at the lock for a moment, which must not keep a service from starting."""
    for _ in range(_LOCK_TRIES):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(_LOCK_PAUSE_S)
        else:
            return True
    return False


def is_owned(folder: Path) -> bool:
    """Whether a service runs on a storage folder."""
    try:
        with owned(folder):
            return False
    except SettingsError:
        return True


def _file(settings: Settings, instead: str) -> Path:
    address = address_of(settings)
    if isinstance(address, str):
        raise UpkeepError(f"the rows lie in PostgreSQL; use its own {instead}, see docs/operations.md")
    return address


def _copy(source: Path, to: Path) -> None:
    to.touch(mode=0o600)
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(to)) as new:
        old.backup(new)


def _require_whole(backup: Path) -> None:
    try:
        with closing(sqlite3.connect(f"file:{backup}?mode=ro", uri=True)) as opened:
            is_whole = opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            opened.execute("SELECT count(*) FROM cases")
    except sqlite3.Error:
        is_whole = False
    if not is_whole:
        raise UpkeepError("the backup is not a whole database of needleplan; nothing was changed")


def _unused(path: Path) -> Path:
    return next(one for number in range(10_000) if not (one := path.with_name(f"{path.name}-{number}")).exists())
