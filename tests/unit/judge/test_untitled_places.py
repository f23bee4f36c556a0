"""Rows of a place and a number without titles: which column is which place, where sizes decide it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.rtl.layers import Case, random_tensors, write_case
from tilewright.errors import FormatError
from tilewright.judge import compare, expected_numbers, read_dump, read_operands
from tilewright.spec import ArrayShape, ConvShape

ALIKE = ConvShape(ic=2, ih=4, iw=5, oc=5, kh=1, kw=1)
"""As many channels as columns of the map."""
UNLIKE = ConvShape(ic=2, ih=4, iw=5, oc=3, kh=1, kw=1)
PLACE = (2, 1, 3)
AXES = ("oc", "oh", "ow")


def bundle_of(folder, shape):
    case = Case(shape, ArrayShape(2, 6, psum_bits=16))
    bundle = write_case(folder, case, *random_tensors(case, 3))
    return bundle, expected_numbers(bundle, "psum", read_operands(bundle))


@pytest.fixture(scope="module")
def alike(tmp_path_factory):
    return bundle_of(tmp_path_factory.mktemp("alike") / "bundle", ALIKE)


@pytest.fixture(scope="module")
def unlike(tmp_path_factory):
    return bundle_of(tmp_path_factory.mktemp("unlike") / "bundle", UNLIKE)


def rows(numbers, columns, loops=AXES):
    """A row for each number, the places in the order `columns`, the last of `loops` fastest."""
    sizes = dict(zip(AXES, numbers.shape, strict=True))
    found = []
    for at in np.ndindex(*(sizes[axis] for axis in loops)):
        place = dict(zip(loops, at, strict=True))
        cells = [place[axis] for axis in columns]
        found.append(" ".join(map(str, [*cells, numbers[tuple(place[axis] for axis in AXES)]])))
    return "\n".join(found) + "\n"


def differing(bundle, path, text, **options):
    path.write_text(text)
    return [one.index for one in compare(bundle, read_dump(bundle, path, **options)).first]


def wrong(numbers):
    changed = numbers.copy()
    changed[PLACE] += 1
    return changed


@pytest.mark.parametrize("columns", ["oc oh ow", "oh ow oc", "ow oh oc", "ow oc oh"])
def test_sizes_say_which_column_is_which_place(unlike, tmp_path, columns):
    bundle, psums = unlike
    path = tmp_path / "psum.dump"
    assert differing(bundle, path, rows(psums, columns.split())) == []
    assert differing(bundle, path, rows(wrong(psums), columns.split())) == [PLACE]


def test_the_natural_order_counts_where_sizes_are_alike(alike, tmp_path):
    bundle, psums = alike
    assert differing(bundle, tmp_path / "psum.dump", rows(wrong(psums), AXES)) == [PLACE]


@pytest.mark.parametrize(
    ("columns", "loops"),
    [("ow oh oc", "oc oh ow"), ("oc oh ow", "ow oh oc"), ("oh ow oc", "oh ow oc")],
)
def test_places_that_may_stand_turned_round_are_not_guessed(alike, tmp_path, columns, loops):
    bundle, psums = alike
    path, text = tmp_path / "psum.dump", rows(wrong(psums), columns.split(), loops.split())
    with pytest.raises(FormatError, match=r"a table of 4 columns\? .* --order names the others"):
        differing(bundle, path, text)
    assert differing(bundle, path, text, order=columns) == [PLACE]
