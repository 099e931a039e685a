"""The commands that speak with a hospital's network: fetch, worklist, import, route.

In: what a person types. Out: files, tables and exit codes as in ``cli.py``. No patient name or ID is printed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from dicom_io.query import SeriesQuestion
from service import fetch as fetching
from service.media_import import import_media, show_import
from service.route_explanation import explain
from service.settings import SETTINGS_VARIABLE, Retrieve, Settings, load_settings

DONE, REFUSED = 0, 2

SettingsFile = Annotated[
    Path | None,
    typer.Option("--settings", envvar=SETTINGS_VARIABLE, help="The settings file (TOML). See docs/operations.md."),
]


def fetch(  # noqa: PLR0913, PLR0917 - typer takes options as parameters
    out: Annotated[Path, typer.Option(help="Folder for the images; made if it is not there.")],
    study: Annotated[str, typer.Option(metavar="UID", help="Study Instance UID.")] = "",
    accession: Annotated[str, typer.Option(metavar="NUMBER", help="Accession Number.")] = "",
    series: Annotated[str, typer.Option(metavar="UID", help="Only this series.")] = "",
    patient_id: Annotated[str, typer.Option(metavar="ID", help="Only where the Patient ID is this one.")] = "",
    modality: Annotated[str, typer.Option(help="Only this modality.")] = "",
    source: Annotated[
        str | None, typer.Option("--from", metavar="NAME", help="Which destination of the settings.")
    ] = None,
    way: Annotated[Retrieve | None, typer.Option(help="Else as the settings say for the destination.")] = None,
    settings: SettingsFile = None,
) -> None:
    """Fetch series from a PACS by study or accession number (C-GET, C-MOVE or DICOMweb)."""
    question = SeriesQuestion(study, accession, series, patient_id, modality)
    is_whole = fetching.fetch(_console(), fetching.source_named(_settings(settings), source, way), question, out)
    raise typer.Exit(DONE if is_whole else REFUSED)


def worklist(
    date: Annotated[str | None, typer.Option(metavar="YYYYMMDD", help="Else today.")] = None,
    settings: SettingsFile = None,
) -> None:
    """Show what the worklist orders, and what of it the site's codes make plannable."""
    fetching.worklist(_console(), _settings(settings), date)


def import_(
    medium: Annotated[Path, typer.Argument(metavar="PATH", help="A CD's folder, or a ZIP file.", show_default=False)],
    settings: SettingsFile = None,
) -> None:
    """Import the CT and MR series of a CD, a folder or a ZIP file into the service's storage."""
    show_import(_console(), import_media(medium, _settings(settings)))


def route(
    series: Annotated[
        str, typer.Argument(metavar="SERIES", help="A folder, or the UID of a received series.", show_default=False)
    ],
    is_explained: Annotated[bool, typer.Option("--explain/--brief", help="Every rule, or the answer alone.")] = True,  # noqa: FBT002 - typer's
    calling: Annotated[str, typer.Option("--calling", metavar="AE", help="As if this AE title had sent it.")] = "",
    settings: SettingsFile = None,
) -> None:
    """Say which rule a series falls under, and why each rule before it does not match."""
    explain(_console(), _settings(settings), series, calling, is_brief=not is_explained)


def add_network_commands(app: typer.Typer) -> None:
    """Hang these commands into the command line."""
    app.command(
        help=(
            "Fetch series from a PACS of the settings, by C-GET, C-MOVE or DICOMweb.\n\n"
            "Example: needleplan fetch --accession A4711 --modality CT --out ct/"
        )
    )(fetch)
    app.command(help="Show today's worklist: what is ordered, and what can be planned from its codes.")(worklist)
    app.command(
        "import",
        help=(
            "Import the CT and MR series of a CD's folder or a ZIP file into the service's storage.\n\n"
            "Says what was found, what was skipped and why, and which patient a series joins."
        ),
    )(import_)
    app.command(
        help=(
            "Say which rule of the settings a series falls under, and why the others do not match.\n\n"
            "Example: needleplan route --explain ct/ --settings needleplan.toml"
        )
    )(route)


def _settings(path: Path | None) -> Settings:
    return load_settings(path, os.environ)


def _console() -> Console:
    """Tables keep their lines where they are read by a program."""
    return Console(width=None if sys.stdout.isatty() else 160)
