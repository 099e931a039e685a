"""Who may import whom, as docs/architecture.md says."""

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
ROOMS = ("planner", "dicom_io", "viz", "service", "sample_data")
PLANNER_DATA = frozenset(
    f"planner.{name}"
    for name in (
        "anatomy.model",
        "brought",
        "errors",
        "geometry",
        "motion",
        "injectate",
        "plan",
        "procedure",
        "structures",
        "trajectories",
        "volume",
    )
)
NETWORK_RUNTIME = "planner/anatomy/network/session.py"
"""The only door to onnxruntime."""

IMAGE_PROCESSING = ("planner/anatomy/", "planner/sweep/fields.py")
EXTERNAL = {
    "planner": {"numpy"},
    "dicom_io": {"numpy", "pydicom", "pynetdicom", "highdicom"},
    "viz": {"numpy", "vtk", "vtkmodules"},
    "viz/viewer": {"numpy", "vtk", "vtkmodules", "trame", "trame_rca"},
    "sample_data": {"numpy", "SimpleITK", "pydicom"},
}
WEB_TOOLKIT_AT = "viz/viewer"
WEB_TOOLKIT_MODULES = ("viz/viewer/areas.py", "viz/viewer/page.py")
"""Panes, desk and session are driven without a browser."""

WORLDLY = {
    "datetime", "glob", "http", "io", "logging", "os", "pathlib", "random", "secrets", "shutil", "socket", "ssl",
    "subprocess", "sys", "tempfile", "threading", "time", "urllib", "uuid",
}  # fmt: skip


def modules(room: str) -> list[Path]:
    return sorted((PROJECT / room).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: imports are absolute"
            assert node.module is not None
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if is_module(name) else node.module for name in names)


def is_module(name: str) -> bool:
    place = PROJECT / Path(*name.split("."))
    return place.with_suffix(".py").is_file() or (place / "__init__.py").is_file()


def offences(room: str, is_allowed: "Rule") -> list[str]:
    return [
        f"{path.relative_to(PROJECT)} imports {name}"
        for path in modules(room)
        for name in imports(path)
        if not is_allowed(path.relative_to(PROJECT).as_posix(), name)
    ]


class Rule:
    """Standard library, the room itself, its external packages, and a set of neighbours."""

    def __init__(self, room: str, neighbours: frozenset[str] = frozenset()) -> None:
        self.room, self.neighbours = room, neighbours

    def __call__(self, path: str, name: str) -> bool:
        top = name.split(".", maxsplit=1)[0]
        if top == self.room or name in self.neighbours or top in self.neighbours:
            return True
        if top == "SimpleITK" and path.startswith(IMAGE_PROCESSING):
            return True
        if top == "onnxruntime" and path == NETWORK_RUNTIME:
            return True
        place = WEB_TOOLKIT_AT if path in WEB_TOOLKIT_MODULES else self.room
        return top in sys.stdlib_module_names or top in EXTERNAL[place]


def test_planner_knows_only_arrays():
    assert offences("planner", Rule("planner")) == []


def test_planner_reads_no_clock_file_environment_or_network():
    assert offences("planner", lambda _path, name: name.split(".")[0] not in WORLDLY) == []


def test_dicom_io_uses_planner_types_only():
    assert offences("dicom_io", Rule("dicom_io", PLANNER_DATA)) == []


def test_viz_uses_planner_types_only():
    assert offences("viz", Rule("viz", PLANNER_DATA)) == []


def test_sample_data_uses_planner_types_and_dicom_io():
    assert offences("sample_data", Rule("sample_data", PLANNER_DATA | {"dicom_io"})) == []


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "service"])
def test_nobody_imports_service(room: str):
    assert offences(room, lambda _path, name: name.split(".")[0] != "service") == []


def in_cycles(graph: Mapping[str, set[str]]) -> set[str]:
    """What is left once whatever imports nothing left is taken away, again and again: cycles, and what imports them."""
    while leaves := {name for name, targets in graph.items() if not targets - {name}}:
        graph = {name: targets - leaves for name, targets in graph.items() if name not in leaves}
    return set(graph)


def test_there_is_no_import_cycle():
    graph = {
        ".".join(path.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__"): set(imports(path))
        for room in ROOMS
        for path in modules(room)
    }
    assert (
        in_cycles({name: {target for target in targets if target in graph} for name, targets in graph.items()}) == set()
    )


@pytest.mark.parametrize("room", ROOMS)
def test_the_folders_and_modules_at_the_top_of_a_room_form_no_cycle(room: str):
    graph: dict[str, set[str]] = {}
    for path in modules(room):
        top = path.relative_to(PROJECT / room).with_suffix("").parts[0]
        named = (name.split(".") for name in imports(path))
        graph.setdefault(top, set()).update(name[1] for name in named if name[0] == room and len(name) > 1)
    assert in_cycles({name: targets & graph.keys() - {name} for name, targets in graph.items()}) == set()


def test_every_package_is_named_in_the_project_file():
    named = (PROJECT / "pyproject.toml").read_text(encoding="utf8")
    packages = {
        ".".join(path.parent.relative_to(PROJECT).parts)
        for room in ROOMS
        for path in modules(room)
        if path.name == "__init__.py"
    }
    assert {package for package in packages if f'"{package}"' not in named} == set()
