"""Fixtures that all tests share: outside data, and a finished run of the chain; the order of the tests."""

from __future__ import annotations

import fcntl
import gc
import os
import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import settings

from tests.chain import OVERRIDES, tilewright
from tests.rtl.layers import require_simulator
from tilewright.cores.build_cache import default_cache_dir

settings.register_profile("any machine", deadline=None)  # a busy one is no failure
settings.load_profile("any machine")

SLOW = (
    "tests/formal/test_modules.py",  # compiles yosys, where it never was
    "tests/witness/test_committed_networks.py",
    "tests/stages/test_mutate.py",
    "tests/rtl/test_mutation.py",
    "tests/formal",
    "tests/stages",
    "tests/rtl",
    "tests/sabotage",
    "tests/property",
    "tests/extension",
)
"""Files and folders that are begun first: no worker is left alone with one of them at the end."""


class ExamplesAlone:
    """Modules are searched for examples only where there are some: it saves a third of the collection."""

    @pytest.hookimpl(wrapper=True)
    def pytest_collect_file(
        self, file_path: Path
    ) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
        """Leave out what `--doctest-modules` makes of a module without an example."""
        found = yield
        if file_path.suffix != ".py" or ">>>" in file_path.read_text(encoding="utf-8"):
            return found
        return [one for one in found if type(one).__name__ != "DoctestModule"]


def pytest_configure(config: pytest.Config) -> None:
    """For the sources, too, beside which there is no such file as this."""
    config.pluginmanager.register(ExamplesAlone())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest; workers take one file after the other in this order."""
    items.sort(
        key=lambda item: next(
            (number for number, place in enumerate(SLOW) if item.nodeid.startswith(place)),
            len(SLOW),
        )
    )


def pytest_collection_finish() -> None:
    """What collection made stays: the garbage collector need not look at it again and again."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    """At the end all of it may go."""
    gc.unfreeze()


@pytest.fixture(scope="session", autouse=True)
def _no_waiting_for_the_disk() -> Iterator[None]:
    """Tests that are about full disks, or kill a process where it writes, replace the call themselves."""
    with mock.patch("os.fsync", return_value=None):
        yield


def _outside_folder(variable: str) -> Path:
    folder = os.environ.get(variable)
    if not folder:
        pytest.skip(f"{variable} is not set")
    return Path(folder)


@pytest.fixture(scope="session")
def cifar10_folder() -> Path:
    """Folder of CIFAR-10's binary files."""
    return _outside_folder("TILEWRIGHT_CIFAR10")


@pytest.fixture(scope="session")
def witness_folder() -> Path:
    """Folder of vector files that others made."""
    return _outside_folder("TILEWRIGHT_WITNESS")


@pytest.fixture(scope="session")
def all_workers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this session share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def builds() -> Path:
    """Build cache of this user, as the commands have it: what did not change is not compiled again."""
    return default_cache_dir()


@pytest.fixture(scope="session")
def finished(all_workers: Path) -> Path:
    """A finished run, made by the first worker that wants it; not to be changed."""
    require_simulator("icarus")
    folder = all_workers / "chain" / "run"
    told = folder / "stdout.txt"
    with _one_at_a_time(all_workers / "chain.lock"):
        if not told.exists():
            done = tilewright("run", "--out", folder, *OVERRIDES)
            assert done.returncode == 0, done.stdout + done.stderr
            told.write_text(done.stdout)
    return folder


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished run, to work on."""
    return Path(shutil.copytree(finished, tmp_path / "run"))
