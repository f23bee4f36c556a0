"""Intel HEX, JSON, and several arrays in a file: written out by hand, and read back strictly."""

from __future__ import annotations

import json
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest

from tests.unit.vectors import course_example as example
from tests.unit.vectors.course_example import text
from tests.unit.vectors.test_containers import SIZES, TILES, WS
from tilewright.bundles import check_bundle
from tilewright.errors import ConfigError, FormatError
from tilewright.vectors import decode, encode, write_bundle
from tilewright.vectors.c_arrays import read_c_arrays
from tilewright.vectors.containers import SUFFIXES
from tilewright.vectors.intel_hex import hex_content, hex_octets

NAME = "weight_itile0_otile0_kij4"


def weights(container):
    return encode(WS.with_container(container), "weight", TILES["weight"], **SIZES)


def test_intel_hex_of_octets_and_of_words():
    assert weights("ihex")[f"{NAME}.hex"] == text(":03000000F1027D8D", ":00000001FF")
    assert weights("ihex-words")[f"{NAME}.hex"] == text(
        *(":01000000F10E", ":0100010002FC", ":010002007D80", ":00000001FF")
    )


def test_intel_hex_passes_64_kibioctets():
    content = hex_content(bytes(65_552), 0, "CRLF")
    assert b":020000040001F9\r\n:1000000000" in content
    assert hex_octets(content, "x.hex", 0, "CRLF") == bytes(65_552)


def test_json_is_a_line_a_word():
    content = weights("json")[f"{NAME}.json"]
    assert content == text("[", "[-1, 1],", "[0, 2],", "[7, -3]", "]")


@pytest.mark.parametrize("container", ["ihex", "ihex-little", "ihex-words", "json", "c-arrays"])
def test_they_are_read_back_strictly(container):
    layout, files = WS.with_container(container), weights(container)
    np.testing.assert_array_equal(decode(layout, "weight", files, **SIZES), TILES["weight"])
    name, content = next(iter(files.items()))
    changed = content.replace(
        *((b", ", b",") if container in ("json", "c-arrays") else (b"0", b"1")), 1
    )
    with pytest.raises(FormatError, match=rf"^{name} must be"):
        decode(layout, "weight", files | {name: changed}, **SIZES)
    with pytest.raises(FormatError, match=rf"^{name} must be"):
        decode(layout, "weight", files | {name: content[:-3]}, **SIZES)


def test_a_c_array_is_a_line_a_word():
    content = weights("c-arrays")[f"{NAME}.h"]
    array = "static const int8_t words[3][2] = {", "  {-1, 1},", "  {0, 2},", "  {7, -3},", "};"
    assert content == text("#include <stdint.h>", "", *array)


@pytest.fixture(params=["npz", "json", "c-arrays"])
def shared(request, tmp_path):
    """The documented example with all kinds in one file of arrays."""
    kinds = [
        replace(
            form,
            file=f"all{SUFFIXES[request.param]}",
            lines=(*map(type(form.lines[0]), form.file_axes), *form.lines),
            part=part,
            array=form.kind,
        )
        for part, form in enumerate(WS.with_container(request.param).kinds, start=1)
    ]
    layout = replace(WS, kinds=tuple(kinds))
    arguments = {"layer": example.layer(), "plan": example.PLAN, "codes": example.CODES}
    arguments |= {"psums": example.PSUMS, "sample": 0, "outputs": np.maximum(example.PSUMS, 0)}
    write_bundle(tmp_path / "all", layout=layout, **arguments)
    return tmp_path / "all", tmp_path / "all" / f"all{SUFFIXES[request.param]}"


def test_several_arrays_share_a_file(shared):
    folder, path = shared
    content = path.read_bytes()
    arrays = (
        json.loads(content)
        if path.suffix == ".json"
        else read_c_arrays(content, path)
        if path.suffix == ".h"
        else np.load(BytesIO(content))
    )
    assert set(arrays) == {"activation", "weight", "psum", "output"}
    pixels = [[32, -2, -4], [-6, 4, 2], [-9, -2, 18], [93, 8, -11]]  # onij, col downwards
    np.testing.assert_array_equal(arrays["psum"], pixels)
    assert check_bundle(folder).passed


def test_every_octet_of_a_shared_file_is_under_its_hash(shared):
    folder, path = shared
    content = path.read_bytes()
    for at in range(0, len(content), 41):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        assert not check_bundle(folder).passed, at


def test_an_array_is_a_name_in_a_file_of_arrays():
    form = WS.kind("psum")
    with pytest.raises(
        ConfigError, match=r"array must be a name in a file of container npz or json or c-arrays"
    ):
        replace(form, array="psum")
    with pytest.raises(ConfigError, match=r"has no parts: leave out part, or name its array$"):
        replace(WS.with_container("npz").kind("psum"), part=1)
