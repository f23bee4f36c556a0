"""`adopt` on memories and arrays as other tools write them: the layout found reads and writes them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.unit.adopt.test_strangers_files import SHAPE, decimal, layer
from tests.unit.judge.test_memory_images import END, record, s_records
from tilewright.adopt import adopt, layout_toml
from tilewright.bundles import Geometry, check_bundle, check_foreign, convert_bundle, open_bundle
from tilewright.errors import DataError
from tilewright.spec import ConvShape
from tilewright.vectors import decode_bundle, load_layout, read_bundle
from tilewright.verify import reference_tap_psums

WIDTHS = {"x": 8, "weight": 8, "y": 16}
BRACES = str.maketrans("[]", "{}")


def fields(array, bits):
    return [int(number) & (1 << bits) - 1 for number in array.ravel()]


def mif(array, bits, radix="HEX", depth=0):
    """Words and, in a deeper memory, zeros behind them."""
    form = {"HEX": lambda n: f"{n:X}", "DEC": lambda n: n - (1 << bits) * (n >> bits - 1)}[radix]
    words = fields(array, bits)
    depth = max(depth, len(words))
    lines = [f"{at} : {form(word)};\n" for at, word in enumerate(words)]
    fill = f"[{len(words)}..{depth - 1}] : 0;\n" * (depth > len(words))
    head = f"WIDTH={bits};\nDEPTH={depth};\nADDRESS_RADIX=UNS;\nDATA_RADIX={radix};\n"
    return f"{head}CONTENT BEGIN\n{''.join(lines)}{fill}END;\n"


def coe(array, bits, radix=16):
    form = {2: lambda n: f"{n:0{bits}b}", 16: lambda n: f"{n:0{bits // 4}x}"}.get(radix)
    words = map(form, fields(array, bits)) if form else map(str, array.ravel().tolist())
    head = f"memory_initialization_radix={radix};\nmemory_initialization_vector=\n"
    return head + ",\n".join(words) + ";\n"


def intel(array, bits, order="little"):
    """Octets, 16 a record."""
    data = b"".join(n.to_bytes(bits // 8, order) for n in fields(array, bits))
    return "".join(record(at, 0, data[at : at + 16]) for at in range(0, len(data), 16)) + END


def quartus(array, bits):
    """A word a record."""
    words = fields(array, bits)
    return "".join(record(at, 0, n.to_bytes(bits // 8)) for at, n in enumerate(words)) + END


FORMS = {
    "MIF": ("mif", mif, {"mif"}),
    "MIF, decimal, deeper": ("mif", lambda a, b: mif(a, b, "DEC", 64), {"mif"}),
    "COE": ("coe", coe, {"coe"}),
    "COE, binary": ("coe", lambda a, b: coe(a, b, 2), {"coe"}),
    "COE, decimal": ("coe", lambda a, b: coe(a, b, 10), {"coe"}),
    "Intel HEX": ("hex", intel, {"ihex", "ihex-little"}),
    "Intel HEX, 16 bits": ("hex", lambda a, _: intel(a, 16), {"ihex-little"}),
    "Intel HEX, 32 bits, highest first": ("hex", lambda a, _: intel(a, 32, "big"), {"ihex"}),
    "Intel HEX, Quartus": ("hex", lambda a, _: quartus(a, 16), {"ihex-words"}),
    "C": (
        "h",
        lambda a, _: (
            f"#define N 3\nconst short a[] = {str(a.tolist()).translate(BRACES)}; // all\n"
        ),
        {"c-arrays"},
    ),
    "JSON": ("json", lambda a, _: json.dumps(a.tolist(), indent=1), {"json"}),
}


def in_npz(folder, arrays):
    np.savez_compressed(folder / "layer.npz", **arrays, learning_rate=np.array([0.1, 0.2]))


def in_json(folder, arrays):
    tensors = {name: array.tolist() for name, array in arrays.items()}
    (folder / "run.json").write_text(json.dumps({"layers": [{"stride": [1, 1], "t": tensors}]}))


def in_floats(folder, arrays):
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array.astype(np.float32))


def beside_text(folder, arrays):
    (folder / "weight.mif").write_text(mif(arrays["weight"], 8, depth=64))
    for name in ("x", "y"):
        (folder / f"{name}.txt").write_text(decimal(arrays[name]))


TOGETHER = {"npz": in_npz, "JSON": in_json, "floats": in_floats, "text": beside_text}


def put(folder, form, arrays):
    if form in FORMS:
        suffix, write, _ = FORMS[form]
        for name, array in arrays.items():
            (folder / f"{name}.{suffix}").write_text(write(array, WIDTHS[name]))
        return FORMS[form][2]
    TOGETHER[form.removeprefix("in one: ")](folder, arrays)
    return None


EVERY = [*FORMS, *(f"in one: {form}" for form in TOGETHER)]


@pytest.mark.parametrize("form", EVERY)
def test_what_is_found_reads_and_writes_such_files(tmp_path, form):
    """The layout as TOML, the folder judged by it, and turned into plain text and back."""
    folder = tmp_path / "folder"
    folder.mkdir()
    x, weight, y = layer()
    containers = put(folder, form, dict(zip(WIDTHS, (x, weight, y), strict=True)))
    found = adopt(folder)
    assert found.passed, found.to_json()
    (one,) = found.layers
    assert one.geometry.startswith("ic=2,oc=3,size=3x4,kernel=2,stride=1,padding=0"), one.geometry
    assert containers in (None, {kind.container for kind in one.layout.kinds})
    (tmp_path / "mine.toml").write_text(layout_toml(one.layout, one.geometry))
    layout, geometry = load_layout(tmp_path / "mine.toml"), Geometry.parse(one.geometry)
    assert layout == one.layout
    assert check_foreign(folder, layout, geometry).compared == y.size
    source = open_bundle(folder, layout=layout, geometry=geometry)
    convert_bundle(source, tmp_path / "plain", layout=load_layout("readmemh"))
    convert_bundle(read_bundle(tmp_path / "plain"), tmp_path / "back", layout=layout)
    assert check_bundle(tmp_path / "back").passed
    tensors = decode_bundle(read_bundle(tmp_path / "back"))
    assert (tensors.weight == weight).all()
    assert (tensors.codes == x).all()
    (tmp_path / "back" / "manifest.json").unlink()
    assert check_foreign(tmp_path / "back", layout, geometry).passed


@pytest.mark.parametrize(
    "form", ["MIF", "COE, decimal", "Intel HEX, Quartus", "in one: npz", "in one: JSON"]
)
def test_one_wrong_number_is_named_with_its_file(tmp_path, form):
    x, weight, y = layer()
    y[1, 1, 2] += 1
    put(tmp_path, form, {"x": x, "weight": weight, "y": y})
    found = adopt(tmp_path)
    assert not found.passed
    (first,) = (kind.first for one in found.layers for kind in one.verdict.kinds if kind.first)
    assert (first.oc, first.oh, first.ow, first.found - first.expected) == (1, 1, 2, 1)
    names = {"in one: npz": "layer.npz: y", "in one: JSON": "run.json: layers.0.t.y"}
    suffix = FORMS[form][0] if form in FORMS else ""
    assert first.file == names.get(form, f"y.{suffix}")


REFUSALS = {
    "a fraction": ({"w": [0.5, 1.0]}, r"w\.npy must be whole numbers, but has 0\.5 at \[0\]"),
    "another length": ('{"w": [[1, 2], [3]]}', r"w\.json: w must be lists of one length"),
    "no JSON": ("{", r"w\.json must be JSON: "),
    "a hole": ("WIDTH=8;\nDEPTH=4;\nCONTENT BEGIN\n0 : 1;\n2 : 1;\nEND;\n", r"none at 1$"),
    "outside": ("WIDTH=8;\nDEPTH=1;\nCONTENT BEGIN\n7 : 1;\nEND;\n", r"line 4 must have addresses"),
}


@pytest.mark.parametrize("fault", REFUSALS)
def test_what_is_none_is_refused_in_one_line(tmp_path, fault):
    content, message = REFUSALS[fault]
    (tmp_path / "x.txt").write_text("1\n2\n3\n4\n")
    if isinstance(content, dict):
        np.save(tmp_path / "w.npy", np.array(content["w"]))
    else:
        (tmp_path / ("w.json" if "{" in content else "w.mif")).write_text(content)
    with pytest.raises(DataError, match=message) as refused:
        adopt(tmp_path)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("is_npz", [True, False])
def test_samples_of_arrays(tmp_path, is_npz):
    rng = np.random.default_rng(5)
    x, weight = rng.integers(0, 16, (3, 2, 3, 4)), rng.integers(-7, 8, SHAPE.weight_sizes)
    arrays = {"x": x, "w": weight, "y": reference_tap_psums(x, weight, SHAPE).sum(axis=0)}
    if is_npz:
        np.savez(tmp_path / "batch.npz", **arrays)
    for name, array in () if is_npz else arrays.items():
        np.save(tmp_path / f"{name}.npy", array)
    found = adopt(tmp_path)
    assert found.passed
    name = "y" if is_npz else ""
    assert [one.layout.kinds[-1].array for one in found.layers] == [
        f"{name}[{n}]" for n in range(3)
    ]


def test_numbers_that_do_not_fill_their_words(tmp_path):
    """As a program with 32-bit integers writes them, in two's complement or with the sign cut off."""
    x, weight, y = layer()
    (tmp_path / "x.hex").write_text("".join(f"{n:08x}\n" for n in fields(x, 32)))
    (tmp_path / "w.hex").write_text("".join(f"{n:08x}\n" for n in fields(weight, 32)))
    (tmp_path / "y.hex").write_text("".join(f"{n:08x}\n" for n in fields(y, 32)))
    (one,) = adopt(tmp_path).layers
    assert one.verdict.passed
    assert one.layout.kind("weight").bits == 32
    (tmp_path / "w.hex").write_text("".join(f"{n:02x}\n" for n in fields(weight, 4)))
    (one,) = adopt(tmp_path).layers
    assert one.verdict.passed
    assert one.geometry.startswith("ic=2,")
    assert one.layout.kind("weight").filler_left == 4


