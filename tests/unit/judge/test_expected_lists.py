"""Numbers that a file says are expected are never the core's: refused, or left out beside the core's."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.golden import regenerate as golden
from tests.unit.judge.test_strangers_dumps import faulty, numbers, pixels, places
from tilewright.errors import FormatError
from tilewright.judge import compare, read_dump
from tilewright.judge.in_layout import word_files

WRONG = [(1, 1, 0)]
PAIRS = [
    ("golden", "dut"),
    ("ref", "hw"),
    ("sw", "hw"),
    ("python", "rtl"),
    ("expected", "got"),
    ("psum_ref", "psum_dut"),
    ("predicted", "actual"),
    ("truth", "psum"),
    ("Expected Value", "Actual Value"),
    ("exp_hex", "act_hex"),
    ("golden (dec)", "dut (dec)"),
    ("torch", "fpga"),
    ("ideal", "measured"),
    ("psum_sw", "psum_hw"),
    ("cpu", "npu"),
    ("soll", "ist"),
    ("spec", "psum"),
    ("check", "dut"),
]


def column(numbers):
    return "".join(f"{x}\n" for x in numbers)


BESIDE = {
    "a table": lambda e, a, w, v: f"i,{e},{a}\n" + lines("{n},{e},{x}", w, v),
    "a table turned": lambda e, a, w, v: f"{a};{e}\n" + lines("{x};{e}", w, v),
    "a table of Markdown": lambda e, a, w, v: (
        f"| i | {e} | {a} |\n|---|---:|---:|\n" + lines("| {n} | {e} | {x} |", w, v)
    ),
    "blocks": lambda e, a, w, v: f"{e}:\n" + column(numbers(w)) + f"\n{a}:\n" + column(numbers(v)),
    "blocks turned": lambda e, a, w, v: f"{a}\n{v}\n{e}\n{w}\n",
    "a dictionary": lambda e, a, w, v: repr({e.lower(): w.tolist(), a.lower(): v.tolist()}),
    "blocks of channels": lambda e, a, w, v: "".join(
        f"channel {n}\n{e}:\n{right}\n{a}:\n{plane}\n"
        for n, (right, plane) in enumerate(zip(w, v, strict=True))
    ),
    "assignments": lambda e, a, w, v: (
        f"{e.split()[0]} = {w.tolist()}\n{a.split()[0]} = {v.tolist()}\n"
    ),
}


def lines(form, wanted, psums):
    return "".join(
        form.format(n=n, e=int(wanted[oc, oh, ow]), x=x) + "\n"
        for n, oc, oh, ow, x in places(psums)
    )


@pytest.mark.parametrize(("expected", "actual"), PAIRS)
@pytest.mark.parametrize("form", BESIDE)
def test_the_core_s_numbers_beside_expected_ones_count(
    bundle, psums, tmp_path, form, expected, actual
):
    path = tmp_path / "dump.txt"
    for wrong in (psums, faulty(psums)):
        path.write_text(BESIDE[form](expected, actual, psums, wrong))
        found = compare(bundle, read_dump(bundle, path))
        assert found.compared == psums.size
        assert [one.index for one in found.first] == ([] if wrong is psums else WRONG)


@pytest.mark.parametrize(("expected", "actual"), PAIRS)
def test_of_arrays_in_json_the_core_s_counts(bundle, psums, tmp_path, expected, actual):
    path = tmp_path / "dump.json"
    path.write_text(json.dumps({expected: psums.tolist(), actual: faulty(psums).tolist()}))
    assert [one.index for one in compare(bundle, read_dump(bundle, path)).first] == WRONG


ALONE = {
    "a title": lambda e, v: f"{e}\n" + column(numbers(v)),
    "a comment": lambda e, v: f"# {e}\n" + column(numbers(v)),
    "a title of words": lambda e, v: f"the {e} psums, of layer 3:\n{v}\n",
    "an assignment": lambda e, v: f"{e} = {v.tolist()}\n",
    "YAML": lambda e, v: f"{e}:\n" + "".join(f"  - {x}\n" for x in numbers(v)),
    "C": lambda e, v: f"const int {e}[24] = {{{', '.join(map(str, numbers(v)))}}};\n",
    "text before": lambda e, v: f"# vsim tb\n# run -all\n# {e}\n" + column(f"# {x}" for x in numbers(v)),
}  # fmt: skip


@pytest.mark.parametrize("form", ["pixel {}: expected={} got={}\n", "{}: ref {}, dut {}\n"])
def test_rows_of_pixels_beside_expected_ones(bundle, psums, tmp_path, form):
    path = tmp_path / "dump.txt"
    for wrong in (psums, faulty(psums)):
        rows = zip(pixels(psums), pixels(wrong), strict=True)
        path.write_text("".join(form.format(n, *two) for n, two in enumerate(rows)))
        found = compare(bundle, read_dump(bundle, path))
        assert [one.index for one in found.first] == ([] if wrong is psums else WRONG)


@pytest.mark.parametrize(
    "word", ["expected", "golden", "reference", "prediction", "ref", "model", "spec"]
)
@pytest.mark.parametrize("form", ALONE)
def test_expected_numbers_alone_are_refused(bundle, psums, tmp_path, form, word):
    """All of them are right, so whoever takes them for what the core computed passes any core."""
    path = tmp_path / "dump.txt"
    path.write_text(ALONE[form](word, psums))
    with pytest.raises(FormatError, match=rf"its numbers stand under '.*{word}.*', as what a core"):
        read_dump(bundle, path)
    with pytest.raises(
        FormatError, match=r"give those that it did compute, or take that title out"
    ):
        read_dump(bundle, path, order="oc oh ow")


@pytest.mark.parametrize("word", ["check", "cpu", "Sollwerte", "valeurs attendues"])
def test_other_titles_of_expected_numbers(bundle, psums, tmp_path, word):
    path = tmp_path / "dump.txt"
    path.write_text(f"{word}:\n" + column(numbers(psums)))
    with pytest.raises(FormatError, match=rf"its numbers stand under '{word}:', as what a core"):
        read_dump(bundle, path)


def test_a_file_of_the_layout_s_name_under_a_title_of_expected_numbers_is_refused(bundle, tmp_path):
    """Its words are right, and nobody says that a core computed them; lines of the layout say nothing."""
    files = word_files(bundle, bundle.layout, "output")
    name = files.texts.names[0]
    content = (golden.FOLDER / name).read_text()
    path = tmp_path / name
    path.write_text(content)
    assert compare(bundle, read_dump(bundle, path)).passed
    path.write_text(f"# expected outputs\n{content}")
    with pytest.raises(FormatError, match="its numbers stand under '# expected outputs'"):
        read_dump(bundle, path)
    path.write_text(f"# of the core\n{content}")
    assert compare(bundle, read_dump(bundle, path)).passed


@pytest.mark.parametrize("name", ["expected", "golden_psum", "ref", "expected.psum"])
@pytest.mark.parametrize("suffix", ["json", "npz"])
def test_expected_arrays_alone_are_refused(bundle, psums, tmp_path, name, suffix):
    path = tmp_path / f"dump.{suffix}"
    if suffix == "npz":
        np.savez(path, **{name: psums})
    else:
        first, _, last = name.partition(".")
        path.write_text(json.dumps({first: {last: psums.tolist()} if last else psums.tolist()}))
    with pytest.raises(
        FormatError, match=r"by the name what a core should compute: .*--dump-array"
    ):
        read_dump(bundle, path)
    assert compare(bundle, read_dump(bundle, path, array=name)).passed


def test_records_under_a_name_of_expected_numbers_are_no_dump(bundle, psums, tmp_path):
    path = tmp_path / "dump.json"
    rows = [{"oc": c, "oh": i, "ow": j, "psum": x} for _, c, i, j, x in places(psums)]
    wrong = [{**row, "psum": row["psum"] ^ 4} if n == 9 else row for n, row in enumerate(rows)]
    path.write_text(json.dumps({"golden": rows, "dut": wrong}))
    assert [one.index for one in compare(bundle, read_dump(bundle, path)).first] == WRONG
    path.write_text(json.dumps({"golden": rows, "seed": 7}))
    with pytest.raises(FormatError, match="must hold one array called"):
        read_dump(bundle, path)


@pytest.mark.parametrize(
    "title",
    [
        "loading expected psums from golden.txt",
        "compared with the reference:",
        "export",
        "psum",
        "expecting 24 numbers",
        "modelsim",
    ],
)
def test_a_line_that_only_mentions_expected_numbers_is_no_title(bundle, psums, tmp_path, title):
    path = tmp_path / "dump.txt"
    path.write_text(f"{title}\n" + column(numbers(faulty(psums))))
    assert [one.index for one in compare(bundle, read_dump(bundle, path)).first] == WRONG


@pytest.mark.parametrize("form", ["sw psum={}", "python: {}", "numpy out {}", "software psum: {}"])
def test_lines_of_who_computes_what_is_expected_are_refused(bundle, psums, tmp_path, form):
    path = tmp_path / "sim.log"
    path.write_text(column(form.format(x) for x in numbers(psums)))
    with pytest.raises(FormatError, match=r"of its 24 lines like .* nobody knows which"):
        read_dump(bundle, path)


def test_what_is_left_out_is_said(bundle, psums, tmp_path):
    path = tmp_path / "dump.txt"
    path.write_text(
        "golden:\n" + column(numbers(psums)) + "dut:\n" + column(numbers(faulty(psums)))
    )
    dump = read_dump(bundle, path)
    assert dump.notes[0] == "lines 1 to 25, of 'golden:': expected numbers, left out"
    assert str(compare(bundle, dump).first[0].place) == "dump.txt line 36 lane 0"


@pytest.mark.parametrize(
    "titles", ["y_true,y_pred", "reference,model", "cpu,soll", "dut0,dut1", "out,value"]
)
def test_two_columns_of_one_sort_are_not_guessed(bundle, psums, tmp_path, titles):
    path = tmp_path / "dump.csv"
    path.write_text(f"i,{titles}\n" + lines("{n},{e},{x}", psums, faulty(psums)))
    with pytest.raises(FormatError, match=r"is a table, but .* say with --pattern"):
        read_dump(bundle, path)


def test_a_log_that_names_a_place_twice_says_so(bundle, psums, tmp_path):
    """Two runs in one log: the last one counts."""
    path = tmp_path / "sim.log"
    form = "oc={0} oh={1} ow={2} got {3}\n"
    one, two = ("".join(form.format(*row[1:]) for row in places(v)) for v in (psums, faulty(psums)))
    path.write_text(two + one)
    dump = read_dump(bundle, path, pattern="places")
    assert compare(bundle, dump).passed
    assert dump.notes == ("24 numbers of a place named before: the last one counts",)
    path.write_text(one + two)
    assert not compare(bundle, read_dump(bundle, path, pattern="places")).passed


TOLD = {
    "act/exp: {x}/{e}": True,
    "exp/act: {e}/{x}": True,
    "exp,act: {e},{x}": True,
    "(got, expected) = ({x}, {e})": True,
    "act vs exp: {x} vs {e}": True,
    "exp/act/diff: {e}/{x}/0": True,
    "got & expected: {x} & {e}": True,
    "rtl/golden = {x}, {e}": True,
    "act:exp {x}:{e}": False,
    "actual-expected: {x} {e}": False,
}


@pytest.mark.parametrize("form", TOLD)
def test_two_numbers_behind_two_words_are_told_apart_or_refused(bundle, psums, tmp_path, form):
    """Where the second word was that of expected numbers, their number passed for the core's before."""
    path = tmp_path / "dump.log"
    wrong = psums.copy()
    wrong[2, 1, 0] += 1
    path.write_text(
        "\n".join(
            f"oc={o} oh={h} ow={w} " + form.format(x=wrong[o, h, w], e=psums[o, h, w])
            for o, h, w in np.ndindex(psums.shape)
        )
    )
    if not TOLD[form]:
        with pytest.raises(FormatError, match=r"nobody knows which number counts"):
            read_dump(bundle, path)
        return
    found = compare(bundle, read_dump(bundle, path))
    assert [(one.index, one.actual) for one in found.first] == [((2, 1, 0), int(wrong[2, 1, 0]))]


