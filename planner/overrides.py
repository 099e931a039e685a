"""A site's own values in a procedure: checked, put in place, and said.

In: a procedure, what a site changes. Out: the procedure with those values and one sentence for each in ``site_values``, or a
refusal with the sentence that helps. Lengths in mm, angles in degrees.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import isfinite

from planner.errors import OverrideError
from planner.obstacles import BONES
from planner.procedure import Approach, Needle, Procedure, StructureRole
from planner.structures import Role, Structure

LARGEST_RESERVE_MM = 30.0
"""More leaves no way to any target beside a spine; assumed."""

LARGEST_VOLUME_ML = 60.0
"""Above the largest published one (celiac, 50 ml, apicareonline); assumed."""

OUTER_DIAMETER_MM: Mapping[int, tuple[float, float]] = {
    17: (1.40, 1.51),
    18: (1.20, 1.30),
    19: (1.03, 1.10),
    20: (0.86, 0.92),
    21: (0.80, 0.83),
    22: (0.69, 0.73),
    23: (0.60, 0.68),
    24: (0.55, 0.58),
    25: (0.50, 0.53),
    26: (0.44, 0.47),
    27: (0.40, 0.42),
}
"""Of needle tubing, mm; assumed: ISO 9626's own table was not read. The nominal diameters of the gauge chart at
en.wikipedia.org/wiki/Needle_gauge_comparison_chart lie inside."""

MAY_BE_CROSSED = (Structure.DISC, Structure.LIVER, Structure.PSOAS, Structure.CRUS, Structure.MUSCLE)
"""Structures with a published path through them (disc: koreamed 1159496; liver: wprim 8426); any other stays as it is."""


@dataclass(frozen=True, slots=True)
class Window:
    """An approach's window; what is None stays."""

    obliquity_deg: tuple[float, float] | None = None
    tilt_deg: tuple[float, float] | None = None
    preferred_obliquity_deg: float | None = None
    preferred_tilt_deg: float | None = None


@dataclass(frozen=True, slots=True)
class Crossing:
    """A structure that this site's needles cross on purpose, why, and up to which needle."""

    reason: str
    largest_outer_diameter_mm: float


@dataclass(frozen=True, slots=True)
class Overrides:
    """What a site changes in one procedure, or in all; empty: nothing."""

    reserves_mm: Mapping[Structure, float] = field(default_factory=dict)
    crossings: Mapping[Structure, Crossing] = field(default_factory=dict)
    windows: Mapping[str, Window] = field(default_factory=dict)
    """By the approach's name."""
    needles: tuple[Needle, ...] = ()
    """The stock, in the order of preference; empty: the procedure's own."""
    volume_ml: tuple[float, float] | None = None
    hub_reserve_mm: float | None = None


def overridden(procedure: Procedure, own: Overrides) -> Procedure:
    """The procedure with the site's values; its ``site_values`` name each that differs from the default."""
    changed = replace(
        procedure,
        needles=_needles(procedure, own),
        approaches=_approaches(procedure, own),
        volume_ml=_volume(procedure, own),
        hub_reserve_mm=_hub_reserve(procedure, own),
    )
    changed = replace(changed, roles=_roles(changed, own))
    _require_reach(changed)
    return replace(changed, site_values=(*procedure.site_values, *_differences(procedure, changed, own)))


def _refuse(procedure: Procedure, what: str, given: object, allowed: str) -> OverrideError:
    return OverrideError(f"{procedure.key}: {what}", str(given), allowed)


def _roles(procedure: Procedure, own: Overrides) -> Mapping[Structure, StructureRole]:
    roles = dict(procedure.roles)
    for structure, reserve_mm in own.reserves_mm.items():
        _check_reserve(procedure, structure, reserve_mm)
        for one, role in procedure.roles.items():
            if one is structure or role.reserve_is_for is structure:
                roles[one] = replace(role, reserve_mm=reserve_mm, source="the site's own value")
    for structure, crossing in own.crossings.items():
        _check_crossing(procedure, structure, crossing)
        roles[structure] = StructureRole(
            Role.TRAVERSABLE, 0.0, crossing.reason, largest_gauge_mm=crossing.largest_outer_diameter_mm
        )
    return roles


def _check_reserve(procedure: Procedure, structure: Structure, reserve_mm: float) -> None:
    what = f"reserve of {structure.words}"
    if structure in BONES and structure is not Structure.BONE:
        raise _refuse(procedure, what, reserve_mm, "all bone has one reserve: write bone")
    role = procedure.roles.get(structure)
    if role is None or role.role is Role.TRAVERSABLE:
        raise _refuse(procedure, what, reserve_mm, f"a needle crosses {structure.words}; only what it avoids has one")
    if not (isfinite(reserve_mm) and 0.0 <= reserve_mm <= LARGEST_RESERVE_MM):
        raise _refuse(procedure, what, f"{reserve_mm:g} mm", f"0 to {LARGEST_RESERVE_MM:g} mm")


def _check_crossing(procedure: Procedure, structure: Structure, crossing: Crossing) -> None:
    what = f"crossing of {structure.words}"
    if structure not in MAY_BE_CROSSED:
        valid = ", ".join(s.words for s in MAY_BE_CROSSED)
        raise _refuse(
            procedure, what, crossing.reason or "no reason", f"it stays forbidden; only {valid} may be crossed"
        )
    if not crossing.reason.strip():
        raise _refuse(procedure, what, "no reason", "a reason in words, which every plan shows")
    thickest = max(needle.outer_diameter_mm for needle in procedure.needles)
    if not crossing.largest_outer_diameter_mm >= thickest:
        given = f"up to {crossing.largest_outer_diameter_mm:g} mm"
        raise _refuse(procedure, what, given, f"the stock has {thickest:g} mm; leave thicker needles out of it")


