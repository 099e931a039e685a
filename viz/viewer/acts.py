"""What buttons, forms and keys of the page do; no web toolkit.

In: a name with a few words or numbers from the browser. Out: a changed desk, and the page told to show it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from planner.geometry import FloatArray
from planner.structures import Structure
from viz.viewer.desk import Desk
from viz.viewer.earlier import next_step
from viz.viewer.host import Host
from viz.viewer.looks import PANES, SCENE, SLABS
from viz.viewer.pointer import Button, Pointer, Wheel
from viz.viewer.ruler import Tool
from viz.viewer.session import Session
from viz.viewer.work import Work

LEAST_BRUSH_MM, MOST_BRUSH_MM = 0.5, 15.0

_STEPS = {"ArrowLeft": (-1, 0), "ArrowRight": (1, 0), "ArrowUp": (0, 1), "ArrowDown": (0, -1)}
_TURN_PX = 12.0
"""Of a drag that turns the 3D view as far as one key: five degrees."""

Act = Callable[..., Any]


class Paper(Protocol):
    """What an act needs of the page."""

    desk: Desk
    host: Host

    def show(self, names: tuple[str, ...], *, says_facts: bool = True) -> None:
        """Draw panes, the first one now."""

    def moved(self, names: tuple[str, ...]) -> None:
        """What a pointer did: draw, and say what it means."""

    def refresh(self) -> None:
        """Say everything anew."""

    def put(self, **values: object) -> None:
        """Set values of the template."""

    def get(self, name: str) -> Any:  # noqa: ANN401 - the template's
        """A value of the template."""

    def switch_language(self) -> None:
        """To the other one."""


class Acts:
    """Every act by its name, and every key."""

    def __init__(self, page: Paper, work: Work) -> None:
        self._page, self._work = page, work
        self._wheels: dict[str, Wheel] = {}

    @property
    def _desk(self) -> Desk:
        return self._page.desk

    def triggers(self) -> dict[str, Act]:
        """By the name that the template calls."""
        return {
            "key": self._key,
            "undo": lambda: self._work.change(Session.undo),
            "redo": lambda: self._work.change(Session.redo),
            "choose": lambda index: self._work.change(lambda session: session.choose(int(index))),
            "target": lambda index: self._work.change(lambda session: session.look_at(int(index))),
            "reset": lambda: self._page.show(self._desk.reset()),
            "language": self._page.switch_language,
            "anterior_up": lambda: self._look(anterior_up=not self._desk.looks.anterior_up),
            "look": lambda depth_mm: self._page.show(self._desk.look_along(float(depth_mm))),
            "look_share": self._look_share,
            "replan": self._work.replan,
            "plan": self._work.plan,
            "offers": self._work.look_for_offers,
            "pick": self._pick,
            "answer": self._answer,
            "tool": self._take,
            "wheel": self._wheel,
            "focus": self._focus,
            "pressed": self._desk.hand.announce,
            "brush": self._choose_brush,
            "hide": self._hide,
            "recolour": self._recolour,
            "skin": self._work.map_skin,
            "blend": lambda percent: self._blend(float(percent) / 100),
            "place": self._place_number,
            "read_to_sign": self._work.read_to_sign,
            "export_draft": self._work.export_draft,
        }

    def _wheel(self, name: str, turned: float, mode: int, ctrl: bool) -> None:  # noqa: FBT001 - the page's
        """The wheel over a pane: past the toolkit, which answers three messages before it passes a wheel on."""
        notches = self._wheels.setdefault(str(name), Wheel()).notches(float(turned), int(mode))
        if notches and name in PANES:
            self._page.show(self._desk.wheel(name, notches, Pointer(0, 0, ctrl=bool(ctrl))), says_facts=False)

    def _escape(self) -> None:
        self._desk.take(Tool.LOOK)
        self._page.put(help=False, big="", signing=False)
        self._page.refresh()

    def _choose_brush(self, structure: str, radius_mm: float) -> None:
        self._desk.brushed = Structure(structure) if structure else None
        self._desk.brush_mm = min(max(float(radius_mm), LEAST_BRUSH_MM), MOST_BRUSH_MM)
        self._page.refresh()

    def _hide(self, structure: str) -> None:
        """Hide or show one structure's outline."""
        one = Structure(structure)
        self._look(hidden=self._desk.looks.hidden ^ {one})

    def _recolour(self, structure: str, colour: str) -> None:
        """One outline in another colour, ``#rrggbb``."""
        digits = str(colour).removeprefix("#")
        if len(digits) == 6 and all(digit in "0123456789abcdef" for digit in digits.lower()):
            red, green, blue = bytes.fromhex(digits)
            self._look(colours={**self._desk.looks.colours, Structure(structure): (red, green, blue)})

    def _take(self, tool: str) -> None:
        self._desk.take(Tool(tool))
        self._page.refresh()

    def _place_number(self, end: str, x: str, y: str, z: str) -> None:
        """Typed LPS mm of entry or target; what is no number is no place."""
        try:
            point = np.array([float(str(value).replace(",", ".")) for value in (x, y, z)])
        except ValueError:
            return
        if np.isfinite(point).all() and not self._page.host.is_read_only:
            changed = (self._desk.set_entry if end == "entry" else self._desk.set_target)(point)
            self._page.show(changed or PANES)
            if changed:
                self._work.settle()

    def _answer(self, question: str, value: str) -> None:
        """One question of the release, answered or taken back."""
        if not self._page.host.is_read_only:
            self._work.change(lambda session: session.answer(str(question), str(value)), moves_view=False)

    def _pick(self, index: int) -> None:
        """A place chosen; what was checked for another place is not checked."""
        self._page.put(confirmed=False)
        self._page.show(self._desk.pick(int(index)))

    def _look_share(self, share: float) -> None:
        path = self._desk.path
        if path is not None:
            self._page.show(self._desk.look_along(float(share) * path.length_mm))

    def _focus(self, name: str) -> None:
        """A pane reached by the tab key: without a mouse the pointer stands at the crosshair, in 3D in the middle."""
        if name not in PANES:
            return
        width, height = self._desk.screen(name).size
        place = (width / 2, height / 2)
        if name != SCENE and self._desk.shows(name):
            place = tuple(self._desk.panes[name].pixel(self._desk.looks.cross_mm).tolist())
        self._desk.pointer_at = name, Pointer(*place)

    def _steer(self, right: int, up: int) -> None:
        """The crosshair one millimetre along the pane under the pointer; the 3D view turned."""
        at = self._desk.pointer_at
        if at is None:
            return
        if at[0] == SCENE:
            self._desk.scene.turn(_TURN_PX * right, _TURN_PX * up)
            self._page.show((SCENE,))
        elif (found := self._desk.plane(at[0])) is not None:
            plane, _ = found
            self._desk.looks = self._desk.looks.at(self._desk.looks.cross_mm + right * plane.right + up * plane.up)
            self._focus(at[0])
            self._page.show((at[0], *(name for name in PANES if name not in (at[0], SCENE))))

    def _click(self) -> None:
        """A point of a measurement or of the brush where the pointer stands."""
        at = self._desk.pointer_at
        if at is not None and self._desk.tool is not Tool.LOOK:
            pressed = self._desk.press(at[0], Pointer(at[1].x_px, at[1].y_px, Button.LEFT))
            self._page.moved(self._desk.release() or pressed)

    def _key(self, key: str, ctrl: bool = False, shift: bool = False) -> None:  # noqa: FBT001, FBT002
        """A key pressed anywhere on the page; one that is not known does nothing."""
        if shift and key in _STEPS:
            self._steer(*_STEPS[key])
            return
        if ctrl:
            wanted = {"z": Session.undo, "y": Session.redo}.get(key.lower())
            if wanted is not None:
                self._work.change(wanted)
            return
        action = self._actions().get(key.lower())
        if action is not None:
            action()

    def _actions(self) -> dict[str, Callable[[], None]]:
        looks = self._desk.looks
        return {
            "n": lambda: self._work.change(lambda session: session.step_path(1)),
            "p": lambda: self._work.change(lambda session: session.step_path(-1)),
            "e": lambda: self._place(self._desk.set_entry),
            "t": lambda: self._place(self._desk.set_target),
            "s": lambda: self._look(slab=(looks.slab + 1) % len(SLABS)),
            "o": lambda: self._look(shows_outlines=not looks.shows_outlines),
            "m": self._enlarge,
            "d": lambda: self._take(Tool.DISTANCE),
            "a": lambda: self._take(Tool.ANGLE),
            "k": self._work.map_skin,
            "b": lambda: self._blend(next_step(looks.blend)),
            "delete": lambda: self._page.show(self._desk.rub_out()),
            "backspace": lambda: self._page.show(self._desk.rub_out()),
            " ": lambda: self._page.show(self._desk.reset()),
            "?": lambda: self._page.put(help=not self._page.get("help")),
            "escape": self._escape,
            "enter": self._click,
            "arrowup": lambda: self._scroll(1),
            "arrowdown": lambda: self._scroll(-1),
            **{str(n + 1): self._window_action(n) for n in range(len(self._desk.windows))},
        }

    def _blend(self, share: float) -> None:
        """So much of the earlier scan, where one was laid over."""
        earlier = self._desk.case.earlier
        if earlier is not None and earlier.volume is not None:
            self._look(blend=min(max(share, 0.0), 1.0))
            self._page.refresh()

    def _window_action(self, index: int) -> Callable[[], None]:
        return lambda: self._look(window=self._desk.windows[index])

    def _look(self, **changes: Any) -> None:  # noqa: ANN401 - fields of Looks
        self._desk.looks = replace(self._desk.looks, **changes)
        self._page.show(PANES)

    def _place(self, place: Callable[[FloatArray], tuple[str, ...]]) -> None:
        point = self._desk.under_pointer_mm()
        if point is None or self._page.host.is_read_only:
            return
        changed = place(point)
        self._page.show(changed or PANES)
        if changed:
            self._work.settle()

    def _enlarge(self) -> None:
        at = self._desk.pointer_at
        if at is not None:
            self._page.put(big="" if self._page.get("big") else at[0])

    def _scroll(self, notches: int) -> None:
        at = self._desk.pointer_at
        if at is not None:
            self._page.show(self._desk.wheel(at[0], notches, Pointer(at[1].x_px, at[1].y_px)), says_facts=False)
