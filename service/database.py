"""The database: SQLite in WAL mode on one machine, PostgreSQL where the settings name one.

In: a file or an address. Out: an engine whose writers wait for each other, on tables of the schema that this version
knows. An older schema is refused until ``needleplan database upgrade``; a newer one always.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from service.errors import MissingPartError, ServiceError, SettingsError
from service.migrations import NEWEST, create_tables, schema_of

INSTALL_POSTGRESQL = "pip install 'needleplan[postgresql]'"
_WRITES = "writes"
_LASTS, _IS_BROUGHT_BACK = "FULL", "NORMAL"
"""SQLite's ``synchronous`` for one transaction: FULL outlasts a power cut. NORMAL may lose the last rows then, and is for
rows of images alone, which the files bring back at the next start (decision 0019)."""


class OtherSchemaError(ServiceError):
    """A database that another version of the program made."""

    def __init__(self, found: int) -> None:
        advice = (
            "stop the service, then: needleplan database upgrade"
            if found < NEWEST
            else "a newer needleplan made it; install that version again"
        )
        super().__init__(f"the database has schema {found}, this version needs {NEWEST}; {advice}")


class Database:
    """Sessions on one database. Safe to use from several threads: one writer at a time."""

    def __init__(self, address: Path | str) -> None:
        self._engine = open_engine(address)
        try:
            _require_schema(self._engine)
        except (ServiceError, SQLAlchemyError):
            self._engine.dispose()
            raise
        self._writes = self._engine.execution_options(**{_WRITES: _LASTS})
        self._image_writes = self._engine.execution_options(**{_WRITES: _IS_BROUGHT_BACK})
        self._writing = threading.Lock()

    @property
    def engine(self) -> Engine:
        """The database, for tests and migrations."""
        return self._engine

    def close(self) -> None:
        """Give every connection back."""
        self._engine.dispose()

    def _reading(self) -> Session:
        return Session(self._engine, expire_on_commit=False)

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        with self._writing, Session(self._writes, expire_on_commit=False) as session, session.begin():
            yield session


def open_engine(address: Path | str) -> Engine:
    """An engine for a SQLite file, or for ``postgresql://...``."""
    if isinstance(address, Path):
        address.parent.mkdir(parents=True, exist_ok=True)
        return _sqlite(address)
    url = make_url(address)
    if url.get_backend_name() != "postgresql":
        raise SettingsError("database.address must start with postgresql://; leave it out for SQLite")
    try:
        return create_engine(url.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    except ImportError as error:
        raise MissingPartError(f"the package {error.name}", "PostgreSQL", INSTALL_POSTGRESQL) from error


def _sqlite(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30.0, "isolation_level": None})
    event.listen(engine, "connect", _use_wal)
    event.listen(engine, "begin", _begin)
    return engine


def _use_wal(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.close()


def _begin(connection: Connection) -> None:
    """A writer takes its turn at once: a transaction that reads first would be refused if another wrote meanwhile."""
    lasts = connection.get_execution_options().get(_WRITES, "")
    if lasts:
        connection.exec_driver_sql(f"PRAGMA synchronous={lasts}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if lasts else "BEGIN")


def _require_schema(engine: Engine) -> None:
    found = schema_of(engine)
    if found is None:
        create_tables(engine)
    elif found != NEWEST:
        raise OtherSchemaError(found)
