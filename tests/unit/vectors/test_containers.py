"""The same words for tools that load memories: written out by hand, and read back strictly."""

from __future__ import annotations

import re
from io import BytesIO

import numpy as np
import pytest

from tests.unit.vectors import course_example as example
from tests.unit.vectors.course_example import text
from tests.unit.vectors.test_course_example import TILES
from tests.unit.vectors.test_partial_layouts import GEOMETRY
from tilewright.bundles import check_foreign
from tilewright.errors import ConfigError, FormatError
from tilewright.vectors import decode, decode_bundle, encode, load_layout, read_bundle, write_bundle
from tilewright.vectors.text import TextForm
from tilewright.verify import reference_outputs

SIZES = {"plan": example.PLAN, "widths": example.WIDTHS}
WS = load_layout("ece284-ws")
CONTAINERS = ("mem", "mif", "coe", "c", "npz", "npy")


def _file(container, kind, name):
    return encode(WS.with_container(container), kind, TILES[kind], **SIZES)[name]


def _read(layout, files):
    """Psum tiles, or None if the files are refused."""
    try:
        return decode(layout, "psum", files, **SIZES)
    except FormatError:
        return None


def test_mem_starts_at_address_zero():
    content = _file("mem", "weight", "weight_itile0_otile0_kij4.mem")
    assert content == text("@00000000", "f1", "02", "7d")


def test_mif_numbers_its_words():
    assert _file("mif", "activation", "activation_tile0.mif") == text(
        *("WIDTH = 8;", "DEPTH = 16;", "ADDRESS_RADIX = HEX;", "DATA_RADIX = BIN;"),
        *("CONTENT BEGIN", "0 : 00000000;", "1 : 00000000;", "2 : 00000000;", "3 : 00000000;"),
        *("4 : 00000000;", "5 : 01010001;", "6 : 00000010;", "7 : 00000000;", "8 : 00000000;"),
        *("9 : 00000011;", "a : 11110100;", "b : 00000000;", "c : 00000000;", "d : 00000000;"),
        *("e : 00000000;", "f : 00000000;", "END;"),
    )


def test_coe_parts_its_words_by_commas():
    assert _file("coe", "weight", "weight_itile0_otile0_kij4.coe") == text(
        "memory_initialization_radix = 2;",
        *("memory_initialization_vector =", "11110001,", "00000010,", "01111101;"),
    )


def test_c_header_is_a_constant_array():
    assert _file("c", "weight", "weight_itile0_otile0_kij4.h") == text(
        *("// 3 words of 8 bits", "#include <stdint.h>"),
        "static const uint8_t weight_itile0_otile0_kij4[3] = {",
        *("  0xf1,", "  0x02,", "  0x7d,", "};"),
    )
    assert _file("c", "output", "out.h") == text(
        *("// 4 words of 48 bits", "#include <stdint.h>", "static const uint64_t out[4] = {"),
        *("  0x002000000000,", "  0x000000040002,", "  0x000000000012,", "  0x005d00080000,", "};"),
    )


def test_a_wide_word_is_several_elements_of_a_c_array():
    form = TextForm("7seg.h", (), "LF", lines=1, digits=18, radix="hex", container="c", bits=70)
    digits = np.zeros((1, 70), np.uint8)
    digits[0, [0, 69]] = 1
    content = form.write(digits)
    assert content == text(
        "// 1 words of 70 bits, 3 elements each, highest bits first",
        *("#include <stdint.h>", "static const uint32_t v_7seg[3] = {"),
        *("  0x00000020,", "  0x00000000,", "  0x00000001,", "};"),
    )
    np.testing.assert_array_equal(form.read(content), digits)
    message = r"^7seg\.h line 4: a word has 70 bits; the 26 bits left of them must be 0$"
    with pytest.raises(FormatError, match=message):
        form.read(content.replace(b"0x00000020", b"0x00000060"))


def test_npz_holds_the_codes_line_by_lane():
    content = _file("npz", "weight", "weight_itile0_otile0_kij4.npz")
    words = np.load(BytesIO(content))["words"]
    assert words.dtype == np.int8
    np.testing.assert_array_equal(words, [[-1, 1], [0, 2], [7, -3]])


def test_npy_holds_the_codes_line_by_lane():
    words = np.load(BytesIO(_file("npy", "weight", "weight_itile0_otile0_kij4.npy")))
    assert words.dtype == np.int8
    np.testing.assert_array_equal(words, [[-1, 1], [0, 2], [7, -3]])


