"""What others wrote is read as far as it goes: a part of the kinds, any header, sub-folders, blanks."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.unit.vectors import course_example as example
from tests.unit.vectors.test_course_example import TILES
from tilewright.bundles import Geometry, agreed_tensors, check_foreign, open_bundle, stated_tensors
from tilewright.errors import ArtifactError, ConfigError, FormatError
from tilewright.spec import ArrayShape
from tilewright.tile import TilePlan, tile_weights
from tilewright.vectors import Layout, encode, load_layout, read_bundle, write_bundle
from tilewright.verify import reference_outputs

GEOMETRY = Geometry.parse("ic=2,oc=3,size=2,kernel=3,padding=1,bits=4/4/16,rows=2,cols=3")


def layout(**changes):
    """The canonical layout with tables changed; None takes a table out."""
    facts = load_layout("ece284-ws").to_facts() | {"name": "mine"}
    for kind, table in changes.items():
        facts[kind] = facts.get(kind, {}) | table if table is not None else None
    return Layout.from_facts({key: value for key, value in facts.items() if value is not None})


def write(folder, stated):
    return write_bundle(
        folder,
        layer=example.layer(),
        plan=example.PLAN,
        layout=stated,
        codes=example.CODES,
        psums=example.PSUMS,
        tap_psums=example.TAP_PSUMS,
        outputs=reference_outputs(example.PSUMS, stated.output),
        sample=0,
    )


def foreign(folder, stated):
    write(folder, stated)
    (folder / "manifest.json").unlink()
    return folder


def test_outputs_alone_make_a_bundle_and_the_reference_gives_the_psums(tmp_path):
    write(tmp_path / "b", layout(psum=None))
    bundle = read_bundle(tmp_path / "b")
    assert not bundle.layout.has_psums
    np.testing.assert_array_equal(agreed_tensors(bundle).psums, example.PSUMS)


def test_whatever_is_there_is_compared(tmp_path):
    folder = foreign(tmp_path / "f", layout())
    (folder / "psum.txt").unlink()
    verdict = check_foreign(folder, layout(), GEOMETRY)
    assert verdict.passed
    assert [(kind.kind, kind.compared) for kind in verdict.kinds] == [("output", 12)]
    assert verdict.notes == ("psum: not there (psum.txt)",)


def test_a_wrong_output_is_named_though_there_is_no_manifest(tmp_path):
    folder = foreign(tmp_path / "f", layout(psum=None))
    path = folder / "out.txt"
    path.write_bytes(path.read_bytes().replace(b"0000000001011101", b"0000000001011100"))
    verdict = check_foreign(folder, layout(psum=None), GEOMETRY)
    assert not verdict.passed
    assert str(verdict.kinds[0].first) == "out.txt (oc=2, oh=1, ow=1): expected 93, found 92"


@pytest.mark.parametrize(
    ("gone", "fault"),
    [
        (
            ("activation_tile0.txt",),
            r"^activation_tile0\.txt is missing: without activation files nothing",
        ),
        (
            ("weight_itile0_otile0_kij3.txt", "weight_itile0_otile0_kij5.txt"),
            r"^weight_itile0_otile0_kij3\.txt is missing, and 1 more files of kind weight$",
        ),
        (("psum.txt", "out.txt"), r"^there are no psums or outputs to compare with"),
    ],
)
def test_what_hinders_the_comparison_is_a_fault(tmp_path, gone, fault):
    folder = foreign(tmp_path / "f", layout())
    for name in gone:
        (folder / name).unlink()
    verdict = check_foreign(folder, layout(), GEOMETRY)
    assert not verdict.passed
    assert not verdict.kinds
    assert re.search(fault, verdict.faults[0])


def test_a_kind_that_cannot_be_read_does_not_hide_the_others(tmp_path):
    folder = foreign(tmp_path / "f", layout())
    (folder / "psum.txt").write_text("junk\n")
    verdict = check_foreign(folder, layout(), GEOMETRY)
    assert [kind.kind for kind in verdict.kinds] == ["output"]
    assert verdict.faults[0].startswith("psum.txt line 1: header must be")


def test_one_kind_is_read_from_its_own_files(tmp_path):
    folder = foreign(tmp_path / "f", layout())
    for path in folder.glob("*.txt"):
        if not path.name.startswith("weight"):
            path.unlink()
    bundle = open_bundle(folder, layout=layout(), geometry=GEOMETRY, kind="weight")
    (weight,) = stated_tensors(bundle)
    np.testing.assert_array_equal(weight.values[4], example.WEIGHT[:, :, 1, 1])
    with pytest.raises(ArtifactError, match=r"must have 12 files .* but 3 are missing, first act"):
        open_bundle(folder, layout=layout(), geometry=GEOMETRY)
    with pytest.raises(ConfigError, match=r"has no bias files"):
        open_bundle(folder, layout=layout(), geometry=GEOMETRY, kind="bias")


def test_a_header_of_any_text_is_read_and_a_neutral_one_written(tmp_path):
    stated = layout(psum={"header": 3}, output={"header": 1, "line_end": "CRLF"})
    assert Layout.from_facts(stated.to_facts()) == stated
    folder = foreign(tmp_path / "f", stated)
    words = (folder / "psum.txt").read_text().splitlines()
    assert words[:3] == ["#1#", "#2#", "#3#"]
    for text in ("a b\n\n#\xe9\n", "1\n2\n3\n"):
        (folder / "psum.txt").write_bytes((text + "\n".join(words[3:]) + "\n").encode("latin-1"))
        assert check_foreign(folder, stated, GEOMETRY).passed
    (folder / "psum.txt").write_text("\n".join(words[1:]) + "\n")
    verdict = check_foreign(folder, stated, GEOMETRY)
    assert "psum.txt must have 7 lines (3 header lines, 4 words), but has 6" in verdict.faults[0]


@pytest.mark.parametrize(
    ("change", "note"),
    [
        (lambda text: text[:-1], "the last line has no line end"),
        (lambda text: text + b"\n\n", "blank lines at the end are overlooked"),
        (lambda text: text.replace(b"\n", b" \t\n"), "blanks beside the numbers are overlooked"),
        (lambda text: text[:-1] + b"  ", "the last line has no line end"),
        (lambda text: text.replace(b"\n", b"\r\n"), "line ends are CRLF, not LF"),
    ],
)
def test_what_a_testbench_does_not_mind_is_a_note(tmp_path, change, note):
    stated = layout(output={"header": 3})
    folder = foreign(tmp_path / "f", stated)
    path = folder / "out.txt"
    path.write_bytes(change(path.read_bytes()))
    verdict = check_foreign(folder, stated, GEOMETRY)
    assert verdict.passed, verdict
    assert f"out.txt: {note}" in verdict.notes


def test_a_blank_within_a_word_is_still_refused(tmp_path):
    folder = foreign(tmp_path / "f", layout())
    path = folder / "out.txt"
    path.write_bytes(path.read_bytes().replace(b"0010\n", b"001 0\n", 1))
    assert "a word must be 48 digits" in check_foreign(folder, layout(), GEOMETRY).faults[0]


def test_files_in_sub_folders_are_written_read_and_replaced(tmp_path):
    stated = layout(
        weight={"file": "Tile{otile}/in{itile}/w{kij+1}.txt"}, output={"file": "results/out.txt"}
    )
    bundle = write(tmp_path / "b", stated)
    assert (tmp_path / "b/Tile0/in0/w9.txt").is_file()
    np.testing.assert_array_equal(agreed_tensors(read_bundle(bundle.folder)).weight, example.WEIGHT)
    write(tmp_path / "b", layout())
    assert not (tmp_path / "b/Tile0").exists()
    write(tmp_path / "b", stated)
    (tmp_path / "b/Tile0/mine.txt").write_text("dear")
    with pytest.raises(ArtifactError, match=r"but holds 'Tile0/mine.txt'"):
        write(tmp_path / "b", layout())


def test_a_sub_folder_that_leads_outside_is_refused(tmp_path):
    stated = layout(output={"file": "results/out.txt"})
    bundle = write(tmp_path / "b", stated)
    (tmp_path / "b/results").rename(tmp_path / "elsewhere")
    (tmp_path / "b/results").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ArtifactError, match=r"out\.txt must lie inside its bundle"):
        read_bundle(bundle.folder)


def test_a_derived_number_in_a_name():
    stated = layout(weight={"file": "w{2*otile+itile}_o{otile}_i{itile}_k{kij}.txt"})
    files = encode(stated, "weight", TILES["weight"], plan=example.PLAN, widths=example.WIDTHS)
    assert list(files)[:2] == ["w0_o0_i0_k0.txt", "w0_o0_i0_k1.txt"]
    plan = TilePlan(example.SHAPE, ArrayShape(rows=1, cols=3, psum_bits=16))
    clash = layout(weight={"file": "w{otile+itile+kij}"})
    tiles = tile_weights(example.WEIGHT, plan)
    with pytest.raises(ConfigError, match=r"weight: 'w\{otile\+itile\+kij\}' gives two files"):
        encode(clash, "weight", tiles, plan=plan, widths=example.WIDTHS)


def test_a_file_is_no_folder(tmp_path):
    with pytest.raises(ConfigError, match=r"'psum\.txt' is a file, and a folder of psum\.txt/out"):
        write(tmp_path / "b", layout(output={"file": "psum.txt/out.txt"}))


def test_wrong_outputs_are_not_converted(tmp_path):
    folder = foreign(tmp_path / "f", layout(psum=None))
    path = folder / "out.txt"
    path.write_bytes(path.read_bytes().replace(b"0000000001011101", b"0000000001011100"))
    bundle = open_bundle(folder, layout=layout(psum=None), geometry=GEOMETRY)
    with pytest.raises(FormatError, match=r"an output must be max\(0, psum\) = 93, but is 92"):
        agreed_tensors(bundle)
