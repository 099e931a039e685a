"""Every word on the page, in German and English: one table, switchable while a case is open.

Sentences of the planner itself come in English; whoever opens the page says them in German (``host.Host.german``).
"""

from __future__ import annotations

from enum import StrEnum

from planner.structures import Side, Structure


class Language(StrEnum):
    """Of the page."""

    GERMAN = "de"
    ENGLISH = "en"

    @property
    def other(self) -> Language:
        """The one to switch to."""
        return Language.ENGLISH if self is Language.GERMAN else Language.GERMAN


_TABLE: dict[str, tuple[str, str]] = {
    "axial": ("Axial", "Axial"),
    "needle": ("Nadelebene", "Needle plane"),
    "scene": ("3D", "3D"),
    "sagittal": ("Sagittal", "Sagittal"),
    "coronal": ("Koronar", "Coronal"),
    "down": ("Nadelachse", "Along the needle"),
    "draft": ("ENTWURF - NICHT FREIGEGEBEN", "DRAFT - NOT RELEASED"),
    "released": ("FREIGEGEBEN", "RELEASED"),
    "rehearsal": (
        "PROBE: Lage im Scan {scan}, Behandlung in {treated}",
        "REHEARSAL: scanned {scan}, treated {treated}",
    ),
    "not_checked": ("NICHT GEPRÜFT", "NOT CHECKED"),
    "waiting": ("KEIN ZIEL GEWÄHLT", "NO TARGET CHOSEN"),
    "paths": ("Wege, bester zuerst", "Paths, best first"),
    "no_path": ("KEIN SICHERER WEG", "NO SAFE PATH"),
    "depth": ("Tiefe", "Depth"),
    "oblique": ("Schräge", "Obliquity"),
    "tilt": ("Kippung", "Tilt"),
    "tolerance": ("Toleranz", "Tolerance"),
    "room": ("Reserve", "Spare"),
    "needle_word": ("Nadel", "Needle"),
    "entry": ("Eintritt", "Entry"),
    "target": ("Ziel", "Target"),
    "floor": ("Winkel zum Boden", "Angle to the floor"),
    "floor_unknown": ("nur in Behandlungslage", "in treatment position only"),
    "floor_short": ("Boden", "Floor"),
    "contact_short": ("Kontakt", "Contact"),
    "not_measured": ("nicht gemessen", "not measured"),
    "entry_shift": ("Eintritt darf irren um", "Entry may be off by"),
    "contact": ("Kontaktrisiko", "Risk of contact"),
    "missed": ("Ziel verfehlt", "Target missed"),
    "guided": ("Führung", "guidance"),
    "checkpoints": ("Kontrollscan bei", "Control scan at"),
    "with_checkpoints": ("damit Kontakt; verfehlt", "with them contact; missed"),
    "bevel": ("Schliff", "Bevel"),
    "together": ("Nadeln zusammen", "Needles together"),
    "would_help": ("Was einen Weg öffnen würde", "What would open a path"),
    "mapping": ("Rechne Hautkarte ...", "Mapping the skin ..."),
    "skin_map": ("Hautkarte", "Skin map"),
    "skin_room": (
        "Eintritt möglich: dunkel knapp, hell ab 5 mm Reserve",
        "May enter: dark is tight, bright from 5 mm to spare",
    ),
    "skin_why": (
        "Sonst, warum nicht (Anteil der Haut in Reichweite):",
        "Elsewhere, why not (share of the skin in reach):",
    ),
    "distance": ("Abstand", "Distance"),
    "angle": ("Winkel", "Angle"),
    "by_numbers": ("Punkte als Zahlen (LPS, mm)", "Points as numbers (LPS, mm)"),
    "correcting": ("Berichtige Anatomie ...", "Correcting the anatomy ..."),
    "correct": ("Strukturen zeigen und berichtigen", "Show and correct structures"),
    "add": ("Ergänzen", "Add"),
    "erase": ("Wegnehmen", "Take away"),
    "nudge": ("Nerv verschieben", "Move a nerve"),
    "brush_size": ("Pinselradius mm", "Brush radius mm"),
    "colour": ("Farbe", "Colour"),
    "correct_how": (
        "Struktur wählen, dann im Schnittbild malen; jeder Strich wird neu geplant",
        "Choose a structure, then paint in a slice; each stroke is planned anew",
    ),
    "midline_left": ("mm links der Dornfortsätze", "mm left of the spinous processes"),
    "midline_right": ("mm rechts der Dornfortsätze", "mm right of the spinous processes"),
    "midline_none": ("Dornfortsätze hier nicht gefunden", "spinous processes not found here"),
    "slice": ("Schicht", "Slice"),
    "table": ("Tisch", "Table"),
    "not_in_images": ("nicht in den Bildern", "not in the images"),
    "clearances": ("Abstände", "Clearances"),
    "structure": ("Struktur", "Structure"),
    "required": ("nötig", "required"),
    "at_depth": ("in Tiefe", "at depth"),
    "broken": ("Verletzt", "Breaks"),
    "gates": ("Freigabe gesperrt", "Release is blocked"),
    "warnings": ("Hinweise", "Warnings"),
    "read": ("Gelesen", "Read"),
    "undo": ("Rückgängig", "Undo"),
    "redo": ("Wiederholen", "Redo"),
    "reset": ("Ansicht zurücksetzen", "Reset view"),
    "replan": ("Neu planen", "Plan again"),
    "help": ("Hilfe", "Help"),
    "close": ("Schließen", "Close"),
    "larger": ("Vergrößern", "Enlarge"),
    "smaller": ("Verkleinern", "Shrink"),
    "window": ("Fenster", "Window"),
    "bone": ("Knochen", "Bone"),
    "soft": ("Weichteil", "Soft tissue"),
    "spine": ("Wirbelsäule", "Spine"),
    "lung": ("Lunge", "Lung"),
    "slab": ("Schicht", "Slab"),
    "thin": ("dünn", "thin"),
    "outlines": ("Konturen", "Outlines"),
    "anterior_up": ("Vorn oben", "Anterior up"),
    "strip": ("Tiefe entlang der Nadel, Haut links, Ziel rechts", "Depth along the needle, skin left, target right"),
    "closest": ("engste Stelle", "closest"),
    "choose": ("Ziel wählen", "Choose a target"),
    "procedure": ("Verfahren", "Procedure"),
    "place": ("Ort", "Place"),
    "pick_how": (
        "Ort und Seite aus der Liste wählen, oder im Bild anklicken und übernehmen",
        "Choose place and side from the list, or click on the picture and take it",
    ),
    "at_cross": ("Am Fadenkreuz", "At the crosshair"),
    "take": ("Übernehmen", "Take"),
    "no_offer": ("Diese Anatomie bietet dafür keinen Ort", "This anatomy offers no place for it"),
    "looking": ("Suche Orte ...", "Looking for places ..."),
    "root": ("Wurzel", "Root"),
    "side": ("Seite des Patienten", "Patient's side"),
    "pick": ("bitte wählen", "please choose"),
    "plan": ("Planen", "Plan"),
    "confirm": ("Höhe und Lage am Bild geprüft", "Level and position checked on the image"),
    "name_uncertain": ("Name der Höhe nicht sicher", "the level's name is not certain"),
    "position_inferred": ("Lage aus dem Bild erschlossen", "position inferred from the image"),
    "planning": ("Plane ...", "Planning ..."),
    "lossy": ("verlustbehaftet", "lossy"),
    "no_skin": ("Dort liegt keine Haut in Reichweite der Nadel", "No skin within the needle's reach there"),
    "read_only": (
        "NUR LESEN: eine andere Person hat diesen Fall geöffnet",
        "READ ONLY: another person has this case open",
    ),
    "lost": ("Verbindung verloren. Ihre Änderungen sind gespeichert.", "Connection lost. Your changes are kept."),
    "language": ("English", "Deutsch"),
    "left": ("links", "left"),
    "right": ("rechts", "right"),
    "sign": ("Unterschreiben", "Sign"),
    "sign_title": ("Plan freigeben", "Release the plan"),
    "reading": ("Wird gelesen ...", "Reading ..."),
    "writing": ("Wird geschrieben ...", "Writing ..."),
    "stage_opening": ("öffne den Fall", "opening the case"),
    "stage_target": ("suche das Ziel", "finding the target"),
    "stage_fields": ("messe Abstände aus", "measuring distances"),
    "stage_search": ("suche und prüfe Wege", "searching and measuring paths"),
    "stage_skin": ("zeichne die Hautkarte", "drawing the skin map"),
    "earlier": ("Frühere Pläne dieser Person", "Earlier plans of this patient"),
    "earlier_how": ("Aus anderen Aufnahmen: nur zum Vergleich", "From other scans: for comparison only"),
    "before": ("Frühere Aufnahme", "Earlier scan"),
    "before_how": (
        "Nur zum Ansehen, auf ihr wird nichts gemessen (B)",
        "For looking only, nothing is measured on it (B)",
    ),
    "before_refused": ("Nicht auf diese Aufnahme gelegt", "Not laid over this scan"),
    "residual": ("Restfehler je Wirbel", "Residual of each vertebra"),
    "not_used": ("zu groß, nicht verwendet", "too large, not used"),
    "blend": ("Anteil", "Share"),
    "drawing": ("wird gezeichnet ...", "drawing ..."),
    "why_none": ("Verworfen durch", "Refused by"),
    "directions": ("Richtungen", "Directions"),
    "paint": ("Malen", "Paint"),
    "no_patient": ("Patient unbekannt", "Patient unknown"),
    "no_dicom": ("keine DICOM-Serie", "no DICOM series"),
    "series": ("Serie", "Series"),
    "left_unknown": ("Dauer hier noch nie gemessen", "never timed on this machine"),
    "longer": ("länger als sonst", "longer than usual"),
    "left_about": ("noch etwa", "left about"),
    "version": ("Version", "Version"),
    "digest": ("Prüfsumme von Bildern, Anatomie und Plan (SHA-256)", "Checksum of images, anatomy and plan (SHA-256)"),
    "tick_each": ("Jeden Hinweis lesen und abhaken", "Read and tick each warning"),
    "password": ("Passwort", "Password"),
    "signed_by": ("Unterschrieben von", "Signed by"),
    "questions": ("Vor der Freigabe", "Before release"),
    "unanswered": ("offen", "open"),
    "export_draft": ("Entwurf als Dateien", "Draft as files"),
    "export_pending": ("Export läuft", "Export under way"),
    "export_sent": ("Im PACS", "In the PACS"),
    "export_dead": ("EXPORT FEHLGESCHLAGEN", "EXPORT FAILED"),
    "export_withdrawn": ("Export zurückgezogen: geändert", "Export withdrawn: changed"),
    "export_none": ("Kein PACS eingestellt", "No PACS in the settings"),
    "wrong_password": ("Falsches Passwort; nichts ist unterschrieben", "The password is wrong; nothing is signed"),
    "changed_meanwhile": ("Inzwischen geändert; nichts ist unterschrieben", "Changed meanwhile; nothing is signed"),
    "wait": ("Zu viele Versuche; bitte einige Minuten warten", "Too many tries; wait some minutes"),
}

