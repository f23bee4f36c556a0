"""What docs/vectors.md draws is what is written."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.unit.vectors import course_example as example
from tests.unit.vectors.test_course_example import TILES
from tilewright.spec import ArrayShape, ConvShape
from tilewright.tile import TilePlan
from tilewright.vectors import AxisSplit, Layout, accumulate_addresses, encode, layout_names
from tilewright.vectors.planes import tile_sizes
from tilewright.verify import reference_outputs

PAGE = (Path(__file__).parents[3] / "docs" / "vectors.md").read_text(encoding="utf-8")
MINE, SHARED, HALO, ADDRESS, CONSTANTS = (
    tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
)


def _drawn(heading):
    """Words of binary or hexadecimal digits in the first drawing after `heading`."""
    drawing = PAGE.split(heading, 1)[1].split("```\n", 1)[1].split("```", 1)[0]
    return {token.rstrip(",") for token in drawing.split()}


def test_the_layout_of_ones_own_writes_what_is_drawn():
    layout, written = Layout.from_facts(MINE), {}
    for kind in layout.kind_names:
        tiles = reference_outputs(TILES["psum"], layout.output) if kind == "output" else TILES[kind]
        written |= encode(layout, kind, tiles, plan=example.PLAN, widths=example.WIDTHS)
    drawn = _drawn("For the example layer this gives")
    for name in ("w4.hex", "x.txt", "first_pixels0.txt"):
        words = [line for line in written[name].decode().split("\n") if line and "/" not in line]
        assert set(words) <= drawn, name
    assert written["w4.hex"].startswith(b"// 3 words of 2 digits\n1f\n20\nd7\n")
    assert written["expected0.txt"].decode().split()[0] in drawn


def test_the_address_table_writes_what_is_drawn():
    layout = Layout.from_facts(MINE | ADDRESS)
    tiles = accumulate_addresses(example.PLAN)
    files = encode(layout, "address", tiles, plan=example.PLAN, widths=example.WIDTHS)
    assert set(files["address.txt"].decode().split()[:4]) <= _drawn("# offset = 1\n```\n")


def test_the_table_of_tiles_with_halo_belongs_to_a_layout():
    form = Layout.from_facts(MINE | HALO).kind("activation")
    sizes = tile_sizes(
        form, TilePlan(ConvShape(2, 4, 6, 3, 3, 3, padding=(1, 1)), ArrayShape(2, 3, 16))
    )
    assert sizes == {"th": 2, "tw": 2, "ih": 4, "iw": 5}  # as the page says: 4 rows of 5 pixels


def test_the_tables_that_share_a_file_are_a_layout():
    layout = Layout.from_facts({"name": "shared", "description": "", **SHARED})
    parts = {form.kind: (form.file, form.part) for form in layout.kinds}
    assert parts == {
        "weight": ("image.txt", 1),
        "activation": ("image.txt", 2),
        "output": ("image.txt", 3),
    }


def test_the_tables_of_constants_belong_to_a_layout():
    layout = Layout.from_facts(MINE | CONSTANTS)
    assert {"bias", "multiplier"} <= set(layout.kind_names)


def test_every_drawn_split_is_one():
    splits = re.findall(r'^split = \["([^"]+)"\]  ', PAGE, re.MULTILINE)
    assert len(splits) == 7
    assert [str(AxisSplit.parse(text)) for text in splits] == splits


@pytest.mark.parametrize("name", layout_names())
def test_every_preset_has_its_section(name):
    assert re.search(rf"^### .*`{name}`", PAGE, re.MULTILINE)
