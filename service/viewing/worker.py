"""One open case in a process of its own: ``python -m service.viewing.worker``.

In: a job as one JSON line on standard input (folder, secret, who may do what). Out: one JSON line with the port, then the page on
loopback until standard input closes. A crash here closes one case only; every step of the session is on disk.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from pathlib import Path

from service.viewing.job import Job
from service.viewing.opened import open_page


def main() -> None:
    """Read the job, serve the page, end with the parent; a parent that closes without a job had none."""
    line = sys.stdin.readline()
    if not line:
        return
    job = Job(**json.loads(line))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    page = open_page(Path(job.folder), job)
    sys.argv = [sys.argv[0], "--authKey", job.secret, "--host", "127.0.0.1"]
    asyncio.run(page.run(0, _say_port))


def _say_port(port: int) -> None:
    sys.stdout.write(json.dumps({"port": port}) + "\n")
    sys.stdout.flush()


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
