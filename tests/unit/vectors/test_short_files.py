"""Files of which the last ends with its last number, without the zeros that fill a tile or a split up."""

from __future__ import annotations

import json

import pytest

from tests.unit.vectors import course_example as example
from tests.unit.vectors.test_partial_layouts import GEOMETRY
from tests.unit.vectors.test_strangers_layouts import convert
from tilewright.bundles import check_bundle, check_foreign
from tilewright.errors import ConfigError, FormatError
from tilewright.judge import compare, read_dump, read_dumps
from tilewright.vectors import Layout, decode_bundle, load_layout, read_bundle

DECIMAL = {"radix": "decimal", "header": [], "short": True}
PSUM = {"file": "psum{piece}.txt", "word": "", "bits": "psum", **DECIMAL}
WEIGHT = {"file": "w{piece}.txt", "word": "", "bits": "weight", **DECIMAL}
WEIGHT |= {"lines": "step itile row kij", "split": ["otile col = piece step:2"]}
PIXELS = PSUM | {"lines": "otile pixel col", "split": ["onij = piece pixel:3"]}
CHANNELS = PSUM | {"lines": "step onij", "split": ["otile col = piece step:2"]}
FORMS = {
    "pixels": ({"psum": PIXELS}, {"psum0.txt": 9, "psum1.txt": 3}),
    "channels": ({"psum": CHANNELS}, {"psum0.txt": 8, "psum1.txt": 4}),
    "weights": ({"weight": WEIGHT}, {"w0.txt": 36, "w1.txt": 18}),
    "a header": (
        {"psum": CHANNELS | {"header": ["{lines} words of oc {piece}"], "trailer": ["end"]}},
        {"psum0.txt": 10, "psum1.txt": 6},
    ),
    "memories": (
        {"psum": CHANNELS | {"container": "mif", "radix": "hex", "file": "psum{piece}.mif"}},
        {},
    ),
    "arrays": (
        {"psum": CHANNELS | {"container": "npy", "radix": "binary", "file": "psum{piece}.npy"}},
        {},
    ),
}


def stated(**changes):
    facts = load_layout("ece284-ws").to_facts() | {"name": "short"}
    del facts["output"]
    return Layout.from_facts(facts | changes)


@pytest.mark.parametrize("form", FORMS)
def test_what_is_written_is_read_with_and_without_a_manifest(tmp_path, form):
    changes, lines = FORMS[form]
    bundle = convert(tmp_path, stated(**changes))
    found = {name: len((bundle.folder / name).read_text().splitlines()) for name in lines}
    assert found == lines
    told = {file.name: file.lines for file in bundle.files}
    around = 2 * (form == "a header")
    assert {name: told[name] for name in lines} == {n: size - around for n, size in lines.items()}
    assert check_bundle(bundle.folder).passed
    tensors = decode_bundle(read_bundle(bundle.folder))
    assert (tensors.psums == example.PSUMS).all()
    assert (tensors.weight == example.layer().weight).all()
    dump = read_dumps(bundle, bundle.folder)[0]
    assert compare(bundle, dump).passed
    (bundle.folder / "manifest.json").unlink()
    assert check_foreign(bundle.folder, bundle.layout, GEOMETRY).passed


def test_a_header_counts_the_words_of_its_file(tmp_path):
    folder = convert(tmp_path, stated(**FORMS["a header"][0])).folder
    heads = [(folder / f"psum{piece}.txt").read_text().splitlines()[0] for piece in (0, 1)]
    assert heads == ["8 words of oc 0", "4 words of oc 1"]


@pytest.mark.parametrize("more", [-1, 1])
def test_another_length_of_the_shorter_file_is_named(tmp_path, more):
    bundle = convert(tmp_path, stated(psum=CHANNELS))
    path = bundle.folder / "psum1.txt"
    words = path.read_text().splitlines()
    path.write_text("\n".join([*words, "0"][: len(words) + more]) + "\n")
    (bundle.folder / "manifest.json").unlink()
    verdict = check_foreign(bundle.folder, bundle.layout, GEOMETRY)
    assert not verdict.passed
    assert "psum1.txt must have 4 lines" in " ".join(verdict.faults)
    with pytest.raises(FormatError, match=r"^psum1.txt must hold 4 words, .*, but holds [35]"):
        read_dumps(bundle, bundle.folder)


def test_one_wrong_number_of_the_shorter_file_is_named(tmp_path):
    bundle = convert(tmp_path, stated(psum=CHANNELS))
    path = bundle.folder / "psum1.txt"
    words = path.read_text().splitlines()
    path.write_text("\n".join([*words[:3], str(int(words[3]) + 1)]) + "\n")
    found = compare(bundle, read_dump(bundle, bundle.folder))
    assert [(one.index, one.place.file) for one in found.first] == [((2, 1, 1), "psum1.txt")]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            {"activation": {"short": True}},
            r"activation: short = true is for files of their own with",
        ),
        ({"psum": {"short": True, "first": 2}}, r"of all pixels: not for psum with .*first = 2$"),
        ({"psum": {"short": True, "part": 1}}, r"not for psum with part = 1"),
    ],
)
def test_where_no_file_may_be_shorter(table, message):
    facts = load_layout("ece284-ws").to_facts()
    ((kind, keys),) = table.items()
    with pytest.raises(ConfigError, match=message):
        Layout.from_facts(facts | {kind: facts.get(kind, CHANNELS) | keys})


def test_a_file_without_a_number_is_refused(tmp_path):
    empty = PSUM | {"lines": "otile pixel col", "split": ["onij = piece:3 pixel:3"]}
    with pytest.raises(ConfigError, match=r"'psum\{piece\}.txt' gives a file without a number of"):
        convert(tmp_path, stated(psum=empty))


def test_the_manifest_states_it(tmp_path):
    folder = convert(tmp_path, stated(psum=CHANNELS)).folder
    facts = json.loads((folder / "manifest.json").read_text())
    assert facts["layout"]["psum"]["short"] is True
