"""The pages around a case: login, worklist, and what is shown where a case's process ended. Plain HTML, no script.

In: rows, a login, a language. Out: HTML with every value escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from service.viewing.people import Login
from service.viewing.worklist import Listed, Running

_TEXTS = {
    "title": ("Arbeitsliste", "Worklist"),
    "log_in": ("Anmelden", "Log in"),
    "log_out": ("Abmelden", "Log out"),
    "name": ("Name", "Name"),
    "password": ("Passwort", "Password"),
    "wrong": ("Name oder Passwort ist falsch.", "Name or password is wrong."),
    "wait": ("Zu viele Versuche. Bitte einige Minuten warten.", "Too many tries. Please wait some minutes."),
    "patient": ("Patient", "Patient"),
    "study": ("Studie", "Study"),
    "procedure": ("Verfahren und Ziel", "Procedure and target"),
    "state": ("Stand", "State"),
    "held": ("Geöffnet von", "Open by"),
    "open": ("Öffnen", "Open"),
    "none": ("Keine Fälle. Sobald eine Serie segmentiert ist, steht sie hier.", "No cases. A series is listed once it is segmented."),
    "waiting": ("kein Ziel gewählt", "no target chosen"),
    "draft": ("Entwurf", "draft"),
    "changed": ("Entwurf, von Hand geändert", "draft, changed by hand"),
    "signed": ("unterschrieben", "signed"),
    "export_pending": ("unterschrieben, Export läuft", "signed, export under way"),
    "export_sent": ("unterschrieben, im PACS", "signed, in the PACS"),
    "export_dead": ("unterschrieben, EXPORT FEHLGESCHLAGEN", "signed, EXPORT FAILED"),
    "export_none": ("unterschrieben, kein PACS eingestellt", "signed, no PACS in the settings"),
    "rehearsal": ("Probe (Lage)", "rehearsal (position)"),
    "no_path": ("kein sicherer Weg", "no safe path"),
    "running": ("In Rechnung:", "Being computed:"),
    "case": ("Fall", "case"),
    "reading": ("Bilder lesen", "reading the images"),
    "planning": ("planen", "planning"),
    "pictures": ("Bilder zeichnen", "drawing pictures"),
    "DICOM objects": ("DICOM-Objekte schreiben", "writing DICOM objects"),
    "vertebrae": ("Wirbel suchen", "finding vertebrae"),
    "organs": ("Organe suchen", "finding organs"),
    "skin": ("Haut suchen", "finding the skin"),
    "starts": ("beginnt", "starting"),
    "opening": ("Der Fall wird geöffnet ...", "Opening the case ..."),
    "ended": ("Die Ansicht dieses Falls wurde unerwartet beendet. Ihre Änderungen sind gespeichert.",
              "This case's view ended unexpectedly. Your changes are kept."),
    "again": ("Zur Arbeitsliste", "To the worklist"),
    "device": ("Kein zertifiziertes Medizinprodukt. Jeder Plan ist ein Entwurf, den eine Ärztin oder ein Arzt prüft.",
               "Not a certified medical device. Every plan is a draft for a physician to check."),
}  # fmt: skip

_STYLE = """
:root{color-scheme:dark}body{margin:0;background:#14161c;color:#e8eaf0;font:15px/1.4 system-ui,"DejaVu Sans",sans-serif}
header{display:flex;gap:16px;align-items:center;padding:8px 20px;background:#1d2029;border-bottom:1px solid #343a48}
header h1{font-size:18px;margin:0;flex:1}main{padding:16px 20px}table{border-collapse:collapse;width:100%}
th{text-align:left;color:#aab2c2;font-weight:400}td,th{padding:6px 10px;border-bottom:1px solid #2a2f3b}
button,input{font:inherit;color:inherit;background:#2a2f3b;border:1px solid #4a5264;border-radius:4px;padding:6px 14px}
button{cursor:pointer;background:#2f5d8a}:focus-visible{outline:2px solid #fff}small{color:#aab2c2}
.login{max-width:320px;margin:12vh auto;display:flex;flex-direction:column;gap:12px}.login label{display:flex;flex-direction:column;gap:4px}
.running{color:#8fd3ff;margin:0 0 12px}.wrong{color:#ffb000;font-weight:600}
"""


def login(language: str, fault: str = "") -> str:
    """Name and password; ``fault`` is *wrong* or *wait*."""
    say = _say(language)
    wrong = f'<p class="wrong" role="alert">{say[fault]}</p>' if fault else ""
    return _html(
        language,
        f'<form class="login" method="post" action="/login"><h1>needleplan</h1>{wrong}'
        f'<label>{say["name"]}<input name="name" autocomplete="username" required autofocus></label>'
        f'<label>{say["password"]}<input name="password" type="password" autocomplete="current-password" required></label>'
        f"<button>{say['log_in']}</button><small>{say['device']}</small></form>",
    )


def worklist(
    rows: Sequence[Listed], holders: Mapping[str, str], running: Sequence[Running], person: Login, language: str
) -> str:
    """Every case with who has it open, and what is computed now."""
    say = _say(language)
    head = "".join(f"<th>{say[key]}</th>" for key in ("patient", "study", "procedure", "state", "held")) + "<th></th>"
    lines = "".join(_line(row, holders.get(str(row.folder), ""), person, say) for row in rows)
    table = f"<table><thead><tr>{head}</tr></thead>{lines}</table>" if rows else f"<p>{say['none']}</p>"
    if running:
        table = f'<p class="running" role="status">{_running(running, say)}</p>{table}'
    leave = f'<form method="post" action="/logout">{_token(person)}<button>{say["log_out"]}</button></form>'
    who = f"{escape(person.name)} ({person.role})"
    title = say["title"]
    return _html(
        language,
        f"<header><h1>needleplan: {title}</h1>{who}{leave}</header><main>{table}<p><small>{say['device']}</small></p></main>",
    )


def ended(language: str) -> str:
    """A case whose process is gone."""
    say = _say(language)
    return _html(
        language, f'<main><p class="wrong" role="alert">{say["ended"]}</p><p><a href="/">{say["again"]}</a></p></main>'
    )


def opening(language: str) -> str:
    """What stands on a case's page until the first picture; it looks whether the case's process is still there."""
    look = "const s=this,f=()=>setTimeout(()=>s.isConnected&&fetch('loading.tpl').then(r=>r.ok?f():location.reload()),2000);f()"
    return (
        '<div role="status" style="font:16px system-ui,sans-serif;color:#e8eaf0;background:#14161c;position:fixed;inset:0;display:flex;'
        f'align-items:center;justify-content:center"><img src="logo.png" alt="" hidden onload="{look}">{_say(language)["opening"]}</div>'
    )


def _running(running: Sequence[Running], say: Mapping[str, str]) -> str:
    told = (
        f"{say['case']} {one.number}: {escape(say.get(one.stage, one.stage) or say['starts'])}, {one.for_s:.0f} s"
        for one in running
    )
    return f"{say['running']} " + " · ".join(told)


def _line(row: Listed, holder: str, person: Login, say: Mapping[str, str]) -> str:
    cells = (row.patient, row.study, row.procedure, say[row.state], holder)
    button = f'<form method="post" action="/open/{row.key}">{_token(person)}<button>{say["open"]}</button></form>'
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + f"<td>{button}</td></tr>"


def _token(person: Login) -> str:
    return f'<input type="hidden" name="form" value="{person.form_token}">'


def _say(language: str) -> dict[str, str]:
    return {key: pair[language == "en"] for key, pair in _TEXTS.items()}


def _html(language: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>needleplan</title><style>{_STYLE}</style><body>{body}</body></html>"
    )
