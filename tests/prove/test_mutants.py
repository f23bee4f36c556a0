"""Mutants of the array: decided for all inputs, and no verdict is contradicted by a simulator."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tilewright.mutation import mutants_of
from tilewright.mutation.proofs import JOBS, decide, in_words


@pytest.fixture(scope="module")
def mutants(sources):
    return [one for file, text in sources.items() for one in mutants_of(text, file=file)]


def find(mutants, before, what=""):
    return next(one for one in mutants if before in one.before and what in one.what)


def test_a_mutant_that_saturation_alone_shows_gets_its_input(sources, mutants):
    mutant = find(mutants, "assign bound = ")
    verdicts = decide(mutant, sources)
    assert verdicts[-1].answer == "refuted"
    assert verdicts[-1].killing.is_confirmed
    assert in_words(verdicts).startswith("an input kills it: REFUTED tw_array 3x2")


def test_a_mutant_that_changes_nothing_is_proved_where_it_is_asked(sources, mutants):
    mutant = find(mutants, "localparam int ProductBits", "1 becomes 0")
    verdicts = decide(mutant, sources)
    assert [one.answer for one in verdicts] == ["proved"] * len(JOBS)
    assert in_words(verdicts).startswith(
        "equal for all inputs, under this control: tw_array 3x2 ws"
    )


def test_a_mutant_of_another_file_is_not_asked_about(sources, mutants):
    assert decide(replace(mutants[0], file="tw_sfu.sv"), sources) == ()
    assert in_words(()) == ""


def test_nothing_is_said_of_mutants_of_an_array_with_another_contract(sources, mutants):
    """Its psums come one cycle later: what the prover shows would be no fault of the mutant."""
    text = sources["tw_array.sv"]
    late = text.replace(
        "psum_o[c*ColumnBits+:ColumnBits] = psum[Rows][c];", "late[c] = psum[Rows][c];"
    )
    late = late.replace(
        "  for (genvar c = 0; c < Cols; c++) begin : gen_edge",
        """  wire [ColumnBits-1:0] late[Cols];
  for (genvar c = 0; c < Cols; c++) begin : gen_late
    logic [ColumnBits-1:0] late_q;
    always_ff @(posedge clk_i) late_q <= late[c];
    assign psum_o[c*ColumnBits+:ColumnBits] = late_q;
  end
  for (genvar c = 0; c < Cols; c++) begin : gen_edge""",
    )
    mutant = find(mutants, "localparam int ProductBits", "1 becomes 0")
    assert decide(mutant, {**sources, "tw_array.sv": late}) == ()
