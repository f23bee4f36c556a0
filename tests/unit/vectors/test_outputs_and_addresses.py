"""Functions of outputs, the first ofmap pixels only, and accumulate addresses."""

from __future__ import annotations

import numpy as np
import pytest

from tests.forgery import exchange
from tests.unit.vectors import course_example as example
from tests.unit.vectors.course_example import text
from tests.unit.vectors.test_course_example import TILES
from tilewright.bundles import agreed_tensors
from tilewright.errors import ConfigError, FormatError, ShapeError
from tilewright.spec import ArrayShape, ConvShape
from tilewright.tile import TilePlan, psum_addresses
from tilewright.vectors import (
    FieldWidths,
    Layout,
    accumulate_addresses,
    decode,
    decode_bundle,
    encode,
    load_layout,
    read_bundle,
    write_bundle,
)
from tilewright.verify import reference_outputs

SIZES = {"plan": example.PLAN, "widths": example.WIDTHS}
ADDRESS = {"file": "address.txt", "lines": "onij kij", "word": "", "bits": 11}


def _layout(**changes):
    """`ece284-ws` with keys of kinds changed, added (a table) or left out (None)."""
    facts = load_layout("ece284-ws").to_facts()
    for kind, table in changes.items():
        facts[kind] = facts.get(kind, {}) | table if table is not None else None
    return Layout.from_facts({key: value for key, value in facts.items() if value is not None})


def _bundle(folder, layout, **changes):
    arguments = {"layer": example.layer(), "plan": example.PLAN, "codes": example.CODES}
    arguments |= {"psums": example.PSUMS, "tap_psums": example.TAP_PSUMS, "sample": 0}
    arguments["outputs"] = reference_outputs(example.PSUMS, layout.output)
    return write_bundle(folder, layout=layout, **(arguments | changes))


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, "0020_0000_0000 0000_0004_0002 0000_0000_0012 005d_0008_0000"),
        ({"function": "signed"}, "0020_fffe_fffc fffa_0004_0002 fff7_fffe_0012 005d_0008_fff5"),
        (
            {"function": "leaky", "shift": 1},
            "0020_ffff_fffe fffd_0004_0002 fffb_ffff_0012 005d_0008_fffa",
        ),
        (
            {"function": "leaky", "shift": 6},
            "0020_ffff_ffff ffff_0004_0002 ffff_ffff_0012 005d_0008_ffff",
        ),
    ],
)
def test_an_output_is_the_stated_function_of_the_psum(tmp_path, facts, words):
    bundle = _bundle(tmp_path / "bundle", _layout(output=facts | {"radix": "hex", "header": []}))
    assert (tmp_path / "bundle" / "out.txt").read_bytes() == text(*words.replace("_", "").split())
    np.testing.assert_array_equal(decode_bundle(read_bundle(bundle.folder)).psums, example.PSUMS)


def test_signed_outputs_give_the_psums_when_no_other_file_does(tmp_path):
    layout = _layout(psum=None, output={"function": "signed"})
    _bundle(tmp_path / "bundle", layout)
    np.testing.assert_array_equal(
        decode_bundle(read_bundle(tmp_path / "bundle")).psums, example.PSUMS
    )


@pytest.mark.parametrize("facts", [{}, {"function": "leaky", "shift": 1}])
def test_outputs_that_lose_the_psums_do_not_make_a_layout(facts):
    with pytest.raises(
        ConfigError, match=r"must have psum or tap_psum files, or its tensors cannot"
    ):
        _ = _layout(psum=None, output=facts).psum_source


def _damage(bundle, name, old, new):
    """The bundle with one piece of a file exchanged, its hash renewed."""
    exchange(bundle.folder, name, old, new)
    return read_bundle(bundle.folder)


@pytest.mark.parametrize(
    ("facts", "source"),
    [({}, r"max\(0, psum\) = 32"), ({"function": "signed"}, r"the psum = 32"),
     ({"function": "leaky", "shift": 2}, r"psum, or psum >> 2 where negative, = 32")],
)  # fmt: skip
def test_an_output_that_is_not_the_function_of_its_psum_is_refused(tmp_path, facts, source):
    bundle = _bundle(tmp_path / "bundle", _layout(output=facts))
    with pytest.raises(
        FormatError, match=rf"an output must be {source}, but is 33 at \(oc=2, oh=0"
    ):
        agreed_tensors(_damage(bundle, "out.txt", b"00100000", b"00100001"))


