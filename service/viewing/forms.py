"""The pages around a case: login, worklist, and what is shown where a case's process ended. Plain HTML, no script.

In: rows, a login, a language. Out: HTML with every value escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from service.german import in_german
from service.viewing.form_words import say_in, stage_words
from service.viewing.people import Login
from service.viewing.worklist import Listed, Running

_STYLE = """
:root{color-scheme:dark;--line:#343a48;--dim:#aab2c2;--face:#1d2029}
html{font-size:15px}@media(min-width:2500px){html{font-size:26px}}
body{margin:0;background:#14161c;color:#e8eaf0;font:1rem/1.45 system-ui,"Segoe UI","DejaVu Sans",sans-serif}
header{display:flex;gap:1rem;align-items:center;padding:.6rem 1.4rem;background:var(--face);border-bottom:1px solid var(--line)}
header h1{font-size:1.15rem;margin:0;flex:1}header h1 b{color:#8fd3ff}main{padding:1rem 1.4rem}
table{border-collapse:collapse;width:100%;background:var(--face);border:1px solid var(--line)}
th{text-align:left;color:var(--dim);font-weight:400}td,th{padding:.5rem .8rem;border-bottom:1px solid #2a2f3b}
tbody tr:hover,tr:focus-within{background:#242a36}td:last-child{text-align:right;width:1%}td b{display:block}
button,input,.button{font:inherit;color:inherit;background:#2a2f3b;border:1px solid #4a5264;border-radius:4px;padding:.35rem .9rem}
button,.button{cursor:pointer;background:#2f5d8a;border-color:#6aa6dd;text-decoration:none}
header button,header .button{background:#2a2f3b;border-color:#4a5264}button:hover,.button:hover{filter:brightness(1.15)}
:focus-visible{outline:2px solid #fff;outline-offset:1px}small,.dim{color:var(--dim)}
.state{white-space:nowrap;padding:.1rem .6rem;border-radius:1rem;border:1px solid currentColor;font-size:.9rem}
.draft,.changed,.rehearsal{color:#ffb000}.signed,.export_sent,.export_pending,.export_none{color:#8fd3ff}
.no_path,.export_dead{color:#ff8a5c;font-weight:700}.waiting{color:#e8eaf0}
.login{box-sizing:border-box;width:24rem;max-width:90vw;margin:12vh auto;display:flex;flex-direction:column;gap:.8rem;padding:1.6rem;
background:var(--face);border:1px solid var(--line);border-radius:8px}.login h1{margin:0;font-size:1.6rem;color:#8fd3ff}
.login label{display:flex;flex-direction:column;gap:.25rem}.login button{padding:.5rem}
.running{color:#8fd3ff;margin:0 0 .8rem}.wrong{color:#ffb000;font-weight:600}.none{padding:2rem;text-align:center;border:1px dashed var(--line)}
.told{max-width:36rem;margin:14vh auto;padding:1.6rem;background:var(--face);border:1px solid var(--line);border-radius:8px}
"""


def login(language: str, fault: str = "") -> str:
    """Name and password; ``fault`` is *wrong* or *wait*."""
    say = say_in(language)
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
    say = say_in(language)
    head = "".join(f"<th>{say[key]}</th>" for key in ("patient", "study", "procedure", "state", "held")) + "<th></th>"
    lines = "".join(_line(row, holders.get(str(row.folder), ""), person, language) for row in rows)
    table = (
        f"<table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"
        if rows
        else f'<p class="none">{say["none"]}</p>'
    )
    if running:
        table = f'<p class="running" role="status">{_running(running, language)}</p>{table}'
    leave = f'<form method="post" action="/logout">{_token(person)}<button>{say["log_out"]}</button></form>'
    who = f"<span>{escape(person.name)} · {say[str(person.role)]}</span>"
    again = f'<a class="button" href="/">{say["refresh"]}</a>'
    title = say["title"]
    return _html(
        language,
        f"<header><h1><b>needleplan</b> {title}</h1>{again}{who}{leave}</header><main>{table}<p><small>{say['device']}</small></p></main>",
    )


def ended(language: str) -> str:
    """A case whose process is gone."""
    say = say_in(language)
    return _html(
        language,
        f'<main class="told"><p class="wrong" role="alert">{say["ended"]}</p><p><a class="button" href="/">{say["again"]}</a></p></main>',
    )


def opening(language: str) -> str:
    """What stands on a case's page until the first picture; it looks whether the case's process is still there."""
    look = "const s=this,f=()=>setTimeout(()=>s.isConnected&&fetch('loading.tpl').then(r=>r.ok?f():location.reload()),2000);f()"
    return (
        '<div role="status" style="font:16px system-ui,sans-serif;color:#e8eaf0;background:#14161c;position:fixed;inset:0;display:flex;'
        f'align-items:center;justify-content:center"><img src="logo.png" alt="" hidden onload="{look}">{say_in(language)["opening"]}</div>'
    )


def _running(running: Sequence[Running], language: str) -> str:
    return f"{say_in(language)['running']} " + " · ".join(_stage_of(one, language) for one in running)


def _stage_of(one: Running, language: str) -> str:
    """*Fall 3: Wirbel suchen, 4 s, noch etwa 21 s bis zum Plan*."""
    say = say_in(language)
    stage = escape(stage_words(one.stage or "starts", language))
    left = say["left_unknown"] if one.left_s is None else say["left"].format(seconds=one.left_s)
    return f"{say['case']} {one.number}: {stage}, {one.for_s:.0f} s, {left}"


def _line(row: Listed, holder: str, person: Login, language: str) -> str:
    """One case; everything of the images is escaped."""
    say, translate = say_in(language), (str if language == "en" else in_german)
    what = "<br>".join(f"<b>{escape(translate(target))}</b>{escape(translate(title))}" for title, target in row.aims)
    who = "".join(f"<b>{escape(one)}</b>" if n == 0 else escape(one) for n, one in enumerate(_patient(row, say)))
    state = f'<span class="state {row.state}">{escape(say[row.state])}</span>'
    button = f'<form method="post" action="/open/{row.key}">{_token(person)}<button>{say["open"]}</button></form>'
    cells = (who, escape(row.study), what or "-", state, escape(holder), button)
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _patient(row: Listed, say: Mapping[str, str]) -> tuple[str, str]:
    return row.patient, f"ID {row.patient_id}" if row.patient_id else say["no_id"]


def _token(person: Login) -> str:
    return f'<input type="hidden" name="form" value="{person.form_token}">'


def _html(language: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>needleplan</title><style>{_STYLE}</style><body>{body}</body></html>"
    )
