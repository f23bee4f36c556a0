"""`adopt` on ifmap tiles with halo, in a file for each tile and in one, and on tiles that disagree."""

from __future__ import annotations

import pytest

from tilewright.adopt import adopt
from tilewright.adopt.contained import octets_of
from tilewright.adopt.families import family_of
from tilewright.adopt.probe import write_probe
from tilewright.adopt.search import search
from tilewright.adopt.sized import Hypothesis, Sized
from tilewright.bundles import Geometry
from tilewright.vectors import Layout, load_layout

GEOMETRY = "ic=4,oc=6,size=4,kernel=3,stride=1,padding=1,bits=4/4/16,rows=4,cols=6"
TILES = {
    "file": "tile{th}_{tw}.txt",
    "lines": "itile nij",
    "word": "-row",
    "bits": "act",
    "plane": "halo",
    "tile": "2x2",
}


def folder_of(folder, **changes):
    """A layer of random numbers in such files, and nothing that describes them."""
    facts = load_layout("ece284-ws").to_facts() | {"activation": TILES | changes}
    write_probe(Layout.from_facts(facts), Geometry.parse(GEOMETRY), folder)
    (folder / "manifest.json").unlink()
    return folder


@pytest.mark.parametrize(
    ("changes", "file"),
    [
        ({}, "tile{th}_{tw}.txt"),
        ({"file": "t{tile}.txt", "split": ["th tw = tile"]}, "t{2*th+tw}.txt"),
        ({"file": "x.txt", "lines": "th tw itile nij"}, "x.txt"),
    ],
)
def test_tiles_with_halo_are_found(tmp_path, changes, file):
    found = adopt(folder_of(tmp_path / "f", **changes), seconds=30)
    assert found.passed, found.to_json()
    form = found.layers[0].layout.kind("activation")
    assert (form.plane, form.tile, form.file) == ("halo", "2x2", file)
    assert "ic=4,oc=6,size=4,kernel=3,stride=1,padding=1" in found.layers[0].geometry


def test_a_tile_that_contradicts_its_neighbor_fits_nothing(tmp_path):
    """Another code of a pixel that two tiles see: no plane has such tiles."""
    folder = folder_of(tmp_path / "f")
    path = folder / "tile1_1.txt"
    words = path.read_text().splitlines()
    words[0] = words[0][:-1] + "10"[int(words[0][-1])]
    path.write_text("\n".join(words) + "\n")
    assert not adopt(folder, seconds=2).passed


def test_planes_of_one_size_under_other_kernels_have_other_tiles():
    """The 2x3 plane of tiles that see 2x2 codes each is no plane of tiles that see 1x2."""

    def ones(name, count):
        return family_of((name,), (), (octets_of(name, b"\1" * count, "raw"),))

    x = ones("x.bin", 32)
    for kernel, out in (((2, 2), (1, 2)), ((1, 2), (2, 2))):
        formats = (8, 8, 8, "psum", 8, 0, (1, 1))
        sizes = Hypothesis(4, 1, kernel, (2, 3), (0, 0), (1, 1), out, *formats)
        three = x, ones("w.bin", 4 * sizes.taps), ones("y.bin", sizes.onij)
        assert not any(fit.is_exact for fit in search(three, Sized(sizes, (4,), (1,))))
