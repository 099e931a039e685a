"""What every answer of the front has in common: headers, pages, redirects; and where a request comes from."""

from __future__ import annotations

from aiohttp import web

HEADERS = {
    "Content-Security-Policy": "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'self' ws: wss:; "
    "frame-ancestors 'none'; form-action 'self'; base-uri 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Nothing from another host, in no frame, kept by no cache. The toolkit compiles templates in the browser: ``unsafe-eval``."""


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
