"""What is done with one case, in its own process: read, segment, plan, write.

In: a ``CaseJob``. Out: its ``CaseOutcome``, or a refusal.
"""

from __future__ import annotations

from planner.site import PLAIN
from service.case import Tools, plan_case
from service.case_job import CaseJob, CaseOutcome
from service.earlier import signed_before
from service.heap import keep_freed_memory
from service.network import second_opinion
from service.opening import OpenSeries, open_series
from service.progress import telling
from service.request import PlanRequest
from service.scribe import Begin, scribe, when_asked
from service.site_file import read_site
from service.stacks_beside import with_study
from service.tools import Beside, Judge, believed, site_tools
from service.watch import Stopwatch


def worked(job: CaseJob) -> CaseOutcome:
    """Segment always; plan what was asked for."""
    keep_freed_memory()
    if job.request is None:
        tools, series = _opened(job, when_asked)
        anatomy = tools.segment(series, job.anchor)
        return CaseOutcome(f"segmented, {len(anatomy.vertebrae)} vertebrae", is_planned=False, objects=())
    with scribe() as begin:
        return _planned(job, job.request, begin)


def _opened(job: CaseJob, begin: Begin) -> tuple[Tools, OpenSeries]:
    watch = Stopwatch(telling(job.out))
    with watch("reading"):
        series = with_study(open_series(job.folder, job.series_uid, job.volume), job.beside)
    beside = Beside(
        lambda one: signed_before(job.out.parent, one, job.out, job.joined), job.language, begin, _judge(job)
    )
    return site_tools(job.out, watch, job.opened_at, beside, bring=job.bringing.bring), series


def _judge(job: CaseJob) -> Judge:
    return second_opinion if job.bringing.second_opinion else believed


def _planned(job: CaseJob, request: PlanRequest, begin: Begin) -> CaseOutcome:
    tools, series = _opened(job, begin)
    site = PLAIN if job.site_file is None else read_site(job.site_file)
    planned = plan_case(series, request, tools, site=site)
    paths = sum(len(target.trajectories) for target in planned.plan.targets)
    words = f"{request}: {paths} paths" if planned.plan.has_path else f"{request}: no safe path"
    return CaseOutcome(words, is_planned=True, objects=planned.written.objects)
