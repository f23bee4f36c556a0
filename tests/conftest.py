"""Fixtures that all tests share: outside data, and a finished run of the chain."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.chain import OVERRIDES, tilewright
from tests.rtl.layers import require_simulator


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
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run; not to be changed."""
    require_simulator("icarus")
    folder = tmp_path_factory.mktemp("chain") / "run"
    done = tilewright("run", "--out", folder, *OVERRIDES)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "stdout.txt").write_text(done.stdout)
    return folder


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished run, to work on."""
    return Path(shutil.copytree(finished, tmp_path / "run"))
