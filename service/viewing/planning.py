"""What the planner answers to a person at the page: judges and plans for one open case.

In: a kept case. Out: ``viz.viewer.opencase.Planning``. Fields around a target are made at the first question and kept.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

from planner.anatomy.model import Anatomy
from planner.geometry import FloatArray
from planner.obstacles import with_roots
from planner.plan import Plan
from planner.planning import Setting, plan_trajectories, prepare
from planner.position import reconcile
from planner.prepared import Prepared
from planner.release.gate_answers import gate_answers
from planner.release.gates import Checklist
from planner.site import PLAIN, Site
from planner.targets import TargetRequest, find_targets
from service.opening import OpenSeries
from service.versions import versions_with
from service.viewing.correcting import corrected
from service.viewing.judges import Judges, own_procedure
from service.viewing.judging import TIP_BY_HAND, JudgeOfTarget, replanned
from service.viewing.memory import give_back_memory
from service.viewing.offers import offers_of
from service.viewing.skin_map import skin_map
from viz.viewer.correction import BY_HAND, Correction
from viz.viewer.offer import Offer
from viz.viewer.session import Judged
from viz.viewer.skin import SkinMap


class CasePlanning:
    """Answers for one case; one thread at a time."""

    def __init__(
        self, series: OpenSeries, anatomy: Anatomy, site: Site = PLAIN, tell: Callable[[str], object] = str
    ) -> None:
        self._series, self._found, self._anatomy, self._site = series, anatomy, anatomy, site
        self._tell = tell
        self._corrections: tuple[Correction, ...] = ()
        self._judges = Judges(anatomy, site)
        self._prepared: tuple[tuple[str, str], Prepared] | None = None
        self._preparing = threading.Lock()
        self._offers: dict[str, tuple[Offer, ...]] = {}

    def offers(self, procedure_key: str) -> tuple[Offer, ...]:
        """The places a procedure may aim at; looked for once."""
        if procedure_key not in self._offers:
            self._offers[procedure_key] = offers_of(
                self._anatomy, own_procedure(procedure_key, self._site, self._anatomy.modality)
            )
        return self._offers[procedure_key]

    def prepare(self, plan: Plan, target_index: int) -> None:
        """Make the judge of one target before it is asked; who only reads needs no fields."""
        self.judge_of(plan, target_index)
        give_back_memory()

    def judge(self, plan: Plan, target_index: int, entry_mm: FloatArray, target_mm: FloatArray) -> Judged | None:
        """A path from the skin towards a wished entry."""
        return self.judge_of(plan, target_index)(entry_mm, target_mm)

    def settle(self, plan: Plan, target_index: int, judged: Judged) -> Judged:
        """The same path with its tolerance."""
        return self.judge_of(plan, target_index).settled(judged, self.prepared_of(plan, target_index))

    def skin_map(self, plan: Plan, target_index: int, tip_mm: FloatArray) -> SkinMap:
        """Where on the skin a needle to this tip may enter, and why not elsewhere."""
        prepared = self.prepared_of(plan, target_index)
        self._tell("stage_skin")
        return skin_map(prepared, tip_mm)

    def replan(self, plan: Plan, target_index: int, tip_mm: FloatArray) -> Plan:
        """New paths to a moved tip."""
        prepared = self.prepared_of(plan, target_index)
        self._tell("stage_search")
        return replanned(plan, target_index, prepared, tip_mm)

    def apply(self, corrections: tuple[Correction, ...]) -> Anatomy:
        """From now on everything is measured on the anatomy as it was found with these corrections."""
        with self._preparing:
            self._anatomy, self._corrections = corrected(self._found, corrections), corrections
            self._judges = Judges(self._anatomy, self._site)
            self._offers.clear()
            self._prepared = None
        return self._anatomy

    def measured_anew(self, plan: Plan) -> Plan:
        """Every target's paths on the anatomy as it is corrected now, and the corrections among the warnings."""
        for index in range(len(plan.targets)):
            by_hand = plan.targets[index].chosen_by.endswith(TIP_BY_HAND)
            tip_mm = plan.targets[index].point_mm if by_hand else None
            prepared = self.prepared_of(plan, index)
            self._tell("stage_search")
            plan = replanned(plan, index, prepared, tip_mm)
        own = (line for line in plan.warnings if not line.startswith(BY_HAND))
        return replace(plan, warnings=(*own, *(one.words for one in self._corrections)))

    def first_plan(self, procedure_key: str, request: TargetRequest) -> Plan:
        """A plan for a target that a person chose at the page."""
        procedure = own_procedure(procedure_key, self._site, self._anatomy.modality)
        scan = reconcile(self._series.patient_position, self._anatomy.lie)
        self._tell("stage_target")
        targets = find_targets(self._anatomy, procedure, request)
        self._tell("stage_search")
        plan = plan_trajectories(self._anatomy, targets, procedure, scan, versions_with(self._anatomy), self._site)
        blockers = (*plan.release_blockers, *self._series.facts.release_blockers)
        gates = gate_answers(procedure, Checklist(), targets)
        return replace(plan, release_blockers=blockers, gates=gates, volume_ml=procedure.volume_ml)

    def judge_of(self, plan: Plan, target_index: int) -> JudgeOfTarget:
        """The judge of one target; made once."""
        return self._judges.of(plan, target_index)

    def prepared_of(self, plan: Plan, target_index: int) -> Prepared:
        """The fields around one target; made once, those of the last target only: they are large."""
        judge = self.judge_of(plan, target_index)
        with self._preparing:
            key = (plan.procedure, plan.targets[target_index].words)
            if self._prepared is None or self._prepared[0] != key:
                self._tell("stage_fields")
                situation = judge.situation
                shared = (situation.anatomy, with_roots(situation.anatomy), situation.procedure, situation.is_rehearsal)
                setting = Setting(*shared, self._site)
                self._prepared = key, prepare(setting, situation.target)
                give_back_memory()
            return self._prepared[1]
