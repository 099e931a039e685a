"""A worker in a network namespace of its own, reached over TLS: as on another machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.compute import executor
from service.settings import JobSettings
from tests import dask_cases
from tests.certificates import Authority
from tests.servers import a_free_port, process, run, wait_until
from tests.service.test_compute import LONGEST_S, job

pytestmark = [pytest.mark.servers, pytest.mark.soak]

HERE, THERE = "10.213.77.1", "10.213.77.2"


@pytest.fixture
def namespace() -> Iterator[str]:
    """A namespace joined to this one by a cable of two ends; its name."""
    name, ends = f"needleplan-{os.getpid()}", (f"np{os.getpid()}a", f"np{os.getpid()}b")
    if run("ip", "netns", "add", name).returncode != 0:
        pytest.skip("this machine allows no network namespaces (needs root)")
    try:
        for words in (
            f"link add {ends[0]} type veth peer name {ends[1]} netns {name}",
            f"addr add {HERE}/30 dev {ends[0]}",
            f"link set {ends[0]} up",
            f"-n {name} addr add {THERE}/30 dev {ends[1]}",
            f"-n {name} link set {ends[1]} up",
            f"-n {name} link set lo up",
        ):
            done = run("ip", *words.split())
            assert done.returncode == 0, done.stderr
        yield name
    finally:
        run("ip", "netns", "del", name)


def test_a_case_is_computed_across_two_networks_over_tls(namespace, tmp_path):
    authority = Authority(tmp_path / "certificates")
    own = authority.sign("needleplan")
    tls = {"authority": authority.certificate, "certificate": own.certificate, "private_key": own.private_key}
    files = ("--tls-ca-file", authority.certificate, "--tls-cert", own.certificate, "--tls-key", own.private_key)
    port, log = a_free_port(), tmp_path / "worker.log"
    address = f"tls://{HERE}:{port}"
    scheduler = (sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", address, "--no-dashboard", *files)
    there = ("ip", "netns", "exec", namespace, sys.executable, "-m", "distributed.cli.dask_worker", address)
    options = ("--no-nanny", "--nthreads", 1, "--no-dashboard", "--local-directory", tmp_path / "scratch", *files)
    with process(tmp_path / "scheduler.log", *scheduler), process(log, *there, *options) as worker:
        wait_until(
            lambda: worker.poll() is not None or "Registered to" in log.read_text(),
            timeout_s=120,
            what="the worker's start",
        )
        jobs = JobSettings(scheduler=address, scheduler_tls=tls, time_limit_seconds=LONGEST_S)
        with executor(jobs) as pool:
            outcome = pool.submit(dask_cases.digest_of_images, job(tmp_path, megabytes=8)).result(timeout=LONGEST_S)
    assert Path(outcome.objects[0].path).read_text() == outcome.words
