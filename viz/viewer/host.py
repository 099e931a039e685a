"""What the page is given by whoever opens it: identity, the planner's answers, where steps are kept, what may be chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from viz.viewer import facts
from viz.viewer.offer import Offer
from viz.viewer.opencase import Planning
from viz.viewer.release import Signing
from viz.viewer.session import Session
from viz.viewer.words import Language


@dataclass(frozen=True, slots=True)
class Choice:
    """What may be chosen where a case waits for its target: keys with words."""

    procedures: tuple[tuple[str, str], ...] = ()
    doubts: tuple[str, ...] = ()
    """Keys of ``words``: what a person must confirm."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A plan that was made before for the same patient: on which day, of what, what says that it is the same patient, a line a target."""

    date: str
    title: str
    joined_by: str
    targets: tuple[str, ...]


Hear = Callable[[str], None]


@dataclass(frozen=True, slots=True, eq=False)
class Host:
    """What the page is given by whoever opens it."""

    identity: facts.Identity
    places: facts.Places
    planning: Planning
    first_plan: Callable[[str, Offer], Session]
    """A procedure's key and a place, chosen and checked by a person."""
    keep: Callable[[Session], None]
    """Called after every step, so that nothing is lost where a process ends."""
    choice: Choice = field(default_factory=Choice)
    offers: Callable[[str], tuple[Offer, ...]] = lambda _procedure: ()
    """Places for a procedure's key; seconds."""
    language: Language = Language.GERMAN
    is_read_only: bool = False
    signing: Signing = field(default_factory=Signing)
    earlier: tuple[Earlier, ...] = ()
    listen: Callable[[Hear], None] = lambda _hear: None
    """Who hears which stage long work is in: a key of ``words``, from any thread."""
    german: Callable[[str], str] = str
    """A sentence or name of the planner's in German."""
    about_s: Callable[[str], float | None] = lambda _word: None
    """How long work of a name usually takes on this machine [s]; None where it was never done."""
    took: Callable[[str, float], None] = lambda _word, _seconds: None
    """Told how long work took."""
    rested: Callable[[], None] = lambda: None
    """Called where nobody has moved anything for some seconds."""

    def says(self, language: Language) -> Callable[[str], str]:
        """How the planner's own words are said in a language."""
        return str if language is Language.ENGLISH else self.german
