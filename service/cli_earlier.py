"""The command that lays an earlier scan over today's: register.

In: what a person types. Out: files, a table and exit codes as in ``cli.py``. No patient name or ID is printed.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from service.cli_with import NamesMap, With
from service.commands import Along
from service.opening import open_series
from service.registering import EarlierScan, RegistrationDocument, lay_over
from service.request import parse_anchor
from service.watch import Stopwatch


def register(  # noqa: PLR0913, PLR0917 - typer takes options as parameters
    earlier: Annotated[Path, typer.Argument(metavar="EARLIER", help="The earlier CT or MR.", show_default=False)],
    today: Annotated[Path, typer.Argument(metavar="TODAY", help="Today's CT.", show_default=False)],
    out: Annotated[Path, typer.Option(help="Folder for the results; made if it is not there.")],
    plan: Annotated[
        Path | None,
        typer.Option(metavar="REPORT.dcm", help="A plan made on the earlier scan, to be carried over as a proposal."),
    ] = None,
    anchor: Annotated[
        str | None,
        typer.Option(
            metavar="LEVEL@Z",
            help="Name one vertebra of the earlier scan by the LPS z [mm] of its body; an MR needs it.",
        ),
    ] = None,
    along: With = None,
    names: NamesMap = None,
) -> None:
    """Lay an earlier scan of the same patient over today's CT, vertebra by vertebra."""
    console = Console(width=None if sys.stdout.isatty() else 160)
    bring = Along(tuple(along or ()), names).bring
    scan = EarlierScan(open_series(earlier), bring, () if plan is None else (plan,), parse_anchor(anchor))
    watch = Stopwatch(lambda stage: console.print(escape(f"... {stage}")))
    show_registration(console, lay_over(scan, open_series(today), out, watch))


def show_registration(console: Console, told: RegistrationDocument) -> None:
    """The residual of each level, what was carried, what was not."""
    table = Table("level", "residual", "used")
    for level in told.levels:
        table.add_row(level.level, f"{level.residual_mm:.1f} mm", "yes" if level.is_usable else "NO")
    console.print(table)
    console.print(escape(f"Same patient: {told.joined_by}"))
    for path in told.carried:
        console.print(
            escape(
                f"Proposal for {path.target}: carried by {path.level}, uncertain by {path.uncertainty_mm:.1f} mm; plan it anew"
            )
        )
    for sentence in told.warnings:
        console.print(escape(f"! {sentence}"))


def add_earlier_commands(app: typer.Typer) -> None:
    """Hang this command into the command line."""
    app.command(
        help=(
            "Lay an earlier scan of the same patient over today's CT, vertebra by vertebra, with a measured residual.\n\n"
            "An MR needs one level named (--anchor), or its levels drawn (--with, --map).\n\n"
            "Example: needleplan register mr/ ct/ --anchor L4@-210 --out registered/"
        )
    )(register)
