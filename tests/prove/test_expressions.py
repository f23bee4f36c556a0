"""What the prover says of random modules is what Icarus shows; a prover that is wrong is found out."""

from __future__ import annotations

import pytest
from benchmarks import expressions

from tests.prove.test_rules import as_if_it_always_held
from tilewright.prove import cells, elaborate
from tilewright.prove.algebra import Algebra

pytestmark = pytest.mark.usefixtures("sources")


def test_random_modules_are_what_icarus_shows():
    tally = expressions.compare(range(100, 106), 8)
    assert tally["bits contradicted"] == 0
    assert tally["bits compared"] > 9_000
    assert tally["modules that yosys or Icarus does not take"] <= 1


def test_what_slang_reads_is_what_icarus_shows(monkeypatch):
    def script(files, top, parameters, netlist):
        text = elaborate._slang_script(files, top, parameters)
        return text.replace("write_json netlist.json", f"write_json {netlist}")

    monkeypatch.setattr(elaborate, "_script", script)
    tally = expressions.compare(range(110, 114), 6)
    assert tally["bits contradicted"] == 0
    assert tally["bits compared"] > 6_000


def test_a_rule_of_another_cell_is_found_out(monkeypatch):
    monkeypatch.setitem(cells.RULES, "$sub", cells.add)
    assert expressions.compare(range(100, 103), 4)["bits contradicted"]


def test_a_bound_of_one_case_that_is_kept_for_all_is_found_out(monkeypatch):
    monkeypatch.setattr(Algebra, "choose", as_if_it_always_held)
    assert expressions.compare(range(302, 303), 6)["bits contradicted"]
