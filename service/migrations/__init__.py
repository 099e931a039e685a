"""How a database of an earlier version becomes one of this version: numbered steps, each applied once, in order.

In: an engine. Out: tables of schema ``NEWEST``, and a row that says so. One step is one transaction; both SQLite and
PostgreSQL undo a step that fails.
"""

from __future__ import annotations

from sqlalchemy import Column, Integer, MetaData, Table, inspect, select
from sqlalchemy.engine import Connection, Engine

from service.migrations.joins import JOINS
from service.migrations.leases import LEASES
from service.migrations.step import Step
from service.migrations.volumes import VOLUMES
from service.rows import Base

STEPS: tuple[Step, ...] = (LEASES, JOINS, VOLUMES)
"""The steps from schema 1, in order; a new one goes to the end."""

FIRST = 1
"""Tables without a version row: needleplan 0.1 before migrations."""

NEWEST = FIRST + len(STEPS)

_VERSION = Table("schema_version", MetaData(), Column("number", Integer, primary_key=True))


def schema_of(engine: Engine) -> int | None:
    """The schema's number; None where there are no tables yet."""
    names = set(inspect(engine).get_table_names())
    if _VERSION.name in names:
        with engine.connect() as connection:
            return int(connection.scalars(select(_VERSION.c.number)).one())
    return FIRST if "cases" in names else None


def create_tables(engine: Engine) -> None:
    """All tables as this version knows them."""
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
        _stamp(connection, NEWEST)


def upgrade(engine: Engine) -> list[str]:
    """Apply every step that is missing; what each did, in words."""
    found = schema_of(engine)
    if found is None:
        create_tables(engine)
        return ["made all tables"]
    done = []
    for number, step in enumerate(STEPS[found - FIRST :], start=found + 1):
        with engine.begin() as connection:
            for statement in step.statements:
                connection.exec_driver_sql(statement)
            _stamp(connection, number)
        done.append(f"{number}: {step.words}")
    return done


def _stamp(connection: Connection, number: int) -> None:
    _VERSION.create(connection, checkfirst=True)
    connection.execute(_VERSION.delete())
    connection.execute(_VERSION.insert().values(number=number))
