"""The one door to every page: logins, the worklist, and a proxy to the worker of each open case.

In: HTTP and WebSocket requests. Out: pages. Nothing is answered without a login but the login itself; an open case belongs to the
login that opened it, and to nobody else its address exists (404). Workers listen on loopback and ask for a secret only we know.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import aiohttp
from aiohttp import web

from service.audit import AuditEvent
from service.viewing import forms
from service.viewing.answers import HEADERS, HTTP, LOGIN, FrontSettings, Record, is_from_here, page, require_form, see
from service.viewing.exports import NO_EXPORTS, Exports
from service.viewing.pages import Pages
from service.viewing.passwords import Passwords
from service.viewing.people import Login, Logins, UsersFile
from service.viewing.roles import Role
from service.viewing.visits import Signatures, Visits
from service.viewing.worklist import Listed, Running, listed

COOKIE = "needleplan"
Answer = web.StreamResponse


class Front:
    """The web application; ``application`` is what a server runs."""

    def __init__(
        self,
        users: UsersFile,
        cases: Callable[[], list[Path]],
        settings: FrontSettings,
        record: Record,
        exports: Exports = NO_EXPORTS,
        running: Callable[[], list[Running]] = list,
    ) -> None:
        self._users, self._cases, self._settings, self._record = users, cases, settings, record
        self._logins, self._passwords = Logins(settings.idle_s), Passwords(users)
        self._exports, self._running = exports, running
        self._pages = Pages(self._logins, exports)
        self._visits = Visits(self._pages, self._logins, settings, record)
        self._signatures = Signatures(self._visits, self._pages, exports, self._passwords, record)
        self._token = settings.token

    @property
    def application(self) -> web.Application:
        """All routes, with the door before them."""
        app = web.Application(middlewares=[self._door])
        app.add_routes(
            [
                web.get("/login", self._login_form),
                web.post("/login", self._log_in),
                web.get("/enter/{token}", self._enter),
                web.post("/logout", self._log_out),
                web.get("/", self._worklist),
                web.post("/open/{number}", self._open_case),
                *self._signatures.routes(),
                *self._visits.routes(),
            ]
        )
        app.cleanup_ctx.append(self._run)
        app.on_shutdown.append(self._close_all)
        return app

    async def _run(self, app: web.Application):  # type: ignore[no-untyped-def] # noqa: ANN202
        app[HTTP] = aiohttp.ClientSession(auto_decompress=False)
        keeper = asyncio.create_task(self._pages.keep())
        yield
        await app[HTTP].close()
        keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeper
        await self._pages.end()

    async def _close_all(self, _app: web.Application) -> None:
        await self._pages.close_all()

    @web.middleware
    async def _door(self, request: web.Request, handler: Callable[[web.Request], Awaitable[Answer]]) -> Answer:
        try:
            answer = await self._let_in(request, handler)
        except web.HTTPException as refused:
            refused.headers.update(HEADERS)
            raise
        if not answer.prepared:
            answer.headers.update(HEADERS)
        return answer

    async def _let_in(self, request: web.Request, handler: Callable[[web.Request], Awaitable[Answer]]) -> Answer:
        if request.method == "POST" and not is_from_here(request):
            raise web.HTTPForbidden(text="the form came from another site")
        if request.path == "/login" or request.path.startswith("/enter/"):
            return await handler(request)
        login = self._logins.find(request.cookies.get(COOKIE, ""), time.time())
        if login is None:
            if request.method == "GET" and request.path == "/":
                return see("/login")
            raise web.HTTPUnauthorized(text="log in first")
        request[LOGIN] = login
        return await handler(request)

    async def _login_form(self, _request: web.Request) -> Answer:
        return page(forms.login(self._settings.language))

    async def _log_in(self, request: web.Request) -> Answer:
        form = await request.post()
        name, now = str(form.get("name", "")), time.time()
        address = request.remote or ""
        if not self._passwords.is_open(name, address, now):
            self._record(AuditEvent.SECURITY_ALERT, reason="too many failed logins")
            return page(forms.login(self._settings.language, "wait"), status=429)
        user = await self._passwords.check(name, address, str(form.get("password", "")), now)
        if user is None:
            self._record(AuditEvent.SECURITY_ALERT, reason="failed login")
            return page(forms.login(self._settings.language, "wrong"), status=403)
        return self._with_cookie(see("/"), self._start_login(user.name, user.role, user.signs_as))

    async def _enter(self, request: web.Request) -> Answer:
        """The one-time address that ``needleplan view`` prints."""
        token, self._token = self._token, ""
        if not token or not secrets.compare_digest(token, request.match_info["token"]):
            self._token = token
            raise web.HTTPNotFound
        login = self._start_login("local", Role.PLANNER)
        cases = await asyncio.to_thread(listed, self._cases())
        place = f"/case/{await self._start(cases[0], login)}/" if len(cases) == 1 else "/"
        return self._with_cookie(see(place), login)

    def _start_login(self, name: str, role: Role, person: str = "") -> Login:
        self._record(AuditEvent.USER_AUTHENTICATED, user=name)
        return self._logins.start(name, role, time.time(), person)

    def _with_cookie(self, answer: Answer, login: Login) -> Answer:
        answer.set_cookie(COOKIE, login.key, httponly=True, samesite="Strict", secure=self._settings.is_secure)
        return answer

    async def _log_out(self, request: web.Request) -> Answer:
        await require_form(request)
        login: Login = request[LOGIN]
        await self._pages.close_of(login)
        self._logins.end(login.key)
        answer = see("/login")
        answer.del_cookie(COOKIE)
        return answer

    async def _worklist(self, request: web.Request) -> Answer:
        rows, running = await asyncio.to_thread(lambda: (self._rows(), self._running()))
        held = [one for one in self._pages.all() if not one.is_read_only]
        holders = {str(one.case.folder): self._logins.name(one.owner) for one in held}
        return page(forms.worklist(rows, holders, running, request[LOGIN], self._settings.language))

    def _rows(self) -> list[Listed]:
        """The worklist; a signed case says how far its export has come."""
        rows = listed(self._cases())
        states = {row.key: self._exports.state(row.folder) for row in rows if row.state == "signed"}
        return [replace(row, state=states.get(row.key) or row.state) for row in rows]

    async def _open_case(self, request: web.Request) -> Answer:
        await require_form(request)
        login: Login = request[LOGIN]
        rows = await asyncio.to_thread(listed, self._cases())
        case = next((row for row in rows if row.key == request.match_info["number"]), None)
        if case is None:
            raise web.HTTPNotFound
        key = await self._start(case, login)
        return see(f"/case/{key}/")

    async def _start(self, case: Listed, login: Login) -> str:
        """The address of a page that was opened."""
        key, opened = await self._pages.start(case, login, self._settings)
        mode = "read" if opened.is_read_only else "plan"
        self._record(AuditEvent.CASE_OPENED, user=login.name, case=case.key, mode=mode)
        return key
