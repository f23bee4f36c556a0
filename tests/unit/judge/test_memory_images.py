"""Memory files of FPGA tools and processors as dumps: MIF, COE, Intel HEX and S-records."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tests.golden import regenerate as golden
from tilewright.errors import FormatError
from tilewright.judge import compare, expected_numbers, read_dump, read_operands
from tilewright.vectors import load_layout, read_bundle
from tilewright.vectors.memory_image import read_memory_image

MASK = 0xFFFF


@pytest.fixture(scope="module")
def bundle():
    return read_bundle(golden.FOLDER)


@pytest.fixture(scope="module")
def psums(bundle):
    found = expected_numbers(bundle, "psum", read_operands(bundle))
    assert (found < 0).any()
    return found


def record(address, kind, data):
    octets = bytes([len(data), *address.to_bytes(2), kind, *data])
    return f":{octets.hex().upper()}{-sum(octets) % 256:02X}\n"


END = record(0, 1, b"")


def mif(numbers, *, data="HEX", addresses="HEX", depth=None):
    form = {"HEX": lambda n: f"{n & MASK:04X}", "BIN": lambda n: f"{n & MASK:016b}"}.get(data, str)
    place = {"HEX": "{:x}", "UNS": "{}", "BIN": "{:b}", "OCT": "{:o}"}[addresses]
    head = (
        f"-- read back\nDEPTH = {depth or len(numbers)}; % words %\nWIDTH = 16;\n"
        f"ADDRESS_RADIX={addresses};\nDATA_RADIX = {data};\nCONTENT\nBEGIN\n\n"
    )
    lines = (f"\t{place.format(at)}  :   {form(n)};\n" for at, n in enumerate(numbers))
    return f"{head}{''.join(lines)}END;\n"


def runs(numbers):
    """A MIF whose entries hold several words, and one word for several addresses."""
    half = len(numbers) // 2
    first = " ".join(f"{n & MASK:04x}" for n in numbers[:half])
    rest = "".join(f"{at:x} : {n & MASK:04x};\n" for at, n in enumerate(numbers) if at >= half)
    head = f"WIDTH=16;\nDEPTH={len(numbers)};\nCONTENT BEGIN\n"
    return f"{head}[0..{len(numbers) - 1:x}] : dead beef;\n0 : {first};\n{rest}END;\n"


def coe(numbers, radix=16):
    words = {16: lambda n: f"{n & MASK:04x}", 2: lambda n: f"{n & MASK:016b}", 10: str}[radix]
    head = f"; read back\nmemory_initialization_radix={radix};\nmemory_initialization_vector=\n"
    return head + ",\n".join(map(words, numbers)) + ";\n"


def quartus_hex(numbers):
    """A word a record, at the address of the word."""
    words = (record(at, 0, (n & MASK).to_bytes(2)) for at, n in enumerate(numbers))
    return record(0, 4, bytes(2)) + "".join(words) + END


def octets_hex(numbers, base=0):
    data = b"".join((n & MASK).to_bytes(2, "little") for n in numbers)
    lines = (record(at, 0, data[at : at + 16]) for at in range(0, len(data), 16))
    start = record(0, 4, (base >> 16).to_bytes(2)) if base else ""
    return start + "".join(lines) + END


def s_record(kind, address, data):
    octets = bytes([len(address) + len(data) + 1, *address, *data])
    return f"S{kind}{octets.hex().upper()}{~sum(octets) & 0xFF:02X}\n"


def s_records(numbers, kind=3, base=0x2000_0000):
    data = b"".join((n & MASK).to_bytes(2, "little") for n in numbers)
    size = kind + 1
    lines = (
        s_record(kind, (base + at).to_bytes(size), data[at : at + 16])
        for at in range(0, len(data), 16)
    )
    head, end = s_record(0, bytes(2), b"HDR"), s_record(10 - kind, bytes(size), b"")
    return head + "".join(lines) + end


FORMS = {
    "MIF": mif,
    "MIF, binary": lambda n: mif(n, data="BIN", addresses="UNS"),
    "MIF, decimal": lambda n: mif(n, data="DEC", addresses="OCT"),
    "MIF, ranges": runs,
    "MIF, deeper": lambda n: mif(n, depth=4 * len(n)),
    "COE": coe,
    "COE, binary": lambda n: coe(n, 2),
    "COE, decimal": lambda n: coe(n, 10),
    "Intel HEX, a word a record": quartus_hex,
    "Intel HEX, octets": octets_hex,
    "Intel HEX of a processor's memory": lambda n: octets_hex(n, 0x2000_0000),
    "S-records": s_records,
    "S-records of 16-bit addresses": lambda n: s_records(n, 1, 0),
}


@pytest.mark.parametrize("form", FORMS)
def test_numbers_in_natural_order_are_read_and_a_wrong_one_found(bundle, psums, tmp_path, form):
    path = tmp_path / "memory.txt"
    path.write_text(FORMS[form](psums.ravel().tolist()))
    dump = read_dump(bundle, path, kind="psum")
    assert compare(bundle, dump).passed
    assert any("words" in note for note in dump.notes)
    wrong = psums + (psums == psums[1, 1, 0])
    text = FORMS[form](wrong.ravel().tolist())
    path.write_text(text)
    first = compare(bundle, read_dump(bundle, path, kind="psum")).first[0]
    assert first.index == (1, 1, 0)
    lines = zip(FORMS[form](psums.ravel().tolist()).splitlines(), text.splitlines(), strict=True)
    changed = next(number for number, (old, new) in enumerate(lines, 1) if old != new)
    assert str(first.place) == f"memory.txt line {changed} lane 0"


def test_an_order_is_read_as_it_says(bundle, psums, tmp_path):
    path = tmp_path / "memory.mif"
    path.write_text(mif(psums.transpose(1, 2, 0).ravel().tolist()))
    assert compare(bundle, read_dump(bundle, path, order="oh ow oc")).passed


@pytest.mark.parametrize("container", ["mif", "coe"])
def test_words_of_a_layout_that_another_tool_wrote_anew(bundle, tmp_path, container):
    """Capital digits and other blanks, which `decode` refuses."""
    layout = load_layout("ece284-ws").with_container(container)
    words = (bundle.folder / "psum.txt").read_text().splitlines()[3:]
    rows, bits = [int(word, 2) for word in words], len(words[0])
    path = tmp_path / f"psum.{container}"

    def passes():
        numbers = ", ".join(f"{row:0{bits}b}" for row in rows)
        lines = "".join(f"{at:X}:{row:X};\n" for at, row in enumerate(rows))
        head = f"WIDTH={bits};DEPTH={len(rows)};DATA_RADIX=HEX;CONTENT BEGIN\n"
        coe = f"memory_initialization_radix=2;memory_initialization_vector={numbers};"
        path.write_text(coe if container == "coe" else f"{head}{lines}END;")
        return compare(bundle, read_dump(bundle, path, layout=layout, kind="psum")).passed

    assert passes()
    rows[4] ^= 1
    assert not passes()


def test_words_that_a_file_leaves_out_are_unknown(bundle, psums, tmp_path):
    numbers = psums.ravel().tolist()
    text = mif(numbers)
    line = next(line for line in text.splitlines() if line.startswith("\t5 "))
    path = tmp_path / "memory.mif"
    path.write_text(text.replace(line + "\n", ""))
    found = compare(bundle, read_dump(bundle, path, kind="psum"))
    assert (found.differ, found.unknown) == (0, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (octets_hex([1, 2]).replace("01", "02", 1), "whose octets add up to 0"),
        (octets_hex([1, 2]).removesuffix(END), "the record :00000001FF at its end"),
        (s_records([1, 2]).replace("0100", "0101"), "line 2 must be an S-record whose octets add"),
        (s_record(0, bytes(2), b"HDR"), "must have S-records with data, but has none"),
        (s_records([1]) + s_records([2], base=0), "or within as many from the lowest"),
        (
            record(0, 0, b"\1\2") + record(1, 0, b"\1\2\3") + END,
            "line 2 must not have address 1, which has a word",
        ),
        (record(0, 9, b"\1") + END, "must be a record of type 0..5, not 9"),
        (mif([1]).replace("WIDTH = 16;", ""), "must state WIDTH and DEPTH"),
        (mif([1]).replace("WIDTH = 16;", "WIDTH = 0;"), "a WIDTH of 1..65536"),
        (mif([1, 2], depth=1), "line 10 must have addresses below 1, but has 1"),
        (mif([1]).replace("0001", "10001"), "line 9 must have words of 16 bits, but has 65537"),
        (mif([1]).replace("0001", "12g4"), "'12g4' must be a number of radix 16"),
        (mif([1]).replace("= HEX", "= HEXA"), "a radix is BIN, OCT, DEC, UNS, HEX, not HEXA"),
        (mif([1]).replace(":   0001", "0001"), "must be 'address : words'"),
        (coe([1]).replace("radix=16", "radix=8"), "must be 2, 10 or 16, not 8"),
    ],
)
def test_a_damaged_file_is_refused(bundle, tmp_path, text, message):
    path = tmp_path / "memory.txt"
    path.write_text(text)
    with pytest.raises(FormatError, match=message):
        read_dump(bundle, path, kind="psum")


@pytest.mark.skipif(shutil.which("objcopy") is None, reason="needs objcopy of binutils")
def test_intel_hex_as_objcopy_writes_it(tmp_path):
    """Records of 16 octets, and behind 64 KiB a record with the upper half of the address."""
    data = np.random.default_rng(0).integers(0, 256, 2**16 + 300, np.uint8).tobytes()
    (tmp_path / "data.bin").write_bytes(data)
    command = ["objcopy", "-I", "binary", "-O", "ihex", "data.bin", "data.hex"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    image = read_memory_image((tmp_path / "data.hex").read_bytes(), Path("data.hex"))
    assert image is not None
    assert bytes(word for word in image.words if word is not None) == data
    assert image.in_words(len(data) // 4).words == tuple(np.frombuffer(data, "<u4").tolist())


def test_other_text_is_no_memory_file():
    for text in ("", "1 2 3\n", ":", "CONTENT BEGIN", "memory_initialization_vector", "0f\n1e\n"):
        assert read_memory_image(text.encode(), Path("a.txt")) is None


def test_a_memory_file_is_parsed_once(bundle, psums, tmp_path, monkeypatch):
    """However many kinds its words could be of."""
    path, parsed = tmp_path / "dump.mif", []
    path.write_text(mif(psums.ravel().tolist()))

    def counting(content, path):
        parsed.append(path)
        return read_memory_image(content, path)

    for module in ("reading", "in_layout", "listed"):
        monkeypatch.setattr(f"tilewright.judge.{module}.read_memory_image", counting)
    assert compare(bundle, read_dump(bundle, path)).passed
    assert parsed == [path]