_ANSWERS: dict[str, str] = {
    "yes": "ja", "no": "nein", "expiration": "Ausatmung", "inspiration": "Einatmung", "free breathing": "freie Atmung",
}  # fmt: skip

_QUESTIONS: dict[str, str] = {
    "indication": "Ist die Indikation im Auftrag oder ärztlich genannt?",
    "bladder_or_bowel": "Neue Blasen- oder Mastdarmstörung?",
    "paralysis": "Neue oder zunehmende Lähmung?",
    "local_infection": "Infektion an der Einstichstelle?",
    "systemic_infection": "Systemische Infektion?",
    "allergy": "Allergie gegen Kontrastmittel oder Medikament?",
    "pregnancy": "Schwangerschaft möglich?",
    "anticoagulants": "Gerinnungshemmer, nicht nach Hausregel pausiert?",
    "cooperation": "Kann die Person in Behandlungslage stillliegen?",
    "first_steroid_non_particulate": "Nicht kristallines Steroid gewählt, oder kein Steroid?",
    "recent_steroid": "Vor kurzem ein Steroid an diesem oder einem anderen Gelenk?",
    "other_side_same_sitting": "Wird in derselben Sitzung die andere Seite behandelt?",
    "respiratory": "Ateminsuffizienz?",
    "aneurysm": "Aortenaneurysma?",
    "distorting_tumour": "Verdrängt ein Tumor die Anatomie am Weg oder Ziel?",
    "bowel_behind_psoas": "Liegt in diesem Scan Darm hinter dem Psoas?",
    "immunosuppression": "Ist das Immunsystem unterdrückt?",
    "uncontrolled_diabetes": "Nicht eingestellter Diabetes?",
    "vascular_prosthesis": "Stent oder Prothese der Aorta in Höhe des Ziels?",
    "test_response_recorded": "Positive Antwort auf die Testinjektion dokumentiert?",
    "contrast_spread_recorded": "Kontrastmittel im Kontrollscan frei von Wurzel, Epiduralraum, Psoas, Gefäßen, dokumentiert?",
    "scheme": "Nach wessen Klassen des Blutungsrisikos?",
    "inr": "INR",
    "platelets_per_nl": "Thrombozyten pro nl",
    "breathing": "Atemphase des Scans",
}

