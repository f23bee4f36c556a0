"""The notebook runs from its first cell to its last, and prints what stands in it."""

import contextlib
import io
import json
import re
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[2] / "examples" / "course_steps.ipynb"


def cells():
    return json.loads(NOTEBOOK.read_text())["cells"]


def run(cell, names):
    """What the cell prints, with 0 for every number: counts of a training are no part of a promise."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
    return re.sub(r"\d+", "0", told.getvalue())


def stored(cell):
    text = "".join(line for output in cell["outputs"] for line in output["text"])
    return re.sub(r"\d+", "0", text)


def test_every_cell_prints_what_stands_below_it():
    names = {}
    for cell in cells():
        if cell["cell_type"] == "code":
            assert run(cell, names) == stored(cell), cell["id"]
    assert names["verdict"].compared == 256


def test_a_cell_that_prints_something_else_would_be_seen():
    cell = {"source": ["print('near:', False)"], "id": "a", "outputs": [{"text": ["near: True\n"]}]}
    assert run(cell, {}) != stored(cell)


def test_it_is_a_notebook_that_others_open():
    nbformat = pytest.importorskip("nbformat")
    nbformat.validate(nbformat.read(NOTEBOOK, as_version=4))


def test_its_cells_are_numbered_and_hold_no_error():
    codes = [cell for cell in cells() if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in codes] == list(range(1, len(codes) + 1))
    kinds = {output["output_type"] for cell in codes for output in cell["outputs"]}
    assert kinds == {"stream"}
    assert len({cell["id"] for cell in cells()}) == len(cells())
