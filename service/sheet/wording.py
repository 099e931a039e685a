"""Every word of the sheet that the page in the browser does not have, in German and English.

A path's own sentence is said anew from its numbers; for the planner's warnings and for what keeps a plan from release see
``german.py``.
"""

from __future__ import annotations

from dataclasses import dataclass

from planner.palpable import Landmark
from planner.plan import VALID_FOR, Clearance, PlannedTrajectory, TargetPlan
from planner.release.gate_answers import INR, PLATELETS, SCHEME, SPREAD, TEST
from planner.sentences import is_at_tip, name_of, told_nearest
from planner.structures import Part, Pose
from service import words
from service.german import in_german as said_in_german
from service.german.of_sheet import TITLES, names_in_german
from viz.viewer.words import Language, answer_words, pose_words, question_words, side_words, structure_words, texts

_TABLE: dict[str, tuple[str, str]] = {
    "released_by": ("FREIGEGEBEN von {person}, {when}", "RELEASED by {person}, {when}"),
    "rehearsal": (
        "PROBE: Scan in {scan}, Behandlung in {treated}. In Behandlungslage neu scannen: Anatomie und Haut verschieben sich.",
        "REHEARSAL: scanned {scan}, treated {treated}. Re-scan in treatment position: anatomy and skin move.",
    ),
    "not_checked": ("NICHT GEPRÜFT: {structures}", "NOT CHECKED: {structures}"),
    "patient": ("Patient", "Patient"),
    "patient_unknown": ("PATIENT UNBEKANNT: kein DICOM", "PATIENT UNKNOWN: no DICOM images"),
    "no_name": ("ohne Namen", "no name"),
    "unprintable": ("Name mit diesen Schriften nicht druckbar", "name not printable in this font"),
    "born": ("geb.", "born"),
    "scan": ("Scan", "Scan"),
    "no_id": ("KEINE ID", "NO ID"),
    "series": ("Serie", "Series"),
    "side_is": ("SEITE: {side}", "SIDE: {side}"),
    "uncertain": ("Name der Höhe nicht sicher: bestätigen", "level name not certain: confirm"),
    "positions": ("Scan: {scan}. Behandlung: {treated}. Atmung: {breathing}.", "Scanned: {scan}. Treated: {treated}. Breathing: {breathing}."),
    "inferred": ("aus dem Bild erschlossen, bestätigen", "inferred, to be confirmed"),
    "unknown": ("unbekannt", "unknown"),
    "no_pictures": ("Keine Bilder: {why}", "No pictures: {why}"),
    "skin_entry": ("Eintritt", "Skin entry"),
    "landmark": ("Tastbar", "Landmark"),
    "entry_slice": ("Schicht Eintritt", "Entry slice"),
    "tip_slice": ("Schicht Spitze", "Tip slice"),
    "no_slice": ("nicht in den Bildern", "not in the images"),
    "slice": ("Serie {series}, Bild {image}, Position {location}", "series {series}, image {image}, location {location}"),
    "table": ("Tischposition", "Table position"),
    "obliquity": ("Schräge (axial)", "Obliquity (axial)"),
    "tilt": ("Kippung", "Tilt"),
    "floor": ("Zum Boden", "To the floor"),
    "floor_is": ("{angle:.1f}° (90° = senkrecht)", "{angle:.1f}° (90° = straight down)"),
    "floor_unknown": ("nur in Behandlungslage", "in treatment position only"),
    "floor_later": ("erst in Lage", "once in position"),
    "depth": ("Tiefe Haut-Spitze", "Depth skin to tip"),
    "first_scan": ("Erster Kontrollscan", "First control scan"),
    "at_mm": ("bei {depths}", "at {depths}"),
    "no_scan": ("keiner unterwegs nötig", "none on the way is worth it"),
    "not_measured": ("nicht gemessen", "not measured"),
    "needle": ("Nadel", "Needle"),
    "needle_is": ("{needle}, {outside:.0f} mm bleiben außen", "{needle}, {outside:.0f} mm stay outside"),
    "forgives": ("Verzeiht", "Forgives"),
    "forgives_is": ("{angle:.1f}° Winkel, Eintritt {shift}", "{angle:.1f}° of angle, entry {shift}"),
    "bevel": ("Schliff", "Bevel"),
    "bevel_is": (
        "Schliff auf {clock} Uhr (von der Nabe gesehen, 12 = kopfwärts); Nadel weicht {offset:.1f} mm Richtung {to} Uhr ab",
        "at {clock} o'clock (seen from the hub, 12 = cranial); the needle bends {offset:.1f} mm towards {to} o'clock",
    ),
    "bevel_any": ("gleichgültig", "does not matter"),
    "bevel_unknown": ("Biegung dieser Spitze unbekannt", "bend of this tip not known"),
    "structure": ("Engste Strukturen", "Closest structures"),
    "clearance": ("Abst.", "Gap"),
    "required": ("nötig", "required"),
    "spare": ("Rest", "Spare"),
    "at_depth": ("Tiefe", "Depth"),
    "sure": ("Sich.", "Sure"),
    "binding": ("BINDET", "BINDING"),
    "tip_zone": ("ohne letzte {mm:.0f} mm", "not its last {mm:.0f} mm"),
    "risk": ("Risiko", "Risk"),
    "risk_is": (
        "{guidance}: berührt anderes als Knochen {soft}{soft_scanned}; verfehlt Ziel um über {off:g} mm {missed}{missed_scanned} (95-%-Intervalle, n = {n})",
        "{guidance}: touches other than bone {soft}{soft_scanned}; ends over {off:g} mm off the tip {missed}{missed_scanned} (95 % intervals, n = {n})",
    ),
    "with_scans": (", mit Kontrollscans {share}", ", with control scans {share}"),
    "way": ("Weg", "Way"),
    "told": (
        "Eintritt {entry}, {landmark}; Schicht: {slice}; {obliquity}; Kippung {tilt}; zum Boden {floor}; {depth:.1f} mm bis zur Spitze, erster Kontrollscan {first}; {needle}.",
        "Enter {entry}, {landmark}; slice: {slice}; {obliquity}; tilt {tilt}; to the floor {floor}; {depth:.1f} mm to the tip, first control scan {first}; {needle}.",
    ),
    "second": ("Weg 2", "Path 2"),
    "no_second": ("kein zweiter, wirklich anderer Weg", "no second, really different path"),
    "spare_at": ("{spare:.1f} mm Reserve: {name}", "{spare:.1f} mm to spare: {name}"),
    "checklist": ("Checkliste", "Checklist"),
    "answered_by": ("beantwortet von {person}", "answered by {person}"),
    "not_signed": ("nicht unterschrieben: alle offen", "signed by nobody: all open"),
    "open_closed": ("{open} offen, {closed} geschlossen", "{open} open, {closed} closed"),
    "not_asked": ("Keine Checkliste erfasst.", "No checklist is recorded."),
    "open": ("OFFEN", "OPEN"),
    "blockers": ("Sperrt die Freigabe", "Keeps the plan from release"),
    "warnings": ("Hinweise", "Warnings"),
    "more": ("+ {count} weitere: siehe Bericht im PACS oder plan.json", "+ {count} more: see the report in the PACS, or plan.json"),
    "injectate": ("Injektat", "Injectate"),
    "volume": ("{low:g} bis {high:g} ml je Ziel.", "{low:g} to {high:g} ml at each target."),
    "no_spread": (
        "Kein Gebiet gezeichnet. Ausbreitung kann warnen, nie entwarnen.",
        "No region is drawn. Spread may warn; it never clears.",
    ),
    "earlier": ("Früher", "Earlier"),
    "differs": ("jetzt {what}", "now {what}"),
    "same": ("dieselbe Nadel, Winkel und Tiefe", "the same needle, angles and depth"),
    "other_place": ("anderes Ziel", "another target"),
    "together": ("Reihenfolge", "Order"),
    "needle_of": ("{title}: Nadel {number} von {count}", "{title}: needle {number} of {count}"),
    "targets": ("{title}: {count} Ziele. Bilder: Ziel {shown}", "{title}: {count} targets. Pictures: target {shown}"),
    "floor_short": ("Boden", "Floor"),
    "depth_short": ("Tiefe", "Depth"),
    "first_short": ("1. Scan", "1st scan"),
    "both_slices": ("Eintritt {entry}; Spitze {tip}", "entry {entry}; tip {tip}"),
    "slices": ("Schichten", "Slices"),
    "brief_bevel": ("Schliff {clock} Uhr", "bevel at {clock} o'clock"),
    "brief_forgives": ("verzeiht {angle:.1f}°", "forgives {angle:.1f}°"),
    "room": ("Engste Reserve", "Least spare"),
    "no_path": ("KEIN SICHERER WEG", "NO SAFE PATH"),
    "no_path_is": (
        "{count} Richtungen geprüft; zuerst verworfen durch: {counts}",
        "{count} directions examined; first refused by: {counts}",
    ),
    "would_help": ("Was einen Weg öffnen würde", "What would open a path"),
    "valid": (
        "Gilt nur für diese Serie: Patient bewegt oder neu gescannt -> neu planen.",
        f"Valid for {VALID_FOR}.",
    ),
    "not_a_device": ("Kein zertifiziertes Medizinprodukt.", "Not a certified medical device."),
    "plan_hash": ("Plan (SHA-256)", "Plan (SHA-256)"),
    "made": ("erstellt {when}", "made {when}"),
}  # fmt: skip

