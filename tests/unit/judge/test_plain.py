"""Two files of numbers: read as found, held against each other, and the change that gives all of it."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from tilewright.cli import app
from tilewright.errors import FormatError
from tilewright.judge import PlainComparison, find_changes, read_plain

RANDOM = np.random.default_rng(3).integers(-500, 500, 96)


def file_of(folder, name, text):
    path = folder / name
    path.write_text(text)
    return path


def decimal(folder, name, numbers, lanes=1):
    rows = np.asarray(numbers).reshape(-1, lanes)
    return file_of(folder, name, "\n".join(" ".join(map(str, row)) for row in rows) + "\n")


@pytest.mark.parametrize(
    ("text", "radix", "values", "skipped"),
    [
        ("1 2\n-3\n", "decimal", [1, 2, -3], 0),
        ("time out\n# note\n10, 20; 30 // three\n", "decimal", [10, 20, 30], 2),
        ("0001\n1111\n", "binary", [1, -1], 0),
        ("00ff\nFFFE\n", "hex", [255, -2], 0),
        ("0x1f\n0x20\n", "hex", [31, 32], 0),
        ("0000_0001\n1000_0000\n", "binary", [1, -128], 0),
        ("00010002000300040005000600070008\n", "hex", [1, 2, 3, 4, 5, 6, 7, 8], 0),
        ("1\n0\n1\n", "decimal", [1, 0, 1], 0),
        ("16'sd5\n-8'd3\n16'hFFFB\n", "decimal", [5, -3, -5], 0),
        ("# vsim tb\n# -5\n# 7\n", "decimal", [-5, 7], 1),
        ('"-1,024"\n"7"\n', "decimal", [-1024, 7], 0),
        ("1.0e+00\n-2.000e+01\n", "decimal", [1, -20], 0),
        ("psum = [-5, 7]\n", "decimal", [-5, 7], 0),
        ("-0x1f 0x20\n", "hex", [-31, 32], 0),
        ("@0 0a0b\n@1 fff4\n", "hex", [2571, -12], 0),
    ],
)
def test_numbers_are_read_as_they_are_found(tmp_path, text, radix, values, skipped):
    found = read_plain(file_of(tmp_path, "a.txt", text))
    assert (found.radix, found.values.tolist(), found.skipped) == (radix, values, skipped)
    assert found.known.all()


@pytest.mark.parametrize("text", ["99999999999999999999\n", "1e30\n", "1.5\n"])
def test_numbers_that_are_too_large_or_no_integers_are_refused(tmp_path, text):
    with pytest.raises(
        FormatError, match=r"line 1 must hold (integers|numbers of at most 64 bits)"
    ):
        read_plain(file_of(tmp_path, "a.txt", text))


def test_arrays_of_numpy_and_objects_of_json(tmp_path):
    """Each number is named by its array and its indices; of several arrays one must be meant."""
    numbers = RANDOM.reshape(4, 3, 8)
    good = file_of(tmp_path, "a.json", json.dumps({"layers": [{"psum": numbers.tolist()}]}))
    wrong = numbers.copy()
    wrong[2, 1, 5] ^= 4
    np.save(tmp_path / "b.npy", wrong)
    found = PlainComparison(read_plain(good), read_plain(tmp_path / "b.npy"))
    assert found.differs.tolist() == [61]
    assert found.expected.place(61) == "a.json layers.0.psum[2][1][5]"
    np.save(tmp_path / "b.npy", numbers[..., ::-1])
    found = PlainComparison(read_plain(good), read_plain(tmp_path / "b.npy"))
    assert find_changes(found) == ("the numbers of each line stand in reverse order",)
    both = file_of(tmp_path, "c.json", json.dumps({"psum": [1, 2], "shape": [2]}))
    with pytest.raises(
        FormatError, match=r"holds psum \[2\], shape \[1\]: name it with --dump-array"
    ):
        read_plain(both)
    assert read_plain(both, array="psum").values.tolist() == [1, 2]
    with pytest.raises(FormatError, match=r"has no array x: it has psum"):
        read_plain(both, array="x")
    bad = file_of(tmp_path, "d.json", json.dumps({"psum": [1.5, 2]}))
    with pytest.raises(FormatError, match=r"psum must be whole numbers, but has 1.5 at \[0\]"):
        read_plain(bad)


def test_digits_that_are_x_or_z_are_unknown(tmp_path):
    found = read_plain(file_of(tmp_path, "a.txt", "0011\nxx01\n"))
    assert found.known.tolist() == [True, False]
    same = PlainComparison(found, read_plain(file_of(tmp_path, "b.txt", "0011\n0001\n")))
    assert (same.differs.size, same.unknown, same.passed) == (0, 1, False)


@pytest.mark.parametrize("text", ["", "no numbers here\n", "1 2\nthree\n"])
def test_other_files_are_refused(tmp_path, text):
    with pytest.raises(FormatError, match=r"a\.txt.* must hold (hex )?numbers"):
        read_plain(file_of(tmp_path, "a.txt", text))


CHANGES = {
    "the numbers stand in reverse order": RANDOM[::-1],
    "the numbers of each line stand in reverse order": RANDOM.reshape(-1, 8)[:, ::-1],
    "the lines stand in reverse order": RANDOM.reshape(-1, 8)[::-1],
    "6 x 16 numbers are transposed": RANDOM.reshape(6, 16).T.reshape(-1),
    "the first 3 numbers are missing, and the last one is repeated": [*RANDOM[3:], *RANDOM[-1:].repeat(3)],
    "all numbers are 5 places late, the last ones in front": np.roll(RANDOM, 5),
    "2 zeros stand before the first number, and the last 2 are missing": [0, 0, *RANDOM[:-2]],
    "negative numbers are 0 (a ReLU)": [max(int(number), 0) for number in RANDOM],
    "numbers wrap at 7 bits, signed": [(int(n) + 64) % 128 - 64 for n in RANDOM],
    "numbers saturate at 8 bits, signed": [min(max(int(n), -128), 127) for n in RANDOM],
    "only the low 9 bits are there, unsigned": [int(n) % 512 for n in RANDOM],
    "bit 2 is stuck at 1": [int(n) | 4 for n in RANDOM],
    "numbers are shifted right by 3 bits": [int(n) // 8 for n in RANDOM],
    "6 x 16 numbers are transposed, and numbers wrap at 7 bits, signed": [
        (int(n) + 64) % 128 - 64 for n in RANDOM.reshape(6, 16).T.reshape(-1)
    ],
}  # fmt: skip


@pytest.mark.parametrize("text", CHANGES)
def test_a_change_is_found_by_every_number(tmp_path, text):
    changed = np.asarray(CHANGES[text])
    expected = read_plain(decimal(tmp_path, "a.txt", RANDOM, lanes=8))
    actual = read_plain(decimal(tmp_path, "b.txt", changed, lanes=8))
    assert find_changes(PlainComparison(expected, actual)) == (text,)
    wrong = changed.reshape(-1).copy()
    wrong[50] += 1
    actual = read_plain(decimal(tmp_path, "b.txt", wrong, lanes=8))
    assert find_changes(PlainComparison(expected, actual)) == ()


@pytest.mark.parametrize("count", [3, 4])
def test_three_numbers_that_differ_explain_nothing(tmp_path, count):
    numbers = np.abs(RANDOM)
    numbers[:count] = -5 - np.arange(count)
    expected = read_plain(decimal(tmp_path, "a.txt", numbers))
    actual = read_plain(decimal(tmp_path, "b.txt", np.maximum(numbers, 0)))
    found = find_changes(PlainComparison(expected, actual))
    assert ("negative numbers are 0 (a ReLU)" in found) == (count > 3)


def test_missing_numbers_and_lanes_of_words(tmp_path):
    expected = read_plain(decimal(tmp_path, "a.txt", RANDOM))
    fewer = PlainComparison(expected, read_plain(decimal(tmp_path, "b.txt", RANDOM[4:])))
    assert find_changes(fewer) == ("the first 4 numbers are missing",)
    words = ["1234", "5678", "9abc", "def0", "0f1e"]
    first = read_plain(file_of(tmp_path, "a.hex", "\n".join(words)))
    turned = read_plain(
        file_of(tmp_path, "b.hex", "\n".join(word[2:] + word[:2] for word in words))
    )
    assert find_changes(PlainComparison(first, turned)) == (
        "the 2 fields of 8 bits of each word stand in reverse order",
    )


def run(*arguments):
    return CliRunner().invoke(app, ["explain", *map(str, arguments)])


def test_the_command(tmp_path):
    a = decimal(tmp_path, "a.txt", RANDOM, lanes=8)
    b = decimal(tmp_path, "b.txt", RANDOM[::-1], lanes=8)
    assert run("--expected", a, "--actual", a).exit_code == 0
    found = run("--expected", a, "--actual", b)
    assert found.exit_code == 1
    assert (
        f"b.txt line 1, number 1: expected {RANDOM[0]} (a.txt line 1, number 1), found"
        in found.output
    )
    assert "verdict: the numbers stand in reverse order" in found.output
    facts = json.loads(run("--expected", a, "--actual", b, "--json").output)
    assert (facts["compared"], facts["causes"]) == (96, ["the numbers stand in reverse order"])
    assert isinstance(run("--expected", a).exception, Exception)
    both = file_of(tmp_path, "c.json", json.dumps({"a": [1, 2], "b": [1, 3]}))
    assert run("--expected", both, "--actual", both, "--dump-array", "b").exit_code == 0