def test_psums_that_go_on_in_the_next_file(tmp_path):
    shape = ConvShape(2, 5, 6, 3, kh=3, kw=3, padding=(1, 1))
    x, weight, y = layer(shape=shape)
    (tmp_path / "x.txt").write_text(decimal(x))
    (tmp_path / "w.txt").write_text(decimal(weight))
    pixels = y.reshape(3, -1).T
    for part in range(2):
        (tmp_path / f"psum_{part}.txt").write_text(decimal(pixels[15 * part : 15 * part + 15]))
    found = adopt(tmp_path)
    assert found.passed, found.to_json()
    (form,) = (form for form in found.layers[0].layout.kinds if form.kind == "psum")
    assert form.file == "psum_{piece}.txt"
    pixels[29, 2] += 1
    (tmp_path / "psum_1.txt").write_text(decimal(pixels[15:]))
    (wrong,) = adopt(tmp_path).layers
    (first,) = (kind.first for kind in wrong.verdict.kinds if kind.first)
    assert (first.file, first.oc, first.oh, first.ow) == ("psum_1.txt", 2, 4, 5)


def test_titles_of_columns_are_no_numbers(tmp_path):
    for name, array in zip(("ifmap", "kernel", "ofmap"), layer(), strict=True):
        rows = array.reshape(-1, array.shape[-1]).tolist()
        titles = [f"c{at}" for at in range(array.shape[-1])]
        lines = [titles, *(map(str, row) for row in rows)]
        (tmp_path / f"{name}.csv").write_text("".join(",".join(line) + "\n" for line in lines))
    assert adopt(tmp_path).passed


