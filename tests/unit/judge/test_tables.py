"""Tables with titles are read by their titles, and what may be a place in other words is not guessed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tilewright.errors import FormatError
from tilewright.judge import compare, read_dump


def _rows(titles, separator, row, psums, *, turned=False):
    places = list(np.ndindex(psums.shape))
    lines = [row(n, place, psums[place]) for n, place in enumerate(places)]
    return "\n".join([titles, *(lines[::-1] if turned else lines)]).replace(",", separator) + "\n"


TABLES = {
    "places": lambda v: _rows(
        "oc,oh,ow,psum", ",", lambda _, p, x: f"{p[0]},{p[1]},{p[2]},{x}", v, turned=True
    ),
    "a data frame with places": lambda v: _rows(
        ",oc,oh,ow,value", ",", lambda n, p, x: f"{n},{p[0]},{p[1]},{p[2]},{x}", v
    ),
    "quoted cells": lambda v: _rows(
        '"oc","oh","ow","expected","actual"', ";",
        lambda _, p, x: f'"{p[0]}","{p[1]}","{p[2]}","7","{x}"', v, turned=True,
    ),
    "cycles beside numbers": lambda v: _rows(
        "cycle,valid,psum", "\t", lambda n, _, x: f"{3 * n + 5},1,{x}", v
    ),
    "a data frame": lambda v: ",0\n" + "".join(f"{n},{x}\n" for n, x in enumerate(v.ravel())),
    "a data frame of rows": lambda v: "," + ",".join(map(str, range(v.shape[2]))) + "\n" + "".join(
        f"{n}," + ",".join(map(str, row)) + "\n" for n, row in enumerate(v.reshape(-1, v.shape[2]))
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", TABLES)
def test_a_table_is_read_and_a_wrong_number_in_it_found(bundle, psums, tmp_path, form):
    path = tmp_path / "dump.csv"
    path.write_text(TABLES[form](psums))
    assert compare(bundle, read_dump(bundle, path)).passed
    path.write_text(TABLES[form](psums + (psums == psums[1, 1, 0])))
    assert compare(bundle, read_dump(bundle, path)).first[0].index == (1, 1, 0)


def test_numbers_without_places_stand_in_the_order_that_is_said(bundle, psums, tmp_path):
    path = tmp_path / "dump.csv"
    path.write_text(TABLES["cycles beside numbers"](psums.transpose(1, 2, 0)))
    assert compare(bundle, read_dump(bundle, path, order="oh ow oc")).passed
    assert not compare(bundle, read_dump(bundle, path)).passed


def test_a_row_that_is_not_valid_has_no_number(bundle, psums, tmp_path):
    """A trace of every cycle; with a valid row too many or too few it is refused."""
    path = tmp_path / "trace.csv"
    cells = [pair for x in psums.ravel() for pair in ((0, 77), (1, x))]
    text = "cycle,valid,psum\n" + "".join(f"{n},{v},{x}\n" for n, (v, x) in enumerate(cells))
    path.write_text(text)
    assert compare(bundle, read_dump(bundle, path)).passed
    path.write_text(text.replace("0,0,77", "0,1,77", 1))
    with pytest.raises(FormatError, match=f"there must be {psums.size} numbers of psum"):
        read_dump(bundle, path)
    path.write_text(text.replace("1,1,", "1,0,", 1))
    with pytest.raises(
        FormatError, match=r"24 numbers of psum, but there are 23 .a table: .*--partial"
    ):
        read_dump(bundle, path)
    assert compare(bundle, read_dump(bundle, path, is_partial=True)).unknown == 1


def test_an_index_is_no_lane_of_a_word(bundle, psums, tmp_path):
    """A frame of two columns and its index beside a layout whose words are three decimal numbers."""
    kind = replace(bundle.layout.kind("psum"), radix="decimal", separator=",", header=())
    kinds = [kind if one.kind == "psum" else one for one in bundle.layout.kinds]
    layout = replace(bundle.layout, kinds=tuple(kinds))
    frame = psums.reshape(-1, 2)
    path = tmp_path / "dump.csv"
    path.write_text(",0,1\n" + "".join(f"{n},{a},{b}\n" for n, (a, b) in enumerate(frame)))
    assert compare(bundle, read_dump(bundle, path, layout=layout)).passed


@pytest.mark.parametrize(
    "titles", ["channel,row,col,psum", "oc,y,x,psum", "C,H,W,value", "filter,row,column,result"]
)
def test_places_in_other_words_count_where_they_name_each_place_once(
    bundle, psums, tmp_path, titles
):
    path = tmp_path / "dump.csv"
    text = TABLES["places"](psums).replace("oc,oh,ow,psum", titles)
    path.write_text(text)
    dump = read_dump(bundle, path)
    assert compare(bundle, dump).passed
    *words, _ = titles.lower().split(",")
    assert dump.notes[0].endswith(f", {' '.join(words)} for oc oh ow")
    wrong = psums.copy()
    wrong[1, 1, 0] += 1
    path.write_text(TABLES["places"](wrong).replace("oc,oh,ow,psum", titles))
    assert [one.index for one in compare(bundle, read_dump(bundle, path)).first] == [(1, 1, 0)]
    path.write_text(text.replace("1,1,", "1,0,", 1))
    with pytest.raises(FormatError, match=r"is a table, but .*: say with --pattern"):
        read_dump(bundle, path)


@pytest.mark.parametrize(
    "titles", ["row,channel,col,psum", "oc,i,j,psum", "oc,oh,ow,other", "ic,row,col,psum"]
)
def test_other_titles_are_not_guessed(bundle, psums, tmp_path, titles):
    path = tmp_path / "dump.csv"
    path.write_text(TABLES["places"](psums).replace("oc,oh,ow,psum", titles))
    with pytest.raises(FormatError, match=r"is a table, but .* (known|place): say with --pattern"):
        read_dump(bundle, path)


def test_a_cell_that_is_no_number_is_named(bundle, psums, tmp_path):
    path = tmp_path / "dump.csv"
    text = TABLES["cycles beside numbers"](psums)
    path.write_text(text.replace(f"\t{psums[0, 0, 0]}\n", "\tNaN\n", 1))
    with pytest.raises(FormatError, match="line 2 must hold decimal numbers, but has 'NaN'"):
        read_dump(bundle, path)
