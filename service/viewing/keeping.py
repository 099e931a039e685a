"""A case kept on disk, ready to open in a moment: arrays as files that are mapped into memory, all else as JSON.

In: frozen values of the planner's own types. Out: a folder, and the same values back. Only types listed here are ever made
from a file: a kept case cannot run code.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from dicom_io import identity, instances, series
from planner import geometry, injectate, plan, procedure, structures, target, volume
from planner.anatomy import model
from planner.anatomy.model import Anatomy
from planner.geometry import AnyArray
from planner.obstacles import ordered
from planner.plan import Plan
from planner.release import gate_answers, looks
from planner.target import Target
from planner.volume import Volume
from service.errors import RequestError
from service.files import write_text
from service.opening import OpenSeries
from service.series_facts import SeriesFacts
from viz.viewer import correction
from viz.viewer import session as sessions
from viz.viewer.session import Signature, Step

KEPT, REGISTERED = "view", "registered"
"""Where a results folder keeps what the page needs, and there what was laid over the case."""

CASE_FILE, _SESSION_FILE, _TARGETS_FILE = "case.json", "session.json", "targets.json"
Json: TypeAlias = Any
"""What a JSON file holds, or the value made of it."""

_SMALL = 1024
"""Bytes of an array that is written into the JSON file itself."""

_NARROWED = 2**20
_MOST_IN_A_BYTE = 191
"""Label maps above so many bytes with no higher number are kept as bytes, to be mapped into memory: nothing is unpacked where a case is
opened. 64 numbers stay free for the nerve roots that the planner draws."""

_VERSION = 1
_MODULES = (
    *(geometry, volume, structures, model, plan, procedure, injectate, gate_answers, looks, target),
    *(series, instances, identity, sessions, correction),
)
_ROOMS = {"planner", "dicom_io", "viz"}
"""What these modules name of our own, wherever it is made."""

_TYPES: dict[str, type] = {
    cls.__name__: cls
    for module in _MODULES
    for cls in vars(module).values()
    if isinstance(cls, type) and cls.__module__.split(".")[0] in _ROOMS and (is_dataclass(cls) or issubclass(cls, Enum))
} | {"SeriesFacts": SeriesFacts, "OpenSeries": OpenSeries}


class KeptCaseError(RequestError):
    """A folder that holds no kept case, or one that another version wrote."""


@dataclass(frozen=True, slots=True, eq=False)
class KeptCase:
    """Everything a person needs to judge and change a plan; ``plan`` is None where the case waits for a target."""

    series: OpenSeries
    anatomy: Anatomy
    plan: Plan | None

    @property
    def volume(self) -> Volume:
        """The scan."""
        return self.series.volume


def keep(folder: Path, case: KeptCase) -> Path:
    """Write a case; ``case.json`` is written last, so that a half-written case is none.

    The anatomy is kept in the patient's axes, as the planner wants it: whoever opens the case copies nothing.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _forget_case(folder)
    writer = _Writer(folder)
    ready = KeptCase(case.series, ordered(case.anatomy), case.plan)
    content = {name: writer.value(getattr(ready, name)) for name in ("series", "anatomy", "plan")}
    return write_text(folder / CASE_FILE, json.dumps({"version": _VERSION, **content}))


def forget(folder: Path) -> None:
    """A case that was kept is none any more, nor what was laid over it."""
    _forget_case(folder)
    shutil.rmtree(folder / REGISTERED, ignore_errors=True)


def _forget_case(folder: Path) -> None:
    for name in (CASE_FILE, _SESSION_FILE, _TARGETS_FILE):
        (folder / name).unlink(missing_ok=True)


def keep_plan(folder: Path, plan: Plan) -> Path:
    """Put a plan to a case that is kept; what a person did to an older plan is forgotten."""
    for name in (_SESSION_FILE, _TARGETS_FILE):
        (folder / name).unlink(missing_ok=True)
    content = json.loads((folder / CASE_FILE).read_text(encoding="utf-8"))
    return write_text(folder / CASE_FILE, json.dumps(content | {"plan": _Writer(folder / "plan").value(plan)}))


Known: TypeAlias = Mapping[tuple[str, str], Target]
"""Targets by their procedure's key and their own words."""


def keep_targets(folder: Path, procedure: str, targets: Sequence[Target]) -> Path:
    """Put the targets of the kept plan to its case: whoever judges a path by hand looks for none again."""
    (folder / "targets").mkdir(mode=0o700, exist_ok=True)
    values = _Writer(folder / "targets").value(tuple(targets))
    content = {"version": _VERSION, "procedure": procedure, "targets": values}
    return write_text(folder / _TARGETS_FILE, json.dumps(content))


def open_targets(folder: Path) -> Known:
    """The kept plan's targets; none where none were kept or another version wrote them."""
    file = folder / _TARGETS_FILE
    content = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    if content.get("version") != _VERSION:
        return {}
    return {(content["procedure"], one.words): one for one in _value(folder / "targets", content["targets"])}


def is_kept(folder: Path) -> bool:
    """Whether a case lies there."""
    return (folder / CASE_FILE).is_file()


def open_kept(folder: Path) -> KeptCase:
    """The case as it was kept; large arrays stay on disk until they are looked at."""
    if not is_kept(folder):
        raise KeptCaseError("no kept case lies there; plan the series again with --out")
    content = json.loads((folder / CASE_FILE).read_text(encoding="utf-8"))
    if content.get("version") != _VERSION:
        raise KeptCaseError("the kept case was written by another version; plan the series again")
    try:
        return KeptCase(*(_value(folder, content[name]) for name in ("series", "anatomy", "plan")))
    except (KeyError, TypeError) as error:
        raise KeptCaseError("the kept case was written by another version; plan the series again") from error


