"""Lists as simulators leave them: text around the numbers, hexadecimal digits, arrays in any order."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace

import numpy as np
import pytest

from tilewright.errors import FormatError
from tilewright.judge import compare, read_dump


def _decimal(numbers):
    return "".join(f"{number}\n" for number in numbers.ravel().tolist())


def _hex(numbers, before=""):
    return "".join(f"{before}{number & 0xFFFF:04x}\n" for number in numbers.ravel().tolist())


LISTS = {
    "text before": lambda v: "psums of the core:\n\n" + _decimal(v),
    "text after": lambda v: _decimal(v) + "done\nfinished at 1000 ns\n",
    "hexadecimal": _hex,
    "capital": lambda v: _hex(v).upper(),
    "0x": lambda v: _hex(v, "0x"),
    "binary": lambda v: "".join(f"{number & 0xFFF:012b}\n" for number in v.ravel().tolist()),
    "0b": lambda v: "".join(f"0b{number & 0xFFFF:016b}\n" for number in v.ravel().tolist()),
}


PLAIN = {
    "numpy.savetxt": lambda v: "".join(f"{number:.18e}\n" for number in v.ravel()),
    "floats": lambda v: "".join(f"{number:.1f} " for number in v.ravel()),
    "an exponent without a point": lambda v: "".join(f"{number}e+00 " for number in v.ravel()),
    "an array as numpy writes it": lambda v: f"{v!r}\n",
    "numbers of numpy in a list": lambda v: f"{[np.int64(n) for n in v.ravel()]}\n",
    "a printed array": lambda v: f"{v}\n",
    "JSON": lambda v: json.dumps(v.tolist()),
    "addresses": lambda v: "".join(
        f"@{at:x} {number & 0xFFFF:04x}\n" for at, number in enumerate(v.ravel().tolist())
    ),
    "one address": lambda v: "@0\n" + _hex(v),
}


@pytest.mark.parametrize("form", PLAIN)
def test_a_list_in_the_fashion_of_a_tool(bundle, psums, tmp_path, form):
    path = tmp_path / "dump.txt"
    path.write_text(PLAIN[form](psums))
    assert compare(bundle, read_dump(bundle, path)).passed
    path.write_text(PLAIN[form](psums + (psums == psums[1, 1, 0])))
    assert compare(bundle, read_dump(bundle, path)).first[0].index == (1, 1, 0)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
@pytest.mark.parametrize("order", [None, "oc oh ow"])
def test_a_list_in_an_encoding_of_windows(bundle, psums, tmp_path, encoding, order):
    """Each number is there, the first one too, which stands beside the byte order mark."""
    path = tmp_path / "dump.txt"
    path.write_bytes(_decimal(psums).replace("\n", "\r\n").encode(encoding))
    assert compare(bundle, read_dump(bundle, path, order=order)).passed
    lines = "".join(
        f"oc={o} oh={i} ow={j} got {psums[o, i, j]}\n" for o, i, j in np.ndindex(psums.shape)
    )
    path.write_bytes(lines.encode(encoding))
    assert compare(bundle, read_dump(bundle, path, pattern="places")).passed
    psums = psums + (psums == psums[1, 1, 0])
    path.write_bytes(_decimal(psums).encode(encoding))
    assert compare(bundle, read_dump(bundle, path, order=order)).first[0].index == (1, 1, 0)


def test_octets_that_begin_like_a_mark_stay_octets(bundle, psums, tmp_path):
    numbers = psums.copy()
    numbers[0, 0, 0] = -257  # ff fe in two octets
    path = tmp_path / "dump.bin"
    path.write_bytes(numbers.astype("<i2").tobytes())
    assert read_dump(bundle, path).values[0, 0, 0] == -257


WIDTHS = {
    "hexadecimal": ("hex", "{:05x}"),
    "0x": ("hex", "0x{:05X}"),
    "binary": ("binary", "{:018b}"),
    "0b": ("binary", "0b{:018b}"),
}


@pytest.mark.parametrize(("radix", "form"), WIDTHS.values(), ids=WIDTHS)
def test_psums_of_18_bits_keep_their_signs(bundle, psums, tmp_path, radix, form):
    """Their five hexadecimal digits, as `$fdisplay` writes them, have room for 20 bits."""
    assert (psums < 0).any()
    wide = replace(bundle, array=replace(bundle.array, psum_bits=18))
    path = tmp_path / "dump.txt"
    path.write_text("\n".join(form.format(number & 0x3FFFF) for number in psums.ravel().tolist()))
    assert (read_dump(wide, path, kind="psum", radix=radix).values == psums).all()


@pytest.mark.parametrize("form", LISTS)
def test_a_list_is_read_and_a_wrong_number_in_it_found(bundle, psums, tmp_path, form):
    path = tmp_path / "dump.txt"
    path.write_text(LISTS[form](psums))
    dump = read_dump(bundle, path)
    assert compare(bundle, dump).passed
    assert dump.notes
    wrong = psums.copy()
    wrong[1, 1, 0] += 1
    path.write_text(LISTS[form](wrong))
    found = compare(bundle, read_dump(bundle, path))
    assert [one.index for one in found.first] == [(1, 1, 0)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            lambda v: _decimal(v[:1]) + "stop\n" + _decimal(v[1:-1]),
            r"line 7 must hold decimal numbers, but has 'stop'",
        ),
        (lambda v: _decimal(v[1:]), r"must hold 24 numbers .*, but holds \d+"),
        (
            lambda v: "".join(
                f"oc={o} oh={i} got {v[o, i, 0]}\n" for o, i, _ in np.ndindex(v.shape)
            ),
            r"of its 24 lines like 'oc=#oh=#got #', oc and oh alone are no place: say with --pattern",
        ),
    ],
)
def test_what_is_no_list_is_refused_with_what_it_seems_to_be(
    bundle, psums, tmp_path, text, message
):
    path = tmp_path / "dump.txt"
    path.write_text(text(psums))
    with pytest.raises(FormatError, match=message):
        read_dump(bundle, path)


def test_an_array_stands_in_the_order_that_is_said(bundle, psums, tmp_path):
    path = tmp_path / "psums.npy"
    np.save(path, psums.transpose(1, 2, 0))
    assert compare(bundle, read_dump(bundle, path, order="oh ow oc")).passed
    np.save(path, psums.transpose(1, 2, 0).ravel()[:-1])
    with pytest.raises(FormatError, match=r"must hold 24 numbers \(psum, oh ow oc\), but holds 23"):
        read_dump(bundle, path, order="oh ow oc")


def test_axes_that_contradict_the_order_are_refused(bundle, psums, tmp_path):
    path = tmp_path / "dump.npy"
    np.save(path, psums[None])
    with pytest.raises(FormatError, match=r"an array in the order oh ow oc must be"):
        read_dump(bundle, path, order="oh ow oc")


@pytest.mark.parametrize("order", [None, "oc oh ow"])
def test_a_pickle_is_called_so(bundle, psums, tmp_path, order):
    path = tmp_path / "dump.pkl"
    path.write_bytes(pickle.dumps(psums))
    with pytest.raises(FormatError, match=r"is a Python pickle: write the numbers with numpy.save"):
        read_dump(bundle, path, order=order)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@1 0001\n", r"line 1 must go on at @0"),
        ("@0 0001\n@2 0002\n", r"line 2 must go on at @1, .* @2"),
    ],
)
def test_addresses_with_gaps_are_refused(bundle, tmp_path, text, message):
    path = tmp_path / "dump.mem"
    path.write_text(text)
    with pytest.raises(FormatError, match=message):
        read_dump(bundle, path, radix="hex", is_partial=True)


def test_a_fraction_is_no_integer(bundle, psums, tmp_path):
    path = tmp_path / "dump.txt"
    path.write_text("".join(f"{number + 0.5}\n" for number in psums.ravel()))
    with pytest.raises(FormatError, match=r"must hold decimal numbers.*dump the integers"):
        read_dump(bundle, path)


OBJECTS = {
    "one key": lambda v: {"psums": v.tolist(), "layer": 3},
    "keys in keys": lambda v: {"layer1": {"psum": v.reshape(len(v), -1).tolist()}},
    "called like the kind": lambda v: {"psum": v.ravel().tolist(), "wanted": v.tolist()},
    "in a list": lambda v: [{"name": "conv1", "acc": v.tolist(), "shape": list(v.shape)}],
    "one of the right size": lambda v: {"x": v.ravel().tolist()[:-1], "y": v[None].tolist()},
}


@pytest.mark.parametrize("form", OBJECTS)
@pytest.mark.parametrize("name", ["dump.json", "dump.txt"])
def test_an_object_with_one_array_of_the_layer(bundle, psums, tmp_path, form, name):
    if name.endswith("txt") and form == "in a list":
        return
    path = tmp_path / name
    path.write_text(json.dumps(OBJECTS[form](psums), indent=1))
    assert compare(bundle, read_dump(bundle, path)).passed
    wrong = psums.copy()
    wrong[1, 1, 0] += 1
    path.write_text(json.dumps(OBJECTS[form](wrong)))
    found = compare(bundle, read_dump(bundle, path))
    assert [one.index for one in found.first] == [(1, 1, 0)]


def test_of_several_arrays_one_is_named(bundle, psums, tmp_path):
    path = tmp_path / "dump.json"
    layers = [{"psum": (psums + 1).tolist()}, {"psum": psums.tolist()}]
    path.write_text(json.dumps({"layers": layers, "cycles": [7, 9]}))
    shape = r"\[4, 2, 3\]"
    message = (
        r"must hold one array called .*psum or output, or one of 24 numbers \(psum\), but holds "
        rf"layers.0.psum {shape}, layers.1.psum {shape}, cycles \[2\]: name it with --dump-array$"
    )
    with pytest.raises(FormatError, match=message):
        read_dump(bundle, path)
    assert compare(bundle, read_dump(bundle, path, array="layers.1.psum")).passed
    assert not compare(bundle, read_dump(bundle, path, array="layers.0.psum")).passed
    with pytest.raises(FormatError, match=r"has no array layers.2.psum: it has layers.0.psum"):
        read_dump(bundle, path, array="layers.2.psum")


def test_an_object_stands_in_the_order_that_is_said(bundle, psums, tmp_path):
    path = tmp_path / "dump.json"
    path.write_text(json.dumps({"psum": psums.transpose(2, 1, 0).tolist()}))
    with pytest.raises(FormatError, match=r"the array is \(3, 2, 4\): .* --order"):
        read_dump(bundle, path)
    assert compare(bundle, read_dump(bundle, path, order="ow oh oc")).passed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"psum": [1, 2', r"must be JSON"),
        ('{"psum": [[1, 2], [3]]}', r"psum must be lists of one length"),
        ('{"psum": "0a1b"}', r"but holds no list of numbers"),
        ('{"psum": [1.5, 2]}', r"psum must be \(oc, oh, ow\)"),
    ],
)
def test_an_object_that_holds_no_such_array(bundle, tmp_path, text, message):
    path = tmp_path / "dump.json"
    path.write_text(text)
    with pytest.raises(FormatError, match=message):
        read_dump(bundle, path)