@pytest.fixture
def numpy_folder(tmp_path):
    """The documented example as numpy files, as somebody else could have written them."""
    layout = WS.with_container("npy")
    arguments = {"layer": example.layer(), "plan": example.PLAN, "codes": example.CODES}
    arguments |= {"psums": example.PSUMS, "sample": 0, "outputs": np.maximum(example.PSUMS, 0)}
    write_bundle(tmp_path / "f", layout=layout, **arguments)
    (tmp_path / "f" / "manifest.json").unlink()
    return tmp_path / "f", layout


def test_numpy_files_of_others_are_read_in_any_type_and_shape(numpy_folder):
    folder, layout = numpy_folder
    words = np.load(folder / "psum.npy")
    np.save(folder / "psum.npy", words.astype(">i8").reshape(2, -1))
    found = check_foreign(folder, layout, GEOMETRY)
    assert found.passed, found.to_json()
    assert "psum.npy: an array of >i8, (2, 6), is read as int16, (4, 3)" in found.notes
    assert found.compared == 24
    np.save(folder / "psum.npy", words + np.eye(4, 3, dtype=int))
    assert check_foreign(folder, layout, GEOMETRY).mismatches == 3


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((4, 2), int), "psum.npy must hold 12 integers (4 words of 3), but holds int64"),
        (np.full((4, 3), 0.5), "psum.npy must be whole numbers, but has 0.5 at [0, 0]"),
        (
            np.full((4, 3), 40_000),
            "psum.npy: psum numbers must be -32768..32767, but are 40000..40000",
        ),
    ],
)
def test_other_arrays_are_named(numpy_folder, array, message):
    folder, layout = numpy_folder
    np.save(folder / "psum.npy", array)
    found = check_foreign(folder, layout, GEOMETRY)
    assert not found.passed
    assert any(message in fault for fault in found.faults), found.faults


def test_of_several_arrays_the_one_called_like_the_kind_is_read(numpy_folder):
    folder, _ = numpy_folder
    layout = WS.with_container("npz")
    for path in list(folder.glob("*.npy")):
        words = np.load(path)
        names = {"psum": words, "other": words + 1} if path.stem == "psum" else {"words": words}
        np.savez_compressed(path.with_suffix(".npz"), **names)
        path.unlink()
    assert check_foreign(folder, layout, GEOMETRY).passed
    np.savez(folder / "psum.npz", a=words, b=words)
    faults = check_foreign(folder, layout, GEOMETRY).faults
    assert any("psum.npz must have an array 'words' or 'psum', but has a, b" in f for f in faults)


@pytest.mark.parametrize("container", CONTAINERS)
def test_every_container_is_read_back(tmp_path, container):
    layout = load_layout("ece284-unpadded").with_container(container)
    arguments = {"layer": example.layer(), "plan": example.PLAN, "codes": example.CODES}
    arguments |= {"psums": example.PSUMS, "tap_psums": example.TAP_PSUMS, "sample": 0}
    arguments["outputs"] = reference_outputs(example.PSUMS, layout.output)
    write_bundle(tmp_path / "bundle", layout=layout, **arguments)
    tensors = decode_bundle(read_bundle(tmp_path / "bundle"))
    np.testing.assert_array_equal(tensors.weight, example.WEIGHT)
    np.testing.assert_array_equal(tensors.codes, example.CODES)
    np.testing.assert_array_equal(tensors.tap_psums, example.TAP_PSUMS)


@pytest.mark.parametrize("container", CONTAINERS)
def test_any_changed_byte_is_refused_or_is_another_code(container):
    layout = WS.with_container(container)
    ((name, content),) = encode(layout, "psum", TILES["psum"], **SIZES).items()
    for place in range(0, len(content), 3):
        for byte in (content[place] ^ 1, ord("x")):
            changed = content[:place] + bytes([byte]) + content[place + 1 :]
            if changed == content:
                continue
            tiles = _read(layout, {name: changed})
            if tiles is not None:
                assert encode(layout, "psum", tiles, **SIZES) == {name: changed}
    with pytest.raises(FormatError, match=name):
        decode(layout, "psum", {name: content[:-1]}, **SIZES)
    with pytest.raises(FormatError, match=name):
        decode(layout, "psum", {name: content + b"\n"}, **SIZES)


