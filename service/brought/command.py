"""A site's own model as a command: the scan out as NIfTI without patient data, its masks back in.

In: a template, ``totalsegmentator -i {input} -o {output}``, limits of time and memory, the open scan. Out: a ``Brought``. The
command runs without a shell, in a folder of its own that is removed afterwards; its exit code and output are checked.
"""

from __future__ import annotations

import os
import resource
import shlex
import signal
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name its own documentation uses

from planner.brought import Brought, BroughtError
from planner.volume import Volume
from service.brought.label_files import read_folder, read_label_map
from service.brought.tables import NO_MAP, OwnMap
from service.image_files import is_image_file

_GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class OutsideCommand:
    """What to run and how much it may take; ``memory_limit_gb`` 0: no limit (a GPU's driver reserves address space freely)."""

    template: str
    time_limit_s: float = 900.0
    memory_limit_gb: float = 16.0

    def words(self, image: Path, output: Path) -> list[str]:
        """The command's words with both places filled in."""
        return [
            word.replace("{input}", str(image)).replace("{output}", str(output)) for word in shlex.split(self.template)
        ]

    @property
    def name(self) -> str:
        """The program's own name."""
        return Path(shlex.split(self.template)[0]).name


def run_command(command: OutsideCommand, volume: Volume, own: OwnMap = NO_MAP) -> Brought:
    """Run the command on the scan and read what it wrote."""
    with tempfile.TemporaryDirectory(prefix="needleplan-model-") as folder:
        image, output = Path(folder) / "image.nii.gz", Path(folder) / "output"
        _write(volume, image)
        _run(command, command.words(image, output), Path(folder))
        brought = _read(output, own)
    return replace(brought, source=replace(brought.source, name=command.name))


def _run(command: OutsideCommand, words: list[str], folder: Path) -> None:
    try:
        process = subprocess.Popen(  # noqa: S603 - the site's own setting, split into words, no shell
            words,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise BroughtError(
            f"the command {command.name!r} cannot be started ({error.strerror}); check its path"
        ) from error
    try:
        _limit(process, command.memory_limit_gb)
        code = process.wait(command.time_limit_s)
    except subprocess.TimeoutExpired:
        raise BroughtError(
            f"the command {command.name!r} took longer than {command.time_limit_s:g} s and was stopped; raise its time limit"
        ) from None
    finally:
        _stop(process)
    if code != 0:
        raise BroughtError(
            f"the command {command.name!r} ended with exit code {code}: it made no segmentation that can be trusted; run it by "
            "hand on one scan"
        )


def _limit(process: subprocess.Popen[bytes], memory_gb: float) -> None:
    limit = int(memory_gb * _GIB)
    if limit > 0 and process.poll() is None:
        resource.prlimit(process.pid, resource.RLIMIT_AS, (limit, limit))


def _stop(process: subprocess.Popen[bytes]) -> None:
    """The command and all that it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


def _read(output: Path, own: OwnMap) -> Brought:
    if output.is_dir():
        files = [one for one in output.iterdir() if is_image_file(one)]
        return read_label_map(files[0], own) if len(files) == 1 else read_folder(output, own)
    written = [one for one in output.parent.glob(f"{output.name}*") if is_image_file(one)]
    if len(written) != 1:
        raise BroughtError(
            "the command ended well but wrote no segmentation to {output}; its template must hold {input} and {output}"
        )
    return read_label_map(written[0], own)


def _write(volume: Volume, path: Path) -> None:
    image = sitk.GetImageFromArray(np.ascontiguousarray(volume.voxels))
    geometry = volume.geometry
    image.SetOrigin(geometry.points_mm([0, 0, 0]).tolist())
    image.SetSpacing(geometry.spacing_mm[::-1].tolist())
    image.SetDirection(geometry.axes[:, [2, 1, 0]].ravel().tolist())
    sitk.WriteImage(image, str(path))