def _approaches(procedure: Procedure, own: Overrides) -> tuple[Approach, ...]:
    names = [approach.name for approach in procedure.approaches]
    for name in own.windows:
        if name not in names:
            raise _refuse(procedure, "window", name, "one of: " + "; ".join(names))
    return tuple(
        _windowed(procedure, approach, own.windows[approach.name]) if approach.name in own.windows else approach
        for approach in procedure.approaches
    )


def _windowed(procedure: Procedure, approach: Approach, window: Window) -> Approach:
    obliquity, tilt = window.obliquity_deg or approach.obliquity_deg, window.tilt_deg or approach.tilt_deg
    for kind, (low, high), most in (("obliquity", obliquity, 180.0), ("tilt", tilt, 90.0)):
        if not -most <= low < high <= most:
            allowed = f"lower end first, within -{most:g} and {most:g} degrees: an empty window has no path"
            raise _refuse(procedure, f"{kind} of {approach.name}", f"{low:g} to {high:g}", allowed)
    return replace(
        approach,
        obliquity_deg=obliquity,
        tilt_deg=tilt,
        preferred_obliquity_deg=_preferred(
            procedure, obliquity, window.preferred_obliquity_deg, approach.preferred_obliquity_deg
        ),
        preferred_tilt_deg=_preferred(procedure, tilt, window.preferred_tilt_deg, approach.preferred_tilt_deg),
        source=f"the site's own window; by default: {approach.source}",
    )


def _preferred(procedure: Procedure, window: tuple[float, float], own: float | None, usual: float) -> float:
    """The site's own preference, which its window must hold; else the usual one, moved into the window."""
    low, high = window
    if own is None:
        return min(max(usual, low), high)
    if not low <= own <= high:
        raise _refuse(procedure, "preferred angle", f"{own:g} degrees", f"inside its window, {low:g} to {high:g}")
    return own


def _needles(procedure: Procedure, own: Overrides) -> tuple[Needle, ...]:
    for needle in own.needles:
        thinnest, thickest = OUTER_DIAMETER_MM.get(needle.gauge, (0.0, 0.0))
        if not thinnest <= needle.outer_diameter_mm <= thickest:
            allowed = (
                f"{thinnest:g} to {thickest:g} mm" if thickest else f"gauges {', '.join(map(str, OUTER_DIAMETER_MM))}"
            )
            raise _refuse(procedure, f"needle {needle.gauge} G", f"{needle.outer_diameter_mm:g} mm outside", allowed)
        if not 20.0 <= needle.length_mm <= 300.0:
            raise _refuse(procedure, f"needle {needle.gauge} G", f"{needle.length_mm:g} mm long", "20 to 300 mm")
    return own.needles or procedure.needles


def _volume(procedure: Procedure, own: Overrides) -> tuple[float, float]:
    low, high = own.volume_ml or procedure.volume_ml
    if not 0.0 < low <= high <= LARGEST_VOLUME_ML:
        allowed = f"the smaller first, above 0 and at most {LARGEST_VOLUME_ML:g} ml"
        raise _refuse(procedure, "volume", f"{low:g} to {high:g} ml", allowed)
    return low, high


def _hub_reserve(procedure: Procedure, own: Overrides) -> float:
    reserve = procedure.hub_reserve_mm if own.hub_reserve_mm is None else own.hub_reserve_mm
    if not 0.0 <= reserve <= 100.0:
        raise _refuse(procedure, "needle left outside the skin", f"{reserve:g} mm", "0 to 100 mm")
    return reserve


def _require_reach(procedure: Procedure) -> None:
    longest = max(needle.length_mm for needle in procedure.needles)
    if longest <= procedure.hub_reserve_mm:
        given, least = f"longest {longest:g} mm", f"more than the {procedure.hub_reserve_mm:g} mm left outside the skin"
        raise _refuse(procedure, "needles", given, least)


def _differences(before: Procedure, after: Procedure, own: Overrides) -> Iterator[str]:
    """One sentence for each value that is not the default."""
    for structure, role in after.roles.items():
        was = before.roles.get(structure)
        if was is not None and role.role is not was.role:
            up_to = f"up to {role.largest_gauge_mm:g} mm" if role.largest_gauge_mm else ""
            yield f"{structure.words} is {role.role} {up_to} instead of {was.role}: {own.crossings[structure].reason}"
        elif was is not None and role.reserve_mm != was.reserve_mm:
            yield f"reserve of {structure.words} {role.reserve_mm:g} mm instead of {was.reserve_mm:g}"
    for approach, old in zip(after.approaches, before.approaches, strict=True):
        if approach != old:
            yield f"window of {old.name}: {_window_words(approach)} instead of {_window_words(old)}"
    if after.needles != before.needles:
        yield f"needles {', '.join(map(str, after.needles))}"
    if after.volume_ml != before.volume_ml:
        yield f"volume {after.volume_ml[0]:g}-{after.volume_ml[1]:g} ml instead of {before.volume_ml[0]:g}-{before.volume_ml[1]:g}"
    if after.hub_reserve_mm != before.hub_reserve_mm:
        yield f"{after.hub_reserve_mm:g} mm left outside the skin instead of {before.hub_reserve_mm:g}"


def _window_words(approach: Approach) -> str:
    (low, high), (down, up) = approach.obliquity_deg, approach.tilt_deg
    return (
        f"obliquity {low:g} to {high:g} (preferred {approach.preferred_obliquity_deg:g}), "
        f"tilt {down:g} to {up:g} (preferred {approach.preferred_tilt_deg:g})"
    )
