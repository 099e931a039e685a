"""The command line: plan, segment, view, user, procedures, schema, serve, doctor, demo; fetch, worklist, import, route.

In: what a person types. Out: results in a folder, a table on the terminal, and an exit code: 0 done, 2 input refused,
3 no safe path. No patient name or ID is ever printed.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from planner.hand.execution import EXECUTIONS
from planner.site import PLAIN
from service import commands
from service.cli_earlier import add_earlier_commands
from service.cli_network import add_network_commands
from service.cli_running import add_running_commands
from service.cli_series import Also, Anchor, ModalityOption, SeriesPath, SeriesUid, VolumeOption
from service.cli_with import EarlierAnchor, EarlierMap, EarlierModality, EarlierScanPath, EarlierWith, NamesMap, With
from service.earlier_scan import NamedScan
from service.edge import at_the_edge
from service.opening import SeriesChoice
from service.request import parse_anchor, parse_request
from service.serving import serve as run_service
from service.settings import SETTINGS_VARIABLE, load_settings
from service.site_file import read_site
from service.view import ViewRequest
from service.view import view as open_view
from service.viewing.roles import Role
from service.viewing.users import put_user
from viz.viewer.words import Language

DONE, NO_SAFE_PATH = 0, 3


class Guidance(StrEnum):
    """``--guidance``; ``planner/hand/execution.py`` says what each means and where its errors come from."""

    FREEHAND = "freehand"
    LASER = "laser"
    ROBOT = "robot"


app = typer.Typer(
    name="needleplan",
    help=(
        "Plans needle paths for CT-guided injections at the spine.\n\n"
        "A CT series in, a ranked set of paths out: with the room each keeps to bone, canal, nerve, vessels, pleura, "
        "kidney and bowel. Every result is a draft for a physician to check. Not a certified medical device.\n\n"
        "Start with: needleplan demo"
    ),
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
)

Out = Annotated[Path, typer.Option(help="Folder for the results; made if it is not there.")]
SettingsFile = Annotated[
    Path | None,
    typer.Option("--settings", envvar=SETTINGS_VARIABLE, help="The settings file (TOML). See docs/operations.md."),
]
SiteFile = Annotated[
    Path | None,
    typer.Option(
        "--site", help="TOML file with the site's own values: reserves, stock, windows ... The plan names each."
    ),
]


@app.command(
    help=(
        "Plan paths to one target and write plan, anatomy, pictures and DICOM objects.\n\n"
        "The place is said once, by [bold]--root L3[/bold] (the nerve root; its foramen is L3/L4), by "
        "[bold]--level L3/L4[/bold], or by [bold]--level @-210[/bold] (the foramen nearest to that LPS z, within "
        "15 mm). The side is the patient's and is never assumed.\n\n"
        "Exit code: 0 a path was found, 2 the input was refused, 3 no path is safe.\n\n"
        "Example: needleplan plan ct/ --procedure prt --root L3 --side left --out plan/"
    )
)
def plan(  # noqa: PLR0913, PLR0917 - typer takes options as parameters
    series: SeriesPath,
    procedure: Annotated[str, typer.Option(help="One of: needleplan procedures.", show_default=False)],
    out: Out,
    side: Annotated[str | None, typer.Option(help="left, right or both, the patient's; never assumed.")] = None,
    root: Annotated[str | None, typer.Option(help="The nerve root, for example L3, or several: L3,L4.")] = None,
    level: Annotated[
        str | None,
        typer.Option(help="Foramen or joint (L3/L4), vertebra (L3) or @Z in LPS mm; or several: L4/L5,L5/S1."),
    ] = None,
    anchor: Anchor = None,
    series_uid: SeriesUid = None,
    modality: ModalityOption = None,
    volume: VolumeOption = "",
    also: Also = None,
    checklist: Annotated[
        Path | None, typer.Option(help="TOML file with the checklist's answers; without it every gate stays open.")
    ] = None,
    guidance: Annotated[
        Guidance | None, typer.Option(help="How the needle will be guided: probabilities and control scans follow it.")
    ] = None,
    margin_growth: Annotated[
        float | None, typer.Option(min=0.0, help="Added to every margin for each mm below the skin [mm/mm].")
    ] = None,
    site: SiteFile = None,
    earlier: Annotated[
        list[Path] | None,
        typer.Option(help="An earlier plan of this patient, to stand beside: its report.dcm or its results folder."),
    ] = None,
    earlier_scan: EarlierScanPath = None,
    earlier_with: EarlierWith = None,
    earlier_map: EarlierMap = None,
    earlier_anchor: EarlierAnchor = None,
    earlier_modality: EarlierModality = None,
    along: With = None,
    names: NamesMap = None,
    language: Annotated[Language, typer.Option(help="Of the sheet for the intervention room.")] = Language.ENGLISH,
) -> None:
    """Plan paths to one target, or to several of one sitting."""
    request = parse_request(procedure, root, level, side, anchor)
    values = PLAIN if site is None else read_site(site)
    values = values if guidance is None else replace(values, guidance=EXECUTIONS[guidance])
    values = values if margin_growth is None else replace(values, margin_growth=margin_growth)
    brought = commands.Along(tuple(along or ()), names)
    drawn = commands.Along(() if earlier_with is None else (earlier_with,), earlier_map)
    then = (
        None
        if earlier_scan is None
        else NamedScan(
            SeriesChoice(earlier_scan, modality=earlier_modality),
            drawn.bring,
            parse_anchor(earlier_anchor),
            tuple(earlier or ()),
        )
    )
    options = commands.PlanOptions(checklist, values, tuple(earlier or ()), brought, language, then)
    found = commands.plan(
        _console(), SeriesChoice(series, series_uid, modality, volume, tuple(also or ())), request, out, options
    )
    raise typer.Exit(DONE if found else NO_SAFE_PATH)


@app.command(
    help=(
        "Find the anatomy alone and write anatomy.json, labels.nii.gz and labels.json.\n\n"
        "Example: needleplan segment ct/ --out anatomy/ --explain stages/"
    )
)
def segment(  # noqa: PLR0913, PLR0917 - typer takes options as parameters
    series: SeriesPath,
    out: Out,
    anchor: Anchor = None,
    series_uid: SeriesUid = None,
    modality: ModalityOption = None,
    volume: VolumeOption = "",
    also: Also = None,
    explain: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="One picture of each stage of the anatomy, with how sure the stage is."),
    ] = None,
    along: With = None,
    names: NamesMap = None,
) -> None:
    """Find the anatomy alone."""
    brought = commands.Along(tuple(along or ()), names)
    choice = SeriesChoice(series, series_uid, modality, volume, tuple(also or ()))
    commands.segment(_console(), choice, parse_anchor(anchor), out, explain, brought)


@app.command(
    help=(
        "Judge and change a plan in the browser: slices, needle plane, 3D, clearances, edits.\n\n"
        "Takes a results folder of [bold]plan --out[/bold], or a series, which is segmented and then waits for its target. "
        "Only this machine can open it, by an address that works once; Ctrl-C ends it.\n\n"
        "Example: needleplan view plan/"
    )
)
def view(  # noqa: PLR0913, PLR0917 - typer takes options as parameters
    case: Annotated[Path, typer.Argument(metavar="CASE", help="A results folder, or a series.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option(help="Where a series' results are kept; else they are gone after.")
    ] = None,
    anchor: Anchor = None,
    series_uid: SeriesUid = None,
    port: Annotated[int, typer.Option(help="On loopback; 0: any free one.")] = 0,
    language: Annotated[Language, typer.Option(help="Of the page; it can be switched there.")] = Language.GERMAN,
    browser: Annotated[bool, typer.Option(help="Open this machine's browser.")] = True,
) -> None:
    """Open the radiologist's page."""
    request = ViewRequest(case, series_uid, parse_anchor(anchor), out, port, str(language), browser)
    open_view(_console(), request)