class _Writer:
    def __init__(self, folder: Path) -> None:
        self._folder, self._count = folder, 0

    def value(self, thing: object) -> Json:
        """As JSON; a list's first word says what follows."""
        if thing is None or isinstance(thing, (bool, int, float)) or type(thing) is str:
            return thing
        for kind, write in self._writers():
            if isinstance(thing, kind):
                return write(thing)
        if is_dataclass(thing):
            return ["type", type(thing).__name__, {f.name: self.value(getattr(thing, f.name)) for f in fields(thing)}]
        raise TypeError(f"a {type(thing).__name__} is not kept")

    def _writers(self) -> tuple[tuple[Any, Callable[[Any], Json]], ...]:
        return (
            (Enum, lambda one: ["enum", type(one).__name__, one.value]),
            (np.ndarray, self._array),
            (np.generic, lambda one: one.item()),
            (Mapping, lambda one: ["map", [[self.value(key), self.value(value)] for key, value in one.items()]]),
            ((tuple, list), lambda one: ["list", [self.value(value) for value in one]]),
            (Path, lambda one: ["path", str(one)]),
        )

    def _array(self, array: AnyArray) -> Json:
        if array.nbytes <= _SMALL:
            return ["array", str(array.dtype), list(array.shape), array.reshape(-1).tolist()]
        number, self._count = self._count, self._count + 1
        if array.dtype == np.uint16 and array.nbytes > _NARROWED and array.max() <= _MOST_IN_A_BYTE:
            array = array.astype(np.uint8)
        name = f"array-{number}.npy"
        np.save(self._folder / name, np.ascontiguousarray(array), allow_pickle=False)
        return ["file", name]


def _value(folder: Path, kept: Json) -> Json:
    if not isinstance(kept, list):
        return kept
    kind, *rest = kept
    return _READERS[kind](folder, *rest)


def _object(folder: Path, name: str, values: dict[str, Any]) -> Json:
    return _TYPES[name](**{key: _value(folder, one) for key, one in values.items()})


def _array(_folder: Path, dtype: str, shape: list[int], values: list[float]) -> Json:
    array = np.array(values, dtype=dtype).reshape(shape)
    array.setflags(write=False)
    return array


def _file(folder: Path, name: str) -> Json:
    if Path(name).name != name:
        raise KeptCaseError("the kept case points outside its folder")
    return np.load(folder / name, mmap_mode="r", allow_pickle=False)


def _packed(folder: Path, name: str) -> Json:
    if Path(name).name != name:
        raise KeptCaseError("the kept case points outside its folder")
    with np.load(folder / name, allow_pickle=False) as kept:
        array = kept["array"]
    array.setflags(write=False)
    return array


_READERS: dict[str, Any] = {
    "enum": lambda _folder, name, value: _TYPES[name](value),
    "type": _object,
    "array": _array,
    "file": _file,
    "packed": _packed,
    "map": lambda folder, pairs: {_value(folder, key): _value(folder, one) for key, one in pairs},
    "list": lambda folder, values: tuple(_value(folder, one) for one in values),
    "path": lambda _folder, text: Path(text),
}


@dataclass(frozen=True, slots=True, eq=False)
class KeptSession:
    """What a person did, with some steps of undo and redo, and the signature of the present step, if any."""

    now: Step
    past: tuple[Step, ...]
    future: tuple[Step, ...]
    signature: Signature | None = None
    answers: Mapping[str, str] = field(default_factory=dict)


def keep_session(folder: Path, session: KeptSession) -> Path:
    """Write a session beside its case; plans that several steps share are written once."""
    steps = (session.now, *session.past, *session.future)
    plans = list({id(step.plan): step.plan for step in steps}.values())
    places = {id(one): n for n, one in enumerate(plans)}
    writer = _Writer(folder / "session")
    (folder / "session").mkdir(mode=0o700, exist_ok=True)
    content = {
        "version": _VERSION,
        "plans": [writer.value(one) for one in plans],
        "steps": [
            [places[id(s.plan)], s.target_index, s.path_index, writer.value(s.judged), writer.value(s.others)]
            for s in steps
        ],
        "past": len(session.past),
        "signature": writer.value(session.signature),
        "answers": dict(session.answers),
    }
    return write_text(folder / _SESSION_FILE, json.dumps(content))


def open_session(folder: Path) -> KeptSession | None:
    """The session as it was left; None where there is none or another version wrote it."""
    file = folder / _SESSION_FILE
    if not file.is_file():
        return None
    content = json.loads(file.read_text(encoding="utf-8"))
    if content.get("version") != _VERSION:
        return None
    plans = [_value(folder / "session", one) for one in content["plans"]]
    steps = [
        Step(plans[number], target, path, *(_value(folder / "session", one) for one in rest))
        for number, target, path, *rest in content["steps"]
    ]
    now, rest = steps[0], tuple(steps[1:])
    signature = _value(folder, content.get("signature"))
    return KeptSession(now, rest[: content["past"]], rest[content["past"] :], signature, content.get("answers", {}))


def peek(folder: Path) -> tuple[SeriesFacts, Plan | None]:
    """Whose case it is and what was planned, without the arrays."""
    content = json.loads((folder / CASE_FILE).read_text(encoding="utf-8"))
    return _value(folder, content["series"][2]["facts"]), _value(folder, content["plan"])