_GATES = {
    "bowel_behind_psoas": "Liegt in diesem Scan Darm hinter dem Psoas?",
    "immunosuppression": "Ist das Immunsystem unterdrückt?",
    "uncontrolled_diabetes": "Nicht eingestellter Diabetes?",
    "distorting_tumour": "Verdrängt ein Tumor die Anatomie am Weg oder Ziel?",
    "aneurysm": "Aortenaneurysma?",
    "vascular_prosthesis": "Stent oder Prothese der Aorta in Höhe des Ziels?",
}

_PARTS = {
    Part.POSTERIOR: "Wirbelbogen",
    Part.BODY: "Wirbelkörper",
    Part.SUPERIOR_ARTICULAR_PROCESS: "Oberer Gelenkfortsatz",
    Part.INFERIOR_ARTICULAR_PROCESS: "Unterer Gelenkfortsatz",
    Part.GANGLION: "Ganglion",
}

_LIES = {" and ": " und ", " to": " von", "cranial": "kranial", "caudal": "kaudal", "through": "durch"}
"""Where a needle passes, seen from a structure: dorsal, ventral, lateral and medial are the same in both languages."""

_SHOWN_DEG = 0.05
"""Below this an angle is shown as 0.0."""

_PARTS_OF_GATES = {
    "Class of bleeding risk": "Klasse des Blutungsrisikos", "Platelets per nl": "Thrombozyten pro nl",
    "at most": "höchstens", "at least": "mindestens", "Test injection on record": "Testinjektion dokumentiert",
    "Contrast spread on record": "Kontrastmittelverteilung dokumentiert", " left": " links", " right": " rechts",
}  # fmt: skip
"""Of rows that are no question with yes or no: a value with its limit, a record with its place."""


