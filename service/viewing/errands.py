"""The page's way to what takes seconds: another process is asked, started when it is needed and ended when it has rested.

In: chores. Out: their answers, one at a time. Paths under the hand are judged here, without a detour.
"""

from __future__ import annotations

import contextlib
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

from planner.anatomy.model import Anatomy
from planner.geometry import FloatArray
from planner.plan import Plan
from planner.targets import TargetRequest
from service.viewing.chores import Chore, ChoreError, ChoresEndedError, Refused, Room, Stage, site_of
from service.viewing.correcting import corrected
from service.viewing.keeping import Known
from service.viewing.memory import give_back_memory
from viz.viewer.correction import Correction
from viz.viewer.offer import Offer
from viz.viewer.session import Judged
from viz.viewer.skin import SkinMap

_PROGRAM = "from service.viewing.chores import main; main()"
RESTS_AFTER_S = 45.0
"""Fields of 600 MB are held for the next edit of somebody at work, not for a page that is only looked at; assumed."""


class Errands:
    """One other process, at most."""

    def __init__(self, room: Room) -> None:
        self._room, self.site = room, site_of(room.site_file)
        self._process: subprocess.Popen[bytes] | None = None
        self._hear: Callable[[str], object] = str
        self._asking, self._resting = threading.Lock(), threading.Timer(0.0, self.rest)

    def tell_stages_to(self, hear: Callable[[str], object]) -> None:
        """Who hears what the other process is at."""
        self._hear = hear

    def wake(self) -> None:
        """Start it, without waiting: a hand begins to move."""
        if self._process is None and self._asking.acquire(blocking=False):
            try:
                self._started()
                self._rest_later()
            finally:
                self._asking.release()

    def ask(self, chore: Chore) -> Any:  # noqa: ANN401 - the chore's own answer
        """The answer; a refusal is raised."""
        with self._asking:
            self._resting.cancel()
            try:
                answer = self._answer(chore)
            except (EOFError, OSError, pickle.UnpicklingError):
                self._end()
                raise ChoresEndedError from None
            self._rest_later()
        if isinstance(answer, Refused):
            raise ChoreError(answer.sentence)
        return answer

    def rest(self) -> None:
        """End it, unless it is at work."""
        if self._asking.acquire(blocking=False):
            try:
                self._end()
            finally:
                self._asking.release()

    def _answer(self, chore: Chore) -> object:
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        pickle.dump(chore, process.stdin, pickle.HIGHEST_PROTOCOL)
        process.stdin.flush()
        while isinstance(answer := pickle.load(process.stdout), Stage):  # noqa: S301 - our own child at the other end of the pipe
            self._hear(answer.word)
        return answer

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            program = [sys.executable, "-c", _PROGRAM]
            self._process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603 - our own
            assert self._process.stdin is not None
            pickle.dump(self._room, self._process.stdin, pickle.HIGHEST_PROTOCOL)
            self._process.stdin.flush()
        return self._process

    def _rest_later(self) -> None:
        self._resting.cancel()
        self._resting = threading.Timer(RESTS_AFTER_S, self.rest)
        self._resting.daemon = True
        self._resting.start()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr] # both are pipes
        process.kill()
        process.wait()


class PagePlanning:
    """What the page asks of the planner: a drag is answered at once, all else by the other process."""

    def __init__(self, anatomy: Anatomy, errands: Errands, known: Known) -> None:
        self._found, self._anatomy, self._errands, self._known = anatomy, anatomy, errands, known
        self._corrections: tuple[Correction, ...] = ()
        self._judges: Any = None
        self._making = threading.Lock()

    def prepare(self, plan: Plan, target_index: int) -> None:
        """Make the judge of one target before it is asked."""
        self._judge_of(plan, target_index)
        give_back_memory()

    def judge(self, plan: Plan, target_index: int, entry_mm: FloatArray, target_mm: FloatArray) -> Judged | None:
        """A path from the skin towards a wished entry."""
        self._errands.wake()
        judged: Judged | None = self._judge_of(plan, target_index)(entry_mm, target_mm)
        return judged

    def settle(self, plan: Plan, target_index: int, judged: Judged) -> Judged:
        """The same path with its tolerance."""
        settled: Judged = self._ask("settle", plan, target_index, judged)
        return settled

    def replan(self, plan: Plan, target_index: int, tip_mm: FloatArray) -> Plan:
        """New paths to a moved tip."""
        found: Plan = self._ask("replan", plan, target_index, tip_mm)
        return found

    def apply(self, corrections: tuple[Correction, ...]) -> Anatomy:
        """From now on everything is measured on the anatomy with these corrections."""
        with self._making:
            self._anatomy, self._corrections = corrected(self._found, corrections), corrections
            self._judges = None
        return self._anatomy

    def measured_anew(self, plan: Plan) -> Plan:
        """The plan's paths searched again on the corrected anatomy."""
        found: Plan = self._ask("measured_anew", plan)
        return found

    def skin_map(self, plan: Plan, target_index: int, tip_mm: FloatArray) -> SkinMap:
        """Where on the skin a needle to this tip may enter."""
        found: SkinMap = self._ask("skin_map", plan, target_index, tip_mm)
        return found

    def first_plan(self, procedure_key: str, request: TargetRequest) -> Plan:
        """A plan for a target that a person chose at the page."""
        found: Plan = self._ask("first_plan", procedure_key, request)
        return found

    def offers(self, procedure_key: str) -> tuple[Offer, ...]:
        """The places a procedure may aim at."""
        found: tuple[Offer, ...] = self._ask("offers", procedure_key)
        return found

    def _ask(self, name: str, *arguments: object) -> Any:  # noqa: ANN401 - the chore's own answer
        return self._errands.ask(Chore(name, arguments, self._corrections))

    def _judge_of(self, plan: Plan, target_index: int) -> Any:  # noqa: ANN401 - its module comes late
        from service.viewing.judges import NONE_KNOWN, Judges  # noqa: PLC0415 - only where somebody may edit

        with self._making:
            if self._judges is None:
                known = NONE_KNOWN if self._corrections else self._known  # to find one needs SimpleITK
                self._judges = Judges(self._anatomy, self._errands.site, known)
            judges = self._judges
        return judges.of(plan, target_index)
