"""Dumps of a memory: each tool's form gives the numbers that were written, at their lines."""

import shutil
import struct
import subprocess

import numpy as np
import pytest

from tests.golden import regenerate as golden
from tilewright.errors import FormatError
from tilewright.judge import compare, dump_shape, expected_numbers, read_dump, read_operands
from tilewright.judge.memory_rows import read_rows
from tilewright.vectors import read_bundle

BASE = 0x20000000


@pytest.fixture(scope="module")
def bundle():
    return read_bundle(golden.FOLDER)


@pytest.fixture(scope="module")
def numbers(bundle):
    """The psums of the layer, in natural order: 24 of them, some below 0."""
    found = expected_numbers(bundle, "psum", read_operands(bundle)).reshape(-1).tolist()
    assert len(found) == 24
    assert min(found) < 0
    return found


def packed(numbers, code="<i"):
    return struct.pack(f"{code[0]}{len(numbers)}{code[1]}", *numbers)


def lines_of(content, size=16):
    return [(at, content[at : at + size]) for at in range(0, len(content), size)]


def shown(octets):
    return "".join(chr(o) if 32 <= o < 127 else "." for o in octets)


def canonical(content):  # hexdump -C
    rows = [
        f"{at:08x}  {' '.join(f'{o:02x}' for o in row[:8])}  "
        f"{' '.join(f'{o:02x}' for o in row[8:])}  |{shown(row)}|"
        for at, row in lines_of(content)
    ]
    return "\n".join([*rows, f"{len(content):08x}"])


def xxd(content, group=2, turn=1):
    def groups(row):
        return " ".join(row[at : at + group][::turn].hex() for at in range(0, len(row), group))

    return "\n".join(f"{at:08x}: {groups(row):<41}  {shown(row)}" for at, row in lines_of(content))


def words(content, code):
    return struct.unpack(f"<{len(content) // struct.calcsize(code)}{code}", content)


def plain(content):  # hexdump: words of 16 bits, of a little-endian machine
    rows = [
        f"{at:07x} {' '.join(f'{w:04x}' for w in words(row, 'H'))}" for at, row in lines_of(content)
    ]
    return "\n".join([*rows, f"{len(content):07x}"])


def od(content, base="o", code="i", form="{:>11}"):  # od -t d4
    rows = [
        f"{at:07{base}} {' '.join(form.format(w) for w in words(row, code))}"
        for at, row in lines_of(content)
    ]
    return "\n".join([*rows, f"{len(content):07{base}}"])


def gdb(content, code="I", form="0x{:08x}"):
    return "\n".join(
        f"0x{BASE + at:x} <psums+{at}>:\t" + "\t".join(form.format(w) for w in words(row, code))
        for at, row in lines_of(content)
    )


def uboot(content):
    return "\n".join(
        f"{BASE + at:08x}: {' '.join(f'{w:08x}' for w in words(row, 'I'))}    {shown(row)}"
        for at, row in lines_of(content)
    )


def xsct(content):
    rows = ((at, words(row, "I")[0]) for at, row in lines_of(content, 4))
    return "\n".join(f"{BASE + at:8X}:   {word:08X}" for at, word in rows)


def bits(content):  # xxd -b
    rows = [
        f"{at:08x}: {' '.join(f'{o:08b}' for o in row):<54} {shown(row)}"
        for at, row in lines_of(content, 6)
    ]
    return "\n".join(rows)


def unsigned(content):  # hexdump -d
    rows = [
        f"{at:07x}" + "".join(f"   {w:05d}" for w in words(row, "H"))
        for at, row in lines_of(content)
    ]
    return "\n".join([*rows, f"{len(content):07x}"])


FORMS = {
    "hexdump -C": canonical,
    "hexdump -d": unsigned,
    "xxd -b": bits,
    "od": lambda content: od(content, "o", "H", "{:06o}"),
    "od -b": lambda content: od(content, "o", "B", "{:03o}"),
    "od -t u4": lambda content: od(content, "o", "I"),
    "xxd": xxd,
    "xxd -g1": lambda content: xxd(content, 1),
    "xxd -g4": lambda content: xxd(content, 4),
    "xxd -e": lambda content: xxd(content, 4, -1),
    "hexdump": plain,
    "od -t d4": od,
    "od -t x4": lambda content: od(content, "o", "I", "{:08x}"),
    "od -A d -t x4": lambda content: od(content, "d", "I", "{:08x}"),
    "gdb x/24xw": gdb,
    "gdb x/24dw": lambda content: gdb(content, "i", "{}"),
    "md": uboot,
    "mrd": xsct,
}


def found_in(bundle, path, **options):
    dump = read_dump(bundle, path, **options)
    assert dump.known.all()
    return dump, dump.values.reshape(-1).tolist()


@pytest.mark.parametrize("form", FORMS)
def test_the_dump_of_each_tool_gives_the_numbers(bundle, numbers, tmp_path, form):
    path = tmp_path / "psums.txt"
    path.write_text(FORMS[form](packed(numbers)) + "\n")
    dump, values = found_in(bundle, path)
    assert values == numbers
    assert "read as a dump of a memory: 24 numbers" in dump.notes[0]


