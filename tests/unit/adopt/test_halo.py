"""`adopt` on ifmap tiles with halo, in a file for each tile and in one, and on tiles that disagree."""

from __future__ import annotations

import pytest

from tilewright.adopt import adopt
from tilewright.adopt.probe import write_probe
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