def test_the_first_pixels_only_are_written_and_only_they_are_read():
    layout = _layout(output={"first": 3})
    files = encode(layout, "output", TILES["output"], **SIZES)
    assert files["out.txt"].decode().split()[3:] == list(example.OUTPUT_WORDS[:3])
    np.testing.assert_array_equal(decode(layout, "output", files, **SIZES), TILES["output"][:, :3])
    more = _layout(output={"first": 300})
    assert len(encode(more, "output", TILES["output"], **SIZES)["out.txt"].split()) == 3 + 4


def test_part_of_the_psums_is_never_taken_for_all_of_them():
    with pytest.raises(
        ConfigError, match=r"must have psum or tap_psum .* psum \(first 3 pixels only"
    ):
        _ = _layout(psum={"first": 3}).psum_source
    with pytest.raises(ConfigError, match=r"output \(first 1 pixel only\)$"):
        _ = _layout(psum=None, output={"first": 1, "function": "signed"}).psum_source


def _unpadded(**changes):
    facts = load_layout("ece284-unpadded").to_facts()
    for kind, table in changes.items():
        facts[kind] |= table
    return Layout.from_facts(facts)


def test_a_bundle_compares_parts_as_far_as_they_go(tmp_path):
    bundle = _bundle(tmp_path / "a", _unpadded(psum={"first": 2}, output={"first": 1}))
    tensors = decode_bundle(read_bundle(bundle.folder))
    np.testing.assert_array_equal(tensors.psums, example.PSUMS)
    np.testing.assert_array_equal(tensors.tap_psums, example.TAP_PSUMS)
    with pytest.raises(
        FormatError, match=r"a psum must be the psum = 32, but is 33 at \(oc=2, oh=0"
    ):
        decode_bundle(_damage(bundle, "psum.txt", b"00100000", b"00100001"))


def test_part_of_the_tap_psums_gives_no_tensor_but_is_compared(tmp_path):
    bundle = _bundle(tmp_path / "a", _unpadded(tap_psum={"first": 2}))
    assert decode_bundle(read_bundle(bundle.folder)).tap_psums is None
    with pytest.raises(FormatError, match=r"the sum of tap psums must be the psum = 32, but is 33"):
        decode_bundle(_damage(bundle, "psum_4.txt", b"00100000", b"00100001"))


