"""Where operands and psums are, found from runs alone; runs that cannot tell are refused by name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.formal import arrays
from tilewright.errors import ConfigError, FormatError
from tilewright.formal.located import WordBit, Words, locate, runs_needed
from tilewright.formal.recorded import read_roles, record
from tilewright.waves import Recording

RUNS = 54


@pytest.fixture(scope="module")
def serial(tmp_path_factory):
    """Runs of the array whose activations come bit by bit, and their words."""
    design = arrays.load("bit_serial")
    folder = tmp_path_factory.mktemp("serial")
    arrays.build(design, folder, {"P": 1, "T": 2})
    design.sizes["T"] = 2
    roles = read_roles(arrays.FOLDER / "bit_serial" / "roles.toml")
    rng = np.random.default_rng(3)
    runs, words = [], {"a": [], "w": [], "y": []}
    for _ in range(RUNS):
        a, w = (rng.integers(-8, 8, design.shape(word, 1)) for word in "aw")
        for name, values in (("a", a), ("w", w), ("y", arrays.run(design, folder, a, w))):
            words[name].append(values[0])
        runs.append(record(folder / "run.vcd", roles, scope="dut"))
    return runs, {name: np.array(values) for name, values in words.items()}


def test_operands_are_found_bit_by_bit(serial):
    runs, words = serial
    located = locate(
        runs, {name: Words(words[name], 4) for name in "aw"}, {"y": Words(words["y"], 10)}
    )
    assert (located.roles.data, located.roles.outputs) == (("chain", "bits"), ("sums_ok", "sums"))
    beats = [cycle for cycle, bit in enumerate(runs[0].inputs["bit_en"]) if bit == "1"]
    assert located.bits["bits"] == {
        (cycle, k): WordBit("a", (n // 4, k), n % 4)
        for n, cycle in enumerate(beats)
        for k in range(4)
    }
    pushes = [cycle for cycle, bit in enumerate(runs[0].inputs["chain_en"]) if bit == "1"]
    assert located.bits["chain"] == {
        (cycle, bit): WordBit("w", divmod(15 - n, 4), bit)
        for n, cycle in enumerate(pushes)
        for bit in range(4)
    }
    ends = [cycle for cycle, bit in enumerate(runs[0].outputs["sums_ok"]) if bit == "1"]
    for t, cycle in enumerate(ends):
        for c in range(4):
            assert ("sums", cycle) in located.places("y")[t, c]
            assert located.bits["sums"][cycle, 10 * c] == WordBit("y", (t, c), 0)


def made(count, edit=lambda x, y: (x, y)):
    """Runs of a port that holds a word and an output that holds its double, and these words."""
    x = np.random.default_rng(1).integers(0, 4, (count, 1))
    y = 2 * x
    runs = []
    for value, twice in zip(*edit(x[:, 0], y[:, 0]), strict=True):
        inputs = {"x": (f"{value:02b}",), "go": ("1",)}
        runs.append(Recording("clk", (5,), inputs, {"y": (f"{twice:03b}",)}, {}))
    return runs, {"x": Words(x, 2)}, {"y": Words(y + 1, 3)}


def test_a_word_and_its_double():
    runs, operands, _ = made(40)
    psums = {"y": Words(2 * operands["x"].values, 3)}
    with pytest.raises(
        FormatError, match=r"but 1 of 1 bits are nowhere in y; the first is bit 0 of z"
    ):
        locate(runs, operands, {"z": Words(operands["x"].values[::-1].copy(), 1 + 1)})
    located = locate(runs, operands, psums)
    assert located.bits["x"] == {(0, bit): WordBit("x", (0,), bit) for bit in (0, 1)}
    assert located.bits["y"] == {(0, bit): WordBit("y", (0,), bit) for bit in (1, 2)}


def test_a_port_that_does_not_carry_the_word_in_one_run_is_seen():
    def spoiled(x, y):
        return np.where(np.arange(len(x)) == 7, 3 - x, x), y

    runs, operands, psums = made(40, spoiled)
    with pytest.raises(FormatError, match=r"but 2 of 2 bits are nowhere in x; .* bit 0 of x\[0\]"):
        locate(runs, operands, psums)


def test_runs_that_are_too_few_or_words_that_do_not_tell():
    runs, operands, psums = made(40)
    assert runs_needed(runs[0], 5) == 30 + 5
    with pytest.raises(ConfigError, match=r"35 runs tell 5 bits of words apart, but there are 20"):
        locate(*made(20))
    with pytest.raises(ConfigError, match=r"words of every run, but w has 3 of 40"):
        locate(runs, {"w": Words(np.zeros((3, 1), np.int64), 2)}, psums)
    small = {"x": Words(operands["x"].values, 3)}
    with pytest.raises(
        FormatError, match=r"must differ over the runs, but bit 2 of x\[0\] never does"
    ):
        locate(runs, small, psums)
    both = {**operands, "w": operands["x"]}
    with pytest.raises(FormatError, match=r"bit 0 of w\[0\] is always bit 0 of x\[0\]: draw them"):
        locate(runs, both, psums)


@pytest.mark.parametrize("values", [[-9], [16], [-1, 8]])
def test_words_that_do_not_fit(values):
    with pytest.raises(ConfigError, match=r"words must fit 4 bits, but go from"):
        Words(np.array(values), 4)


def test_an_x_is_no_bit_of_a_word():
    runs, operands, _ = made(40)
    runs[3] = replace(runs[3], outputs={"y": ("xx0",)})
    with pytest.raises(
        FormatError, match=r"1 of 1 bits are nowhere in y; the first is bit 1 of y\[0\]"
    ):
        locate(runs, operands, {"y": Words(operands["x"].values * 2, 3)})


def test_a_psum_that_never_differs_tells_nothing():
    runs, operands, _ = made(40)
    with pytest.raises(FormatError, match=r"must differ over the runs, but y\[0\] never does"):
        locate(runs, operands, {"y": Words(operands["x"].values * 0, 3)})
