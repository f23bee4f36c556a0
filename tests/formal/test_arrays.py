"""Arrays in other styles than ours compute what their descriptions say, and where they say it."""

from __future__ import annotations

import pytest

from tests.formal import arrays


@pytest.mark.parametrize("name", arrays.NAMES)
def test_an_array_computes_what_it_says(name, tmp_path):
    design = arrays.load(name)
    if arrays.needs(design):
        pytest.skip(f"{arrays.needs(design)} is not installed")
    a, w, found = arrays.simulate(design, tmp_path, 20, seed=1)
    assert (found == arrays.expected(design, a, w)).all()
