"""A kept case becomes a page: identity, slices, planning and the session kept on disk.

In: the folder of a kept case, who opens it. Out: a ``Page``, and answers to what the front asks of it. The session is written after every step (``session/``), so that a
process that ends takes nothing with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from planner.geometry import FloatArray
from planner.position import reconcile
from planner.procedures import PROCEDURES
from planner.structures import SpineLevel
from planner.targets import SURE_NAME, TargetRequest
from service.german import in_german
from service.series_facts import SeriesFacts
from service.viewing.before import earlier_plans
from service.viewing.chores import Chore, ChoreError, Room
from service.viewing.errands import Errands, PagePlanning
from service.viewing.job import Job
from service.viewing.keeping import KeptCase, KeptSession, keep_session, open_kept, open_session, open_targets
from service.viewing.memory import give_back_memory, let_go
from service.viewing.registered import open_registered
from service.viewing.releasing import release_of, seen_on_the_image
from service.viewing.took import Took, took_file
from service.viewing.wish import SignedCase, Wish, mark
from viz.viewer.desk import Desk
from viz.viewer.facts import Identity
from viz.viewer.host import Choice, Host
from viz.viewer.offer import Offer
from viz.viewer.opencase import OpenCase
from viz.viewer.page import Page
from viz.viewer.release import Signing
from viz.viewer.screen import Canvas
from viz.viewer.session import Session, first_path
from viz.viewer.words import Language


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A page and who writes what is signed on it."""

    page: Page
    errands: Errands
    job: Job

    async def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """What the front asks while the page is open; on the page's own thread, which stays free meanwhile."""
        return await {"sign": self._sign, "tell": self._tell, "exported": self._exported}[str(question["ask"])](
            question
        )

    async def _sign(self, question: dict[str, Any]) -> dict[str, Any]:
        session = self.page.desk.session
        if session is None or self.job.is_read_only:
            return {"refused": "there is nothing to sign"}
        wish = Wish(self.job.person, str(question["digest"]), tuple(map(str, question["ticked"])))
        try:
            signed: SignedCase = await asyncio.to_thread(self.errands.ask, Chore("sign", (session, wish)))
        except ChoreError as refusal:
            return self._refused(str(refusal))
        if self.page.desk.session is not session:
            await asyncio.to_thread(self.errands.ask, Chore("withdraw", (signed.signature.digest,)))
            return self._refused(self.page.say("changed_meanwhile"))
        self.page.signed(signed.signature)
        objects = [[str(one.path), one.sop_instance_uid] for one in signed.objects]
        return {"digest": signed.signature.digest, "objects": objects}

    def _refused(self, sentence: str) -> dict[str, Any]:
        self.page.tell(sentence)
        return {"refused": sentence}

    async def _tell(self, question: dict[str, Any]) -> dict[str, Any]:
        self.page.tell(self.page.say(str(question["word"])))
        return {}

    async def _exported(self, question: dict[str, Any]) -> dict[str, Any]:
        self.page.exported(str(question["state"]))
        return {}


def open_page(folder: Path, job: Job, canvas: Canvas | None = None) -> Opened:
    """The page of a kept case, with the session as it was left; drawn on a canvas that is warm, or on a new one."""
    case = open_kept(folder)
    errands = Errands(Room(folder, Path(job.site_file) if job.site_file else None, job.organization))
    planning = PagePlanning(case.anatomy, errands, open_targets(folder))
    session = _session(folder, case)
    pose = reconcile(case.series.patient_position, case.anatomy.lie).pose
    anatomy = case.anatomy if session is None else planning.apply(session.now.corrections)
    words = _slice_words(case.series.facts)
    opened = OpenCase(
        case.volume,
        anatomy,
        pose,
        words,
        open_registered(folder, case.volume.geometry.frame_of_reference_uid),
        may_edit=not job.is_read_only,
    )
    desk, took = Desk(opened, session, planning, canvas), Took(took_file())
    host = Host(
        identity=identity_of(case.series.facts),
        places=_places(case.series.facts),
        planning=planning,
        first_plan=lambda key, offer: _first_session(planning, key, offer),
        keep=_keeper(folder, is_read_only=job.is_read_only),
        choice=_choice(case),
        offers=planning.offers,
        language=Language(job.language),
        is_read_only=job.is_read_only,
        signing=_signing(errands, job),
        earlier=earlier_plans(folder),
        listen=errands.tell_stages_to,
        german=in_german,
        about_s=took.about_s,
        took=took.add,
        rested=lambda: _rest(desk),
    )
    give_back_memory()
    return Opened(Page(desk, host), errands, job)