_RULES: dict[str, str] = {
    "gantry tilt": "Gantrykippung", "no air outside the skin": "keine Luft vor der Haut",
    "arterial quadrant": "Quadrant der Arterie", "needle length": "Nadellänge", "gantry bore": "Gantryöffnung",
    "table reach": "Tischbereich", "entry across the midline": "Eintritt jenseits der Mittellinie",
    "approach window": "Zugangsfenster", "skin outside image": "Haut außerhalb des Bildes",
    "through the opening": "durch die Öffnung",
    "tip: arterial quadrant": "Spitze: Quadrant der Arterie", "tip: far from the root": "Spitze: fern der Wurzel",
    "tip: not dorsal of the root": "Spitze: nicht dorsal der Wurzel",
    "tip: not dorsal or caudal of the root": "Spitze: weder dorsal noch kaudal der Wurzel",
    "tip: no corner of articular and transverse process": "Spitze: keine Ecke von Gelenk- und Querfortsatz",
    "tip: outside the body": "Spitze: außerhalb des Körpers", "tip: outside the image": "Spitze: außerhalb des Bildes",
}  # fmt: skip

_STRUCTURES: dict[Structure, str] = {
    Structure.VERTEBRA: "Wirbel", Structure.DISC: "Bandscheibe", Structure.SACRUM: "Kreuzbein", Structure.ILIUM: "Darmbein",
    Structure.RIB: "Rippe", Structure.BONE: "Knochen", Structure.CANAL: "Spinalkanal", Structure.THECAL_SAC: "Duralsack",
    Structure.NERVE_ROOT: "Nervenwurzel", Structure.AORTA: "Aorta", Structure.INFERIOR_VENA_CAVA: "V. cava inferior",
    Structure.ARTERY: "Arterie", Structure.VEIN: "Vene", Structure.KIDNEY: "Niere", Structure.URETER: "Harnleiter",
    Structure.LUNG: "Lunge", Structure.PLEURAL_ZONE: "Pleurazone", Structure.BOWEL: "Darm", Structure.GAS: "Gas",
    Structure.LIVER: "Leber", Structure.SPLEEN: "Milz", Structure.PSOAS: "Psoas", Structure.CRUS: "Zwerchfellschenkel", Structure.MUSCLE: "Muskel",
    Structure.BODY: "Weichteile", Structure.SKIN: "Haut", Structure.METAL: "Metall",
}  # fmt: skip

