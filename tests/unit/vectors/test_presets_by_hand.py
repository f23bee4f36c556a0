"""SIMD, output-stationary, notebook and $readmem files, written out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests import networks
from tests.unit.vectors import course_example as example
from tests.unit.vectors.course_example import ZERO, text
from tests.unit.vectors.test_course_example import TILES
from tilewright.errors import FormatError
from tilewright.spec import ArrayShape, ConvShape, NumberFormat
from tilewright.tile import (
    DATAFLOWS,
    TilePlan,
    plan_mode,
    tile_activations,
    tile_psums,
    tile_weights,
    untile_activations,
)
from tilewright.vectors import (
    FieldWidths,
    decode,
    decode_bundle,
    encode,
    is_stated_by,
    layout_names,
    load_layout,
    read_bundle,
    write_bundle,
)
from tilewright.verify import reference_outputs, reference_tap_psums

SIZES = {"plan": example.PLAN, "widths": example.WIDTHS}
DOTS = "#................#"

# One step of an output-stationary array per line: onij 1 and 0, then onij 3 and 2.
OS_STEPS = (
    *(ZERO, ZERO, ZERO, "00010000", "00100001", "00000010", "00110000", "01000011", "00000100"),
    *(ZERO, ZERO, ZERO, "01010000", "00000101", ZERO, ZERO, "11110000", "00001111"),
    *("00010000", "00100001", "00000010", "00110000", "01000011", "00000100", ZERO, ZERO, ZERO),
    *("01010000", "00000101", ZERO, ZERO, "11110000", "00001111", ZERO, ZERO, ZERO),
)
_NONE = "0" * 12
OS_WEIGHTS = (
    *(_NONE, _NONE, _NONE, _NONE, "110100100001", "000011100000", _NONE, _NONE, _NONE),
    *(_NONE, _NONE, _NONE, _NONE, "011100001111", "000000000001", _NONE, _NONE, _NONE),
)
NOTEBOOK_WEIGHTS = {
    4: ("11010111", "00100000", "00011111"),
    5: (ZERO, "11100000", "00000001"),
}
_NOTEBOOK_ROWS = "time0row2[msb-lsb],time0row1[msb-lsb],...,"
NOTEBOOK_FILES = {
    "activation.txt": text(
        "#time0row1[msb-lsb],time0row0[msb-lsb],....,time0row0[msb-lsb]#",
        "#time1row1[msb-lsb],time1row0[msb-lsb],....,time1row0[msb-lsb]#",
        *(DOTS, "01010001", "00000010", "00000011", "11110100"),
    ),
    "psum.txt": text(
        f"#{_NOTEBOOK_ROWS}time0row0[msb-lsb]#",
        *("#............................#", *example.PSUM_WORDS),
    ),
    "psum_relu.txt": text(
        *("#ReLUed psum output", f"#{_NOTEBOOK_ROWS}row0#"),
        *("#....................................#", *example.OUTPUT_WORDS),
    ),
} | {k: v for k, v in example.UNPADDED_FILES.items() if k.startswith("psum_") and "relu" not in k}
NOTEBOOK_FILES |= {
    f"weight_itile0_otile0_kij{kij}.txt": text(*NOTEBOOK_WEIGHTS.get(kij, (ZERO,) * 3))
    for kij in range(9)
}


def _comment(lines, lanes, bits, what):
    return f"// {lines} words of {lanes} lanes, {bits} bits each: {what} {lanes - 1} leftmost"


def _readmem(words):
    """Files of a $readmem preset; `words` turns a binary word into the one of the preset."""
    activation = [ZERO] * 16
    activation[5:7], activation[9:11] = ["01010001", "00000010"], ["00000011", "11110100"]
    files = {
        "activation_tile0.mem": (_comment(16, 2, 4, "nij by nij, row"), activation),
        "psum.mem": (_comment(4, 3, 16, "onij by onij, col"), example.PSUM_WORDS),
        "out.mem": (_comment(4, 3, 16, "onij by onij, col"), example.OUTPUT_WORDS),
    } | {
        f"weight_itile0_otile0_kij{kij}.mem": (
            _comment(3, 2, 4, "col by col, row"),
            example.WEIGHT_WORDS.get(kij, (ZERO,) * 3),
        )
        for kij in range(9)
    }
    return {name: text(head, *map(words, body)) for name, (head, body) in files.items()}


PSUM_HEADS = {
    "ece284-os": ("#onij0col2..col0#", "#onij1col2..col0#", DOTS),
}
FILES = {
    "ece284-notebook": NOTEBOOK_FILES,
    "ece284-os": {
        "activation.txt": text("#step0onij1..onij0#", "#step1onij1..onij0#", DOTS, *OS_STEPS),
        "weight.txt": text("#step0col2..col0#", "#step1col2..col0#", DOTS, *OS_WEIGHTS),
        "psum.txt": text(*PSUM_HEADS["ece284-os"], *example.PSUM_WORDS),
        "out.txt": text(*PSUM_HEADS["ece284-os"], *example.OUTPUT_WORDS),
    },
    "readmemb": _readmem(lambda word: word),
    "readmemh": _readmem(lambda word: f"{int(word, 2):0{len(word) // 4}x}"),
}


@pytest.mark.parametrize("name", FILES)
def test_encode_writes_the_hand_written_bytes(name):
    layout, written = load_layout(name), {}
    for kind in layout.kind_names:
        files = encode(layout, kind, TILES[kind], **SIZES)
        np.testing.assert_array_equal(decode(layout, kind, files, **SIZES), TILES[kind])
        written |= files
    assert written == FILES[name]


def test_hexadecimal_words_are_written_out():
    assert FILES["readmemh"]["out.mem"] == text(
        "// 4 words of 3 lanes, 16 bits each: onij by onij, col 2 leftmost",
        *("002000000000", "000000040002", "000000000012", "005d00080000"),
    )


def test_the_notebook_headers_at_the_real_size():
    shape = ConvShape(ic=8, ih=4, iw=4, oc=8, kh=3, kw=3, padding=(1, 1))
    plan = TilePlan(shape, ArrayShape(rows=8, cols=8, psum_bits=16))
    layout = load_layout("ece284-notebook")
    zeros = {"activation": (1, 36, 8), "psum": (1, 16, 8), "output": (1, 16, 8)}
    heads = [
        line
        for kind, sizes in zeros.items()
        for content in encode(
            layout, kind, np.zeros(sizes, int), plan=plan, widths=example.WIDTHS
        ).values()
        for line in content.decode().split("\n")
        if "#" in line
    ]
    assert heads == [
        "#time0row7[msb-lsb],time0row6[msb-lsb],....,time0row0[msb-lsb]#",
        "#time1row7[msb-lsb],time1row6[msb-lsb],....,time1row0[msb-lsb]#",
        "#................#",
        "#time0row7[msb-lsb],time0row6[msb-lsb],...,time0row0[msb-lsb]#",
        "#............................#",
        "#ReLUed psum output",
        "#time0row7[msb-lsb],time0row6[msb-lsb],...,row0#",
        "#....................................#",
    ]


SIMD_PLAN = TilePlan(ConvShape(ic=4, ih=1, iw=2, oc=3, kh=1, kw=1), ArrayShape(2, 3, psum_bits=16))
SIMD_SIZES = {"plan": SIMD_PLAN, "widths": FieldWidths(act=2, weight=4, psum=16)}
SIMD_CODES = np.array([[1, 0], [2, 1], [3, 0], [0, 2]], np.uint8).reshape(4, 1, 2)
SIMD_WEIGHT = np.array([[1, -2, 3, -4], [0, 0, 1, 0], [7, -7, 0, 1]], np.int8).reshape(3, 4, 1, 1)


def _simd(layout):
    return (
        encode(layout, "activation", tile_activations(SIMD_CODES, SIMD_PLAN), **SIMD_SIZES),
        encode(layout, "weight", tile_weights(SIMD_WEIGHT, SIMD_PLAN), **SIMD_SIZES),
    )


def test_two_channels_share_a_pe_and_even_channels_come_first():
    activations, weights = _simd(load_layout("ece284-2b"))
    head = ("#time0row3..row0#", "#time1row3..row0#", DOTS)  # ic3 ic2 ic1 ic0, two bits each
    assert activations == {"activation_tile0.txt": text(*head, "00111001", "10000100")}
    words = ("00110001", "11001110", "00010000", "00000000", "00000111", "00011001")
    assert weights == {
        "weight_itile0_otile0_kij0.txt": text(
            "#col0row1..row0even#", "#col0row1..row0odd#", DOTS, *words
        )
    }


def test_the_other_pairing_is_the_same_statement_with_the_axes_exchanged():
    facts = load_layout("ece284-2b").to_facts()
    for kind in ("activation", "weight"):
        facts[kind] |= {"split": ["itile row = itile pair:2 row"], "header": []}
    activations, weights = _simd(type(load_layout("ece284-2b")).from_facts(facts))
    # PE row 0 has channels 0 and 2, PE row 1 channels 1 and 3: ic3 ic1 ic2 ic0
    assert activations == {"activation_tile0.txt": text("00101101", "10010000")}
    words = ("11100001", "11000011", "00000000", "00000001", "10010111", "00010000")
    assert weights == {"weight_itile0_otile0_kij0.txt": text(*words)}


def test_an_odd_number_of_tiles_is_filled_with_zeros_that_are_demanded_back():
    plan = TilePlan(ConvShape(ic=3, ih=1, iw=1, oc=1, kh=1, kw=1), ArrayShape(1, 2, psum_bits=8))
    sizes = {"plan": plan, "widths": FieldWidths(act=2, weight=4, psum=8)}
    layout = load_layout("ece284-2b")
    tiles = tile_activations(np.array([1, 2, 3], np.uint8).reshape(3, 1, 1), plan)
    files = encode(layout, "activation", tiles, **sizes)
    assert [content.split(b"\n")[3] for content in files.values()] == [b"1001", b"0011"]
    np.testing.assert_array_equal(decode(layout, "activation", files, **sizes), tiles)
    files["activation_tile1.txt"] = files["activation_tile1.txt"].replace(b"0011", b"0111")
    message = r"split 'itile row = itile row pair:2' keeps 3 of 4 .* number 3 is 1 at \(nij=0\)"
    with pytest.raises(FormatError, match=message):
        decode(layout, "activation", files, **sizes)


def test_steps_can_run_through_the_taps_outside_the_channels():
    facts = load_layout("ece284-os").to_facts()
    facts["weight"] |= {"lines": "otile kij ic", "header": []}
    layout = type(load_layout("ece284-os")).from_facts(facts)
    files = encode(layout, "weight", TILES["weight"], **SIZES)
    pairs = zip(OS_WEIGHTS[:9], OS_WEIGHTS[9:], strict=True)
    assert files == {"weight.txt": text(*(word for pair in pairs for word in pair))}


@pytest.mark.parametrize("name", layout_names())
@pytest.mark.parametrize("mode", DATAFLOWS.names())
def test_every_layout_that_can_state_the_plan_of_a_mode_does(name, mode, tmp_path):
    """What the configuration lets through is written, and read back as it was, two-channel plans too."""
    layout, dataflow = load_layout(name), DATAFLOWS.get(mode)
    if not is_stated_by(layout, dataflow):
        return
    shape = ConvShape(ic=5, ih=3, iw=4, oc=3, kh=2, kw=2, padding=(1, 0))
    codes_of_two_bits = NumberFormat(2, is_signed=False)
    layer = networks.layer(np.random.default_rng(3), "conv", shape, act_format=codes_of_two_bits)
    codes = np.arange(60).reshape(5, 3, 4).astype(np.uint8) % 4
    taps = reference_tap_psums(codes[None], layer.weight, shape)[:, 0]
    bundle = write_bundle(
        tmp_path / "bundle",
        layer=layer,
        plan=plan_mode(shape, ArrayShape(2, 2, psum_bits=16), mode, 2),
        layout=layout,
        codes=codes,
        psums=taps.sum(axis=0),
        tap_psums=taps,
        outputs=reference_outputs(taps.sum(axis=0), layout.output),
        sample=0,
    )
    found = decode_bundle(read_bundle(bundle.folder))
    np.testing.assert_array_equal(found.codes, codes)
    np.testing.assert_array_equal(found.weight, layer.weight)
    np.testing.assert_array_equal(found.psums, taps.sum(axis=0))


def test_windows_that_contradict_one_another_are_refused():
    content = FILES["ece284-os"]["activation.txt"]
    wrong = content.replace(b"00100001", b"00110001", 1)  # onij 1, kij 4 says 3, others say 2
    message = (
        r"^every window must say the same code of a pixel, but nij=6 is \d at \(itile=0, kij=\d, "
        r"onij=\d, row=0\) and \d in another window$"
    )
    with pytest.raises(FormatError, match=message):
        decode(load_layout("ece284-os"), "activation", {"activation.txt": wrong}, **SIZES)


def test_windows_leave_out_pixels_that_none_of_them_sees():
    """Of four columns a 1x1 kernel with stride 2 sees the first and the third: the others come back as 0."""
    shape = ConvShape(ic=1, ih=3, iw=4, oc=1, kh=1, kw=1, stride=(1, 2))
    plan = TilePlan(shape, ArrayShape(2, 1, psum_bits=8))
    sizes, layout = {"plan": plan, "widths": example.WIDTHS}, load_layout("ece284-os")
    codes = np.array([[[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]], np.uint8)
    head = ("#step0onij1..onij0#", "#step1onij1..onij0#", DOTS)
    files = {"activation.txt": text(*head, "00110001", "01110101", "10111001")}
    assert encode(layout, "activation", tile_activations(codes, plan), **sizes) == files
    back = untile_activations(decode(layout, "activation", files, **sizes), plan)
    np.testing.assert_array_equal(back, [[[1, 0, 3, 0], [5, 0, 7, 0], [9, 0, 11, 0]]])
    shape = replace(shape, padding=(0, 1))
    plan = TilePlan(shape, ArrayShape(2, 1, psum_bits=8))
    tiles = tile_activations(codes, plan)
    assert encode(layout, "activation", tiles, plan=plan, widths=example.WIDTHS)
    tiles[0, 5, 0] = 3  # the right border of the first row, which no window sees
    with pytest.raises(
        FormatError, match=r"no place for the padding, which must be 0, but is 3 at"
    ):
        encode(layout, "activation", tiles, plan=plan, widths=example.WIDTHS)


def test_channels_that_a_stream_leaves_out_must_be_zero():
    plan = TilePlan(ConvShape(ic=3, ih=1, iw=1, oc=1, kh=1, kw=1), ArrayShape(2, 1, psum_bits=8))
    tiles = np.zeros((1, 2, 1, 1, 2), int)
    tiles[0, 1, 0, 0, 1] = 5  # input channel 3 of 0..2
    message = (
        r"split 'itile row = ic' keeps 3 of 4 values; .* number 3 is 5 at \(otile=0, kij=0, col=0\)"
    )
    with pytest.raises(FormatError, match=message):
        encode(load_layout("ece284-os"), "weight", tiles, plan=plan, widths=example.WIDTHS)


def test_output_pixels_beyond_the_last_pass_are_zero():
    """Three ofmap pixels on two rows: the second pass has one."""
    plan = TilePlan(ConvShape(ic=1, ih=1, iw=3, oc=2, kh=1, kw=1), ArrayShape(2, 1, psum_bits=8))
    sizes = {"plan": plan, "widths": FieldWidths(4, 4, 8)}
    tiles = tile_activations(np.array([[[9, 2, 5]]], np.uint8), plan)
    content = encode(load_layout("ece284-os"), "activation", tiles, **sizes)["activation.txt"]
    assert content.split(b"\n")[3:] == [b"00101001", b"00000101", b""]
    psums = tile_psums(np.array([[[1, 2, 3]], [[-1, 0, 4]]]), plan)
    files = encode(load_layout("ece284-os"), "psum", psums, **sizes)
    assert len(files["psum.txt"].split(b"\n")) == 3 + 6 + 1