@pytest.mark.parametrize("form", FORMS)
def test_a_wrong_number_is_named_by_its_line(bundle, numbers, tmp_path, form):
    wrong = list(numbers)
    wrong[13] ^= 1
    path = tmp_path / "psums.txt"
    path.write_text(FORMS[form](packed(wrong)) + "\n")
    result = compare(bundle, read_dump(bundle, path))
    assert (result.compared, result.differ) == (24, 1)
    line = {"mrd": 14, "xxd -b": 9}.get(form, 4)
    assert f"psums.txt line {line} lane" in str(result.first[0])


@pytest.mark.parametrize("code", ["<b", "<h", ">h", "<i", ">i", "<q", ">q"])
def test_raw_octets_are_numbers_of_the_size_that_fits(bundle, numbers, tmp_path, code):
    if code == "<b":
        numbers = [number % 100 - 50 for number in numbers]
    path = tmp_path / "psums.bin"
    path.write_bytes(packed(numbers, code))
    dump, values = found_in(bundle, path)
    assert values == numbers
    order = "big" if code[0] == ">" else "little"
    assert f"24 numbers, {8 * struct.calcsize(code)} bits each, {order}-endian" in dump.notes[0]


def test_raw_octets_in_another_order_of_axes(bundle, numbers, tmp_path):
    turned = np.array(numbers).reshape(dump_shape(bundle, "psum")).transpose(1, 2, 0)
    path = tmp_path / "psums.dat"
    path.write_bytes(turned.astype("<i4").tobytes())
    _, values = found_in(bundle, path, order="oh ow oc")
    assert values == numbers
    dump = read_dump(bundle, path)
    assert compare(bundle, dump).differ > 0


def test_a_wrong_octet_is_named_by_its_place(bundle, numbers, tmp_path):
    content = bytearray(packed(numbers))
    content[4 * 7] ^= 4
    path = tmp_path / "psums.bin"
    path.write_bytes(content)
    result = compare(bundle, read_dump(bundle, path))
    assert result.differ == 1
    assert "psums.bin octet 28 lane 0" in str(result.first[0])


@pytest.mark.parametrize("count", [95, 97, 23 * 4, 70])
def test_raw_octets_that_are_no_whole_numbers_are_refused(bundle, numbers, tmp_path, count):
    path = tmp_path / "psums.bin"
    path.write_bytes((packed(numbers) + b"\0\0")[:count])
    with pytest.raises(FormatError, match=rf"must hold 24 numbers .* raw octets of {count} octets"):
        read_dump(bundle, path)


def test_a_dump_that_goes_on_says_what_it_left_out(bundle, numbers, tmp_path):
    path = tmp_path / "psums.txt"
    path.write_text(canonical(packed([*numbers, 1, 2, 3, 4], "<h")))
    dump, values = found_in(bundle, path)
    assert values == numbers
    assert "; 8 octets behind them left out" in dump.notes[0]
    path.write_text(canonical(packed(numbers[:20], "<h")))
    with pytest.raises(FormatError, match=r"must hold 24 numbers .* a dump of a memory of 40 oct"):
        read_dump(bundle, path)
    assert read_dump(bundle, path, is_partial=True).known.sum() == 20


def test_lines_that_repeat_are_filled_in():
    text = "00000000  00 00\n*\n00000006  01 02\n00000008\n"
    assert [(row.address, row.line, row.words) for row in read_rows(text)] == [
        (0, 1, ("00", "00")),
        (2, 1, ("00", "00")),
        (4, 1, ("00", "00")),
        (6, 3, ("01", "02")),
    ]
    assert read_rows("00000000  00 00\n*\nfffffff0\n") == []


@pytest.mark.parametrize(
    "text",
    [
        "0016 ff91\nffe1 0012\nffa1 ffc5\n",  # numbers, not addresses
        "0000 0016\n0001 ff91\n0002 ffe1\n",  # places that count numbers
        "00000000: 1600 zz00\n",
        "00000000  16 00\n00000004  91 ff\n",  # two octets are missing
        "psum 0000: 16\n",
        "",
    ],
)
def test_what_is_no_dump_of_a_memory_is_none(text):
    assert read_rows(text) == []


@pytest.mark.parametrize("options", ["-C", "", "-A x -t x1z", "-A d -t d4", "-t x2 -v", "-t x8"])
def test_the_programs_themselves(bundle, numbers, tmp_path, options):
    program = "hexdump" if options in ("-C", "") else "od"
    if shutil.which(program) is None:
        pytest.skip(f"needs {program}")
    (tmp_path / "raw").write_bytes(packed(numbers))
    command = [program, *options.split(), str(tmp_path / "raw")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    (tmp_path / "psums.txt").write_text(done.stdout)
    _, values = found_in(bundle, tmp_path / "psums.txt")
    assert values == numbers
