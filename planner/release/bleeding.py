"""Bleeding risk of each procedure in each society's scheme, and the blood values that a class asks for.

In: a procedure's key, a scheme, INR and platelets. Out: one sentence for each value that keeps a plan from release. The societies
disagree: the site chooses one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from planner.procedure import Procedure


class Scheme(StrEnum):
    """Whose classes of bleeding risk a site follows; the societies disagree."""

    SIR = "SIR 2019"
    ASRA = "ASRA 2018"
    ASIPP = "ASIPP 2024"


class BleedingRisk(StrEnum):
    """Of a procedure, in one scheme."""

    LOW = "low"
    INTERMEDIATE = "intermediate"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Limits:
    """Blood values of one class: at most, at least; None: not asked for."""

    most_inr: float | None
    fewest_platelets: float | None
    """Per nl (10**9/l)."""
    source: str


_LOW, _MIDDLE, _HIGH = BleedingRisk.LOW, BleedingRisk.INTERMEDIATE, BleedingRisk.HIGH
_SIR_TABLE = "SIR 2019 (reference.medscape 917397) has two classes; the class of this procedure: assumed"
_ASRA_TABLE = "ASRA 2018 (medilib.ir/uptodate 144053)"
_ASIPP_TABLE = "ASIPP 2024 (p-web.fly.dev summary)"

_ROOTS, _JOINTS = ("prt", "prt-retrodiscal"), ("facet", "medial-branch")
_SYMPATHETIC = tuple(
    key + stage for key in ("lumbar-sympathetic", "splanchnic", "celiac") for stage in ("", "-neurolysis")
)

RISK: Mapping[Scheme, Mapping[str, BleedingRisk]] = {
    Scheme.SIR: {**dict.fromkeys((*_ROOTS, *_JOINTS), _LOW), **dict.fromkeys(_SYMPATHETIC, _HIGH)},
    Scheme.ASRA: {**dict.fromkeys(_JOINTS, _LOW), **dict.fromkeys((*_ROOTS, *_SYMPATHETIC), _MIDDLE)},
    Scheme.ASIPP: {**dict.fromkeys(_JOINTS, _LOW), **dict.fromkeys(_ROOTS, _MIDDLE)},
}
"""ASIPP calls lumbar transforaminal injections of L3 to S1 low, L1/L2 intermediate: the stricter holds here. It is silent on
sympathetic blocks: a plan under it asks the physician."""

RISK_SOURCE = {Scheme.SIR: _SIR_TABLE, Scheme.ASRA: _ASRA_TABLE, Scheme.ASIPP: _ASIPP_TABLE}

LIMITS: Mapping[BleedingRisk, Limits] = {
    _LOW: Limits(3.0, 20.0, "SIR 2019: INR 2.0-3.0, platelets 20/nl (reference.medscape 917397)"),
    _MIDDLE: Limits(1.8, 50.0, "no value of its own in the sources: SIR 2019's high class is taken; assumed"),
    _HIGH: Limits(1.8, 50.0, "SIR 2019: INR 1.5-1.8, platelets 50/nl (reference.medscape 917397)"),
}
"""Only SIR gives blood values."""


def open_bleeding_gates(
    procedure: Procedure, scheme: Scheme | None, inr: float | None, platelets: float | None
) -> tuple[str, ...]:
    """One sentence for each blood value that is missing or out of its class's limits; values per nl for platelets."""
    if scheme is None:
        return (f"OPEN GATE (bleeding risk): no scheme chosen; choose one of {', '.join(Scheme)}.",)
    risk = RISK[scheme].get(procedure.key)
    if risk is None:
        return (f"OPEN GATE (bleeding risk): {scheme} does not name {procedure.title}; choose another scheme.",)
    limits = LIMITS[risk]
    found = []
    if limits.most_inr is not None and (inr is None or not 0.0 < inr <= limits.most_inr):
        said = "not stated" if inr is None else f"{inr:g}"
        found.append(
            f"OPEN GATE (INR): {said}, at most {limits.most_inr:g} ({risk} risk by {scheme}; {limits.source})."
        )
    if limits.fewest_platelets is not None and (platelets is None or not platelets >= limits.fewest_platelets):
        said = "not stated" if platelets is None else f"{platelets:g}/nl"
        least = f"{limits.fewest_platelets:g}/nl"
        found.append(f"OPEN GATE (platelets): {said}, at least {least} ({risk} risk by {scheme}; {limits.source}).")
    return tuple(found)