def test_a_format_that_no_layout_has_is_named(tmp_path):
    for name, array in zip(("ifmap", "kernel", "ofmap"), layer(), strict=True):
        (tmp_path / f"{name}.srec").write_text(s_records(array.ravel().tolist()))
    with pytest.raises(
        DataError, match=r"ifmap\.srec is of S-records, which no layout has: write Int"
    ):
        adopt(tmp_path)


PIECES = {
    "pixels": (lambda y: y.reshape(y.shape[0], -1).T, 16),
    "channels": (lambda y: y.reshape(y.shape[0], -1), 4),
}


def in_pieces(folder, name, rows, step):
    """One file for every `step` rows, the last one shorter; `name` has the number."""
    for part, first in enumerate(range(0, len(rows), step)):
        (folder / name.format(part)).write_text(decimal(rows[first : first + step]))


def pieces(folder, sort, seed=1):
    """10 channels of 30 pixels, in files of 16 and 14 pixels, or of 4, 4 and 2 channels."""
    folder.mkdir(exist_ok=True)
    x, weight, y = layer(shape=ConvShape(2, 5, 6, 10, kh=3, kw=3, padding=(1, 1)), seed=seed)
    (folder / "x.txt").write_text(decimal(x))
    if sort == "channels":
        in_pieces(folder, "w{}.txt", weight.reshape(10, -1), 4)
    else:
        (folder / "w.txt").write_text(decimal(weight))
    rows, step = PIECES[sort][0](y), PIECES[sort][1]
    in_pieces(folder, "psum_{}.txt", rows, step)
    return rows


