"""Screened mutants have the verdicts of mutants that are tried one by one, even where the screen is wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.rtl.layers import Case, require_simulator, write_random
from tilewright.corners import VectorSet
from tilewright.errors import ToolError
from tilewright.mutation import Bench, Judge, StatedReason, mutants_of, run_campaign, sample, screen
from tilewright.mutation.mutant import make_mutant
from tilewright.mutation.screen import Hint
from tilewright.rtl import RTL_DIR
from tilewright.spec import ArrayShape, ConvShape

pytestmark = pytest.mark.rtl

CASE = Case(ConvShape(3, 3, 4, 2, 2, 2, padding=(1, 0)), ArrayShape(2, 3, 12))


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """Our core, a random bundle of it, and one that runs output stationary."""
    require_simulator("icarus")
    require_simulator("verilator")
    folder = tmp_path_factory.mktemp("screen")
    write_random(folder / "given", CASE)
    write_random(folder / "os", replace(CASE, mode="os"))
    sets = [VectorSet(name, "", (folder / name,)) for name in ("given", "os")]
    return Bench.prepare(RTL_DIR, sets, simulator="icarus", timeout_s=20), sets


@pytest.fixture(scope="module")
def mutants(bench):
    """Some that can be chosen at run time, one that cannot, one that is not built, and no change."""
    core, _ = bench
    text = core.sources["tw_sfu.sv"]
    some = sample(mutants_of(text, file="tw_sfu.sv"), 5, seed=1)
    start = text.index("valid_q <= 1'b1")
    planted = [
        make_mutant("tw_sfu.sv", text, (start, start + 7), new, category="operator", what=what)
        for new, what in (("nothing_known", "not known"), ("valid_q ", "a space"))
    ]
    cell = mutants_of(core.sources["tw_pe.sv"], file="tw_pe.sv")
    os = next(m for m in cell if (m.before, m.replacement) == ("if (is_os_i) begin", "1'b0"))
    return [os, *some, *planted]


@pytest.fixture(scope="module")
def hints(bench, mutants, builds):
    """Of all that can be built together."""
    said = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tilewright.mutation.screen.LEAST", 1)
        core, sets = bench
        found = screen.screen(
            core, mutants, mutants, sets, jobs=1, say=said.append, cache_dir=builds
        )
    assert said == [f"verilator says of {len(found)} mutants where to look first"]
    return found


def _campaign(bench, mutants, *, hints=None, judge=None):
    core, sets = bench
    look = None if hints is None else lambda _: hints
    return run_campaign(
        mutants, core, sets, judge=judge or Judge(), jobs=1, progress=print, screen=look
    )


@pytest.fixture(scope="module")
def alone(bench, mutants):
    """The outcomes of all, tried one by one."""
    return _campaign(bench, mutants).outcomes


def test_verdicts_are_those_of_mutants_tried_one_by_one(bench, mutants, hints, alone):
    settled = [one for one in mutants if "localparam" in one.before or one.what == "not known"]
    assert [one for one in mutants if one not in hints] == settled
    screened = _campaign(bench, mutants, hints=hints).outcomes
    told = [[(one.status, one.by) for one in found] for found in (alone, screened)]
    assert told[0] == told[1]
    assert {status for status, _ in told[0]} == {"killed", "survived", "not built"}
    assert {by for _, by in told[0]} == {"", "given", "os"}
    shown = [hints[one.mutant].is_noticed for one in alone if one.mutant in hints]
    assert shown == [one.status == "killed" for one in alone if one.mutant in hints]


def test_a_screen_that_is_wrong_changes_no_verdict(bench, hints, alone):
    """It says of each mutant that another bundle shows it, or that none does."""
    _, sets = bench
    known = [one for one in alone if one.mutant in hints]
    for is_noticed in (True, False):
        wrong = {one.mutant: Hint((sets[1],), is_noticed) for one in known}
        screened = _campaign(bench, list(wrong), hints=wrong)
        assert [one.status for one in screened.outcomes] == [one.status for one in known]


def test_what_is_stated_to_be_equivalent_is_still_tried_once(bench, mutants, hints):
    """Nobody noticed them, it is said; but the first bundle kills one, and one is not built."""
    _, sets = bench
    unbuilt, same = mutants[-2:]
    killed = next(one for one, hint in hints.items() if hint.first[0].name == "given")
    assert hints[killed].is_noticed
    judge = Judge(tuple(StatedReason(one.file, one.before, "said") for one in (killed, same)))
    wrong = {one: Hint((sets[0],), False) for one in (killed, unbuilt, same)}
    found = _campaign(bench, [killed, unbuilt, same], hints=wrong, judge=judge)
    assert [one.status for one in found.outcomes] == ["killed", "not built", "equivalent"]


def test_a_text_that_is_not_the_core_gives_no_hints(bench, mutants, builds, monkeypatch):
    """A statement's original is another one there: the program is not exact, and nobody is asked."""
    core, sets = bench
    monkeypatch.setattr(screen, "LEAST", 1)
    embed = screen.embed

    def other(sources, chosen):
        made = embed(sources, chosen)
        text = made.sources["tw_sfu.sv"]
        assert text.count("overflow_q  <= overflow_i;") == 1
        changed = text.replace("overflow_q  <= overflow_i;", "overflow_q  <= ~overflow_i;")
        return replace(made, sources={**made.sources, "tw_sfu.sv": changed})

    monkeypatch.setattr(screen, "embed", other)
    said = []
    found = screen.screen(
        core, mutants[:1], mutants[:1], sets, jobs=1, say=said.append, cache_dir=builds
    )
    assert found == {}
    assert said == [
        "mutants are tried without a look at where: the core with every mutant in its text is not the core"
    ]


def test_few_mutants_on_few_bundles_are_not_screened(bench, mutants, monkeypatch):
    core, sets = bench
    arguments = {"jobs": 1, "say": pytest.fail}
    assert screen.screen(core, mutants, mutants, sets, **arguments) == {}

    def missing(name):
        raise ToolError(f"{name} is not installed")

    said = []
    monkeypatch.setattr(screen, "LEAST", 1)
    monkeypatch.setattr(screen, "find_simulator", missing)
    assert screen.screen(core, mutants, mutants, sets, jobs=1, say=said.append) == {}
    assert said == ["mutants are tried without a look at where: verilator is not installed"]
