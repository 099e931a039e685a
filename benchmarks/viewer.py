"""How fast the radiologist's page answers, beside a plain render of the same pane in the same run.

In: a folder that ``needleplan plan --out`` wrote. Out: a table of milliseconds and megabytes, median and 90th percentile.
In a browser (Debian's Chromium, headless, on the same cores): wheel to new picture for one and for four users, open on a warm worker.
In this process: a cut and draw with vtkImageReslice alone, the same pane of ours, a drag to its re-scored path.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from aiohttp import web
from playwright.sync_api import Browser, Page, sync_playwright
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonDataModel import vtkImageData
from vtkmodules.vtkImagingCore import vtkImageReslice
from vtkmodules.vtkRenderingCore import vtkImageActor, vtkRenderer

from service.viewing.answers import FrontSettings
from service.viewing.front import Front
from service.viewing.job import Job
from service.viewing.keeping import KEPT, open_kept
from service.viewing.opened import open_page
from service.viewing.people import UsersFile
from service.viewing.roles import Role
from viz.viewer.desk import Desk
from viz.viewer.looks import AXIAL
from viz.viewer.pointer import Pointer
from viz.viewer.screen import Screen

CHROMIUM = "/usr/bin/chromium"
PASSWORD = "only for this run"  # noqa: S105 - of users that live for one run
SIZE = (512, 512)
REPEATS, USERS = 40, 4
QUIET_S = 0.9
"""Between two wheels: the lossless picture of the one before must not be taken for the next (it comes after half a second)."""

_WATCH = """name => {
  const area = document.querySelector(`[data-test=pane-${name}] .area`), image = area.querySelector('img, canvas');
  return new Promise(done => {
    const begin = performance.now();
    const seen = new MutationObserver(() => image.decode().catch(() => 0).then(() => {
      seen.disconnect(); requestAnimationFrame(() => done(performance.now() - begin)); }));
    seen.observe(image, {attributes: true, attributeFilter: ['src']});
    const box = area.getBoundingClientRect();
    const target = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    target.dispatchEvent(new WheelEvent('wheel', {deltaY: window.wheelWay = -(window.wheelWay || 100), bubbles: true,
      cancelable: true, clientX: box.x + box.width / 2, clientY: box.y + box.height / 2}));
    setTimeout(() => { seen.disconnect(); done(-1); }, 5000); });
}"""


def timed(work: Callable[[int], object]) -> list[float]:
    """Milliseconds of each repeat, a warm-up left out."""
    work(0)
    taken = []
    for number in range(REPEATS):
        start = time.perf_counter()
        work(number + 1)
        taken.append(1000 * (time.perf_counter() - start))
    return taken


def worked(work: Callable[[int], object]) -> list[float]:
    """Milliseconds of processor time of each repeat: what a busy machine does not change."""
    work(0)
    taken = []
    for number in range(REPEATS):
        start = time.process_time()
        work(number + 1)
        taken.append(1000 * (time.process_time() - start))
    return taken


def row(name: str, values: list[float], unit: str = "ms") -> None:
    """One line of the table."""
    ordered = sorted(values)
    print(
        f"{name:<58} median {statistics.median(ordered):8.1f} {unit}   p90 {ordered[int(0.9 * (len(ordered) - 1))]:8.1f} {unit}"
    )


def desk_of(case: Path) -> Desk:
    """The desk of a kept case, as a worker opens it."""
    return open_page(case, Job(str(case), "", is_read_only=False)).page.desk


def in_process(case: Path) -> None:
    """Plain render, our pane, and a drag, one after the other."""
    desk = desk_of(case)
    desk.resize(AXIAL, *SIZE)
    desk.picture(AXIAL)
    plain = plain_render(case)
    row("axial slice, vtkImageReslice and actor alone (512 x 512)", timed(plain))
    row("  its processor time", worked(plain))

    def wheel(number: int) -> None:
        desk.wheel(AXIAL, 1.0 if number % 2 else -1.0, Pointer(0, 0))
        desk.picture(AXIAL)

    row("the same slice as the page draws it, with all marks", timed(wheel))
    row("  its processor time", worked(wheel))
    session, planning = desk.session, desk._planning  # noqa: SLF001 - what the page itself asks
    if session is None or session.now.judged is None:
        return
    planning.prepare(session.now.plan, session.now.target_index)
    path, plan = session.now.judged.path, session.now.plan
    shift = np.array([1.0, 0.0, 0.5])

    def drag(number: int) -> object:
        return planning.judge(plan, session.now.target_index, path.entry_mm + (number % 10 - 5) * shift, path.target_mm)

    row("drag to re-scored path, server side", timed(drag))
    row("  its processor time", worked(drag))
    desk.close()


def plain_render(case: Path) -> Callable[[int], object]:
    """An axial slice by its index: no geometry, no marks."""
    voxels = np.ascontiguousarray(open_kept(case).volume.voxels)
    image, reslice, actor, renderer = vtkImageData(), vtkImageReslice(), vtkImageActor(), vtkRenderer()
    image.SetDimensions(*voxels.shape[::-1])
    image.GetPointData().SetScalars(numpy_to_vtk(voxels.reshape(-1), deep=0))
    reslice.SetInputData(image)
    reslice.SetOutputDimensionality(2)
    reslice.SetInterpolationModeToLinear()
    renderer.AddActor(actor)
    screen = Screen(*SIZE)
    screen.add(renderer)

    def draw(number: int) -> object:
        reslice.SetResliceAxesOrigin(0.0, 0.0, float(number % voxels.shape[0]))
        reslice.Update()
        shown = vtkImageData()
        shown.ShallowCopy(reslice.GetOutput())
        actor.SetInputData(shown)
        renderer.ResetCamera()
        return voxels, screen.picture()

    return draw


@contextmanager
def served(case: Path) -> Iterator[tuple[str, Front]]:
    """A front with one case in a thread of its own."""
    loop, ready, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    where: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        users = UsersFile(Path(folder) / "users.json")
        for number in range(USERS):
            users.put(f"user{number}", Role.PLANNER, PASSWORD)
        front = Front(users, lambda: [case], FrontSettings(language="en"), lambda *_, **__: None)

        async def serve() -> None:
            runner = web.AppRunner(front.application)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            where.append(f"http://127.0.0.1:{runner.addresses[0][1]}")
            ready.set()
            await stop.wait()
            await runner.cleanup()

        thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
        thread.start()
        ready.wait(30)
        yield where[0], front
        loop.call_soon_threadsafe(stop.set)
        thread.join(30)


def visit(browser: Browser, base: str, number: int) -> tuple[Page, float]:
    """A person who logged in and opened the case, and how long the first picture took [ms]."""
    page = browser.new_context(viewport={"width": 1280, "height": 720}).new_page()
    page.set_default_timeout(120_000)
    page.goto(base)
    page.fill("[name=name]", f"user{number}")
    page.fill("[name=password]", PASSWORD)
    page.click("button")
    page.wait_for_selector("table")
    page.wait_for_timeout(8000)
    start = time.perf_counter()
    page.click("form[action^='/open/'] button")
    page.wait_for_function("document.querySelector('[data-test=pane-axial] .area img')?.naturalWidth > 0")
    return page, 1000 * (time.perf_counter() - start)


def in_browsers(case: Path) -> None:
    """Opening, one user's wheel, four users' wheels, memory."""
    with served(case) as (base, front), sync_playwright() as playwright, ExitStack() as stack:
        arguments = ["--no-sandbox", "--disable-background-networking", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=arguments)
        stack.callback(browser.close)
        visits = [visit(browser, base, 0)]
        row("open on a warm worker, click to first picture", [visits[0][1]])
        visits[0][0].wait_for_timeout(12_000)
        row("wheel to new axial picture, one user", wheels([visits[0][0]], REPEATS))
        (opened,) = front._pages.all()  # noqa: SLF001 - its process is what is measured
        row("memory of one open case (proportional set size)", [pss_mb(opened.worker.process.pid)], "MB")
        visits += [visit(browser, base, number) for number in range(1, USERS)]
        visits[-1][0].wait_for_timeout(12_000)
        row(f"wheel to new axial picture, {USERS} users at once", wheels([page for page, _ in visits], REPEATS // 4))
        row(f"open on a warm worker, {USERS} times", [opened_ms for _, opened_ms in visits])


def wheels(pages: list[Page], repeats: int) -> list[float]:
    """Every page turns its wheel at the same moment; milliseconds until each shows another picture."""
    taken: list[float] = []
    for _ in range(repeats):
        handles = [page.evaluate_handle(f"name => ({{ promise: ({_WATCH})(name) }})", AXIAL) for page in pages]
        taken += [float(handle.evaluate("one => one.promise")) for handle in handles]
        pages[0].wait_for_timeout(1000 * QUIET_S)
    late = sum(value < 0 for value in taken)
    if late:
        print(f"  ({late} of {len(taken)} wheels showed no picture within 5 s)")
    return [value for value in taken if value >= 0] or [float("nan")]


def pss_mb(pid: int) -> float:
    """Memory of a process, pages that are shared counted by their share."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    return int(next(line for line in rollup.splitlines() if line.startswith("Pss:")).split()[1]) / 1024


def main() -> None:
    """Measure one case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", type=Path, help="a folder that needleplan plan --out wrote")
    case = parser.parse_args().results / KEPT
    shape = open_kept(case).volume.voxels.shape
    print(f"volume {shape[2]} x {shape[1]} x {shape[0]}, {REPEATS} repeats")
    in_browsers(case)
    in_process(case)


if __name__ == "__main__":
    main()