def test_addresses_are_those_of_the_course():
    layout = _layout(address=ADDRESS)
    files = encode(layout, "address", accumulate_addresses(example.PLAN), **SIZES)
    lines = files["address.txt"].decode().split()
    assert lines[:4] == ["00000000000", "00000010001", "00000100010", "00000110100"]
    expected = [
        kij * 16 + (oi + kij // 3) * 4 + oj + kij % 3
        for oi in range(2)
        for oj in range(2)
        for kij in range(9)
    ]
    assert [int(line, 2) for line in lines] == expected
    np.testing.assert_array_equal(
        decode(layout, "address", files, **SIZES), np.reshape(expected, (4, 9))
    )


def test_width_and_offset_of_addresses_are_data():
    layout = _layout(address=ADDRESS | {"bits": 9, "offset": 1})
    files = encode(layout, "address", accumulate_addresses(example.PLAN), **SIZES)
    assert files["address.txt"].decode().split()[:3] == ["000000001", "000010010", "000100011"]
    other = _layout(address=ADDRESS | {"bits": 9})
    message = (
        r"the address at \(onij=0, kij=0\) must be 0, as ConvShape.*, but is 1: another offset"
    )
    with pytest.raises(FormatError, match=message):
        decode(other, "address", files, **SIZES)
    narrow = _layout(address=ADDRESS | {"bits": 7, "offset": 0})
    with pytest.raises(FormatError, match=r"address in a field of 7 bits must fit u7 .* is 138 at"):
        encode(narrow, "address", accumulate_addresses(example.PLAN), **SIZES)


def test_addresses_are_of_this_layer_or_refused(tmp_path):
    layout = _layout(address=ADDRESS)
    wrong = accumulate_addresses(example.PLAN)
    wrong[2, 3] += 1
    with pytest.raises(FormatError, match=r"the address at \(onij=2, kij=3\) must be 56"):
        encode(layout, "address", wrong, **SIZES)
    with pytest.raises(ShapeError, match=r"address tiles must be \(onij, kij\) = \(4, 9\)"):
        encode(layout, "address", wrong[:2], **SIZES)
    bundle = _bundle(tmp_path / "bundle", layout)
    decode_bundle(read_bundle(bundle.folder))
    with pytest.raises(FormatError, match=r"the address at \(onij=0, kij=1\) must be 17"):
        decode_bundle(_damage(bundle, "address.txt", b"00000010001", b"00000010000"))


def test_addresses_with_strides_are_where_the_tiler_sends_the_pixels():
    """`tilewright.tile.psum_addresses` says the same from the other end: pixel to ofmap pixel."""
    shape = ConvShape(ic=1, ih=5, iw=4, oc=1, kh=3, kw=2, stride=(2, 1), padding=(0, 1))
    plan = TilePlan(shape, ArrayShape(2, 1, psum_bits=8))
    addresses, targets = accumulate_addresses(plan), psum_addresses(plan)
    for onij, kij in np.ndindex(addresses.shape):
        tap, nij = divmod(int(addresses[onij, kij]), shape.nij)
        assert (tap, targets[kij, nij]) == (kij, onij)


@pytest.mark.parametrize(
    ("kind", "facts", "message"),
    [
        ("output", {"function": "gelu"}, r"function must be relu or signed or leaky or .*, not 'gelu'"),
        ("psum", {"function": "signed"}, r"psum: function is for outputs"),
        ("output", {"function": "leaky"}, r"shift must be 1\.\.63 for function 'leaky' .* not 0"),
        ("output", {"shift": 2}, r"shift must be .* absent for others, not 2"),
        ("output", {"first": -1}, r"first must be a number of ofmap pixels, not -1"),
        ("weight", {"first": 1}, r"first must be a number of ofmap pixels, not 1"),
        ("weight", {"offset": 1}, r"offset must be a number added to addresses, not 1"),
        ("psum", {"radix": "octal"}, r"radix must be binary or hex or decimal, not 'octal'"),
        ("psum", {"container": "zip"}, r"container must be text or mem or .*, not 'zip'"),
        ("psum", {"container": "mif"}, r"header lines stand in text only: mif has its own"),
        ("psum", {"container": "c", "header": []}, r"container c .*: say radix = 'hex'"),
        ("psum", {"container": "npz", "header": [], "radix": "hex"}, r"npz states no radix"),
        ("psum", {"split": ["onij"]}, r"a split is written 'itile row = .*', not 'onij'"),
        ("psum", {"split": ["onij = "]}, r"must name axes on both sides, each once"),
        ("psum", {"split": ["onij = a a:2"]}, r"must name axes on both sides, each once"),
        ("psum", {"split": ["onij = a b"]}, r"must give all sizes but one: write 'name:2'"),
        ("psum", {"split": ["onij = a b:c"]}, r"the size of 'b' must be a number or one of row,"),
        ("psum", {"split": ["onij = a b:0"]}, r"a split is written"),
        ("psum", {"split": ["nij = a b:2"]}, r"must divide some of the axes otile, onij, col"),
        ("psum", {"split": ["onij = a col:2"]}, r"there is another axis 'col'"),
        ("psum", {"split": ["onij = a b:2"]}, r"has the axes otile, col, a, b, but 'onij' is"),
        ("psum", {"file": "p{onij}.txt"}, r"a file name can carry itile, otile, kij, not 'onij'"),
    ],
)  # fmt: skip
def test_a_widened_statement_that_cannot_hold_is_refused(kind, facts, message):
    with pytest.raises(ConfigError, match=rf"^layout ece284-ws: {kind}: .*{message}|{message}"):
        _layout(**{kind: facts})


def test_a_split_that_asks_for_too_much_is_refused_before_memory_is_taken():
    layout = _layout(
        psum={
            "split": ["onij = a b:999999", "a = c d:999999"],
            "lines": "otile c",
            "word": "d b col",
        }
    )
    with pytest.raises(
        ShapeError, match=r"psum: split .* more than 2147483648: give smaller sizes"
    ):
        encode(layout, "psum", TILES["psum"], plan=example.PLAN, widths=FieldWidths(4, 4, 16))
