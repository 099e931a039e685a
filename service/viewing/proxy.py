"""Messages passed between a browser's socket and a worker's."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import aiohttp
from aiohttp import web


async def join(outer: web.WebSocketResponse, inner: aiohttp.ClientWebSocketResponse, touch: Callable[[], bool]) -> None:
    """Messages both ways until one side ends or the login does."""

    async def inwards() -> None:
        async for message in outer:
            if not touch():
                return
            await _pass(message, inner)

    async def outwards() -> None:
        async for message in inner:
            await _pass(message, outer)

    tasks = [asyncio.create_task(inwards()), asyncio.create_task(outwards())]
    _, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in left:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _pass(message: aiohttp.WSMessage, to: web.WebSocketResponse | aiohttp.ClientWebSocketResponse) -> None:
    if message.type is aiohttp.WSMsgType.TEXT:
        await to.send_str(message.data)
    elif message.type is aiohttp.WSMsgType.BINARY:
        await to.send_bytes(message.data)
