"""The commands that look at a service and keep it: status, cases, outbox, settings, database, purge, audit.

In: what a person types. Out: tables and exit codes as in ``cli.py``. They work beside a running service.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from service.audit import AuditTrail
from service.audit_message import messages
from service.choosing import choose_volume
from service.errors import RequestError
from service.joining import join
from service.outlook import look
from service.progress import stages
from service.retention import purge, purgeable
from service.rows import CaseState, ExportState
from service.running_view import show_case, show_cases, show_exports, show_settings, show_status
from service.settings import SETTINGS_VARIABLE, Settings, load_settings
from service.store import Store, address_of
from service.upkeep import backup_database, is_owned, restore_database, upgrade_database

SettingsFile = Annotated[
    Path | None,
    typer.Option("--settings", envvar=SETTINGS_VARIABLE, help="The settings file (TOML). See docs/operations.md."),
]
DONE, REFUSED = 0, 2

outbox = typer.Typer(help="What is on its way to the PACS, and what needs a person.", no_args_is_help=True)
audit = typer.Typer(help="Check the audit trail, or print it for an audit repository.", no_args_is_help=True)
database = typer.Typer(help="Upgrade, back up and restore the database.", no_args_is_help=True)


def status(settings: SettingsFile = None) -> None:
    """Print how many cases stand where, what is worked on, and what needs a person."""
    told = _settings(settings)
    folder = told.storage.folder.absolute()
    with _store(told) as store:
        running = [(case, *stages(Path(case.folder))) for case in store.cases(CaseState.RUNNING)]
        served = "the service runs" if is_owned(folder) else "the service does not run"
        show_status(_console(), look(store, folder, time.time()), running, served)


def cases(
    number: Annotated[int | None, typer.Argument(help="One case, with its history.", show_default=False)] = None,
    state: Annotated[list[CaseState] | None, typer.Option(help="Only in this state; may be given again.")] = None,
    last: Annotated[int, typer.Option(min=1, help="So many, the newest.")] = 50,
    settings: SettingsFile = None,
) -> None:
    """List cases, or show one with all that happened to it."""
    with _store(_settings(settings)) as store:
        if number is None:
            show_cases(_console(), store.cases(*state or ())[-last:])
            return
        known = {case.number: case for case in store.cases()}
        if number not in known:
            raise RequestError(f"there is no case {number}; list them with: needleplan cases")
        show_case(_console(), known[number], store.history(number), store.exports(number))


def join_(
    number: Annotated[int, typer.Argument(metavar="CASE", show_default=False)],
    other: Annotated[int, typer.Argument(metavar="OTHER", help="A case of an earlier scan.", show_default=False)],
    said_by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who says so; stands in the audit trail.")],
    settings: SettingsFile = None,
) -> None:
    """Say that two cases are one patient's, where the identity does not prove it."""
    _console().print(escape(join(_settings(settings), number, other, said_by)))


def choose_(
    number: Annotated[int, typer.Argument(metavar="CASE", show_default=False)],
    volume: Annotated[
        str, typer.Option(metavar="NUMBER", help="Its number, or what tells it apart: 'Acquisition Number=3'.")
    ],
    said_by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who says so; stands in the audit trail.")],
    settings: SettingsFile = None,
) -> None:
    """Say which of several volumes of its series a case is about."""
    _console().print(escape(choose_volume(_settings(settings), number, volume, said_by)))


def settings_(settings: SettingsFile = None) -> None:
    """Check the settings file and print every key with its value."""
    show_settings(_console(), _settings(settings), Settings())


def purge_(
    is_done: Annotated[bool, typer.Option("--do/--dry-run", help="Remove, or only list.")] = False,  # noqa: FBT002 - typer's
    settings: SettingsFile = None,
) -> None:
    """Remove now what its time has passed for; the running service does so by itself every hour."""
    told = _settings(settings)
    with _store(told) as store:
        due = purgeable(store, told, time.time())
        if is_done:
            purge(store, told, due, time.time())
        what = "purged" if is_done else "would be purged"
        _console().print(f"{what}: images of {len(due.images)} cases, results of {len(due.results)}")


@outbox.command("list")
def list_exports(settings: SettingsFile = None) -> None:
    """List what has not arrived."""
    with _store(_settings(settings)) as store:
        waiting = store.exports_in(ExportState.DEAD, ExportState.PENDING, ExportState.UNCONFIRMED)
        show_exports(_console(), waiting)