@pytest.mark.parametrize("sort", PIECES)
def test_the_last_of_several_files_is_shorter(tmp_path, sort):
    pieces(tmp_path / "mine", sort)
    found = adopt(tmp_path / "mine")
    assert found.passed, found.to_json()
    assert found.others == ()
    (one,) = found.layers
    form = one.layout.kind("psum")
    assert (form.file, form.short) == ("psum_{piece}.txt", True)
    text = tmp_path / "mine.toml"
    text.write_text(layout_toml(one.layout, one.geometry))
    geometry = Geometry.parse(one.geometry)
    again = check_foreign(tmp_path / "mine", load_layout(text), geometry)
    assert again.passed
    assert again.compared == 300
    bundle = open_bundle(tmp_path / "mine", layout=load_layout(text), geometry=geometry)
    convert_bundle(bundle, tmp_path / "written", layout=one.layout)
    for path in (tmp_path / "mine").iterdir():
        ours = (tmp_path / "written" / path.name).read_text()
        assert ours.split() == path.read_text().split()
    assert check_bundle(tmp_path / "written").passed


@pytest.mark.parametrize("sort", PIECES)
def test_one_wrong_number_of_the_shorter_file_is_named(tmp_path, sort):
    rows = pieces(tmp_path, sort)
    last = sorted(tmp_path.glob("psum_*"))[-1]
    rows[-1, -1] += 1
    last.write_text(decimal(rows[16 if sort == "pixels" else 8 :]))
    (wrong,) = adopt(tmp_path).layers
    (first,) = (kind.first for kind in wrong.verdict.kinds if kind.first)
    assert (first.file, first.oc, first.oh, first.ow) == (last.name, 9, 4, 5)


@pytest.mark.parametrize("sizes", [(12, 16, 2), (16, 7, 7)])
def test_files_of_which_not_the_last_alone_differs_are_not_joined(tmp_path, sizes):
    pixels = pieces(tmp_path, "pixels")
    for part, (size, end) in enumerate(zip(sizes, np.cumsum(sizes), strict=True)):
        (tmp_path / f"psum_{part}.txt").write_text(decimal(pixels[end - size : end]))
    found = adopt(tmp_path, seconds=2)
    assert {"psum_1.txt", "psum_2.txt"} & {name.split()[0] for name in found.others}
    said = ", ".join(str(10 * size) for size in sizes)  # of 10 channels
    assert found.notes[0].startswith(f"psum_0.txt, psum_1.txt, psum_2.txt hold {said} lines: ")


def test_a_number_that_all_kinds_have_counts_layers(tmp_path):
    for number, shape in enumerate((SHAPE, ConvShape(3, 5, 4, 2, kh=3, kw=3))):
        arrays = layer(shape=shape, seed=number)
        for name, array in zip(("x", "w", "psum_"), arrays, strict=True):
            (tmp_path / f"{name}{number}.txt").write_text(decimal(array))
    found = adopt(tmp_path)
    assert found.passed, found.to_json()
    assert len(found.layers) == 2
    assert not any(form.short for one in found.layers for form in one.layout.kinds)


def test_a_last_file_with_shorter_lines_is_not_joined(tmp_path):
    rows = pieces(tmp_path, "channels")
    for part in range(3):
        group = rows[4 * part : 4 * part + 4].T.tolist()
        text = "".join(" ".join(map(str, line)) + "\n" for line in group)
        (tmp_path / f"psum_{part}.txt").write_text(text)
    found = adopt(tmp_path, seconds=2)
    (note,) = found.notes
    assert note.startswith("psum_0.txt, psum_1.txt, psum_2.txt hold 4, 4, 2 numbers a line: ")