@app.command(help="List the procedures that can be planned, with needles, windows and their sources.")
def procedures(
    as_json: Annotated[bool, typer.Option("--json", help="For programs: every value as JSON.")] = False,
) -> None:
    """List the procedures."""
    commands.procedures(_console(), as_json=as_json)


@app.command(help="Print the JSON schemas of plan.json, anatomy.json and labels.json.")
def schema() -> None:
    """Print the schemas."""
    commands.schema(_console())


@app.command(
    help=(
        "Receive series by DICOM, segment each, plan what a rule in the settings names, and send results to the PACS.\n\n"
        "Runs until it is stopped (SIGTERM or Ctrl-C). Closed by default: loopback only, and no sender is allowed until "
        "the settings name it."
    )
)
def serve(settings: SettingsFile = None) -> None:
    """Run the service."""
    run_service(load_settings(settings, os.environ))


@app.command(
    help=(
        "Add or change a person who may log in to the page that [bold]serve[/bold] offers.\n\n"
        "Roles: viewer (reads), planner (changes), admin. The password is asked for.\n\n"
        "Example: needleplan user ada --role planner --settings needleplan.toml"
    )
)
def user(
    name: Annotated[str, typer.Argument(help="The login name.", show_default=False)],
    role: Annotated[Role, typer.Option(help="What the person may do.", show_default=False)],
    person: Annotated[
        str, typer.Option(help="Who signs, as DICOM writes names: Family^Given. Left out: the login name signs.")
    ] = "",
    settings: SettingsFile = None,
) -> None:
    """Add or change a person."""
    password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    put_user(load_settings(settings, os.environ), name, role, password, person)
    _console().print(escape(f"{name} may log in as {role}."))


@app.command(help="Say what is installed, reachable and missing, each with the line that installs it.")
def doctor(settings: SettingsFile = None) -> None:
    """Check this machine."""
    commands.doctor(_console(), load_settings(settings, os.environ))


@app.command(help="Run the main job on the small sample series (a made phantom, no patient) and print what it did.")
def demo(out: Out = Path("demo")) -> None:
    """Show what this does."""
    found = commands.demo(_console(), out)
    raise typer.Exit(DONE if found else NO_SAFE_PATH)


add_earlier_commands(app)
add_network_commands(app)
add_running_commands(app)


def _console() -> Console:
    return Console(soft_wrap=not sys.stdout.isatty(), width=None if sys.stdout.isatty() else 160)


def main() -> None:
    """Run one command; a refusal is a sentence and exit code 2, never a traceback."""
    at_the_edge(app)