_POSES = {
    "supine": "Rückenlage",
    "prone": "Bauchlage",
    "lying on the left side": "Linksseitenlage",
    "lying on the right side": "Rechtsseitenlage",
    "unknown": "unbekannt",
}


def texts(language: Language) -> dict[str, str]:
    """Every text of the page by its key."""
    return {key: pair[language is Language.ENGLISH] for key, pair in _TABLE.items()}


def question_words(key: str, english: str, language: Language) -> str:
    """A question before release; the planner's own sentence where the table has none."""
    return english if language is Language.ENGLISH else _QUESTIONS.get(key, english)


def rule_words(rule: str, language: Language) -> str:
    """A rule's name: *Abstand: Nervenwurzel*; one that the table does not know stays as the planner calls it."""
    if language is Language.ENGLISH:
        return rule
    kind, _, rest = rule.partition(": ")
    if kind == "clearance" and rest:
        known = {one.words: german for one, german in _STRUCTURES.items()}
        return f"Abstand: {known.get(rest, rest)}"
    return _RULES.get(rule, rule)


def answer_words(answer: str, language: Language) -> str:
    """*ja*, *nein*."""
    return answer if language is Language.ENGLISH else _ANSWERS.get(answer, answer)


def structure_words(structure: Structure, language: Language) -> str:
    """*V. cava inferior*."""
    return structure.words if language is Language.ENGLISH else _STRUCTURES[structure]


def side_words(side: Side, language: Language) -> str:
    """The patient's side, always a word."""
    return texts(language)[side.value]


def pose_words(pose: str, language: Language) -> str:
    """How the body lies."""
    return pose if language is Language.ENGLISH else _POSES[pose]
