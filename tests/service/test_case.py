"""One case with a site's own values, on a made patient whose anatomy is known."""

import pytest

from planner.anatomy.model import Anatomy
from planner.hand.execution import ROBOT, measured_by_site
from planner.plan import Plan
from planner.site import Site
from planner.structures import Side
from planner.volume import Volume
from sample_data.parameters import PhantomParameters
from sample_data.phantom import make_phantom
from service.case import PlannedCase, Tools, plan_case
from service.opening import OpenSeries
from service.request import NamedRoot, PlanRequest
from service.results import Written
from service.series_facts import SeriesFacts

PHANTOM = make_phantom(
    PhantomParameters(spacing_mm=(1.6, 1.0, 1.0), field_of_view_mm=(90.0, 140.0, 200.0), center_mm=(30.0, 60.0, -40.0))
)


def planned(site: Site) -> PlannedCase:
    """The hospital's own segmentation: the phantom's truth."""
    anatomy = PHANTOM.anatomy()

    def publish(_plan: Plan, _anatomy: Anatomy, _series: OpenSeries) -> Written:
        return Written(())

    def segment(*_: object) -> Anatomy:
        return anatomy

    volume: Volume = PHANTOM.volume
    series = OpenSeries(volume, SeriesFacts(volume.geometry, None, ()))
    return plan_case(series, PlanRequest("prt", NamedRoot("L4"), Side.LEFT), Tools(segment, publish), site=site)


@pytest.mark.slow
def test_a_site_s_guidance_and_hardening_reach_every_path_and_are_named() -> None:
    plan = planned(Site(guidance=measured_by_site(ROBOT, 1.0), margin_growth=0.01)).plan
    (target,) = plan.targets
    assert target.trajectories
    for path in target.trajectories:
        assert path.risk is not None
        assert path.risk.guidance == "robot, as measured by the site"
        assert "1 mm" in path.risk.source
        for row in path.clearances:
            if not row.exempt_mm and row.margin_mm:
                assert row.margin_mm > row.uncertainty_mm + 0.01 * row.depth_mm - 1e-6
    assert any("grow" in value for value in plan.site_values)
