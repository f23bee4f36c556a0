"""These tests need yosys (extra ``formal``)."""

from __future__ import annotations

import pytest

from tilewright.formal import has_yosys
from tilewright.prove.our_rtl import CORE_FILES, read_sources


@pytest.fixture(scope="session")
def sources():
    """Our array; skips without yosys."""
    if not has_yosys():
        pytest.skip("yosys is not installed: pip install 'tilewright[formal]'")
    return read_sources()


@pytest.fixture(scope="session")
def core(sources):
    """Our whole core."""
    assert sources
    return read_sources(files=CORE_FILES)


@pytest.fixture
def changed(sources):
    """The sources with one place changed."""

    def change(file, before, after):
        assert before in sources[file]
        return {**sources, file: sources[file].replace(before, after)}

    return change