BEHIND = {
    "{e} expected, {x} seen": True,
    "[{n}] {e} expected, {x} actual": True,
    "{x} found, {e} expected": False,
    "{x} expected {e}": True,
    "{x} (expected {e})": True,
    "psum {e} expected, got {x}": True,
    "psum {e} expected, {x} found": True,
    "{e} expected {x} seen": False,
    "check[{n}]: {x} vs {e}": False,
    "check({n}): {x} == {e}?": False,
    "check {x} against {e}": False,
    "check: {x} {e}": False,
    "label {x} {e}": False,
    "check {n}: psum={x} exp={e}": True,
    "check {n}: out={x}": True,
    "cpu={e} npu={x}": True,
    "target {e} dut {x}": True,
}


@pytest.mark.parametrize("form", BEHIND)
def test_an_expected_number_before_its_word_or_behind_one_of_other_things(
    bundle, psums, tmp_path, form
):
    """``5 expected, 7 seen`` and ``check 3: 7 vs 5`` gave the expected numbers as the core's."""
    path = tmp_path / "dump.log"
    wrong = psums.copy()
    wrong[2, 1, 0] += 1
    numbers = zip(wrong.ravel().tolist(), psums.ravel().tolist(), strict=True)
    path.write_text("\n".join(form.format(n=n, x=x, e=e) for n, (x, e) in enumerate(numbers)))
    if not BEHIND[form]:
        with pytest.raises(FormatError, match=r"of each line nobody knows wh"):
            read_dump(bundle, path, order="oc oh ow")
        return
    found = compare(bundle, read_dump(bundle, path, order="oc oh ow"))
    assert [(one.index, one.actual) for one in found.first] == [((2, 1, 0), int(wrong[2, 1, 0]))]
