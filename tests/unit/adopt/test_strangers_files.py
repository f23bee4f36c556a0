"""`adopt` on files as strangers write them: rows of an image, blocks, hexadecimal of every fashion, signs."""

from __future__ import annotations

import numpy as np
import pytest

from tilewright.adopt import adopt
from tilewright.adopt.parsed_file import parse_file
from tilewright.spec import ConvShape
from tilewright.verify import reference_tap_psums

SHAPE = ConvShape(2, 3, 4, 3, kh=2, kw=2)
PARTS = ("x", "weight", "y")


def layer(low=0, seed=1, shape=SHAPE):
    """Codes, weights and psums of a small layer."""
    rng = np.random.default_rng(seed)
    x = rng.integers(low, 8, (shape.ic, shape.ih, shape.iw))
    weight = rng.integers(-7, 8, shape.weight_sizes)
    return x, weight, reference_tap_psums(x[None], weight, shape)[:, 0].sum(axis=0)


def rows(array, separator=" "):
    """One row of the innermost axis a line."""
    lines = array.reshape(-1, array.shape[-1]).tolist()
    return "".join(separator.join(map(str, line)) + "\n" for line in lines)


def blocks(array, title=""):
    """Blocks of rows, parted by a blank line or a comment."""
    planes = array.reshape(-1, *array.shape[-2:])
    return "\n".join(
        f"# {title} {n}\n" * bool(title) + rows(plane) for n, plane in enumerate(planes)
    )


def hexadecimal(array, bits, before=""):
    """One number a line."""
    return "".join(f"{before}{v & (1 << bits) - 1:0{bits // 4}x}\n" for v in array.ravel().tolist())


def wrapped(array, bits):
    """Five hexadecimal numbers a line."""
    words = hexadecimal(array, bits).split()
    return "".join(" ".join(words[at : at + 5]) + "\n" for at in range(0, len(words), 5))


FASHIONS = {
    "rows": lambda a, _: rows(a),
    "rows with commas": lambda a, _: rows(a, ", "),
    "blocks": lambda a, _: blocks(a),
    "titled blocks": lambda a, _: blocks(a, "plane"),
    "sizes first": lambda a, _: " ".join(map(str, a.shape)) + "\n" + rows(a.reshape(-1, 1)),
    "0x": lambda a, bits: hexadecimal(a, bits, "0x"),
    "capital": lambda a, bits: hexadecimal(a, bits).upper(),
    "commented": lambda a, bits: hexadecimal(a, bits).replace("\n", " // n\n"),
    "many on a line": wrapped,
}


def folder_of(tmp_path, fashion, arrays):
    """A folder with one file for each array; hexadecimal in fields of 8, 8 and 16 bits."""
    for name, array, bits in zip(PARTS, arrays, (8, 8, 16), strict=True):
        (tmp_path / f"{name}.txt").write_text(FASHIONS[fashion](array, bits))
    return tmp_path


@pytest.mark.parametrize("fashion", FASHIONS)
def test_numbers_in_every_fashion(tmp_path, fashion):
    arrays = layer()
    found = adopt(folder_of(tmp_path, fashion, arrays))
    assert found.passed, found.to_json()
    (one,) = found.layers
    assert one.verdict.compared == arrays[2].size
    assert one.geometry.startswith("ic=2,oc=3,size=3x4,kernel=2,stride=1,padding=0")


def test_one_wrong_number_of_rows_is_named(tmp_path):
    x, weight, y = layer()
    wrong = y.copy()
    wrong[1, 1, 2] += 1
    found = adopt(folder_of(tmp_path, "rows", (x, weight, wrong)))
    assert not found.passed
    firsts = [kind.first for one in found.layers for kind in one.verdict.kinds if kind.first]
    assert [(f.oc, f.oh, f.ow, f.found - f.expected) for f in firsts] == [(1, 1, 2, 1)]


@pytest.mark.parametrize("low", [-8, 0])
def test_signs_of_activations_are_said_where_there_are_any(tmp_path, low):
    found = adopt(folder_of(tmp_path, "rows", layer(low)))
    assert found.passed
    assert ("bits=s4/" in found.layers[0].geometry) == (low < 0)


def test_a_file_that_is_no_list_is_read_as_lines_alone(tmp_path):
    path = tmp_path / "w.txt"
    path.write_text("layer one\n1 2\n3 4\nend\n")
    parsed = parse_file(tmp_path, path)
    assert (parsed.header, parsed.trailer) == (("layer one",), ("end",))
    assert parsed.words == (("1", "2"), ("3", "4"))
    assert [word[0] for word in parsed.listed.words] == ["1", "2", "3", "4"]
    path.write_text("1 2\nof which\n3 4 5\n")
    assert parse_file(tmp_path, path).listed is None


