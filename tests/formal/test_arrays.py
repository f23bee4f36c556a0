"""Arrays in other styles than ours compute what their descriptions say, and where they say it."""

from __future__ import annotations

import pytest

from tests.formal import arrays
from tilewright.formal.recorded import (
    differing_bits,
    distinct_operands,
    expect_known_control,
    read_roles,
    record,
)


@pytest.fixture(scope="module", params=arrays.NAMES)
def ran(request, tmp_path_factory):
    """A design, two runs: their words, and what their ports held."""
    design = arrays.load(request.param)
    if arrays.needs(design):
        pytest.skip(f"{arrays.needs(design)} is not installed")
    folder = tmp_path_factory.mktemp(design.name)
    arrays.build(design, folder, {"P": 6})
    runs = []
    for seed in (1, 5):
        a, w = (arrays.random_words(design, word, 6, seed + n) for n, word in enumerate("aw"))
        y = arrays.run(design, folder, a, w)
        (folder / "run.vcd").rename(folder / f"{seed}.vcd")
        runs.append((a, w, y, folder / f"{seed}.vcd"))
    return design, runs


def recordings(design, runs):
    roles = read_roles(arrays.FOLDER / design.name / "roles.toml")
    return [record(path, roles, scope="dut") for *_, path in runs]


def test_an_array_computes_what_it_says(ran):
    design, runs = ran
    for a, w, found, _ in runs:
        assert (found == arrays.expected(design, a, w)).all()


def test_words_are_where_the_description_says(ran):
    design, runs = ran
    for (a, w, y, _), recording in zip(runs, recordings(design, runs), strict=True):
        held = {**recording.inputs, **recording.outputs}
        for word, values in (("a", a), ("w", w), ("y", y)):
            assert (arrays.words_of(design, word, held, 6) == values).all(), word


def test_two_runs_tell_data_from_control(ran):
    design, runs = ran
    both = recordings(design, runs)
    roles = distinct_operands(*both)
    assert roles == read_roles(arrays.FOLDER / design.name / "roles.toml")
    for recording in both:
        expect_known_control(recording, roles)
    for port in roles.data:
        assert differing_bits(port, *both) == tuple(range(len(both[0].inputs[port][0])))
