"""What every answer of the front has in common: settings, headers, pages, redirects; and where a request comes from."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp
from aiohttp import web

from service.viewing.people import Login

LOGIN = web.RequestKey("login", Login)
HTTP = web.AppKey("http", aiohttp.ClientSession)

Record = Callable[..., None]
"""``record(event, **facts)``: into the audit trail."""


HEADERS = {
    "Content-Security-Policy": "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'self' ws: wss:; "
    "frame-ancestors 'none'; form-action 'self'; base-uri 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Nothing from another host, in no frame, kept by no cache. The toolkit compiles templates in the browser: ``unsafe-eval``."""


@dataclass(frozen=True, slots=True)
class FrontSettings:
    """How the door is kept. ``token`` opens it once without a password, for one person at one machine."""

    idle_s: float = 900.0
    language: str = "de"
    token: str = ""
    is_secure: bool = False
    """Behind TLS: the cookie travels on no other way."""
    site_file: str = ""
    """The site's own values, for plans that are made on a page."""
    organization: str = ""
    """Stands under every signature: Verifying Organization (0040,A027)."""


def is_from_here(request: web.Request) -> bool:
    """A browser says where a form or socket comes from; another site's is refused."""
    origin = request.headers.get("Origin")
    return origin is None or origin.split("//", 1)[-1] == request.host


def see(place: str) -> web.Response:
    """Go on there (303 See Other)."""
    return web.Response(status=303, headers={"Location": place})


def page(text: str, status: int = 200) -> web.Response:
    """A page of plain HTML."""
    return web.Response(text=text, status=status, content_type="text/html")


async def require_form(request: web.Request) -> None:
    """A form must carry its login's own token (CSRF)."""
    form = await request.post()
    if not secrets.compare_digest(str(form.get("form", "")), request[LOGIN].form_token):
        raise web.HTTPForbidden(text="the form is out of date; load the page again")
