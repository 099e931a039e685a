"""Names in a sentence of the planner: a structure, a place, a rule, a count, a direction; each in German.

In: the words as the planner writes them. Out: German; a name that nobody knows stays as it is.
"""

from __future__ import annotations

import re

from planner.structures import Structure
from service.german.template import templates
from viz.viewer.words import Language, pose_words, rule_words, structure_words

_GERMAN = Language.GERMAN
_SIDES = {"left": "links", "right": "rechts"}
_BASES = {
    **{one.words: structure_words(one, _GERMAN) for one in Structure},
    "iliac crest": "Beckenkamm",
    "spinal canal": "Spinalkanal",
    "arch": "Wirbelbogen",
    "body": "Wirbelkörper",
    "superior articular process": "Oberer Gelenkfortsatz",
    "inferior articular process": "Unterer Gelenkfortsatz",
    "target's own nerve root": "eigene Nervenwurzel",
    "own nerve root": "eigene Nervenwurzel",
    "other nerve roots": "andere Nervenwurzeln",
    "nerve roots": "Nervenwurzeln",
    "root": "Wurzel",
    "ganglion": "Ganglion",
    "iliac arteries": "Beckenarterien",
    "iliac veins": "Beckenvenen",
    "renal artery": "Nierenarterie",
    "renal vein": "Nierenvene",
    "kidney": "Niere",
    "crura": "Zwerchfellschenkel",
    "nothing that was found in this scan": "nichts, was in diesem Scan gefunden wurde",
    "gantry bore": "Gantryöffnung",
    "table": "Tisch",
    "not stated": "nicht angegeben",
    "working grid": "Arbeitsgitter",
    "given segmentation": "mitgegebene Segmentierung",
    "intervertebral disc": "Bandscheibe",
    "lowest rib": "unterste Rippe",
    "lowest aerated lung": "unterster lufthaltiger Lungenrand",
    "epidural space": "Epiduralraum",
    "cranially": "nach kranial",
    "caudally": "nach kaudal",
    "freehand": "freihändig",
    "laser": "Laser",
    "robot": "Roboter",
    "safest": "sicherster",
    "shortest": "kürzester",
    "most in-plane": "am meisten in der Schicht",
    "shallowest angle": "geringste Schräge",
    "most forgiving": "verzeiht am meisten",
}  # fmt: skip
_LEVEL = re.compile(r"(?P<level>[CTLS]\d+(?:/[CTLS]?\d+)?) (?P<rest>.+)")
_NAMES = templates(
    (
        ("disc below {level}", "Bandscheibe unter {level}"),
        ("other nerve roots known to {mm} mm", "andere Nervenwurzeln (auf {mm} mm bekannt)"),
    )
)
_LIES = (
    ("cranial", "kranial"), ("caudal", "kaudal"), ("lateral and medial", "lateral und medial"), (" and ", " und "), (" to", " von"),
    ("through", "durch"), ("beside", "neben"),
)  # fmt: skip

_PLACES = templates(
    (
        ("facet joint {level}", "Facettengelenk {level}"),
        ("{root} dorsal ramus at the S1 articular process and ala", "Ramus dorsalis {root} an Gelenkfortsatz S1 und Ala"),
        ("{root} medial branch at the {level} transverse process", "Ramus medialis {root} am Querfortsatz {level}"),
        ("{root} root, sacral foramen {level}", "Wurzel {root}, Sakralforamen {level}"),
        ("{root} root, foramen {level}, retrodiscal", "Wurzel {root}, Foramen {level}, retrodiskal"),
        ("{root} root, foramen {level}", "Wurzel {root}, Foramen {level}"),
        ("foramen {level}", "Foramen {level}"),
        ("sympathetic trunk at {level}", "Grenzstrang bei {level}"),
        ("splanchnic nerves at {level}", "Nn. splanchnici bei {level}"),
        ("celiac plexus at {level}", "Plexus coeliacus bei {level}"),
    )
)  # fmt: skip


def side_of(words: str) -> str:
    """*links*."""
    return _SIDES.get(words, words)


def pose_of(words: str) -> str:
    """*Bauchlage*."""
    try:
        return pose_words(words, _GERMAN)
    except KeyError:
        return words


def name_of(words: str) -> str:
    """*Wurzel L4 links*, *Bandscheibe unter L3*, *Niere rechts*."""
    for side, german in _SIDES.items():
        if words.endswith(f", {side}"):
            return f"{name_of(words.removesuffix(f', {side}'))} {german}"
        if words.startswith(f"{side} "):
            return f"{name_of(words.removeprefix(f'{side} '))} {german}"
    said = (one.said(words, {}) for one in _NAMES)
    level = _LEVEL.fullmatch(words)
    if level is not None and level["rest"] in _BASES:
        return f"{_BASES[level['rest']]} {level['level']}"
    return next((one for one in said if one is not None), _BASES.get(words, words))


def names_of(words: str) -> str:
    """Several names with commas between them, or *and*."""
    return " und ".join(", ".join(map(name_of, one.split(", "))) for one in words.split(" and "))


def place_of(words: str) -> str:
    """*Wurzel L4, Foramen L4/L5, links*: a target."""
    base, comma, side = words.rpartition(", ")
    if comma and side in _SIDES:
        return f"{place_of(base)}, {_SIDES[side]}"
    said = (one.said(words, {}) for one in _PLACES)
    return next((one for one in said if one is not None), words)


def rule_of(words: str) -> str:
    """A rule's name, or what limits in its stead."""
    kind, colon, rest = words.partition(": ")
    if colon and kind in {"clearance", "tip"} and rest in _BASES:
        return f"{'Abstand' if kind == 'clearance' else 'Spitze'}: {name_of(rest)}"
    found = rule_words(words, _GERMAN)
    return name_of(words) if found == words else found


def counts_of(words: str) -> str:
    """*Abstand: Niere 12, Nadellänge 3*: rules with how often each refused."""
    return ", ".join(_count_of(one) for one in words.split(", "))


def _count_of(words: str) -> str:
    rule, space, count = words.rpartition(" ")
    return f"{rule_of(rule)} {count}" if space and count.isdigit() else rule_of(words)


def lies_of(words: str) -> str:
    """*dorsal und lateral von*."""
    for english, german in _LIES:
        words = words.replace(english, german)
    return words
