"""Every key and button of the mouse with what it does, in German and English."""

from __future__ import annotations

from viz.viewer.words import Language

_KEYS: tuple[tuple[str, str, str, str], ...] = (
    (
        "1 2 3 4",
        "1 2 3 4",
        "Fenster: Knochen, Weichteil, Wirbelsäule, Lunge",
        "windows: bone, soft tissue, spine, lung",
    ),
    ("N / P", "N / P", "nächster / voriger Weg", "next / previous path"),
    ("E", "E", "Eintritt an die Stelle unter der Maus; in 3D auf die Haut", "entry at the pointer; in 3D on the skin"),
    ("T", "T", "Ziel an die Stelle unter der Maus", "target at the pointer"),
    ("S", "S", "Schichtdicke wechseln", "change the slab"),
    ("O", "O", "Konturen zeigen oder verbergen", "show or hide outlines"),
    ("K", "K", "Hautkarte: wo der Eintritt möglich ist", "skin map: where one may enter"),
    ("B", "B", "frühere Aufnahme einblenden: 0, 50, 100 %", "blend in the earlier scan: 0, 50, 100 %"),
    ("D / A", "D / A", "Abstand / Winkel messen (2 / 3 Klicks)", "measure a distance / an angle (2 / 3 clicks)"),
    ("Entf", "delete", "letzte Messung löschen", "remove the last measurement"),
    ("M", "M", "Feld unter der Maus vergrößern", "enlarge the pane under the pointer"),
    ("↑ ↓", "↑ ↓", "durch die Schichten unter der Maus blättern", "scroll the pane under the pointer"),
    (
        "Tab",
        "tab",
        "zum nächsten Feld; der Zeiger steht dort am Fadenkreuz",
        "to the next pane; the pointer stands at its crosshair",
    ),
    (
        "Umschalt-Pfeile",
        "shift-arrows",
        "Fadenkreuz um 1 mm verschieben, 3D drehen",
        "move the crosshair by 1 mm, turn 3D",
    ),
    ("Eingabe", "enter", "Messpunkt oder Pinselpunkt setzen", "put down a point of a measurement or the brush"),
    ("Leertaste", "space", "Ansicht zurücksetzen", "reset the view"),
    ("Strg-Z, Strg-Y", "ctrl-Z, ctrl-Y", "rückgängig, wiederholen", "undo, redo"),
    ("Mausrad", "wheel", "blättern; mit Strg: Zoom", "scroll; with ctrl: zoom"),
    (
        "linke Taste",
        "left button",
        "Fadenkreuz setzen; Eintritt oder Ziel ziehen",
        "set the crosshair; drag entry or target",
    ),
    ("rechte Taste", "right button", "Fenster: quer Breite, hoch Mitte", "window: width across, centre up"),
    ("Mitteltaste, Umschalt-links", "middle button, shift-left", "verschieben", "pan"),
    ("?", "?", "diese Hilfe", "this help"),
)


def keys(language: Language) -> list[list[str]]:
    """The keys with what they do."""
    place = int(language is Language.ENGLISH)
    return [[row[place], row[2 + place]] for row in _KEYS]
