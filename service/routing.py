"""Which rule a series falls under, and why; the first match wins.

In: the rules and what the series says of itself. Out: a ``Route`` with the reason in words. Reasons name fields, never
their values in the series, since those may be patient data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from service.request import PlanRequest
from service.settings import Action, Match, Rule

PLANNED_PRIORITY = 5
"""Of 0 to 9; assumed: a site says otherwise in its rules."""

NO_TARGET_CHOSEN = "no target chosen"


@dataclass(frozen=True, slots=True)
class SeriesTags:
    """What rules can match on; empty where the images do not say."""

    modality: str
    body_part: str
    series_description: str = field(repr=False)
    requested_procedure: str = field(repr=False)
    calling_ae_title: str
    study_uid: str
    accession_number: str = field(repr=False)
    patient_id: str = field(repr=False)
    issuer_of_patient_id: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Route:
    """What to do with one series, by which rule, and why each rule before did not match."""

    action: Action
    rule: Rule | None
    why: str
    passed_over: tuple[str, ...]
    request: PlanRequest | None = None
    """What is to be planned; None where nothing is."""

    ordered_priority: int | None = None
    """What the order says of its urgency; None without an order."""

    ordered_volume: str = ""
    """Which of several volumes of the series the order means."""

    @property
    def volume(self) -> str:
        """Which of several volumes of the series is meant, by the rule, else by the order; empty where neither says."""
        return (self.rule.volume if self.rule is not None else "") or self.ordered_volume

    @property
    def priority(self) -> int:
        """What the rule says, else the order; else what is to be planned goes before what is only segmented."""
        if self.rule is not None and self.rule.priority is not None:
            return self.rule.priority
        if self.ordered_priority is not None:
            return self.ordered_priority
        return PLANNED_PRIORITY if self.action is Action.PLAN else 0


DEFAULT_RULES = (
    Rule(name="default: MR only where a rule of the site names it", action=Action.IGNORE, match=Match(modality="MR")),
    Rule(
        name="default: no spine in view",
        action=Action.IGNORE,
        match=Match(
            body_part=(
                "ANKLE", "ARM", "BRAIN", "BREAST", "ELBOW", "FINGER", "FOOT", "FOREARM", "HAND", "HEAD",
                "JAW", "KNEE", "LEG", "ORBIT", "SINUS", "SKULL", "TIBIA", "TMJOINT", "TOE", "WRIST",
            )
        ),
    ),
    Rule(name="default: find the anatomy of every other CT", action=Action.SEGMENT, match=Match(modality="CT")),
)  # fmt: skip
"""After the site's own rules. Body parts are terms of PS3.16 annex L; absent ones are segmented."""


def route(rules: Sequence[Rule], tags: SeriesTags) -> Route:
    """The first rule that matches; without one, segment and wait for a person to choose a target."""
    passed_over: list[str] = []
    for rule in rules:
        differing = _differing(rule.match, tags)
        if not differing:
            why = f"rule {rule.name!r} matches {_fields(rule.match)}"
            request = rule.request() if rule.action is Action.PLAN else None
            return Route(rule.action, rule, why, tuple(passed_over), request)
        passed_over.append(f"rule {rule.name!r}: {', '.join(differing)} differ{'s' if len(differing) == 1 else ''}")
    return Route(Action.SEGMENT, None, f"{NO_TARGET_CHOSEN}: no rule matches", tuple(passed_over))


def _fields(match: Match) -> str:
    return ", ".join(match.given) or "every series"


def _differing(match: Match, tags: SeriesTags) -> list[str]:
    return [name for name, wanted in match.given.items() if not _agrees(name, wanted, tags)]


def _agrees(name: str, wanted: str | tuple[str, ...], tags: SeriesTags) -> bool:
    if isinstance(wanted, tuple):
        return any(_agrees(name, one, tags) for one in wanted)
    if name == "series_description_contains":
        return wanted.casefold() in tags.series_description.casefold()
    found: str = getattr(tags, name)
    return found.strip() == wanted.strip() if name in _EXACT else found.strip().casefold() == wanted.strip().casefold()


_EXACT = frozenset({"study_uid", "accession_number", "patient_id", "calling_ae_title"})
"""Identities compare with their case."""
