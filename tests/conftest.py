"""Fixtures that all tests share: outside data, RTL simulators."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


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
