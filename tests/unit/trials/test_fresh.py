"""Fresh vectors without a training: what they hold, and that they prove themselves."""

from __future__ import annotations

import json
import re
import shlex

import numpy as np
import pytest

from tests.chain import tilewright
from tilewright.bundles import Geometry, check_bundle
from tilewright.errors import ArtifactError, FormatError
from tilewright.trials.fresh import write_corners, write_random
from tilewright.vectors import Layout, decode_bundle, layout_names, load_layout, read_bundle

SIZES = "ic=3,oc=5,size=3x4,kernel=2x3,padding=0x1,bits=4/3/16,rows=2,cols=3"
SMALL = SIZES.replace("oc=5", "oc=1")


@pytest.mark.parametrize("layout", layout_names())
def test_a_random_layer_in_every_layout_proves_itself(tmp_path, layout):
    bits = "2/3/16" if "2b" in layout else "4/3/16"
    geometry = Geometry.parse(SIZES.replace("4/3/16", bits))
    fresh = write_random(tmp_path / "b", geometry, layout=load_layout(layout), seed=1)
    assert fresh.bundles[0].shape == geometry.shape
    assert check_bundle(tmp_path / "b").passed


def test_the_seed_decides_the_codes_and_they_use_their_whole_range(tmp_path):
    geometry, layout = Geometry.parse(SIZES), load_layout("ece284-ws")
    one, again, other = (
        decode_bundle(write_random(tmp_path / name, geometry, layout=layout, seed=seed).bundles[0])
        for name, seed in (("one", 5), ("again", 5), ("other", 6))
    )
    assert np.array_equal(one.weight, again.weight)
    assert np.array_equal(one.codes, again.codes)
    assert not np.array_equal(one.codes, other.codes)
    assert (one.codes.min(), one.codes.max()) == (0, 15)
    assert (one.weight.min(), one.weight.max()) == (-4, 3)


def test_no_corner_of_an_earlier_call_is_left(tmp_path):
    """It would be judged beside those of the layer that was asked for."""

    def write(sizes):
        facts = {"layout": load_layout("ece284-ws"), "seed": 1, "has_other_sizes": False}
        fresh = write_corners(tmp_path, Geometry.parse(sizes), **facts)
        return {bundle.folder for bundle in fresh.bundles}

    others = tmp_path / "others" / "0" / "manifest.json"
    others.parent.mkdir(parents=True)
    others.write_text("{}")
    many, few = write(SIZES), write(SMALL)
    gone = many - few
    assert gone
    assert {path.parent for path in tmp_path.rglob("manifest.json")} == few | {others.parent}
    write(SIZES)
    (sorted(gone)[0] / "notes.txt").write_text("mine")
    with pytest.raises(ArtifactError, match=r"'notes\.txt': give another folder"):
        write(SMALL)
    assert {path.parent for path in tmp_path.rglob("manifest.json")} == many | {others.parent}


def test_psums_that_do_not_fit_say_what_to_widen(tmp_path):
    geometry = Geometry.parse(SIZES.replace("4/3/16", "8/8/8"))
    with pytest.raises(FormatError, match=r"psum .*: give the geometry wider psums") as error:
        write_random(tmp_path / "b", geometry, layout=load_layout("ece284-ws"), seed=1)
    assert not (tmp_path / "b").exists()
    enough = re.search(r"bits=(8/8/\d+)", str(error.value))[1]
    wider = Geometry.parse(SIZES.replace("4/3/16", enough))
    assert write_random(tmp_path / "b", wider, layout=load_layout("ece284-ws"), seed=1).bundles


def test_other_numbers_that_do_not_fit_say_nothing_of_psums(tmp_path):
    for bits, said in (("9/3/24", "at most 8 bits"), ("8/3/24", "field of 3 bits must fit")):
        geometry = Geometry.parse(SIZES.replace("4/3/16", bits))
        layout = load_layout("ece284-ws")
        facts = layout.to_facts()
        facts["activation"]["bits"] = 3
        with pytest.raises(FormatError, match=said) as error:
            write_random(tmp_path / "b", geometry, layout=Layout.from_facts(facts), seed=1)
        assert "psums" not in str(error.value)


def test_corner_cases_keep_the_sizes(tmp_path):
    geometry, layout = Geometry.parse(SMALL), load_layout("ece284-ws")
    fresh = write_corners(tmp_path, geometry, layout=layout, seed=0, has_other_sizes=False)
    sets = {bundle.folder.parent.name for bundle in fresh.bundles[1:]}
    assert sets == {"random", "max", "bound", "extreme"}
    assert {(one.shape, one.array) for one in fresh.bundles} == {(geometry.shape, geometry.array)}
    assert decode_bundle(read_bundle(tmp_path / "max" / "0")).codes.min() == 15


def test_export_random_writes_a_bundle_that_verify_bundle_takes(tmp_path):
    words = ("--random", "--layout", "readmemh", "--geometry", SMALL, "--seed", 3)
    done = tilewright("export", *words, "--out", tmp_path / "b")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{tmp_path / 'b'}: 3 -> 1 channels on 2x3 PEs, ")
    assert tilewright("verify-bundle", tmp_path / "b").returncode == 0


def test_what_to_do_next_can_be_pasted_into_a_shell(tmp_path):
    out = tmp_path / "my vectors"
    done = tilewright(
        "export", "--random", "--layout", "readmemh", "--geometry", SMALL, "--out", out
    )
    assert shlex.split(done.stdout.splitlines()[-1])[7] == str(out)


def test_corner_cases_of_other_sizes_are_asked_for(tmp_path):
    words = ("--random", "--layout", "readmemh", "--geometry", SMALL, "--corners", "--json")
    done = tilewright("export", *words, "--other-sizes", "--out", tmp_path)
    found = json.loads(done.stdout)["bundles"]
    assert len({str(bundle["shape"]) for bundle in found}) == 2
    assert {read_bundle(bundle["folder"]).array.rows for bundle in found} == {2}


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ((), "export takes a run folder, or --random"),
        (("--random", "--layout", "readmemh"), "--random needs --layout, --geometry, --out"),
        (("--random", "--layout", "readmemh"), "settings: --geometry and --out missing"),
        (
            ("RUN", "--random", "--layout", "rm", "--geometry", SIZES, "--out", "b"),
            "neither a run nor its settings: one of these is given",
        ),
        (("RUN", "--corners"), "export takes a run folder, or --random"),
        (
            ("--random", "--layout", "rm", "--geometry", SIZES, "--out", "b"),
            "no layout is called 'rm'",
        ),
        (("--random", "--layout", "readmemh", "--geometry", "ic=3", "--out", "b"), "must also say"),
    ],
)
def test_what_does_not_fit_together_is_one_line(words, line):
    done = tilewright("export", *words)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert line in done.stderr
