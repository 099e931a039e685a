"""Where the program begins: ``needleplan serve`` loads what the service needs, every other command the whole command line.

In: the words after ``needleplan``. Out: an exit code. The service runs for months beside others; what plans and draws
would cost it 200 MB and is loaded by each case's own process.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from service.edge import at_the_edge
from service.settings import SETTINGS_VARIABLE, load_settings


def main() -> None:
    """Run one command."""
    words = sys.argv[1:]
    if words[:1] == ["serve"] and "--help" not in words:
        sys.argv = ["needleplan serve", *words[1:]]
        at_the_edge(lambda: typer.run(_serve))
        return
    from service.cli import main as whole  # noqa: PLC0415 - see above

    whole()


def _serve(settings: Annotated[Path | None, typer.Option("--settings", envvar=SETTINGS_VARIABLE)] = None) -> None:
    """Run the service."""
    from service.serving import serve  # noqa: PLC0415 - see above

    serve(load_settings(settings, os.environ))


if __name__ == "__main__":
    main()
