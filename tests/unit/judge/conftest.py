"""The golden bundle and its sums, for tests of how dumps are read."""

from __future__ import annotations

import pytest

from tests.golden import regenerate as golden
from tilewright.judge import expected_numbers, read_operands
from tilewright.vectors import read_bundle


@pytest.fixture(scope="module")
def bundle():
    return read_bundle(golden.FOLDER)


@pytest.fixture(scope="module")
def psums(bundle):
    return expected_numbers(bundle, "psum", read_operands(bundle))