def decimal(array):
    """One number a line."""
    return "".join(f"{number}\n" for number in array.ravel().tolist())


def put(tmp_path, **arrays):
    """A folder with a file of decimal numbers for each array."""
    for name, array in arrays.items():
        (tmp_path / f"{name}.txt").write_text(decimal(array))
    return tmp_path


LARGER = ConvShape(2, 5, 6, 3, kh=3, kw=3, padding=(1, 1))
BIAS, MULTIPLIER = np.array([40, -35, 9]), np.array([23, 40, 31])
RULES = {
    "bias": (lambda y: y + BIAS[:, None, None], {"function": "signed", "biased": True}),
    "bias and ReLU": (lambda y: np.maximum(y + BIAS[:, None, None], 0), {"biased": True}),
    "codes": (
        lambda y: np.clip((y + 4) // 8, 0, 15),
        {"shift": 3, "rounding": "half_up", "high": 15},
    ),
    "codes of multipliers": (
        lambda y: np.clip(y * MULTIPLIER[:, None, None] // 512, 0, 15),
        {"multiplier": 0, "shift": 9},
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_biases_and_codes_are_found_with_their_files(tmp_path, rule):
    change, told = RULES[rule]
    x, weight, y = layer(seed=4, shape=LARGER)
    files = {"x": x, "weight": weight, "y": change(y)}
    files |= {"b": BIAS} if "bias" in rule else {"m": MULTIPLIER} if "multi" in rule else {}
    found = adopt(put(tmp_path, **files))
    assert found.passed
    (one,) = found.layers
    assert told.items() <= one.layout.kind("output").to_facts().items()
    assert one.verdict.compared == 90
    assert found.others == ()


def test_another_bias_fits_nothing(tmp_path):
    x, weight, y = layer(seed=4)
    folder = put(
        tmp_path, x=x, weight=weight, y=y + BIAS[:, None, None], b=np.array([*BIAS[:2], 8])
    )
    assert not adopt(folder, seconds=1).passed


def samples(count=2):
    """Codes and psums of several samples under the same weights."""
    _, weight, _ = layer()
    codes = np.stack([layer(seed=10 + n)[0] for n in range(count)])
    taps = [reference_tap_psums(x[None], weight, SHAPE)[:, 0].sum(axis=0) for x in codes]
    return codes, weight, np.stack(taps)


@pytest.mark.parametrize("is_one_file", [True, False])
def test_several_samples(tmp_path, is_one_file):
    codes, weight, psums = samples()
    files = {"x": codes, "y": psums, "weight": weight}
    if not is_one_file:
        files = {f"x{n}": x for n, x in enumerate(codes)} | {"weight": weight}
        files |= {f"y{n}": y for n, y in enumerate(psums)}
    found = adopt(put(tmp_path, **files))
    assert found.passed
    assert [one.verdict.compared for one in found.layers] == [18, 18]
    assert found.others == ()
    psums[1, 2, 1, 1] -= 1
    files |= {"y": psums} if is_one_file else {"y1": psums[1]}
    wrong = adopt(put(tmp_path, **files))
    assert not wrong.passed
    firsts = [kind.first for one in wrong.layers for kind in one.verdict.kinds]
    assert [first and (first.oc, first.oh, first.ow) for first in firsts] == [None, (2, 1, 1)]


def test_two_layers_of_one_numbering(tmp_path):
    files = {}
    for number in (1, 2):
        x, weight, y = layer(seed=number)
        files |= {f"l{number}_x": x, f"l{number}_w": weight, f"l{number}_y": y}
    found = adopt(put(tmp_path, **files))
    assert found.passed
    assert len(found.layers) == 2
    assert found.others == ()


@pytest.mark.parametrize("form", ["<i2", "<i4", ">i4"])
def test_files_of_octets(tmp_path, form):
    x, weight, y = layer(shape=LARGER)
    for name, array, dtype in (("x", x, "u1"), ("weight", weight, "i1"), ("y", y, form)):
        (tmp_path / f"{name}.bin").write_bytes(array.astype(dtype).tobytes())
    found = adopt(tmp_path)
    assert found.passed
    table = found.layers[0].layout.kind("psum").to_facts()
    assert table["container"] == ("raw" if form[0] == ">" else "raw-little")
    y[1, 2, 3] ^= 1
    (tmp_path / "y.bin").write_bytes(y.astype(form).tobytes())
    wrong = adopt(tmp_path)
    assert [
        (k.first.oc, k.first.oh, k.first.ow) for one in wrong.layers for k in one.verdict.kinds
    ] == [(1, 2, 3)]
