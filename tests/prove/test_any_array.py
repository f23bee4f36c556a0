"""Arrays of others are proved from a description and one run; wrong ones of another author never are."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from tests.formal import arrays, wrong
from tilewright.errors import ConfigError, FormatError
from tilewright.prove.any_array import prove_recorded
from tilewright.prove.streams import Described, Stream, read_described

pytestmark = pytest.mark.usefixtures("sources")

OURS = {
    "own_ws": {"Rows": 3, "Cols": 4, "ColumnBits": 9},
    "own_half": {"Rows": 3, "Cols": 4, "ColumnBits": 9},
    "own_os": {"Rows": 3, "Cols": 4, "ColumnBits": 11},
}
"""Parameters that the benches of our own array give it."""


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Sources, description and recorded run of a design, by name."""

    @cache
    def run(name):
        design = arrays.load(name)
        if arrays.needs(design):
            pytest.skip(f"{arrays.needs(design)} is not installed")
        folder = tmp_path_factory.mktemp(name)
        arrays.simulate(design, folder, design.sizes["P"], 5)
        described = read_described(arrays.FOLDER / name / "design.toml")
        return replace(described, parameters=OURS.get(name, {})), folder

    return run


def prove(ran, name, texts, **options):
    described, folder = ran(name)
    sources = arrays.as_verilog(texts, folder, described.top)
    return prove_recorded(sources, described, folder / "run.vcd", scope="dut", **options)


@pytest.mark.parametrize("name", arrays.NAMES)
def test_an_array_of_anybody_is_proved(ran, name):
    verdict = prove(ran, name, arrays.load(name).texts())
    assert verdict.answer == "proved", verdict
    assert "data anything where no word is" in verdict.claim


def _few(designs, *slow):
    """One of each design that is fast, and some kinds; `benchmarks/prove.py` takes all."""
    firsts = {one.design: one for one in reversed(designs) if one.design not in slow}
    kinds = ("the valid bits have no reset", "a bit out of range", "data clear a sum at once")
    kinds += (
        "two processes write",
        "-1 to the power",
        "a weight of -5",
        "one more where an activation",
    )
    kinds += ("of two cases that fit",)
    return [*firsts.values(), *(one for one in designs if one.name.startswith(kinds))]


@pytest.mark.parametrize(
    "one", _few(wrong.read_wrong(), "bit_serial"), ids=lambda one: f"{one.design}: {one.name}"
)
def test_a_wrong_array_is_never_proved(ran, one):
    verdict = prove(ran, one.design, one.sources())
    assert verdict.answer != "proved"
    if verdict.killing is not None and verdict.killing.simulated:
        assert verdict.killing.is_confirmed or verdict.answer == "undecided"


@pytest.mark.parametrize(
    "one",
    _few(wrong.read_equal(), "bit_serial", "lanes_os"),
    ids=lambda one: f"{one.design}: {one.name}",
)
def test_a_change_that_changes_nothing_is_never_refuted(ran, one):
    assert prove(ran, one.design, one.sources()).answer != "refuted"


def stream(**other):
    return Stream(
        **{"word": "a", "port": "x", "bits": 4, "signed": False, "when": (), "beat": "t"} | other
    )


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"word": "b"}, "a stream must be of a, w or y, not 'b'"),
        ({"digits": 3}, "bits of a must be a multiple of its digits"),
        ({"when": ("x >= 2",)}, "a condition must be like x, x=0"),
    ],
)
def test_streams_that_are_none(facts, message):
    with pytest.raises(ConfigError, match=message):
        stream(**facts)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        (
            {"computes": "tanh"},
            "computes must be one of identity, relu, saturate, saturate each, not",
        ),
        ({"sizes": {"P": 1}}, "sizes must be P, T, K and C"),
        ({"streams": (stream(),)}, "there must be a stream of w"),
    ],
)
def test_descriptions_that_are_none(facts, message):
    words = tuple(stream(word=word) for word in "awy")
    good = {"top": "t", "clock": "c", "computes": "identity", "parameters": {}, "streams": words}
    with pytest.raises(ConfigError, match=message):
        Described(**good | {"sizes": dict.fromkeys("PTKC", 1)} | facts)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"beat": "t + 999"}, "must be in sample 999 of x, but the run has"),
        ({"beat": "__import__('os')"}, "an expression must be of"),
        ({"beat": "t +"}, "must be an expression"),
        ({"when": ("nobody",)}, "a condition must be about a port"),
        ({"port": "done"}, "a port of data must be an input of flat_grid, but done is none"),
    ],
)
def test_a_description_that_does_not_fit_the_run(ran, facts, message):
    described, folder = ran("flat_grid")
    changed = tuple(replace(one, **facts) if one.word == "a" else one for one in described.streams)
    with pytest.raises((ConfigError, FormatError), match=message):
        prove_recorded(
            arrays.load("flat_grid").texts(),
            replace(described, streams=changed),
            folder / "run.vcd",
            scope="dut",
        )


def test_a_description_that_cannot_be_read(tmp_path):
    (tmp_path / "t.toml").write_text('top = "t"\n')
    with pytest.raises(ConfigError, match="must be TOML with top, clock, computes, sizes"):
        read_described(tmp_path / "t.toml")


def test_control_is_a_list(tmp_path):
    (tmp_path / "t.toml").write_text('control = "x[4]"\n')
    with pytest.raises(
        ConfigError, match=r"control must be a list, such as \[\"in\[8\]\"\], not 'x\[4\]'"
    ):
        read_described(tmp_path / "t.toml")
