"""``needleplan view``: one case for one person at this machine, on loopback, through an address that works once.

In: the folder of a kept case. Out: a page until Ctrl-C. The same front as the department's, without passwords.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from service.viewing.answers import FrontSettings
from service.viewing.front import Front
from service.viewing.people import UsersFile

HOST = "127.0.0.1"
_NO_USERS = Path("no-users.json")
"""Nobody logs in by password: the address opens the door."""

_IDLE_S = 8 * 3600.0


async def serve_embedded(folder: Path, port: int, language: str, ready: Callable[[str], None]) -> None:
    """Serve one case until cancelled; ``ready`` hears the one-time address."""
    token = secrets.token_hex(24)
    settings = FrontSettings(idle_s=_IDLE_S, language=language, token=token)
    front = Front(UsersFile(folder / _NO_USERS), lambda: [folder], settings, lambda *_, **__: None)
    runner = web.AppRunner(front.application, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, HOST, port)
        await site.start()
        bound = runner.addresses[0][1]
        ready(f"http://{HOST}:{bound}/enter/{token}")
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
