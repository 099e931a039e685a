"""A site's own values from a TOML file: reserves, stock, windows, volumes, guidance, reach, scheme.

In: a file. Out: a ``planner.site.Site``, every value checked, or a refusal that names the key and says what is possible.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from planner.costs import WEIGHTS
from planner.errors import PlannerError
from planner.geometry import frozen
from planner.hand.execution import EXECUTIONS, FREEHAND, Execution, measured_by_site
from planner.keep_outs import Ball, KeepOut, Outline
from planner.overrides import Crossing, Overrides, Window
from planner.procedure import Needle
from planner.procedures import PROCEDURES
from planner.release.bleeding import Scheme
from planner.rules import MAY_BE_LEFT_OUT
from planner.site import Bore, Site, Table
from planner.structures import Structure
from service.errors import RequestError

Number = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Point = tuple[Number, Number, Number]
COSTS = tuple(cost.name for cost, _ in WEIGHTS)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Needle(_Part):
    gauge: int
    outer_diameter_mm: Positive
    length_mm: Positive
    tip: str = Field(min_length=1)


class _Window(_Part):
    obliquity_deg: tuple[Number, Number] | None = None
    tilt_deg: tuple[Number, Number] | None = None
    preferred_obliquity_deg: Number | None = None
    preferred_tilt_deg: Number | None = None


class _Crossing(_Part):
    reason: str
    largest_outer_diameter_mm: Positive


class _Procedure(_Part):
    reserves_mm: dict[Structure, Number] = {}
    crossings: dict[Structure, _Crossing] = {}
    windows: dict[str, _Window] = {}
    needles: tuple[_Needle, ...] = ()
    volume_ml: tuple[Number, Number] | None = None
    hub_reserve_mm: Number | None = None


class _Guidance(_Part):
    name: str = Field(default=FREEHAND.name, pattern=f"^({'|'.join(EXECUTIONS)})$")
    tip_sigma_mm: float | None = Field(default=None, gt=0, le=20, allow_inf_nan=False)
    """The site's own measurement; without one the published figure is taken."""


class _KeepOut(_Part):
    why: str = Field(min_length=1)
    centre_mm: Point | None = None
    radius_mm: Positive | None = None
    corners_mm: tuple[Point, ...] = ()

    @model_validator(mode="after")
    def _is_one_shape(self) -> Self:
        is_ball = self.centre_mm is not None and self.radius_mm is not None
        if is_ball == (len(self.corners_mm) >= 3):
            raise ValueError("give centre_mm and radius_mm, or at least three corners_mm")
        return self


class _Bore(_Part):
    centre_x_mm: Number
    centre_y_mm: Number
    radius_mm: Positive


class _Table(_Part):
    top_mm: Number
    hand_mm: float = Field(default=50.0, ge=0, allow_inf_nan=False)


class _File(_Part):
    scheme: Scheme | None = None
    guidance: _Guidance = _Guidance()
    margin_growth: float = Field(default=0.0, ge=0, le=0.2, allow_inf_nan=False)
    most_tilt_deg: float | None = Field(default=None, ge=0, le=90, allow_inf_nan=False)
    bore: _Bore | None = None
    table: _Table | None = None
    keep_out_reserve_mm: float = Field(default=0.0, ge=0, le=100, allow_inf_nan=False)
    keep_outs: tuple[_KeepOut, ...] = ()
    left_out: tuple[str, ...] = ()
    weights: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = {}
    reserves_mm: dict[Structure, Number] = {}
    procedures: dict[str, _Procedure] = {}

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        for key, said, valid in (
            ("left_out", self.left_out, (*MAY_BE_LEFT_OUT, *COSTS)),
            ("weights", self.weights, COSTS),
            ("procedures", self.procedures, tuple(PROCEDURES)),
        ):
            unknown = sorted(set(said) - set(valid))
            if unknown:
                raise ValueError(f"{key}: {', '.join(unknown)} is not possible; valid: {', '.join(valid)}")
        return self


def read_site(path: Path) -> Site:
    """The site's values, each tried on every procedure it is for."""
    try:
        said = _File.model_validate(tomllib.loads(path.read_text(encoding="utf8")))
        site = _site(said)
        for procedure in PROCEDURES.values():
            site.own(procedure)
    except ValidationError as error:
        places = "; ".join((".".join(map(str, one["loc"])) + ": " + one["msg"]).lstrip(": ") for one in error.errors())
        valid = ", ".join(_File.model_fields)
        raise RequestError(f"the site's file is not valid ({places}); valid keys: {valid}") from None
    except PlannerError as error:
        raise RequestError(str(error)) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise RequestError("the site's file is not a readable TOML file; see docs/operations.md") from None
    return site


def _site(said: _File) -> Site:
    return Site(
        keep_outs=tuple(_keep_out(region) for region in said.keep_outs),
        keep_out_reserve_mm=said.keep_out_reserve_mm,
        most_tilt_deg=said.most_tilt_deg,
        bore=None if said.bore is None else Bore(**said.bore.model_dump()),
        table=None if said.table is None else Table(**said.table.model_dump()),
        margin_growth=said.margin_growth,
        guidance=_guidance(said.guidance),
        left_out=frozenset(said.left_out),
        weights=said.weights,
        scheme=said.scheme,
        reserves_mm=said.reserves_mm,
        procedures={key: _overrides(one) for key, one in said.procedures.items()},
    )


def _guidance(said: _Guidance) -> Execution:
    usual = EXECUTIONS[said.name]
    return usual if said.tip_sigma_mm is None else measured_by_site(usual, said.tip_sigma_mm)


def _keep_out(said: _KeepOut) -> KeepOut:
    if said.centre_mm is None or said.radius_mm is None:
        return Outline(said.why, frozen(said.corners_mm))
    return Ball(said.why, frozen(said.centre_mm), said.radius_mm)


def _overrides(said: _Procedure) -> Overrides:
    return Overrides(
        reserves_mm=said.reserves_mm,
        crossings={s: Crossing(**one.model_dump()) for s, one in said.crossings.items()},
        windows={name: Window(**one.model_dump()) for name, one in said.windows.items()},
        needles=tuple(Needle(**one.model_dump()) for one in said.needles),
        volume_ml=said.volume_ml,
        hub_reserve_mm=said.hub_reserve_mm,
    )
