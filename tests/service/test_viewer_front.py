"""The door: nothing without a login, nobody else's case, slow guesses, plain headers. A real front on a real port."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import numpy as np
import pytest
from aiohttp import web

from planner.anatomy.model import Anatomy, Lie
from planner.geometry import VolumeGeometry
from planner.structures import Pose, Structure
from planner.volume import LabelEntry, LabelMap, Volume
from service.errors import RequestError
from service.opening import OpenSeries
from service.series_facts import SeriesFacts
from service.viewing.answers import FrontSettings
from service.viewing.front import Front
from service.viewing.keeping import KeptCase, keep
from service.viewing.people import GUESSES, GUESSES_WITHIN_S, Guesses, Logins, UsersFile
from service.viewing.roles import Role

PASSWORD = "correct horse battery"  # noqa: S105 - of users that live for one test
ROUTES = ("/", "/case/0123/", "/case/0123/ws", "/case/0123/index.html", "/nothing")


def block(folder: Path) -> Path:
    """A kept case without a plan: a block of soft tissue."""
    grid = VolumeGeometry.from_spacing((20, 30, 30), (3.0, 3.0, 3.0))
    labels = LabelMap(grid, np.ones(grid.shape, np.uint16), {1: LabelEntry(Structure.BODY)})
    anatomy = Anatomy(
        labels=labels,
        surroundings=LabelMap(grid, np.zeros(grid.shape, np.uint16)),
        vertebrae=(),
        discs=(),
        canal_centreline_mm=np.zeros((0, 3)),
        foramina=(),
        facets=(),
        nerve_roots=(),
        confidence={},
        uncertainty_mm={},
        lie=Lie(Pose.PRONE, 1.0, "built"),
        naming="",
    )
    series = OpenSeries(Volume(grid, np.full(grid.shape, 40, np.int16)), SeriesFacts(grid, None, ()))
    return keep(folder, KeptCase(series, anatomy, None)).parent


@pytest.fixture
def users(tmp_path: Path) -> UsersFile:
    file = UsersFile(tmp_path / "users.json")
    file.put("ada", Role.PLANNER, PASSWORD)
    file.put("vera", Role.VIEWER, PASSWORD)
    return file


@asynccontextmanager
async def served(users: UsersFile, cases: list[Path], **settings: object) -> AsyncIterator[str]:
    records: list[str] = []
    front = Front(users, lambda: cases, FrontSettings(**settings), lambda event, **_: records.append(str(event)))
    runner = web.AppRunner(front.application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def browser() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))


async def log_in(http: aiohttp.ClientSession, base: str, name: str = "ada", password: str = PASSWORD) -> int:
    async with http.post(f"{base}/login", data={"name": name, "password": password}) as answer:
        return answer.status


async def form_token(http: aiohttp.ClientSession, base: str) -> str:
    async with http.get(f"{base}/") as answer:
        return re.search(r'name="form" value="([0-9a-f]+)"', await answer.text())[1]


async def open_case(http: aiohttp.ClientSession, base: str) -> str:
    """Address of the opened page."""
    async with http.get(f"{base}/") as answer:
        text = await answer.text()
    number = re.search(r'action="(/open/[0-9a-f]+)"', text)[1]
    data = {"form": re.search(r'name="form" value="([0-9a-f]+)"', text)[1]}
    async with http.post(f"{base}{number}", data=data, allow_redirects=False) as answer:
        assert answer.status == 303
        return base + answer.headers["Location"]


def test_no_address_answers_without_a_login(users: UsersFile):
    async def run() -> None:
        async with served(users, []) as base, browser() as http:
            for route in ROUTES:
                async with http.get(base + route, allow_redirects=False) as answer:
                    assert answer.status in {303, 401}, route
                    assert answer.headers.get("Location", "/login") == "/login"
            for route in ("/logout", "/open/12", "/case/0123/paraview/", "/case/0123/sign"):
                async with http.post(base + route, allow_redirects=False) as answer:
                    assert answer.status == 401

    asyncio.run(run())


def test_a_socket_without_a_login_is_refused(users: UsersFile):
    async def run() -> None:
        async with served(users, []) as base, browser() as http:
            with pytest.raises(aiohttp.WSServerHandshakeError, match="401"):
                await http.ws_connect(f"{base}/case/0123/ws")

    asyncio.run(run())


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(users: UsersFile):
    async def run() -> None:
        async with served(users, [], is_secure=True) as base, browser() as http:
            data = {"name": "ada", "password": PASSWORD}
            async with http.post(f"{base}/login", data=data, allow_redirects=False) as answer:
                cookie = answer.headers["Set-Cookie"]
            assert all(word in cookie for word in ("HttpOnly", "SameSite=Strict", "Secure"))
            async with http.get(f"{base}/login") as answer:
                assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
                assert answer.headers["Cache-Control"] == "no-store"

    asyncio.run(run())


def test_guessing_is_slowed_down(users: UsersFile):
    async def run() -> None:
        async with served(users, []) as base, browser() as http:
            assert [await log_in(http, base, "ada", "wrong") for _ in range(GUESSES)] == [403] * GUESSES
            assert await log_in(http, base) == 429

    asyncio.run(run())


def test_a_form_from_another_site_or_without_its_token_is_refused(users: UsersFile):
    async def run() -> None:
        async with served(users, []) as base, browser() as http:
            data = {"name": "ada", "password": PASSWORD}
            async with http.post(f"{base}/login", data=data, headers={"Origin": "http://evil.example"}) as answer:
                assert answer.status == 403
            await log_in(http, base)
            async with http.post(f"{base}/logout", data={"form": "00"}) as answer:
                assert answer.status == 403
            async with http.post(
                f"{base}/logout", data={"form": await form_token(http, base)}, allow_redirects=False
            ) as answer:
                assert answer.headers["Location"] == "/login"
            async with http.get(f"{base}/", allow_redirects=False) as answer:
                assert answer.status == 303

    asyncio.run(run())


def test_an_idle_login_ends():
    logins = Logins(idle_s=60.0)
    login = logins.start("ada", Role.PLANNER, 0.0)
    assert logins.find(login.key, 59.0) is not None
    assert logins.find(login.key, 118.0) is not None
    assert logins.is_idle(login.key, 179.0)
    assert logins.find(login.key, 179.0) is None
    assert logins.find(login.key, 179.5) is None


def test_a_door_that_was_closed_by_guesses_opens_again():
    guesses = Guesses()
    for second in range(GUESSES):
        guesses.failed(float(second), "name ada")
    assert not guesses.is_open(10.0, "name ada", "address 1")
    assert guesses.is_open(10.0, "name bob", "address 1")
    assert guesses.is_open(GUESSES_WITHIN_S + GUESSES, "name ada")


def test_passwords_are_kept_as_argon2_and_short_ones_refused(users: UsersFile, tmp_path: Path):
    text = (tmp_path / "users.json").read_text()
    assert "$argon2id$" in text
    assert PASSWORD not in text
    assert (tmp_path / "users.json").stat().st_mode & 0o077 == 0
    assert users.check("ada", PASSWORD).role is Role.PLANNER
    assert users.check("ada", "wrong") is None
    assert users.check("nobody", PASSWORD) is None
    with pytest.raises(RequestError, match="at least 12"):
        users.put("eve", Role.VIEWER, "short")


@pytest.mark.slow
@pytest.mark.graphics
def test_an_open_case_belongs_to_who_opened_it_and_the_second_reads_only(users: UsersFile, tmp_path: Path):
    async def run() -> None:
        case = block(tmp_path / "case")
        async with served(users, [case]) as base, browser() as ada, browser() as bob:
            await log_in(ada, base)
            page = await open_case(ada, base)
            async with ada.get(page) as answer:
                assert answer.status == 200
            async with ada.post(f"{page}paraview/") as answer:
                secret = (await answer.json())["secret"]
            assert len(secret) == 64
            await log_in(bob, base)
            for address in (page, f"{page}index.html"):
                async with bob.get(address) as answer:
                    assert answer.status == 404
            async with bob.post(f"{page}paraview/") as answer:
                assert answer.status == 404
            signature = {"form": await form_token(bob, base), "password": PASSWORD, "digest": ""}
            async with bob.post(f"{page}sign", data=signature) as answer:
                assert answer.status == 404
            async with ada.post(f"{page}sign", data={**signature, "form": "00"}) as answer:
                assert answer.status == 403
            with pytest.raises(aiohttp.WSServerHandshakeError, match="404"):
                await bob.ws_connect(f"{page}ws")
            second = await open_case(bob, base)
            async with bob.post(f"{second}sign", data={**signature, "form": await form_token(bob, base)}) as answer:
                assert answer.status == 403
                assert "reading" in await answer.text()
            with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                await ada.ws_connect(f"{page}ws", headers={"Origin": "http://evil.example"})
            async with bob.get(f"{base}/") as answer:
                assert "ada" in await answer.text()

    asyncio.run(run())


@pytest.mark.slow
@pytest.mark.graphics
def test_the_one_time_address_works_once(users: UsersFile, tmp_path: Path):
    async def run() -> None:
        case = block(tmp_path / "case")
        async with served(users, [case], token="ab" * 24) as base, browser() as first, browser() as second:
            async with first.get(f"{base}/enter/{'cd' * 24}") as answer:
                assert answer.status == 404
            async with first.get(f"{base}/enter/{'ab' * 24}", allow_redirects=False) as answer:
                assert answer.headers["Location"].startswith("/case/")
            async with second.get(f"{base}/enter/{'ab' * 24}") as answer:
                assert answer.status == 404

    asyncio.run(run())


@pytest.mark.slow
@pytest.mark.graphics
def test_scripts_are_there_before_the_case_is_and_a_case_that_cannot_be_opened_says_so(
    users: UsersFile, tmp_path: Path
):
    async def run() -> None:
        case = block(tmp_path / "case")
        for array in case.glob("*.npy"):
            array.unlink()
        async with served(users, [case]) as base, browser() as http:
            await log_in(http, base)
            page = await open_case(http, base)
            async with http.get(f"{page}vue.global.js") as answer:
                assert answer.status == 200
                assert "javascript" in answer.content_type
            for nothing in ("case.json", "..%2f..%2fcase.json", "assets"):
                async with http.get(f"{page}{nothing}") as answer:
                    assert answer.status == 404
            async with http.post(f"{page}paraview/") as answer:
                assert answer.status == 410
                assert "secret" not in await answer.text()
            async with http.get(page) as answer:
                assert answer.status == 410

    asyncio.run(run())
