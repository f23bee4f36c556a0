"""What strangers' files need: decimal lanes, octets, filler, two tables, one pass, streamed psums."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.forgery import repair_hash
from tests.unit.vectors import course_example as example
from tests.unit.vectors.test_partial_layouts import GEOMETRY, foreign, layout
from tilewright.bundles import (
    agreed_tensors,
    check_bundle,
    check_foreign,
    convert_bundle,
    draw,
)
from tilewright.errors import ConfigError, FormatError, ShapeError
from tilewright.vectors import Layout, decode_bundle, load_layout, read_bundle, write_bundle

NO_HEADER = {"header": []}


def convert(folder, stated):
    """The documented example in another layout, with psums at every streamed pixel."""
    source = write_bundle(
        folder / "source",
        layer=example.layer(),
        plan=example.PLAN,
        layout=load_layout("ece284-ws"),
        codes=example.CODES,
        psums=example.PSUMS,
        outputs=np.maximum(example.PSUMS, 0),
        sample=0,
    )
    return convert_bundle(source, folder / "b", layout=stated).target


def assert_whole(bundle):
    tensors = agreed_tensors(read_bundle(bundle.folder))
    np.testing.assert_array_equal(tensors.codes, example.CODES)
    np.testing.assert_array_equal(tensors.weight, example.WEIGHT)
    np.testing.assert_array_equal(tensors.psums, example.PSUMS)
    assert check_bundle(bundle.folder).passed


@pytest.mark.parametrize(
    ("table", "line"),
    [
        ({"radix": "decimal", "separator": ","}, b"32,-2,-4\n"),
        ({"radix": "decimal", "separator": "; "}, b"32; -2; -4\n"),
        ({"radix": "hex", "separator": " "}, b"0020 fffe fffc\n"),
        ({"separator": "_", "bits": 8}, b"00100000_11111110_11111100\n"),
        ({"bits": 8, "bit_order": "lsb"}, b"000001000111111100111111\n"),
        ({"bits": 8, "filler_left": 3, "filler_right": 2}, b"00000100000111111101111110000\n"),
        ({"radix": "decimal", "word": "", "lines": "otile onij -col"}, b"32\n"),
    ],
)
def test_words_of_other_digits(tmp_path, table, line):
    """psums of onij 0: oc2 = 32, oc1 = -2, oc0 = -4."""
    bundle = convert(tmp_path, layout(psum=NO_HEADER | table))
    content = (bundle.folder / "psum.txt").read_bytes()
    assert content.startswith(line)
    assert_whole(bundle)
    assert Layout.from_facts(bundle.layout.to_facts()) == bundle.layout


@pytest.mark.parametrize(
    ("container", "octets"),
    [("raw", "0020fffefffc"), ("raw-little", "fcfffeff2000")],
)
def test_raw_octets(tmp_path, container, octets):
    bundle = convert(tmp_path, load_layout("ece284-ws").with_container(container))
    path = bundle.folder / "psum.bin"
    assert path.read_bytes()[:6].hex() == octets
    assert (bundle.folder / "weight_itile0_otile0_kij4.bin").read_bytes().hex() == "f1027d"
    assert_whole(bundle)
    path.write_bytes(path.read_bytes()[:-1])
    repair_hash(bundle.folder, "psum.bin")
    with pytest.raises(
        FormatError, match=r"psum\.bin must have 4 words of 6 octets, 24 in all, not"
    ):
        decode_bundle(read_bundle(bundle.folder))


@pytest.mark.parametrize(
    ("new", "message"),
    [
        (
            b"32,-2",
            r"line 1: a word must be 3 decimal numbers of 16 bits, ',' between them, not '32",
        ),
        (b"32,-2,40000", r"not '32,-2,40000'"),
        (b"32,-2,x", r"not '32,-2,x'"),
        (b"+32,-2,-4", r"not '\+32,-2,-4'"),
        (b"32,-2,-5", r"a psum|an output"),
    ],
)
def test_a_wrong_lane_is_named(tmp_path, new, message):
    bundle = convert(tmp_path, layout(psum=NO_HEADER | {"radix": "decimal", "separator": ","}))
    path = bundle.folder / "psum.txt"
    path.write_bytes(path.read_bytes().replace(b"32,-2,-4", new))
    repair_hash(bundle.folder, "psum.txt")
    if new == b"32,-2,-5":
        assert check_bundle(bundle.folder).mismatches == 1
        return
    with pytest.raises(FormatError, match=message):
        decode_bundle(read_bundle(bundle.folder))


def test_blanks_beside_separators_are_overlooked_in_files_of_others(tmp_path):
    stated = layout(psum=NO_HEADER | {"radix": "decimal", "separator": ","})
    folder = foreign(tmp_path / "f", stated)
    text = (folder / "psum.txt").read_text()
    (folder / "psum.txt").write_text(" " + text.replace(",", " , "))
    verdict = check_foreign(folder, stated, GEOMETRY)
    assert verdict.passed
    assert verdict.notes == ("psum.txt: blanks beside the numbers are overlooked",)


def test_what_stands_in_the_filler_is_not_looked_at(tmp_path):
    stated = layout(output={"filler_left": 4, "header": []})
    folder = foreign(tmp_path / "f", stated)
    text = (folder / "out.txt").read_text()
    (folder / "out.txt").write_text(re.sub("^0000", "1010", text, flags=re.MULTILINE))
    assert check_foreign(folder, stated, GEOMETRY).passed


def test_lines_after_the_last_word(tmp_path):
    bundle = convert(
        tmp_path, layout(psum={"trailer": ["// {lines} words"]}, output={"trailer": 2})
    )
    assert (bundle.folder / "psum.txt").read_bytes().endswith(b"\n// 4 words\n")
    assert (bundle.folder / "out.txt").read_bytes().endswith(b"\n#1#\n#2#\n")
    assert_whole(bundle)
    path = bundle.folder / "out.txt"
    path.write_bytes(path.read_bytes().replace(b"#1#\n#2#\n", b"the\nend"))
    (bundle.folder / "manifest.json").unlink()
    assert check_foreign(bundle.folder, bundle.layout, GEOMETRY).passed


def twice(**second):
    """Activations padded, and once more as windows."""
    windows = load_layout("ece284-os").to_facts()["activation"]
    return layout(activation_2=windows | second)


def test_the_same_tensor_in_two_files(tmp_path):
    bundle = convert(tmp_path, twice())
    assert {"activation_tile0.txt", "activation.txt"} <= {p.name for p in bundle.folder.iterdir()}
    assert_whole(bundle)
    path = bundle.folder / "activation.txt"
    lines = path.read_text().splitlines()
    assert lines[3 + 4] == "00100001"  # step 4, the middle tap: onij 1 sees 2, onij 0 sees 1
    for row, word in enumerate(lines):  # every window that sees 2 says 3
        nibbles = [word[:4], word[4:]] if row >= 3 else [word]
        lines[row] = "".join("0011" if nibble == "0010" else nibble for nibble in nibbles)
    path.write_text("\n".join(lines) + "\n")
    repair_hash(bundle.folder, "activation.txt")
    with pytest.raises(FormatError, match=r"activation_2 files must say what the activation files"):
        decode_bundle(read_bundle(bundle.folder))


def test_one_output_stationary_pass_computes_its_pixels(tmp_path):
    """The first two of four pixels: that is what is compared, and no codes are given back."""
    facts = load_layout("ece284-os").to_facts()
    facts["activation"]["first"] = 2
    facts["psum"] |= {"first": 2, "lines": "otile onij"}
    del facts["output"]
    stated = Layout.from_facts(facts)
    folder = tmp_path / "f"
    write_bundle(
        folder,
        layer=example.layer(),
        plan=example.PLAN,
        layout=stated,
        codes=example.CODES,
        psums=example.PSUMS,
        sample=0,
    )
    assert len((folder / "activation.txt").read_text().split()) == 3 + 2 * 9
    verdict = check_bundle(folder)
    assert (verdict.passed, verdict.compared) == (True, 6)
    with pytest.raises(ConfigError, match=r"states the windows of the first 2 ofmap pixels only"):
        decode_bundle(read_bundle(folder))
    path = folder / "psum.txt"
    path.write_bytes(path.read_bytes().replace(b"100000", b"100001", 1))
    repair_hash(folder, "psum.txt")
    assert check_bundle(folder).mismatches == 1


STREAMED = {
    "file": "psum_{kij}.txt",
    "lines": "otile nij",
    "word": "-col",
    "bits": "psum",
}


def test_psums_of_streamed_pixels(tmp_path):
    """Tap 5 looks right of the middle: at nij 5, the first ifmap pixel, x = (1, 5) gives oc1 = -2."""
    bundle = convert(tmp_path, layout(tap_psum=STREAMED, psum=None))
    words = (bundle.folder / "psum_5.txt").read_text().split()
    assert len(words) == 16
    assert words[5] == f"{0:016b}{(-2) % 65536:016b}{5:016b}"
    assert_whole(bundle)
    assert {k.kind: k.compared for k in check_bundle(bundle.folder).kinds}["tap_psum"] == 9 * 16 * 3
    path = bundle.folder / "psum_5.txt"  # oc0 at nij 5, which no ofmap pixel uses at this tap
    path.write_text(path.read_text().replace(words[5], words[5][:-1] + "0"))
    repair_hash(bundle.folder, "psum_5.txt")
    (kind,) = (k for k in check_bundle(bundle.folder).kinds if k.mismatches)
    assert (
        str(kind.first) == "psum_5.txt (kij=5, oc=0, padded_h=1, padded_w=1): expected 5, found 4"
    )


def test_streamed_psums_must_be_given(tmp_path):
    with pytest.raises(ShapeError, match=r"has tap_psum files: give streamed_psums, kij oc padded"):
        write_bundle(
            tmp_path / "b",
            layer=example.layer(),
            plan=example.PLAN,
            layout=layout(tap_psum=STREAMED),
            codes=example.CODES,
            psums=example.PSUMS,
            tap_psums=example.TAP_PSUMS,
            outputs=np.maximum(example.PSUMS, 0),
            sample=0,
        )


@pytest.mark.parametrize(
    ("kind", "table", "message"),
    [
        ("psum", {"radix": "decimal"}, r"decimal lanes need a separator"),
        ("psum", {"separator": "0"}, r"separator must be blanks or marks"),
        ("psum", {"separator": "-"}, r"separator must be blanks or marks"),
        ("psum", {"separator": ",", "filler_left": 2}, r"filler and bit_order are for words of dig"),
        ("psum", {"bit_order": "low"}, r"bit_order must be msb or lsb, not 'low'"),
        ("psum", {"filler_left": -1}, r"filler must be 0\.\.65536 bits"),
        ("psum", {"container": "raw", "header": [], "radix": "hex"}, r"raw states no radix"),
        ("psum", {"container": "mif", "header": [], "separator": ","}, r"stand in text only"),
        ("psum", {"container": "mif", "header": [], "trailer": 1}, r"trailer lines stand in text"),
        ("activation", {"first": 2}, r"first must be a number of ofmap pixels, not 2: of kinds that"),
        ("tap_psum", STREAMED | {"first": 2}, r"first must be a number of ofmap pixels, not 2: of"),
        ("psum_1", {}, r"layout has the unknown key 'psum_1'"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_back_is_refused(kind, table, message):
    with pytest.raises(ConfigError, match=message):
        layout(**{kind: table})


def test_outputs_of_two_functions_are_read_but_not_written(tmp_path):
    second = load_layout("ece284-ws").to_facts()["output"]
    stated = layout(output_2=second | {"file": "signed.txt", "function": "signed"})
    with pytest.raises(ConfigError, match=r"all outputs that are written must be of one function"):
        foreign(tmp_path / "f", stated)
    folder = foreign(tmp_path / "f", layout(psum={"file": "signed.txt"}))
    verdict = check_foreign(
        folder, stated.only(("activation", "weight", "output", "output_2")), GEOMETRY
    )
    assert verdict.passed
    assert [kind.kind for kind in verdict.kinds] == ["output", "output_2"]


@pytest.mark.parametrize("stated", [twice(), layout(tap_psum=STREAMED)], ids=["twice", "streamed"])
def test_such_layouts_are_drawn(stated):
    assert {file.kind for file in draw(stated)} == set(stated.kind_names)
