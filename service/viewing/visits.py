"""What an open case's own addresses answer: files and the socket of its worker, and the signature under its plan.

In: requests of whoever opened the case; to others the address does not exist (404). Out: the worker's answers, passed on.
"""

from __future__ import annotations

import asyncio
import time

import aiohttp
from aiohttp import web

from service.audit import AuditEvent
from service.errors import JobDiedError
from service.viewing import forms
from service.viewing.answers import HTTP, LOGIN, FrontSettings, Record, is_from_here, page, require_form, see
from service.viewing.exports import Exports
from service.viewing.pages import OpenedCase, Pages
from service.viewing.parts import INDEX, LOADING, content_type, page_files
from service.viewing.passwords import Passwords
from service.viewing.people import Login, Logins
from service.viewing.proxy import join

_LARGEST_MESSAGE = 64 * 2**20

Answer = web.StreamResponse


class Visits:
    """Routes below ``/case/``."""

    def __init__(self, pages: Pages, logins: Logins, settings: FrontSettings, record: Record) -> None:
        self._pages, self._logins, self._settings, self._record = pages, logins, settings, record

    def routes(self) -> list[web.RouteDef]:
        """Of every open case."""
        return [
            web.post("/case/{key}/paraview/", self._configuration),
            web.get("/case/{key}/ws", self._socket),
            web.get("/case/{key}/{path:.*}", self._file),
        ]

    def mine(self, request: web.Request) -> OpenedCase:
        """The case at this address, where it is the person's own."""
        one = self._pages.of(request.match_info["key"], request[LOGIN])
        if one is None:
            raise web.HTTPNotFound
        return one

    async def _configuration(self, request: web.Request) -> Answer:
        """What the toolkit's client asks first: where its socket is, and the worker's secret."""
        one = self.mine(request)
        if not await one.is_open():
            return page(forms.ended(self._settings.language), status=410)
        scheme = "wss" if self._settings.is_secure else "ws"
        url = f"{scheme}://{request.host}/case/{request.match_info['key']}/ws"
        return web.json_response({"sessionURL": url, "secret": one.worker.secret})

    async def _file(self, request: web.Request) -> Answer:
        one, name = self.mine(request), request.match_info["path"] or INDEX
        if name in (INDEX, LOADING) and not one.worker.is_alive:
            return page(forms.ended(self._settings.language), status=410)
        if name == LOADING:
            return page(forms.opening(self._settings.language))
        file = page_files().get(name)
        if file is None:
            raise web.HTTPNotFound
        return web.Response(body=await asyncio.to_thread(file.read_bytes), content_type=content_type(name))

    async def _socket(self, request: web.Request) -> Answer:
        one = self.mine(request)
        if not is_from_here(request):
            raise web.HTTPForbidden
        if not await one.is_open():
            return page(forms.ended(self._settings.language), status=410)
        outer = web.WebSocketResponse(max_msg_size=_LARGEST_MESSAGE, compress=False)  # pictures are packed already
        await outer.prepare(request)
        one.sockets += 1
        try:
            url = f"http://127.0.0.1:{one.worker.port}/ws"
            async with request.app[HTTP].ws_connect(url, max_msg_size=_LARGEST_MESSAGE) as inner:
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


class Signatures:
    """The signature: the password again, past the worker; then the objects are on their way."""

    def __init__(self, visits: Visits, pages: Pages, exports: Exports, passwords: Passwords, record: Record) -> None:
        self._visits, self._pages, self._exports = visits, pages, exports
        self._passwords, self._record = passwords, record

    def routes(self) -> list[web.RouteDef]:
        """Of the signature alone."""
        return [web.post("/case/{key}/sign", self._sign)]

    async def _sign(self, request: web.Request) -> Answer:
        await require_form(request)
        one = self._visits.mine(request)
        if one.is_read_only:
            raise web.HTTPForbidden(text="this case is open for reading")
        try:
            await self._signed(request, one)
        except (JobDiedError, TimeoutError):
            return page(forms.ended(""), status=410)
        return see(f"/case/{request.match_info['key']}/")

    async def _signed(self, request: web.Request, one: OpenedCase) -> None:
        login, form = request[LOGIN], await request.post()
        fault = await self._wrong_password(login, request.remote or "", str(form.get("password", "")))
        if fault:
            await one.worker.ask({"ask": "tell", "word": fault})
            return
        question = {"ask": "sign", "digest": str(form.get("digest", "")), "ticked": form.getall("ticked", [])}
        answer = await one.worker.ask(question)
        if "digest" in answer:
            self._record(AuditEvent.PLAN_SIGNED, user=login.name, case=one.case.key, digest=answer["digest"])
            await asyncio.to_thread(self._exports.add, one.case.folder, [tuple(pair) for pair in answer["objects"]])
            await self._pages.tell_export(one)

    async def _wrong_password(self, login: Login, address: str, password: str) -> str:
        """Why the person is not who signs, as a word of the page; empty where the password is right."""
        now = time.time()
        if not self._passwords.is_open(login.name, address, now):
            return "wait"
        user = await self._passwords.check(login.name, address, password, now)
        if login.person and user is not None:
            return ""
        self._record(AuditEvent.SECURITY_ALERT, user=login.name, reason="wrong password under a signature")
        return "wrong_password"
