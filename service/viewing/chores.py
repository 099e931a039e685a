"""What takes seconds on one open case, in a process of its own (``errands`` starts it).

In: a ``Room`` on standard input, then one ``Chore`` after the other, pickled. Out: one answer each. Fields, new plans and what is
signed are made here: the process that draws stays small and quick, and what was taken goes back to the machine when this one ends.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from planner.errors import PlannerError
from planner.site import PLAIN, Site
from viz.viewer.correction import Correction

BESIDE_DRAWING = 5
"""Niceness: pictures come first."""


@dataclass(frozen=True, slots=True)
class Room:
    """The folder of a kept case, and what the site adds."""

    folder: Path
    site_file: Path | None = None
    organization: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Chore:
    """One question: a method of ``CasePlanning`` or ``SigningDesk``, on the anatomy with these corrections."""

    name: str
    arguments: tuple[Any, ...]
    corrections: tuple[Correction, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """The answer that there is none, in a sentence."""

    sentence: str


@dataclass(frozen=True, slots=True)
class Stage:
    """What is done now, before the answer: a key of the page's words."""

    word: str


class ChoreError(PlannerError):
    """Why a question has no answer, in the sentence of who refused it."""


class ChoresEndedError(ChoreError):
    """The process that was asked is gone."""

    def __init__(self) -> None:
        super().__init__("the calculation ended before it was done; nothing was changed, try again")


def site_of(file: Path | None) -> Site:
    """A site's own values; none where there is no file."""
    if file is None:
        return PLAIN
    from service.site_file import read_site  # noqa: PLC0415 - only where a site has one

    return read_site(file)


class _Worker:
    """Holds the case, its fields, and who signs."""

    def __init__(self, room: Room, tell: Callable[[str], None]) -> None:
        from service.viewing.keeping import open_kept  # noqa: PLC0415 - the process that asks has no need of these
        from service.viewing.planning import CasePlanning  # noqa: PLC0415
        from service.viewing.signing import SigningDesk  # noqa: PLC0415

        tell("stage_opening")
        case = open_kept(room.folder)
        self._planning = CasePlanning(case.series, case.anatomy, site_of(room.site_file), tell)
        self._signing = SigningDesk(room.folder, case, room.organization)
        self._corrections = pickle.dumps(())

    def do(self, chore: Chore) -> object:
        """The answer, or a refusal."""
        from dicom_io.errors import DicomIoError  # noqa: PLC0415
        from service.errors import ServiceError  # noqa: PLC0415

        try:
            if chore.name in {"digest", "sign", "export_draft", "withdraw"}:
                moment = () if chore.name in {"digest", "withdraw"} else (datetime.now().astimezone(),)
                return getattr(self._signing, chore.name)(*chore.arguments, *moment)
            wanted = pickle.dumps(chore.corrections)
            if wanted != self._corrections:
                self._planning.apply(chore.corrections)
                self._corrections = wanted
            return getattr(self._planning, chore.name)(*chore.arguments)
        except (PlannerError, DicomIoError, ServiceError) as refusal:
            return Refused(str(refusal))


def main() -> None:
    """Answer until standard input closes; what libraries print goes to standard error."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    os.nice(BESIDE_DRAWING)
    questions = sys.stdin.buffer

    def say(thing: object) -> None:
        pickle.dump(thing, answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()

    worker = _Worker(_next(questions), lambda word: say(Stage(word)))
    while (chore := _next(questions)) is not None:
        say(worker.do(chore))


def _next(stream: IO[bytes]) -> Any:  # noqa: ANN401 - whatever our parent sends
    """From our own parent alone: nobody else has the other end of the pipe."""
    try:
        return pickle.load(stream)  # noqa: S301
    except EOFError:
        return None
