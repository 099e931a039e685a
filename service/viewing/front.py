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
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web

from service.audit import AuditEvent
from service.errors import JobDiedError
from service.viewing import forms
from service.viewing.answers import HEADERS, is_from_here, page, see
from service.viewing.exports import NO_EXPORTS, Exports
from service.viewing.job import Job
from service.viewing.people import Guesses, Login, Logins, UsersFile
from service.viewing.pool import Pool, Worker
from service.viewing.proxy import join
from service.viewing.roles import Role
from service.viewing.worklist import Listed, listed

COOKIE = "needleplan"
ABANDONED_AFTER_S = 20.0
"""A case whose page is gone for so long is closed; a reload takes less."""

_LOGIN = web.RequestKey("login", Login)
_HTTP = web.AppKey("http", aiohttp.ClientSession)
_LOOK_EVERY_S = 2.0
_LARGEST_MESSAGE = 64 * 2**20

Answer = web.StreamResponse
Record = Callable[..., None]
"""``record(event, **facts)``: into the audit trail."""


@dataclass(slots=True, eq=False)
class OpenedCase:
    """One page that is open: whose, which case, in which process."""

    case: Listed
    owner: str
    worker: Worker
    is_read_only: bool
    sockets: int = 0
    left_at_s: float = 0.0
    export_state: str = ""


@dataclass(frozen=True, slots=True)
class FrontSettings:
    """How the door is kept. ``token`` opens it once without a password, for one person at one machine."""

    idle_s: float = 900.0
    language: str = "de"
    token: str = ""
    is_secure: bool = False
    """Behind TLS: the cookie travels on no other way."""


