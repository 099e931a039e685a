"""``needleplan plan --earlier-scan``: an earlier CT or MR serves today's plan with what was drawn, and planned, on it.

In: the earlier scan as a person names it, today's series and its anatomy. Out: the anatomy with the earlier scan's nerves and vessels,
each as uncertain as the registration leaves it; earlier plans with their paths where they would run today. Files go to the results.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from dicom_io.report_reader import read_report
from planner.anatomy.model import Anatomy, NerveRoot, StageWatch
from planner.anatomy.registration.carry import carried_roots
from planner.anatomy.registration.serve import with_earlier
from planner.anatomy.registration.sightings import Sighting, sightings
from planner.anatomy.segment import segment
from service.brought.reading import Bring, nothing_brought
from service.documents import CarriedPathDocument, EarlierPlanDocument
from service.earlier import REPORT
from service.network import shipped_network
from service.opening import OpenSeries, SeriesChoice, open_chosen
from service.registering import REGISTRATION_FILE, EarlierScan, LaidOver, RegistrationDocument, laid_over, same_patient
from service.request import NamedAnchor
from service.viewing.keeping import KEPT
from service.viewing.laying_over import keep_registered, words_of


@dataclass(frozen=True, slots=True)
class NamedScan:
    """An earlier scan as a person names it; nothing is opened yet."""

    choice: SeriesChoice
    bring: Bring = nothing_brought
    anchor: NamedAnchor | None = None
    reports: tuple[Path, ...] = ()
    """Reports or results folders of plans made on it."""

    def opened(self, today: OpenSeries) -> EarlierScan:
        """The scan; another patient's is refused before anything is computed."""
        series = open_chosen(self.choice)
        same_patient(series, today)
        files = (one / REPORT if one.is_dir() else one for one in self.reports)
        frame = series.volume.geometry.frame_of_reference_uid
        made_on_it = tuple(one for one in files if read_report(one).frame_of_reference_uid == frame)
        return EarlierScan(series, self.bring, made_on_it, self.anchor)


def served_by(earlier: EarlierScan, today: OpenSeries, anatomy: Anatomy, out: Path, watch: StageWatch) -> Anatomy:
    """Today's anatomy with what the earlier scan shows; what could not be carried is said, nothing is guessed."""
    laid = laid_over(earlier, today, anatomy, out, watch)
    keep_registered(out / KEPT, earlier.series, laid.found, laid.today, today.volume.geometry)
    found: tuple[Sighting, ...] = ()
    left: tuple[str, ...] = ()
    if laid.drawing is not None:
        with watch("carrying what was drawn"):
            found, left = sightings(laid.drawing, laid.found, laid.today, anatomy.labels.geometry)
    roots, lost = _roots(earlier, laid, watch)
    served = with_earlier(anatomy, found, _source(earlier, laid), roots)
    said = (
        _how_well(earlier, laid),
        *laid.told.warnings,
        *left,
        *lost,
        *(_proposal(path) for path in laid.told.carried),
    )
    return replace(served, warnings=(*served.warnings, *said))


def _roots(earlier: EarlierScan, laid: LaidOver, watch: StageWatch) -> tuple[tuple[NerveRoot, ...], tuple[str, ...]]:
    """Those of the earlier scan's own anatomy; what somebody drew goes before it."""
    if laid.drawing is not None:
        return (), ()
    with watch("nerve roots of the earlier scan"):
        volume = earlier.series.volume
        then = laid.then or segment(volume, earlier.anchor, network=shipped_network())
    return carried_roots(laid.found, then.nerve_roots)


def _how_well(earlier: EarlierScan, laid: LaidOver) -> str:
    """Whose scan it is and how well each vertebra that is used fits: said of every plan that it serves."""
    used = ", ".join(f"{one.level} {one.residual_mm:.1f} mm" for one in laid.told.levels if one.is_usable)
    return f"earlier {words_of(earlier.series)} laid over this one ({laid.told.joined_by}): residual {used}; in the uncertainty of all that it gave"


def _source(earlier: EarlierScan, laid: LaidOver) -> str:
    source = earlier.series.facts.source
    series = "" if source is None else f" series {source.series_instance_uid}"
    drawn = "" if laid.drawing is None else f", drawn by {laid.drawing.source.words}"
    return f"earlier {earlier.series.volume.modality.upper()}{series}{drawn}"


def _proposal(path: CarriedPathDocument) -> str:
    tip = ", ".join(f"{value:.1f}" for value in path.tip_mm)
    return (
        f"Earlier plan, {path.target}: its tip would lie at ({tip}) mm today, carried by {path.level}, known to "
        f"{path.uncertainty_mm:.1f} mm. A proposal: it is not this plan"
    )


def with_proposals(plans: tuple[EarlierPlanDocument, ...], out: Path) -> tuple[EarlierPlanDocument, ...]:
    """Earlier plans with their paths where they would run today, as the registration in the results says."""
    told = RegistrationDocument.model_validate_json((out / REGISTRATION_FILE).read_bytes())
    today = {path.target: path for path in told.carried}
    return tuple(
        plan.model_copy(
            update={
                "targets": [
                    target.model_copy(update={"today": today.get(target.words)}) if target.needle else target
                    for target in plan.targets
                ]
            }
        )
        for plan in plans
    )
