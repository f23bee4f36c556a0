"""Work that can be done anywhere: files in, bytes out; here by threads, or by the workers of a Dask cluster.

A job holds all that it needs, so that it can be done again, on any machine with the same version of this
package, and gives the same bytes. Where a worker dies, the scheduler gives its jobs to another.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from tilewright.errors import ToolError, expect_packages, printable
from tilewright.programs.process import program_threads

PATIENCE_S = 10.0
"""How long a cluster may take to answer at first."""

Work = Callable[[Path, dict[str, Any]], bytes]


@dataclass(frozen=True, slots=True)
class Job:
    """A function of this package, ``module:name``, with its files and settings.

    files: contents by path in the job's folder. settings: JSON. The function takes the folder and the
    settings, and gives the same bytes for the same job.
    """

    function: str
    files: Mapping[str, bytes]
    settings: str = "{}"

    @property
    def fingerprint(self) -> str:
        """Hexadecimal SHA-256 of the function's name, the files and the settings."""
        digest = hashlib.sha256(json.dumps([self.function, self.settings]).encode())
        for name in sorted(self.files):
            digest.update(json.dumps([name, len(self.files[name])]).encode() + self.files[name])
        return digest.hexdigest()


def run_job(job: Job) -> bytes:
    """Do a job in a folder of its own, which is removed afterwards."""
    module, _, name = job.function.partition(":")
    work: Work = getattr(import_module(module), name)
    with tempfile.TemporaryDirectory(prefix="tilewright-job-") as folder:
        for file, content in job.files.items():
            path = Path(folder) / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return work(Path(folder), json.loads(job.settings))


def run_jobs(jobs: Sequence[Job], *, workers: str = "", threads: int = 1) -> Iterator[bytes]:
    """The results of the jobs, in their order.

    workers: address of a Dask scheduler, such as ``tcp://host:8786``; empty: so many threads here. Raises
    `ToolError` if the cluster cannot be reached, has no worker, or has another version of this package; and
    what a job raises.
    """
    if not workers:
        with program_threads(threads) as pool:
            yield from pool.each(run_job, jobs)
        return
    with _cluster(workers) as client:
        names = [f"tilewright-{job.fingerprint}" for job in jobs]
        futures = dict(zip(names, client.map(run_job, jobs, key=names), strict=True))
        for name in names:
            yield _result(futures[name], workers)


def expect_workers(address: str) -> None:
    """Raise what `run_jobs` raises of a cluster, before the work is begun that leads to the jobs."""
    with _cluster(address):
        pass


def _result(future: Any, workers: str) -> bytes:
    from distributed import CancelledError
    from distributed.scheduler import KilledWorker

    try:
        found: bytes = future.result()
    except (KilledWorker, CancelledError, OSError) as error:
        raise ToolError(f"the cluster {printable(workers)} lost a job: {_line(error)}") from None
    return found


@contextmanager
def _cluster(address: str) -> Iterator[Any]:
    expect_packages("distributed")
    from tilewright import __version__

    try:
        client: Any = import_module("distributed").Client(address, timeout=PATIENCE_S)
    except (OSError, ValueError) as error:
        raise ToolError(
            f"cannot reach the cluster {printable(address)}: {_line(error)}; give the address that "
            "'dask scheduler' prints"
        ) from None
    try:
        versions = client.run(_version)
        if not versions:
            raise ToolError(
                f"the cluster {printable(address)} has no worker: start 'dask worker {address}'"
            )
        for worker, version in versions.items():
            if version != __version__:
                raise ToolError(
                    f"worker {worker} must have tilewright {__version__}, but has {version}: install that "
                    "there"
                )
        yield client
    finally:
        client.close()


def _version() -> str:
    from tilewright import __version__

    return str(__version__)


def _line(error: BaseException) -> str:
    return printable(str(error).partition("\n")[0] or type(error).__name__, 300)
