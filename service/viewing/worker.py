"""One open case in a process of its own: ``python -m service.viewing.worker``.

In: a job as one JSON line on standard input (folder, secret, who may do what), then questions of the front. Out: one JSON line with
the port and one for each question, and the page on loopback until standard input closes. A crash here closes one case only; every step of the session is on disk.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from pathlib import Path

from service.viewing.job import Job
from service.viewing.opened import Opened, open_page
from viz.viewer.warm import warmed_canvas


def main() -> None:
    """Read the job, serve the page, end with the parent; a parent that closes without a job had none."""
    canvas = warmed_canvas()
    line = sys.stdin.readline()
    if not line:
        return
    job = Job(**json.loads(line))
    opened = open_page(Path(job.folder), job, canvas)
    sys.argv = [sys.argv[0], "--authKey", job.secret, "--host", "127.0.0.1"]
    asyncio.run(_serve(opened))


async def _serve(opened: Opened) -> None:
    loop = asyncio.get_running_loop()
    threading.Thread(target=_listen, args=(loop, opened), daemon=True).start()
    await opened.page.run(0, lambda port: _say({"port": port}))


def _listen(loop: asyncio.AbstractEventLoop, opened: Opened) -> None:
    """Questions of the front, answered on the page's thread; the end of them is our end."""
    for line in sys.stdin:
        asyncio.run_coroutine_threadsafe(_answer(opened, line), loop)
    os._exit(0)


async def _answer(opened: Opened, line: str) -> None:
    """One line for each question, whatever comes: the front waits for it."""
    answer: dict[str, object] = {"refused": "the case's process met an unforeseen error; nothing was signed"}
    try:
        answer = await opened.answer(json.loads(line))
    finally:
        _say({"answer": answer})


def _say(thing: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(thing) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
