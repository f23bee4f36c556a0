"""What the prover says of random modules is what Icarus shows; a prover that is wrong is found out."""

from __future__ import annotations

import pytest
from benchmarks import expressions

from tilewright.prove import cells

pytestmark = pytest.mark.usefixtures("sources")


def test_random_modules_are_what_icarus_shows():
    tally = expressions.compare(range(100, 106), 8)
    assert tally["bits contradicted"] == 0
    assert tally["bits compared"] > 9_000
    assert tally["modules that yosys or Icarus does not take"] <= 1


def test_a_rule_of_another_cell_is_found_out(monkeypatch):
    monkeypatch.setitem(cells.RULES, "$sub", cells.add)
    assert expressions.compare(range(100, 103), 4)["bits contradicted"]
