"""`adopt` on files as strangers write them: rows of an image, blocks, hexadecimal of every fashion, signs."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tilewright.adopt import adopt
from tilewright.adopt.grouping import parse_file
from tilewright.adopt.parsed_file import parse_text
from tilewright.errors import TilewrightError
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
    "digits in groups": lambda a, bits: "".join(
        f"{'_'.join(re.findall('....', f'{v & (1 << bits) - 1:0{bits}b}'))}\n"
        for v in a.ravel().tolist()
    ),
    "commented": lambda a, bits: hexadecimal(a, bits).replace("\n", " // n\n"),
    "many on a line": wrapped,
    "one line, padded": lambda a, _: "".join(f"{v:>6}" for v in a.ravel().tolist()) + "\n",
    "rows, padded": lambda a, _: "".join(
        "".join(f"{v:>6}" for v in row) + "\n" for row in a.reshape(-1, a.shape[-1]).tolist()
    ),
    "an array as numpy prints it": lambda a, _: f"{a}\n",
    "an array as numpy writes it": lambda a, _: f"{a!r}\n",
    "numpy.savetxt": lambda a, _: rows(np.char.mod("%.18e", a)),
    "a list as Python prints it": lambda a, _: f"{a.tolist()}\n",
    "addresses": lambda a, bits: "".join(
        f"@{at:x} {word}\n" for at, word in enumerate(hexadecimal(a, bits).split())
    ),
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


def test_numbers_with_a_fraction_fit_nothing(tmp_path):
    folder_of(tmp_path, "numpy.savetxt", layer())
    text = (tmp_path / f"{PARTS[2]}.txt").read_text()
    (tmp_path / f"{PARTS[2]}.txt").write_text(text.replace("0e+0", "5e-1", 1))
    with pytest.raises(TilewrightError, match="must hold files of activations"):
        adopt(tmp_path)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_text_with_a_byte_order_mark_is_read(tmp_path, encoding):
    folder_of(tmp_path, "rows", layer())
    for name in PARTS:
        path = tmp_path / f"{name}.txt"
        path.write_bytes(path.read_text().encode(encoding))
    found = adopt(tmp_path)
    assert found.passed
    assert any("byte order mark" in note for note in found.layers[0].verdict.notes)
    path.write_bytes(path.read_text(encoding).replace("1", "2", 1).encode(encoding))
    assert not adopt(tmp_path).passed


@pytest.mark.parametrize("header", ["# version 2.0\n  two\n", " 3 4 2\n", "# [x]\n\n"])
def test_lines_before_the_numbers_may_look_like_anything(tmp_path, header):
    """Blanks at their beginning, and numbers with a point, stay as they are."""
    for name, array in zip(PARTS, layer(), strict=True):
        (tmp_path / f"{name}.txt").write_text(header + decimal(array))
    found = adopt(tmp_path)
    assert found.passed, found.to_json()
    assert found.layers[0].verdict.compared == layer()[2].size


def test_rows_and_columns_could_be_exchanged(tmp_path):
    """As MATLAB writes arrays: the layer is the transposed one, and that is said."""
    turned = tuple(array.swapaxes(-1, -2) for array in layer())
    found = adopt(folder_of(tmp_path, "rows", turned))
    assert found.passed
    assert found.layers[0].geometry.startswith("ic=2,oc=3,size=4x3,kernel=2,")
    assert any(note.startswith("rows could be columns") for note in found.layers[0].notes)


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


def test_a_file_that_is_no_list_is_read_as_lines_alone():
    parsed = parse_text("w.txt", b"layer one\n1 2\n3 4\nend\n")
    assert (parsed.header, parsed.trailer) == (("layer one",), ("end",))
    assert parsed.words == (("1", "2"), ("3", "4"))
    assert [word[0] for word in parsed.listed.words] == ["1", "2", "3", "4"]
    assert parse_text("w.txt", b"1 2\nof which\n3 4 5\n").listed is None


def decimal(array):
    """One number a line."""
    return "".join(f"{number}\n" for number in array.ravel().tolist())


def put(tmp_path, **arrays):
    """A folder with a file of decimal numbers for each array."""
    for name, array in arrays.items():
        (tmp_path / f"{name}.txt").write_text(decimal(array))
    return tmp_path


@pytest.mark.parametrize(
    ("first", "digits", "weights"),
    [(0, 2, "o{col:02}/w_{row:02}.hex"), (9, 3, None), (1, 0, "o{col+1}/w_{row+1}.hex")],
)
def test_numbers_in_names_are_filled_up_with_zeros(tmp_path, first, digits, weights):
    shape = ConvShape(3, 4, 4, 3, kh=2, kw=2)
    x, weight, y = layer(shape=shape)

    def put(name, array, at):
        path = tmp_path / name.format(*(f"{first + one:0{digits}}" for one in at))
        path.parent.mkdir(exist_ok=True)
        path.write_text(hexadecimal(array, 16))

    for row, plane in enumerate(x):
        put("x_{}.hex", plane, (row,))
    for col in range(shape.oc):
        put("y_{}.hex", y[col], (col,))
        for row in range(shape.ic):
            put("o{}/w_{}.hex", weight[col, row], (col, row))
    found = adopt(tmp_path)
    if weights is None:  # numbers that begin with 9 count nothing
        assert not found.passed
        return
    assert found.passed
    assert found.layers[0].layout.kind("weight").file == weights


@pytest.mark.parametrize(
    ("kernel", "name", "file"),
    [
        ((3, 3), "w_{0}_{1}.txt", "w_{kh}_{kw}.txt"),
        ((3, 3), "w_{1}_{0}.txt", "w_{kw}_{kh}.txt"),
        ((3, 2), "taps/{2}x{3:02}.txt", "taps/{kh+1}x{kw+1:02}.txt"),
    ],
)
def test_row_and_column_of_a_tap_in_the_name(tmp_path, kernel, name, file):
    shape = ConvShape(3, 5, 5, 4, *kernel)
    x, weight, y = layer(shape=shape)
    (tmp_path / "taps").mkdir()
    for down in range(shape.kh):
        for across in range(shape.kw):
            path = tmp_path / name.format(down, across, down + 1, across + 1)
            path.write_text(rows(weight[:, :, down, across]))
    (tmp_path / "x.txt").write_text(rows(x))
    (tmp_path / "y.txt").write_text(rows(y))
    found = adopt(tmp_path)
    assert found.passed
    form = found.layers[0].layout.kind("weight")
    assert (form.file, [str(split) for split in form.split]) == (file, ["kij = kh kw"])
    y[2, 1, 1] += 1
    (tmp_path / "y.txt").write_text(rows(y))
    wrong = adopt(tmp_path)
    assert not wrong.passed
    firsts = [kind.first for one in wrong.layers for kind in one.verdict.kinds if kind.first]
    assert [(f.oc, f.oh, f.ow, f.found - f.expected) for f in firsts] == [(2, 1, 1, 1)]


def test_numbers_of_other_lengths_are_no_number(tmp_path):
    x, weight, y = layer()
    for name, array in {"x": x, "w": weight}.items():
        (tmp_path / f"{name}.txt").write_text(rows(array))
    for name, plane in zip(("y01", "y2", "y003"), y, strict=True):
        (tmp_path / f"{name}.txt").write_text(rows(plane))
    assert not adopt(tmp_path, seconds=1).passed


def test_a_file_for_each_pixel(tmp_path):
    x, weight, y = layer(shape=ConvShape(4, 4, 4, 6, kh=3, kw=3))
    pixels = y.reshape(6, -1).T
    files = {"x": x, "weight": weight} | {f"y{n}": pixel for n, pixel in enumerate(pixels)}
    found = adopt(put(tmp_path, **files))
    (one,) = found.layers
    assert (found.passed, one.verdict.compared) == (True, 24)
    assert one.layout.kind("psum").to_facts()["file"] == "y{onij}.txt"
    put(tmp_path, y2=pixels[2] + (np.arange(6) == 5))
    assert not adopt(tmp_path, seconds=1).passed


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


def test_arrays_of_numpy(tmp_path):
    x, weight, y = layer(shape=LARGER)
    for name, array in (("x", x.astype("u1")), ("weight", weight.astype("i1")), ("psum", y)):
        np.save(tmp_path / f"{name}.npy", array)
    np.save(tmp_path / "relu.npy", np.maximum(y, 0))
    found = adopt(tmp_path)
    assert found.passed
    assert found.others == ()
    (one,) = found.layers
    assert {form.container for form in one.layout.kinds} == {"npy"}
    assert one.layout.kind("output").function == "relu"
    y[1, 2, 3] += 1
    np.save(tmp_path / "psum.npy", y)
    (wrong,) = adopt(tmp_path).layers
    firsts = [kind.first for kind in wrong.verdict.kinds if kind.first]
    assert [(first.oc, first.oh, first.ow) for first in firsts] == [(1, 2, 3)]


def test_arrays_that_are_none_are_left_alone(tmp_path):
    (tmp_path / "cut.npy").write_bytes(b"\x93NUMPY")
    np.save(tmp_path / "float.npy", np.full(3, 0.5))
    for name in ("cut", "float"):
        found, faults = parse_file(f"{name}.npy", tmp_path / f"{name}.npy")
        assert not found
        assert faults[0].startswith(f"{name}.npy ")


def lowest_first(number, bits):
    """The bits of a number, the lowest one first."""
    return f"{number & (1 << bits) - 1:0{bits}b}"[::-1]


def test_the_lowest_bit_of_each_field_first(tmp_path):
    x, weight, y = layer(shape=LARGER)
    for name, array, bits in (
        ("x", x.reshape(2, -1).T, 4),
        ("weight", weight.transpose(2, 3, 0, 1).reshape(-1, 2), 4),
        ("psum", y.reshape(3, -1).T, 16),
    ):
        lines = ["".join(lowest_first(v, bits) for v in line) for line in array.tolist()]
        (tmp_path / f"{name}.txt").write_text("\n".join(lines) + "\n")
    found = adopt(tmp_path)
    assert found.passed
    assert {form.bit_order for form in found.layers[0].layout.kinds} == {"lsb"}


@pytest.mark.parametrize("form", ["decimal", "hex"])
def test_codes_that_count_thresholds(tmp_path, form):
    x, weight, y = layer(seed=4, shape=LARGER)
    steps = np.sort(np.random.default_rng(3).integers(-60, 120, (3, 15)), axis=1)
    codes = (y[..., None] >= steps[:, None, None]).sum(axis=-1)
    put(tmp_path, x=x, weight=weight, steps=steps, y=codes)
    if form == "hex":
        (tmp_path / "y.txt").write_text(hexadecimal(codes, 4))
        (tmp_path / "steps.txt").write_text(hexadecimal(steps, 16))
        (tmp_path / "x.txt").write_text(hexadecimal(x, 4))
        (tmp_path / "weight.txt").write_text(hexadecimal(weight, 4))
    found = adopt(tmp_path)
    assert found.passed
    layout = found.layers[0].layout
    assert layout.kind("output").function == "thresholds"
    assert (layout.kind("threshold").levels, found.others) == (15, ())
    steps[1] += 9
    (tmp_path / "steps.txt").write_text(
        decimal(steps) if form == "decimal" else hexadecimal(steps, 16)
    )
    wrong = adopt(tmp_path, seconds=1)
    assert not wrong.passed
    assert wrong.misfits or not wrong.layers  # no channel of its own may pass for all


def test_the_first_pass_of_an_output_stationary_array(tmp_path):
    """Windows of the upper eight pixels of a map: of a plane of that row alone, in their own order."""
    x, weight, y = layer(seed=3, shape=ConvShape(2, 8, 8, 3, kh=3, kw=3, padding=(1, 1)))
    plane = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    steps = [
        [plane[ic, row, column + at] for at in range(8)]
        for ic in range(2)
        for row in range(3)
        for column in range(3)
    ]
    (tmp_path / "act.txt").write_text(hexadecimal_words(np.array(steps)[:, ::-1], 4))
    words = weight.transpose(1, 2, 3, 0).reshape(-1, 3)[:, ::-1]
    (tmp_path / "weight.txt").write_text(hexadecimal_words(words, 4))
    outputs = np.maximum(y, 0).reshape(3, -1)[::-1, :8].T
    (tmp_path / "out.txt").write_text(hexadecimal_words(outputs, 16).rstrip())
    found = adopt(tmp_path)
    assert found.passed
    (one,) = found.layers
    assert "size=3x10,kernel=3,stride=1,padding=0" in one.geometry
    assert [str(run) for run in one.layout.kind("activation").word] == ["-onij"]


def hexadecimal_words(array, bits):
    """A line of digits for each row."""
    return "".join(
        "".join(f"{v & (1 << bits) - 1:0{bits // 4}x}" for v in row) + "\n"
        for row in array.tolist()
    )


def test_few_outputs_above_zero_are_enough(tmp_path):
    shape = ConvShape(4, 4, 6, 3, kh=1, kw=1)
    x, weight, _ = layer(seed=4, shape=shape)
    weight -= 1
    y = reference_tap_psums(x[None], weight, shape)[:, 0].sum(axis=0)
    assert 3 < (y > 0).sum() < 24
    found = adopt(put(tmp_path, x=x, weight=weight, y=np.maximum(y, 0)), seconds=5)
    assert found.passed


def test_no_negative_psum_leaves_it_to_the_name(tmp_path):
    x, weight, y = layer(seed=1, shape=LARGER)
    weight = np.abs(weight)
    y = reference_tap_psums(x[None], weight, LARGER)[:, 0].sum(axis=0)
    found = adopt(put(tmp_path, x=x, weight=weight, psum=y, relu=y))
    (one,) = found.layers
    assert one.layout.kind("output").file == "relu.txt"
    assert one.layout.kind("psum").file == "psum.txt"
    assert any("no psum is negative" in note for note in one.notes)


def test_an_answer_where_nothing_fits_says_what_was_tried(tmp_path):
    x, weight, y = layer(shape=LARGER)
    rng = np.random.default_rng(5)
    found = adopt(put(tmp_path, x=rng.permutation(x.ravel()), weight=weight, y=y), seconds=1)
    assert not found.layers
    assert "sizes, each in every order of its axes" in found.tried
    assert "ran out" in found.tried or "no other one was left" in found.tried
    assert found.to_json()["tried"] == found.tried


@pytest.mark.parametrize("titles", [("// weights", "// pixels", "// sums"), ("", "", ""), None])
def test_all_kinds_in_one_file(tmp_path, titles):
    x, weight, y = layer(shape=LARGER)
    parts = [
        hexadecimal_words(weight.transpose(2, 3, 0, 1).reshape(-1, 2), 8),
        hexadecimal_words(x.reshape(2, -1).T, 4),
        hexadecimal_words(y.reshape(3, -1).T, 16),
    ]
    heads = ["" if titles is None else f"{title}\n" for title in titles or parts]
    text = "".join(head + part for head, part in zip(heads, parts, strict=True))
    (tmp_path / "image.txt").write_text(text)
    found = adopt(tmp_path)
    assert found.passed
    (one,) = found.layers
    assert {form.kind: form.part for form in one.layout.kinds} == {
        "weight": 1,
        "activation": 2,
        "psum": 3,
    }
    at = text.rindex("f") if "f" in text[-90:] else len(text) - 2
    (tmp_path / "image.txt").write_text(text[:at] + "7" + text[at + 1 :])
    assert not adopt(tmp_path, seconds=1).passed


def test_a_sequence_of_one_dimension(tmp_path):
    x, weight, y = layer(seed=3, shape=ConvShape(3, 1, 20, 4, kh=1, kw=3, padding=(0, 1)))
    (one,) = adopt(put(tmp_path, x=x, weight=weight, y=y)).layers
    assert one.verdict.passed
    assert "size=1x20,kernel=1x3" in one.geometry


def test_codes_that_are_mostly_cut_to_zero(tmp_path):
    shape = ConvShape(3, 5, 6, 4, kh=3, kw=3, padding=(1, 1))
    x, weight, _ = layer(seed=19, shape=shape)
    weight = np.maximum(weight - 1, -8)
    psums = reference_tap_psums(x[None], weight, shape)[:, 0].sum(axis=0)
    codes = np.clip(psums >> 4, 0, 15)
    assert (codes == 0).mean() > 0.7
    (one,) = adopt(put(tmp_path, x=x, weight=weight, y=codes)).layers
    assert one.verdict.passed


def test_psums_of_taps_of_the_first_pixels(tmp_path):
    x, weight, _ = layer()
    taps = reference_tap_psums(x[None], weight, SHAPE)[:, 0]  # kij oc oh ow
    first = taps.reshape(SHAPE.taps, SHAPE.oc, -1)[:, :, :4]
    put(tmp_path, x=x, w=weight, psum=first)
    (one,) = adopt(tmp_path).layers
    assert one.verdict.passed
    assert one.layout.kind("tap_psum").first == 4