def _rest(desk: Desk) -> None:
    """What is looked at is mapped again; what was made meanwhile goes back."""
    anatomy = desk.case.anatomy
    let_go(desk.case.volume.voxels, anatomy.labels.labels, anatomy.surroundings.labels)
    give_back_memory()


def _first_session(planning: PagePlanning, key: str, offer: Offer) -> Session:
    plan = planning.first_plan(key, TargetRequest(offer.side, level=offer.level))
    return replace(Session.opened(plan), answers=seen_on_the_image(plan))


def _signing(errands: Errands, job: Job) -> Signing:
    def digest(session: Session) -> str:
        return str(errands.ask(Chore("digest", (session, job.person))))

    def export_draft(session: Session) -> str:
        return str(errands.ask(Chore("export_draft", (session,))))

    return Signing(
        releasing=lambda session: release_of(session, job.person),
        digest=digest,
        mark=mark,
        export_draft=export_draft,
        form_token=job.form_token,
    )


def identity_of(facts: SeriesFacts) -> Identity:
    """Whose images, in one line each."""
    source = facts.source
    if source is None:
        return Identity("", "")
    patient, study = source.patient, source.study
    name = (patient.name or "no name").replace("^", ", ")
    identity = f"{name} · ID {patient.patient_id or '-'} · * {_date(patient.birth_date)}"
    study_words = f"{_date(study.study_date)} · Acc {study.accession_number or '-'}"
    return Identity(identity, study_words, str(source.series_number or "-"))


def _date(text: str) -> str:
    """A DICOM date with hyphens; a question mark where there is none."""
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if len(text) == _DATE_LENGTH else text or "?"


def _session(folder: Path, case: KeptCase) -> Session | None:
    kept = open_session(folder)
    if kept is not None:
        return Session(kept.now, kept.past, kept.future, kept.signature, kept.answers)
    return None if case.plan is None else Session(first_path(case.plan, 0))


def _keeper(folder: Path, *, is_read_only: bool) -> Callable[[Session], None]:
    def keep(session: Session) -> None:
        if not is_read_only:
            steps = (session.now, session.past[-_KEPT_STEPS:], session.future[:_KEPT_STEPS])
            keep_session(folder, KeptSession(*steps, session.signature, session.answers))

    return keep


_DATE_LENGTH = 8
_KEPT_STEPS = 20
"""Of undo and redo on disk."""


def _slice_words(facts: SeriesFacts) -> Callable[[FloatArray], str]:
    def say(point_mm: FloatArray) -> str:
        found = facts.slice_at(point_mm)
        if found is not None:
            series = f"S{found.series_number} / " if found.series_number else ""
            return f"{series}{found.instance_number or '-'}"
        k = round(float(facts.geometry.indices(point_mm)[0])) + 1
        return f"{k} / {facts.geometry.shape[0]}" if 1 <= k <= facts.geometry.shape[0] else ""

    return say


def _places(facts: SeriesFacts) -> Callable[[FloatArray], tuple[str, str]]:
    def find(point_mm: FloatArray) -> tuple[str, str]:
        found = facts.slice_at(point_mm)
        if found is None:
            return "", ""
        location = "" if found.slice_location_mm is None else f", {found.slice_location_mm:.1f} mm"
        return f"{found.series_number or '-'} / {found.instance_number or '-'}{location}", ""

    return find


def _choice(case: KeptCase) -> Choice:
    anatomy = case.anatomy
    sure = {v.name for v in anatomy.vertebrae if v.name_confidence >= SURE_NAME}
    named = [v.name for v in anatomy.vertebrae if isinstance(v.name, SpineLevel)]
    doubts = [] if set(named) <= sure else ["name_uncertain"]
    if case.series.patient_position is None:
        doubts.append("position_inferred")
    procedures = tuple((key, one.title) for key, one in sorted(PROCEDURES.items()))
    return Choice(procedures, tuple(doubts))