@pytest.mark.parametrize(
    ("container", "old", "new", "message"),
    [
        ("mif", b"DEPTH = 4", b"DEPTH = 5", r"line 2: header must be 'DEPTH = 4;'"),
        (
            "mif",
            b"2 : ",
            b"3 : ",
            r"line 8: a word must be 48 digits 0 or 1 between '2 : ' and ';'",
        ),
        ("mif", b"END;", b"END:", r"line 10: the end must be 'END;', not 'END:'"),
        ("coe", b";\n", b",\n", r"line 1: header must be 'memory_initialization_radix = 2;'"),
        ("c", b"0x", b"0X", r"line 4: a word must be 12 digits 0-9 or a-f between '  0x' and ','"),
        ("mem", b"5d", b"5D", r"line 5: a word must be 12 digits 0-9 or a-f, not 12 characters"),
    ],
)
def test_a_fault_is_named_with_its_line(container, old, new, message):
    layout = WS.with_container(container)
    ((name, content),) = encode(layout, "psum", TILES["psum"], **SIZES).items()
    assert old in content
    with pytest.raises(FormatError, match=rf"^{name} {message}"):
        decode(layout, "psum", {name: content.replace(old, new, 1)}, **SIZES)


def test_bits_that_fill_a_hexadecimal_digit_must_be_zero():
    form = TextForm("a.mem", (), "LF", lines=2, digits=3, radix="hex", bits=9)
    digits = np.array([[1, 0, 0, 0, 0, 0, 0, 0, 1], [0] * 9], np.uint8)
    assert form.write(digits) == b"101\n000\n"
    np.testing.assert_array_equal(form.read(b"101\n000\n"), digits)
    with pytest.raises(FormatError, match=r"^a\.mem line 2: a word has 9 bits; the 3 bits left of"):
        form.read(b"101\n200\n")


def test_an_unknown_container_is_refused():
    with pytest.raises(ConfigError, match=r"^container must be mem or mif or .*, not 'bin'"):
        WS.with_container("bin")


def test_an_npz_file_has_no_lines():
    form = TextForm("a.npz", (), "LF", lines=1, digits=2, container="npz")
    with pytest.raises(FormatError, match=r"^a: npz holds numbers, not lines of text"):
        form.write(np.zeros((1, 2), np.uint8))


def _foreign_mif(words, bits):
    """As Quartus and scripts write it: other radices, capital digits, comments, a deeper memory."""
    lines = (f"{at} : {int(word, 2):X}; -- word {at}\n" for at, word in enumerate(words))
    head = f"DEPTH={2 * len(words)};\nWIDTH={bits};\nADDRESS_RADIX=UNS;\nDATA_RADIX=HEX;\n"
    rest = f"[{len(words)}..{2 * len(words) - 1}] : 0;\n"
    return f"% made elsewhere %\n{head}CONTENT BEGIN\n{''.join(lines)}{rest}END;\n"


def _foreign_coe(words, bits):
    listed = ", ".join(f"{int(word, 2):0{-(-bits // 4)}x}" for word in words)
    return (
        f"; made elsewhere\nmemory_initialization_radix=16;\nmemory_initialization_vector={listed};"
    )


@pytest.mark.parametrize(("container", "foreign"), [("mif", _foreign_mif), ("coe", _foreign_coe)])
def test_memory_files_of_others_are_read_without_a_manifest(tmp_path, container, foreign):
    layout = WS.with_container(container)
    arguments = {"layer": example.layer(), "plan": example.PLAN, "codes": example.CODES}
    arguments |= {"psums": example.PSUMS, "sample": 0, "outputs": np.maximum(example.PSUMS, 0)}
    folder = tmp_path / "f"
    write_bundle(folder, layout=layout, **arguments)
    (folder / "manifest.json").unlink()
    for path in folder.glob(f"*.{container}"):
        words = re.findall(r"^(?:[0-9a-f]+ : )?([01]+)[,;]$", path.read_text(), re.MULTILINE)
        path.write_text(foreign(words, len(words[0])))
    found = check_foreign(folder, layout, GEOMETRY)
    assert found.passed, found.to_json()
    assert found.compared == 24
    assert any("psum" in note and "read as a " in note for note in found.notes)
    content = (folder / f"psum.{container}").read_text()
    digit = content.index("0 : " if container == "mif" else "vector=") + 12
    other = "1" if content[digit] != "1" else "2"
    (folder / f"psum.{container}").write_text(content[:digit] + other + content[digit + 1 :])
    assert check_foreign(folder, layout, GEOMETRY).mismatches > 0
