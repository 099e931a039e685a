"""``needleplan route``: why a series falls under a rule.

In: settings and a series (a folder, or the UID of a received one). Out: a table of the rules in their order. Fields are
named; what the series holds in them is not printed.
"""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dicom_io.series import find_series
from service.arrivals import NO_TAGS, Arrivals, tags_of_candidate
from service.errors import RequestError
from service.routing import DEFAULT_RULES, SeriesTags, route
from service.settings import Settings
from service.store import Store, address_of


def explain(console: Console, settings: Settings, series: str, calling_ae_title: str, *, is_brief: bool) -> None:
    """Print the rule that wins, and unless brief what became of each rule."""
    rules = (*settings.rules, *DEFAULT_RULES)
    found = route(rules, tags_of(settings, series, calling_ae_title))
    if not is_brief:
        table = Table("", "rule", "does", "why")
        for number, rule in enumerate(rules):
            table.add_row(str(number + 1), escape(rule.name), str(rule.action), escape(_why(number, found.passed_over)))
        console.print(table)
    volume = f", volume {found.volume} where there are several" if found.volume else ""
    console.print(escape(f"{found.action}: {found.why}{volume}"), style="bold")


def tags_of(settings: Settings, series: str, calling_ae_title: str) -> SeriesTags:
    """What the rules would match on."""
    place = Path(series)
    if place.exists():
        found = find_series(place)
        if len(found) != 1:
            raise RequestError(f"{len(found)} series lie there; give the folder of one")
        return tags_of_candidate(found[0], calling_ae_title)
    folder = settings.storage.folder.absolute()
    if not (folder / "received" / "series" / series).is_dir():
        raise RequestError("there is no such folder, and no series of this UID was received")
    store = Store(address_of(settings))
    try:
        tags = Arrivals(folder / "received", store).tags_of(series)
    finally:
        store.close()
    if tags == NO_TAGS:
        raise RequestError("the series holds no CT or MR image")
    return tags


def _why(number: int, passed_over: tuple[str, ...]) -> str:
    if number < len(passed_over):
        return passed_over[number].rpartition(": ")[2]
    return "matches: the first match wins" if number == len(passed_over) else "not looked at"
