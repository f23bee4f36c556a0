"""These tests need yosys (extra ``formal``)."""

from __future__ import annotations

import pytest

from tilewright.formal import has_yosys


@pytest.fixture(scope="session", autouse=True)
def _yosys():
    """Skip all of them without it."""
    if not has_yosys():
        pytest.skip("yosys is not installed: pip install 'tilewright[formal]'")