class Front:
    """The web application; ``application`` is what a server runs."""

    def __init__(
        self,
        users: UsersFile,
        cases: Callable[[], list[Path]],
        settings: FrontSettings,
        record: Record,
        exports: Exports = NO_EXPORTS,
    ) -> None:
        self._exports = exports
        self._users, self._cases, self._settings, self._record = users, cases, settings, record
        self._logins, self._guesses, self._pool = Logins(settings.idle_s), Guesses(), Pool()
        self._open: dict[str, OpenedCase] = {}
        self._token = settings.token
        self._opening = asyncio.Lock()

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
                web.post("/case/{key}/paraview/", self._configuration),
                web.post("/case/{key}/sign", self._sign),
                web.get("/case/{key}/ws", self._socket),
                web.get("/case/{key}/{path:.*}", self._file),
            ]
        )
        app.cleanup_ctx.append(self._run)
        app.on_shutdown.append(self._close_all)
        return app

    async def _run(self, app: web.Application):  # type: ignore[no-untyped-def] # noqa: ANN202
        app[_HTTP] = aiohttp.ClientSession(auto_decompress=False)
        keeper = asyncio.create_task(self._keep_house())
        yield
        await app[_HTTP].close()
        keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeper
        await self._pool.close()

    async def _keep_house(self) -> None:
        """Close what was left, lock who is idle, keep a worker warm."""
        while True:
            await self._pool.warm()
            now = time.time()
            for key, one in list(self._open.items()):
                is_left = one.sockets == 0 and now - one.left_at_s > ABANDONED_AFTER_S
                if is_left or self._logins.is_idle(one.owner, now):
                    await self._close(key)
                else:
                    await self._tell_export(one)
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _close_all(self, _app: web.Application) -> None:
        """A stop ends every page at once; the server would wait for their sockets."""
        await asyncio.gather(*(self._close(key) for key in list(self._open)))

    async def _close(self, key: str) -> None:
        one = self._open.pop(key, None)
        if one is not None:
            await one.worker.close()

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
        request[_LOGIN] = login
        return await handler(request)

    async def _login_form(self, _request: web.Request) -> Answer:
        return page(forms.login(self._settings.language))

    async def _log_in(self, request: web.Request) -> Answer:
        form = await request.post()
        name, now = str(form.get("name", "")), time.time()
        address = request.remote or ""
        if not self._guesses.is_open(now, f"name {name}", f"address {address}"):
            self._record(AuditEvent.SECURITY_ALERT, reason="too many failed logins")
            return page(forms.login(self._settings.language, "wait"), status=429)
        user = await asyncio.to_thread(self._users.check, name, str(form.get("password", "")))
        if user is None:
            self._guesses.failed(now, f"name {name}", f"address {address}")
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
        await self._require_form(request)
        login: Login = request[_LOGIN]
        for key in [key for key, one in self._open.items() if one.owner == login.key]:
            await self._close(key)
        self._logins.end(login.key)
        answer = see("/login")
        answer.del_cookie(COOKIE)
        return answer

    async def _worklist(self, request: web.Request) -> Answer:
        rows = await asyncio.to_thread(listed, self._cases())
        holders = {str(one.case.folder): self._name(one.owner) for one in self._open.values() if not one.is_read_only}
        return page(forms.worklist(rows, holders, request[_LOGIN], self._settings.language))

    async def _open_case(self, request: web.Request) -> Answer:
        await self._require_form(request)
        login: Login = request[_LOGIN]
        rows = await asyncio.to_thread(listed, self._cases())
        case = next((row for row in rows if row.key == request.match_info["number"]), None)
        if case is None:
            raise web.HTTPNotFound
        key = await self._start(case, login)
        return see(f"/case/{key}/")

    async def _start(self, case: Listed, login: Login) -> str:
        """One process for this person and case; whoever comes second reads only."""
        async with self._opening:
            for key, one in list(self._open.items()):
                if one.case.folder == case.folder and one.owner == login.key:
                    await self._close(key)
            is_held = any(one.case.folder == case.folder and not one.is_read_only for one in self._open.values())
            is_read_only = is_held or not login.role.may_plan
            worker = await self._pool.take()
            key = secrets.token_hex(16)
            self._open[key] = OpenedCase(case, login.key, worker, is_read_only, left_at_s=time.time() + 60.0)
        try:
            await worker.open(
                Job(
                    str(case.folder),
                    worker.secret,
                    self._settings.language,
                    is_read_only,
                    login.person,
                    login.form_token,
                )
            )
        except (JobDiedError, TimeoutError) as error:
            await self._close(key)
            raise web.HTTPInternalServerError(text="the case could not be opened; its process ended") from error
        self._record(AuditEvent.CASE_OPENED, user=login.name, case=case.key, mode="read" if is_read_only else "plan")
        return key

    async def _sign(self, request: web.Request) -> Answer:
        """The signature: the password again, past the worker; then the objects are on their way."""
        await self._require_form(request)
        login, one, form = request[_LOGIN], self._mine(request), await request.post()
        if one.is_read_only:
            raise web.HTTPForbidden(text="this case is open for reading")
        fault = await self._wrong_password(login, request.remote or "", str(form.get("password", "")))
        if fault:
            await one.worker.ask({"ask": "tell", "word": fault})
            return see(f"/case/{request.match_info['key']}/")
        question = {"ask": "sign", "digest": str(form.get("digest", "")), "ticked": form.getall("ticked", [])}
        answer = await one.worker.ask(question)
        if "digest" in answer:
            facts = {"user": login.name, "case": one.case.key, "digest": answer["digest"]}
            self._record(AuditEvent.PLAN_SIGNED, **facts)
            await asyncio.to_thread(self._exports.add, one.case.folder, [tuple(pair) for pair in answer["objects"]])
            await self._tell_export(one)
        return see(f"/case/{request.match_info['key']}/")

    async def _wrong_password(self, login: Login, address: str, password: str) -> str:
        """Why the person is not who signs, as a word of the page; empty where the password is right."""
        now = time.time()
        if not self._guesses.is_open(now, f"name {login.name}", f"address {address}"):
            return "wait"
        if login.person and await asyncio.to_thread(self._users.check, login.name, password) is not None:
            return ""
        self._guesses.failed(now, f"name {login.name}", f"address {address}")
        self._record(AuditEvent.SECURITY_ALERT, user=login.name, reason="wrong password under a signature")
        return "wrong_password"

    async def _tell_export(self, one: OpenedCase) -> None:
        """How far the export of a case has come, where that is news."""
        state = await asyncio.to_thread(self._exports.state, one.case.folder)
        if state != one.export_state and one.worker.port and one.worker.is_alive:
            one.export_state = state
            with contextlib.suppress(JobDiedError):
                await one.worker.ask({"ask": "exported", "state": state})

    async def _configuration(self, request: web.Request) -> Answer:
        """What the toolkit's client asks first: where its socket is, and the worker's secret."""
        one = self._mine(request)
        scheme = "wss" if self._settings.is_secure else "ws"
        url = f"{scheme}://{request.host}/case/{request.match_info['key']}/ws"
        return web.json_response({"sessionURL": url, "secret": one.worker.secret})

    async def _file(self, request: web.Request) -> Answer:
        one = self._mine(request)
        if not one.worker.is_alive:
            return page(forms.ended(self._settings.language), status=410)
        url = f"http://127.0.0.1:{one.worker.port}/{request.match_info['path']}"
        async with request.app[_HTTP].get(url) as found:
            kept = {name: found.headers[name] for name in ("Content-Type", "Content-Encoding") if name in found.headers}
            return web.Response(body=await found.read(), status=found.status, headers=kept)

    async def _socket(self, request: web.Request) -> Answer:
        one = self._mine(request)
        if not is_from_here(request):
            raise web.HTTPForbidden
        outer = web.WebSocketResponse(max_msg_size=_LARGEST_MESSAGE)
        await outer.prepare(request)
        one.sockets += 1
        try:
            url = f"http://127.0.0.1:{one.worker.port}/ws"
            async with request.app[_HTTP].ws_connect(url, max_msg_size=_LARGEST_MESSAGE) as inner:
                await join(outer, inner, lambda: self._touch(one))
        except aiohttp.ClientError:
            self._record(AuditEvent.CASE_CHANGED, case=one.case.key, reason="the case's process ended")
        finally:
            one.sockets -= 1
            one.left_at_s = time.time()
            await outer.close()
        return outer

    def _touch(self, one: OpenedCase) -> bool:
        """Whether the owner's login still stands; a message from the browser is a sign of life."""
        return self._logins.find(one.owner, time.time()) is not None

    def _mine(self, request: web.Request) -> OpenedCase:
        one = self._open.get(request.match_info["key"])
        if one is None or one.owner != request[_LOGIN].key:
            raise web.HTTPNotFound
        return one

    async def _require_form(self, request: web.Request) -> None:
        form = await request.post()
        if not secrets.compare_digest(str(form.get("form", "")), request[_LOGIN].form_token):
            raise web.HTTPForbidden(text="the form is out of date; load the page again")

    def _name(self, key: str) -> str:
        return self._logins.name(key)
