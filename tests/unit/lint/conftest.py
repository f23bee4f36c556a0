"""Testbenches are read in this process: to fork one with all that the tests have loaded takes longest."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import TypeVar

import pytest

from tilewright.lint import bounded
from tilewright.programs.confined import Bounds

T = TypeVar("T")


def _here(work: Callable[[], T], bounds: Bounds, *, what: str) -> T:
    """The result as it comes out of another process."""
    return pickle.loads(pickle.dumps(work()))


@pytest.fixture
def apart() -> None:
    """For tests of what needs a process of its own."""


@pytest.fixture(autouse=True)
def _in_this_process(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "apart" not in request.fixturenames:
        monkeypatch.setattr(bounded, "confined", _here)
