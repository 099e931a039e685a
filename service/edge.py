"""The command line's edge: a refusal is a sentence and exit code 2, never a traceback.

In: a command to run. Out: its exit code; sentences without patient data on stderr.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import NoReturn

from rich.console import Console
from rich.markup import escape

from dicom_io.errors import DicomIoError, SeveralSeriesError
from planner.errors import PlannerError
from service.errors import ServiceError

REFUSED = 2


def at_the_edge(run: Callable[[], object]) -> None:
    """Run one command to its end."""
    warnings.filterwarnings("ignore", module=r"(pydicom|highdicom|pynetdicom)\b")
    try:
        run()
    except SeveralSeriesError as question:
        _refuse(str(question), *(f"--series {uid}  {facts}" for uid, facts in question.choices))
    except (PlannerError, DicomIoError, ServiceError) as refusal:
        _refuse(str(refusal))
    except OSError as error:  # its text holds a path, and a path may hold a name
        _refuse(f"a file or folder cannot be used ({error.strerror}); check the input, --out and the disk")


def _refuse(*lines: str) -> NoReturn:
    console = Console(stderr=True, soft_wrap=True)
    console.print(escape(f"Refused: {lines[0]}"), style="red")
    for line in lines[1:]:
        console.print(escape(f"  {line}"))
    sys.exit(REFUSED)
