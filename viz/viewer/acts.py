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
from viz.viewer.host import Host
from viz.viewer.looks import PANES, SLABS
from viz.viewer.pointer import Pointer, Wheel
from viz.viewer.ruler import Tool
from viz.viewer.session import Session
from viz.viewer.work import Work

LEAST_BRUSH_MM, MOST_BRUSH_MM = 0.5, 15.0

Act = Callable[..., Any]


class Paper(Protocol):
    """What an act needs of the page."""

    desk: Desk
    host: Host

    def show(self, names: tuple[str, ...], *, says_facts: bool = True) -> None:
        """Draw panes, the first one now."""

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
            "pressed": self._desk.hand.announce,
            "brush": self._choose_brush,
            "hide": self._hide,
            "recolour": self._recolour,
            "skin": self._work.map_skin,
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

    def _key(self, key: str, ctrl: bool = False, shift: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        """A key pressed anywhere on the page; one that is not known does nothing."""
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
            "delete": lambda: self._page.show(self._desk.rub_out()),
            "backspace": lambda: self._page.show(self._desk.rub_out()),
            " ": lambda: self._page.show(self._desk.reset()),
            "?": lambda: self._page.put(help=not self._page.get("help")),
            "escape": self._escape,
            "arrowup": lambda: self._scroll(1),
            "arrowdown": lambda: self._scroll(-1),
            **{str(n + 1): self._window_action(n) for n in range(len(self._desk.windows))},
        }

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