@outbox.command()
def resend(
    number: Annotated[list[int] | None, typer.Argument(help="Numbers of dead letters.", show_default=False)] = None,
    is_all: Annotated[bool, typer.Option("--all", help="Every dead letter.")] = False,  # noqa: FBT002 - typer's
    settings: SettingsFile = None,
) -> None:
    """Send dead letters again, with all their tries; the running service takes them up at once."""
    if bool(number) == is_all:
        raise RequestError("name dead letters by their numbers (needleplan outbox list), or say --all")
    with _store(_settings(settings)) as store:
        dead = [one.number for one in store.exports_in(ExportState.DEAD)]
        again = store.resend(dead if is_all else number or [], time.time())
    _console().print(f"due again: {', '.join(map(str, again)) or 'none of them is a dead letter'}")
    raise typer.Exit(DONE if again or is_all else REFUSED)


@database.command()
def upgrade(settings: SettingsFile = None) -> None:
    """Bring the database to this version's schema; a copy of the old one is kept (SQLite)."""
    done = upgrade_database(_settings(settings))
    _console().print(escape("\n".join(done) or "nothing to do: the schema is this version's"))


@database.command()
def backup(
    to: Annotated[Path, typer.Argument(help="The copy; must not be there yet.", show_default=False)],
    settings: SettingsFile = None,
) -> None:
    """Copy the rows into one file, while the service runs or not (SQLite)."""
    backup_database(_settings(settings), to)


@database.command()
def restore(
    backup_file: Annotated[Path, typer.Argument(metavar="BACKUP", help="What backup wrote.", show_default=False)],
    settings: SettingsFile = None,
) -> None:
    """Put a copy in the database's place; the service must be stopped (SQLite)."""
    restore_database(_settings(settings), backup_file)


@audit.command()
def check(settings: SettingsFile = None) -> None:
    """Say whether every line of the trail continues the one before."""
    broken = AuditTrail(_trail(settings)).broken_line()
    _console().print("the trail is whole" if broken is None else f"the trail is broken at line {broken}")
    raise typer.Exit(DONE if broken is None else REFUSED)


@audit.command("messages")
def audit_messages(settings: SettingsFile = None) -> None:
    """Print the trail as DICOM audit messages (PS3.15 A.5), one XML message a line."""
    for one in messages(_trail(settings)):
        typer.echo(one)


def _trail(settings: Path | None) -> Path:
    trail = _settings(settings).storage.folder.absolute() / "audit.jsonl"
    if not trail.is_file():
        raise RequestError("there is no audit trail yet; start the service once, or give its --settings")
    return trail


def add_running_commands(app: typer.Typer) -> None:
    """Hang these commands into the command line."""
    app.command(help="Say how the service stands: cases by state, work in progress, exports, space.")(status)
    app.command(
        help=(
            "List the service's cases, or show one with its whole history.\n\n"
            "Example: needleplan cases --state waiting --settings needleplan.toml"
        )
    )(cases)
    app.command(
        "join",
        help=(
            "Join two cases to one patient by hand: the plan of one then shows the signed plans of the other.\n\n"
            "Refused where Patient ID, issuer or birth date contradict. Example: needleplan join 17 9 --by 'A. Weber'"
        ),
    )(join_)
    app.command(
        "choose",
        help=(
            "Say which volume a waiting case is about, where its series holds several at one place.\n\n"
            "[bold]needleplan cases 17[/bold] lists them. Example: needleplan choose 17 --volume 2 --by 'A. Weber'"
        ),
    )(choose_)
    app.command("settings", help="Check the settings and print every key: its value, and its default.")(settings_)
    app.command("purge", help="List, or with [bold]--do[/bold] remove, what is past its time (see retention).")(purge_)
    app.add_typer(outbox, name="outbox")
    app.add_typer(database, name="database")
    app.add_typer(audit, name="audit")


@contextmanager
def _store(settings: Settings) -> Iterator[Store]:
    address = address_of(settings)
    if isinstance(address, Path) and not address.is_file():
        raise RequestError("there is no database yet; start the service once, or give its --settings")
    store = Store(address)
    try:
        yield store
    finally:
        store.close()


def _settings(path: Path | None) -> Settings:
    return load_settings(path, os.environ)


def _console() -> Console:
    """Tables keep their lines where they are read by a program."""
    return Console(width=None if sys.stdout.isatty() else 160)
