"""Fixtures of the tests that simulate RTL."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build cache of this session."""
    return tmp_path_factory.mktemp("builds")
