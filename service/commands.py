"""What each command does, once its words are understood.

In: typed requests and a console. Out: files, tables, and whether a path was found. Nothing here parses a text.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from planner.procedures import PROCEDURES
from planner.site import PLAIN, Site
from service.brought.reading import Bring, from_files, nothing_brought
from service.brought.tables import NO_MAP, read_map
from service.case import UNANSWERED, plan_case, procedure_named
from service.checklist import read_checklist
from service.demo import REQUEST, sample_series
from service.describe import anatomy_document, plan_document
from service.doctor import examine
from service.documents import schemas
from service.earlier import named_by_hand
from service.earlier_scan import NamedScan, served_by, with_proposals
from service.errors import RequestError
from service.heap import keep_freed_memory
from service.opening import OpenSeries, SeriesChoice, open_chosen
from service.request import NamedAnchor, PlanRequest
from service.scribe import scribe
from service.settings import Settings
from service.show import show_anatomy, show_checks, show_files, show_notes, show_procedures
from service.show_plan import show_plan
from service.stage_views import write_explanation
from service.tools import Beside, looked_away, site_tools
from service.watch import Stopwatch
from viz.viewer.words import Language


@dataclass(frozen=True, slots=True)
class Along:
    """Segmentations that a person brings, and the map of their names."""

    files: tuple[Path, ...] = ()
    names: Path | None = None

    @property
    def bring(self) -> Bring:
        """What gives them to a case."""
        return (
            from_files(self.files, NO_MAP if self.names is None else read_map(self.names))
            if self.files
            else nothing_brought
        )


ALONE = Along()


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What a person adds to a request."""

    answers: Path | None = None
    """The checklist's file; None leaves every gate open."""
    site: Site = PLAIN
    earlier: tuple[Path, ...] = ()
    """Reports or results folders of earlier plans of this patient."""
    along: Along = ALONE
    language: Language = Language.ENGLISH
    """Of the sheet."""
    scan: NamedScan | None = None
    """An earlier scan whose nerves, vessels and plans serve today's."""


def plan(
    console: Console, choice: SeriesChoice, request: PlanRequest, out: Path, options: PlanOptions = PlanOptions()
) -> bool:
    """Plan one request and write everything; whether a path was found."""
    procedure = procedure_named(request.procedure)
    checklist = UNANSWERED if options.answers is None else read_checklist(options.answers, procedure)
    _require_apart(choice.path, out)
    keep_freed_memory()
    with _progress(console) as watch, scribe() as begin:
        series = _open(choice, watch)
        before = tuple(named_by_hand(one, series) for one in options.earlier)
        beside = Beside(lambda _: before, options.language, begin)
        if options.scan is not None:
            scan = options.scan.opened(series)
            beside = replace(
                beside,
                earlier=lambda _: with_proposals(before, out),
                serve=lambda today, anatomy: served_by(scan, today, anatomy, out, watch),
            )
        tools = site_tools(out, watch, datetime.now().astimezone(), beside, bring=options.along.bring)
        planned = plan_case(series, request, tools, checklist, options.site)
    document = plan_document(planned.plan, series.facts, beside.earlier(series))
    show_notes(console, series.facts.notes)
    show_plan(console, document)
    show_notes(console, planned.written.notes)
    show_files(console, out)
    return planned.plan.has_path


def segment(
    console: Console,
    choice: SeriesChoice,
    anchor: NamedAnchor | None,
    out: Path,
    explain: Path | None = None,
    along: Along = ALONE,
) -> None:
    """Find the anatomy and write its three files; ``explain`` is a folder for one picture of each stage."""
    _require_apart(choice.path, out)
    if explain is not None and along.files:
        raise RequestError("--explain shows needleplan's own stages; leave out --explain or --with")
    keep_freed_memory()
    with _progress(console) as watch:
        series = _open(choice, watch)
        look = looked_away if explain is None else partial(write_explanation, explain)
        tools = site_tools(out, watch, datetime.now().astimezone(), look=look, bring=along.bring)
        anatomy = tools.segment(series, anchor)
    show_notes(console, series.facts.notes)
    show_anatomy(console, anatomy_document(anatomy, series.facts, watch.seconds))
    show_files(console, out)


def procedures(console: Console, *, as_json: bool) -> None:
    """List the procedures."""
    show_procedures(console, PROCEDURES.values(), as_json=as_json)


def schema(console: Console) -> None:
    """Print the schemas of the files."""
    console.print_json(data=schemas())


def _require_apart(path: Path, out: Path) -> None:
    images = path if path.is_dir() else path.parent
    if out.resolve() == images.resolve():
        raise RequestError("results would lie among the images; give another folder with --out")


def _open(choice: SeriesChoice, watch: Stopwatch) -> OpenSeries:
    with watch("reading"):
        return open_chosen(choice)


@contextmanager
def _progress(console: Console) -> Iterator[Stopwatch]:
    """A spinner with the stage that runs, where somebody looks; a line per stage elsewhere."""
    if not console.is_terminal:
        yield Stopwatch(lambda stage: console.print(escape(f"... {stage}")))
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting")
        yield Stopwatch(lambda stage: progress.update(task, description=escape(stage)))


def doctor(console: Console, settings: Settings) -> None:
    """Say what is there and what is missing."""
    show_checks(console, examine(settings))


def demo(console: Console, out: Path) -> bool:
    """The main job on the shipped phantom."""
    series = sample_series()
    console.print(
        escape(
            f"needleplan plan {series} --procedure {REQUEST.procedure} --root {REQUEST.where} --side {REQUEST.side} --out {out}"
        ),
        style="bold",
        soft_wrap=True,
    )
    return plan(console, SeriesChoice(series), REQUEST, out)