def _lies(row: Clearance) -> str:
    words = row.lies or "beside"
    for english, german in {**_LIES, "beside": "neben"}.items():
        words = words.replace(english, german)
    return words


def _height(cranial_mm: float) -> str:
    if abs(cranial_mm) < _LEVEL_WITH_MM:
        return "auf Höhe"
    return f"{abs(cranial_mm):.0f} mm {'kranial' if cranial_mm > 0 else 'kaudal'}"


_LEVEL_WITH_MM = 0.5


@dataclass(frozen=True, slots=True)
class Wording:
    """The sheet's words in one language."""

    language: Language

    def __call__(self, key: str, **values: object) -> str:
        """The words of a key, with values put in."""
        return _TABLE[key][self.language is Language.ENGLISH].format(**values)

    @property
    def is_english(self) -> bool:
        """Else German."""
        return self.language is Language.ENGLISH

    def state(self, *, is_draft: bool) -> str:
        """*DRAFT - NOT RELEASED*."""
        return texts(self.language)["draft" if is_draft else "released"]

    def pose(self, pose: Pose) -> str:
        """How the body lies."""
        return pose_words(str(pose), self.language)

    def target(self, target: TargetPlan) -> str:
        """Level and side in words."""
        return target.words if self.is_english else names_in_german(target.words)

    def side(self, target: TargetPlan) -> str:
        """In capitals."""
        return self("side_is", side=side_words(target.side, self.language).upper())

    def structure(self, row: Clearance) -> str:
        """With level and side."""
        if self.is_english:
            return name_of(row)
        side = "" if row.side is None else side_words(row.side, self.language)
        place = ", ".join(str(word) for word in (row.level, side) if word)
        name = _PARTS.get(row.part, "") if row.part else ""
        return f"{name or structure_words(row.structure, self.language)} {place}".strip()

    def entry(self, path: PlannedTrajectory) -> str:
        """From the midline."""
        if self.is_english:
            return words.entry_words(path)
        offset = path.entry_from_midline_mm
        if offset is None:
            return "Mittellinie (Dornfortsätze) hier nicht gefunden"
        return f"{abs(offset):.1f} mm {'links' if offset >= 0 else 'rechts'} der Dornfortsätze"

    def landmark(self, landmark: Landmark | None) -> str:
        """From a spinous process."""
        if landmark is None:
            return "kein Dornfortsatz gefunden" if not self.is_english else "no spinous process found"
        if self.is_english:
            return str(landmark)
        process = f"{_height(landmark.cranial_mm)} der Spitze des Dornfortsatzes {landmark.level}"
        crests = landmark.above_crests_mm
        return process if crests is None else f"{process}, {_height(crests)} der Beckenkammlinie"

    def obliquity(self, path: PlannedTrajectory) -> str:
        """With its sign in words."""
        if self.is_english:
            return words.obliquity_words(path).removeprefix("obliquity ").replace(" deg", "°")
        side = "links" if path.obliquity_deg >= 0 else "rechts"
        return f"{path.obliquity_deg:+.1f}° (Eintritt auf der {'linken' if side == 'links' else 'rechten'} Seite)"

    def tilt(self, path: PlannedTrajectory) -> str:
        """With its sign in words."""
        if self.is_english:
            return words.tilt_words(path).removeprefix("tilt ").replace(" deg", "°")
        if abs(path.tilt_deg) < _SHOWN_DEG:
            return "0.0° (in der axialen Ebene)"
        return f"{path.tilt_deg:+.1f}° ({'kopfwärts' if path.tilt_deg > 0 else 'fußwärts'} gerichtet)"

    def way(self, path: PlannedTrajectory, target: TargetPlan) -> str:
        """What the path passes, where it ends, and what leaves the least room."""
        if self.is_english:
            return path.sentence
        row, binding = told_nearest(path, target), path.binding
        passes = "Nichts in Reichweite, was nicht berührt werden darf"
        if row is not None:
            verb = "Endet" if is_at_tip(path, row) else "Verläuft"
            passes = (
                f"{verb} {row.clearance_mm:.1f} mm {_lies(row)}: {self.structure(row)}, in {row.depth_mm:.0f} mm Tiefe"
            )
        limit = "nichts bindet"
        if binding is not None:
            spare = binding.spare_mm
            limit = f"bindend: {self.structure(binding)}, {abs(spare):.1f} mm {'Reserve' if spare >= 0 else 'zu nah'}"
        return f"{passes}; {limit}."

    def title(self, key: str, english: str) -> str:
        """A procedure's."""
        return english if self.is_english else TITLES.get(key, english)

    def planner(self, sentence: str) -> str:
        """A sentence of the planner."""
        return sentence if self.is_english else said_in_german(sentence)

    def share(self, words: str) -> str:
        """*below 0.01%*."""
        return words if self.is_english else words.replace("below", "unter")

    def gate(self, key: str, english: str) -> str:
        """A gate's question."""
        if self.is_english:
            return english
        if key in {SCHEME, INR, PLATELETS, TEST, SPREAD}:
            for part, german in _PARTS_OF_GATES.items():
                english = english.replace(part, german)
            return english
        return _GATES.get(key) or question_words(key, english, self.language)

    def answer(self, answer: str) -> str:
        """*yes*, *ja*."""
        return answer_words(answer, self.language)
