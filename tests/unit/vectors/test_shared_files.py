"""Several kinds of numbers in one file, one after the other."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.vectors.test_partial_layouts import GEOMETRY
from tests.unit.vectors.test_strangers_layouts import assert_whole, convert
from tilewright.bundles import check_bundle, check_foreign, draw
from tilewright.errors import ArtifactError, ConfigError, FormatError
from tilewright.vectors import Layout, decode_bundle, load_layout, read_bundle

WEIGHT = {"lines": "otile itile kij col", "word": "-row", "bits": "weight", "part": 1}
ACTIVATION = {"lines": "itile nij", "word": "-row", "bits": "act", "plane": "padded", "part": 2}
PSUM = {"lines": "otile onij", "word": "-col", "bits": "psum", "part": 3}


def stated(**changes):
    """A layout with three kinds in one file, each with a header of its own."""
    kinds = {"weight": WEIGHT, "activation": ACTIVATION, "psum": PSUM}
    tables = {
        kind: {"file": "image.txt", "header": [f"// {kind}"], **table, **changes}
        for kind, table in kinds.items()
    }
    return Layout.from_facts({"name": "shared", "description": "one image", **tables})


FORMS = [
    {},
    {"line_end": "CRLF"},
    {"radix": "hex", "header": []},
    {"radix": "decimal", "separator": ",", "trailer": ["// end"]},
    {"container": "raw", "file": "image.bin", "header": []},
    {"header": 2, "trailer": 1},
]


@pytest.mark.parametrize("changes", FORMS)
def test_what_is_written_is_read_with_and_without_a_manifest(tmp_path, changes):
    bundle = convert(tmp_path, stated(**changes))
    names = {path.name for path in bundle.folder.iterdir()}
    assert names == {bundle.files[0].name, "manifest.json"}
    assert_whole(bundle)
    (bundle.folder / "manifest.json").unlink()
    verdict = check_foreign(bundle.folder, bundle.layout, GEOMETRY)
    assert verdict.passed
    assert verdict.compared == 12


def test_the_parts_stand_in_their_order(tmp_path):
    bundle = convert(tmp_path, stated())
    lines = (bundle.folder / "image.txt").read_text().splitlines()
    heads = [lines.index(f"// {kind}") for kind in ("weight", "activation", "psum")]
    assert heads == [0, 1 + 9 * 3, 1 + 9 * 3 + 1 + 16]
    drawn = [part.name for part in draw(bundle.layout, GEOMETRY)]
    assert drawn == ["image.txt (part 2)", "image.txt (part 1)", "image.txt (part 3)"]


def test_taps_and_their_psums_share_a_file_a_tap(tmp_path):
    layout = load_layout("ece284-unpadded").to_facts()
    layout["weight"] |= {"file": "tap{kij}.txt", "part": 1, "lines": "otile itile col"}
    layout["tap_psum"] |= {"file": "tap{kij}.txt", "part": 2}
    bundle = convert(tmp_path, Layout.from_facts(layout))
    assert len(list(bundle.folder.glob("tap*.txt"))) == 9
    assert_whole(bundle)


@pytest.mark.parametrize("at", [3, -2])
def test_a_wrong_bit_is_found_in_its_part(tmp_path, at):
    bundle = convert(tmp_path, stated())
    path = bundle.folder / "image.txt"
    lines = path.read_text().splitlines()
    lines[at] = lines[at][:-1] + ("1" if lines[at][-1] == "0" else "0")
    path.write_text("\n".join(lines) + "\n")
    assert not check_bundle(bundle.folder).passed
    with pytest.raises(ArtifactError, match="must have sha256"):
        read_bundle(bundle.folder)
    (bundle.folder / "manifest.json").unlink()
    assert not check_foreign(bundle.folder, bundle.layout, GEOMETRY).passed


def test_a_file_that_is_cut_short_says_from_where_lines_count(tmp_path):
    bundle = convert(tmp_path, stated())
    path = bundle.folder / "image.txt"
    path.write_text("\n".join(path.read_text().splitlines()[:-2]) + "\n")
    with pytest.raises(FormatError, match=r"lines are counted from line 46 of the file on"):
        decode_bundle(read_bundle(bundle.folder, check_hashes=False))


def test_blank_lines_between_parts_are_overlooked_without_a_manifest(tmp_path):
    bundle = convert(tmp_path, stated())
    path = bundle.folder / "image.txt"
    path.write_text(path.read_text().replace("//", "\n//").rstrip())
    (bundle.folder / "manifest.json").unlink()
    assert check_foreign(bundle.folder, bundle.layout, GEOMETRY).passed


@pytest.mark.parametrize(
    ("kind", "changes", "message"),
    [
        ("psum", {"part": 0}, "must not share the file image.txt, unless both say which part"),
        ("psum", {"part": 2}, "must be another part of image.txt than part = 2, which is taken"),
        ("psum", {"line_end": "CRLF"}, "both must have the same line_end"),
        ("psum", {"part": -1}, "part must be 1..99, or 0 for a file of its own"),
        ("psum", {"container": "npy", "header": []}, "a file of container npy has no parts"),
    ],
)
def test_what_is_refused(tmp_path, kind, changes, message):
    facts = stated().to_facts()
    facts[kind] |= changes
    with pytest.raises(ConfigError) as refused:
        convert(tmp_path, Layout.from_facts(facts))
    assert message in str(refused.value)


def test_a_part_is_a_key_of_the_table():
    facts = stated().to_facts()
    assert [facts[kind]["part"] for kind in ("weight", "activation", "psum")] == [1, 2, 3]
    assert Layout.from_facts(facts) == stated()
    assert np.all([form.part for form in stated().kinds])
