"""The page's own files: scripts and styles of its toolkit, the same for every case; nothing of a patient is in them.

In: nothing. Out: files by the address a page asks for below its own. They are there before the case is open, so that a browser reads
them meanwhile.
"""

from __future__ import annotations

from functools import cache
from mimetypes import guess_type
from pathlib import Path

INDEX, LOADING = "index.html", "loading.tpl"


@cache
def page_files() -> dict[str, Path]:
    """Each file by its address; what is not listed does not exist."""
    from trame_client.module import vue3  # type: ignore[import-untyped] # noqa: PLC0415 - an extra
    from trame_rca import module as areas  # noqa: PLC0415

    roots = {"": Path(vue3.www), **{f"{prefix}/": Path(folder) for prefix, folder in areas.serve.items()}}
    return {
        f"{prefix}{file.relative_to(root).as_posix()}": file
        for prefix, root in roots.items()
        for file in sorted(root.rglob("*"))
        if file.is_file()
    }


def content_type(name: str) -> str:
    """By its ending."""
    return "text/html" if name == LOADING else guess_type(name)[0] or "application/octet-stream"
