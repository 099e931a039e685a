"""A person's signature under the state at hand: the released plan, its DICOM objects, and what they replace.

In: a kept case, its session, who signs and what was read. Out: files in a folder of their own (``signed/1``, ``signed/2``), each
report naming the one before. Refused with open gates, with a warning not ticked, or where the state is not the one that was read.
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np

from dicom_io.identity import content_digest
from dicom_io.report import release_blockers
from dicom_io.signature import ReportReference
from dicom_io.signature import Signature as ReportSignature
from planner.geometry import AnyArray
from planner.plan import Plan, PlanState, TargetPlan
from service.earlier import signed_before
from service.errors import RequestError
from service.results import PlannedSeries, Written, write_labels, write_plan
from service.signed import SIGNED, newest_signed
from service.viewing.answered import answered_gates
from service.viewing.keeping import KEPT, KeptCase
from service.viewing.releasing import checklist_words, release_of
from service.viewing.wish import SignedCase, SignedObject, Wish, mark
from service.watch import Stopwatch
from viz.viewer.session import Session, Signature, Step

EXPORTED = "exported"
INPUTS = "inputs and plan (SHA-256)"
"""Named among the versions of a signed plan."""

NOT_STATED = "not stated"
"""Verifying Organization (0040,A027) must not be empty (PS3.3 C.17.2); ``[viewer] organization`` names it."""

_REPORT = "report.dcm"
_BLOCK = 2**24


class UnsignedError(RequestError):
    """A signature that is not given; the sentence says why."""


class SigningDesk:
    """Signs and writes one case."""

    def __init__(self, folder: Path, case: KeptCase, organization: str = "") -> None:
        self._case, self._organization = case, organization or NOT_STATED
        self._results = folder.parent if folder.name == KEPT else folder
        self._images = ""

    def digest(self, session: Session, person: str) -> str:
        """SHA-256 of images, labels, the plan as it would be signed, and the answers; the same state, the same digest."""
        if not self._images:
            self._images = _digest_of(self._case.volume.voxels, self._case.anatomy.labels.labels)
        facts = self._case.series.facts
        plan = released(session, person)
        return content_digest(self._images, facts.document().model_dump_json(), plan, dict(session.answers))

    def sign(self, session: Session, wish: Wish, now: datetime) -> SignedCase:
        """Write the signed plan; nothing is written where it is refused."""
        digest = self._require_signable(session, wish)
        plan = released(session, wish.person)
        plan = replace(plan, versions={**plan.versions, INPUTS: digest})
        folder = _next(self._results / SIGNED)
        signature = ReportSignature(wish.person, self._organization, now, self._predecessor(session, now))
        written = self._write(
            folder, PlannedSeries(plan, self._case.anatomy, self._case.series, now, signature=signature)
        )
        signature_at_page = Signature(wish.person, now.isoformat(timespec="seconds"), digest)
        return SignedCase(signature_at_page, tuple(SignedObject(o.path, o.sop_instance_uid) for o in written.objects))

    def withdraw(self, digest: str) -> None:
        """The state was changed while it was signed: what was written last under this digest goes again."""
        folder = newest_signed(self._results)
        if folder is not None and digest in (folder / "plan.json").read_text(encoding="utf-8"):
            shutil.rmtree(folder)

    def export_draft(self, session: Session, now: datetime) -> Path:
        """The state at hand as draft files in a new folder."""
        folder = _next(self._results / EXPORTED)
        blockers = release_of(session, "").blockers
        plan = replace(chosen(session.now), release_blockers=blockers, gates=answered_gates(session, ""))
        self._write(folder, PlannedSeries(plan, self._case.anatomy, self._case.series, now))
        write_labels(folder, self._case.anatomy.labels)
        return folder

    def _require_signable(self, session: Session, wish: Wish) -> str:
        source = self._case.series.facts.source
        if source is None:
            raise UnsignedError("the images are no DICOM series: there is no patient to sign for")
        release = release_of(session, wish.person)
        plan = replace(session.now.plan, release_blockers=release.blockers)
        blockers = release_blockers(plan, source)
        if blockers:
            raise UnsignedError(f"{len(blockers)} things keep this plan from release: {' '.join(blockers)}")
        unread = [one for one in release.warnings if mark(one) not in wish.ticked]
        if unread:
            raise UnsignedError(f"{len(unread)} warnings are not ticked: {' '.join(unread)}")
        digest = self.digest(session, wish.person)
        if digest != wish.digest:
            raise UnsignedError("the plan was changed after it was read; read it again, then sign")
        return digest

    def _predecessor(self, session: Session, now: datetime) -> ReportReference:
        """The last signed report, else the draft's; a case planned on the page gets its draft now."""
        earlier = sorted((self._results / SIGNED).glob(f"*/{_REPORT}"), key=lambda path: int(path.parent.name))
        drafts = [self._results / _REPORT, *earlier]
        found = [path for path in drafts if path.is_file()]
        if not found:
            plan = session.now.plan
            self._write(self._results, PlannedSeries(plan, self._case.anatomy, self._case.series, now))
            found = [self._results / _REPORT]
        return ReportReference.of(found[-1])

    def _write(self, folder: Path, planned: PlannedSeries) -> Written:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        before = signed_before(self._results.parent, self._case.series, self._results)
        return write_plan(folder, replace(planned, earlier=before), Stopwatch())


def released(session: Session, person: str) -> Plan:
    """The plan as it stands under a signature: one path to each target, every answer in words."""
    release = release_of(session, person)
    words = (*release.warnings, *checklist_words(session, person))
    gates = answered_gates(session, person)
    return replace(chosen(session.now), state=PlanState.RELEASED, release_blockers=(), warnings=words, gates=gates)


def chosen(step: Step) -> Plan:
    """The plan with one path to each target: the chosen one."""
    targets = tuple(_with_one_path(step, number, target) for number, target in enumerate(step.plan.targets))
    return replace(step.plan, targets=targets, together=(1,) * len(step.plan.together))


def _with_one_path(step: Step, number: int, target: TargetPlan) -> TargetPlan:
    judged = step.chosen_at(number).judged
    return replace(target, trajectories=() if judged is None else (replace(judged.path, rank=1),))


def _digest_of(*arrays: AnyArray) -> str:
    """Of large arrays, a piece at a time: they may lie on disk."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype} {array.shape}".encode())
        flat = array.reshape(-1)
        for start in range(0, len(flat), _BLOCK):
            digest.update(np.ascontiguousarray(flat[start : start + _BLOCK]).tobytes())
    return digest.hexdigest()


def _next(folder: Path) -> Path:
    """The first numbered folder that is not there."""
    taken = [int(one.name) for one in folder.glob("*") if one.name.isdigit()]
    return folder / str(max(taken, default=0) + 1)
