"""What stands instead of the page where its connection is gone: in both languages, with a style of its own."""

from __future__ import annotations

from viz.viewer.words import Language, texts

_LOST_STYLE = "position:fixed;inset:0;background:#14161c;color:#ffb000;font:600 20px sans-serif;padding:30vh 0 0;text-align:center"
"""Written out: the page's own style is gone with the page."""


def lost_page() -> str:
    """In both languages, instead of a picture that looks alive where the connection is gone."""
    lines = "".join(f"<p>{texts(language)['lost']}</p>" for language in Language)
    return f'<div class="lost" role="alert" style="{_LOST_STYLE}">{lines}<p><a style="color:#8cc8ff" href="/">needleplan</a></p></div>'
