"""A handful of mutants on the simulator: killed, survived, not built, and without an end."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest

from tests.rtl.layers import Case, require_simulator, write_case, write_random
from tilewright.cores import Setup
from tilewright.corners import VectorSet, layer_sets, mode_sets, smallest_first
from tilewright.errors import ToolError
from tilewright.mutation import Bench, elsewhere, mutants_of
from tilewright.mutation.mutant import make_mutant
from tilewright.programs.jobs import run_job
from tilewright.rtl import RTL_DIR
from tilewright.spec import ArrayShape, ConvShape, Schedule

pytestmark = pytest.mark.rtl

CASE = Case(ConvShape(3, 3, 4, 2, 2, 2, padding=(1, 0)), ArrayShape(2, 3, 12))


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    """Our core and one random bundle."""
    require_simulator("icarus")
    folder = tmp_path_factory.mktemp("mutation") / "bundle"
    write_random(folder, CASE)
    sets = [VectorSet("given", "", (folder,))]
    return Bench.prepare(RTL_DIR, sets, simulator="icarus", timeout_s=20), sets


def _planted(bench, file, old, new):
    text = bench.sources[file]
    assert text.count(old) == 1
    start = text.index(old)
    return make_mutant(file, text, (start, start + len(old)), new, category="operator", what="")


def _inverted_reset(text):
    """Any PE has a valid bit that reset clears; inverted, it never rises."""
    found = mutants_of(text, file="tw_pe.sv")
    return next(m for m in found if (m.category, m.what) == ("reset", "condition negated"))


def test_a_reset_that_is_inverted_is_noticed(bench):
    core, sets = bench
    outcome = core.try_mutant(_inverted_reset(core.sources["tw_pe.sv"]), sets)
    assert (outcome.status, outcome.by) == ("killed", "given")
    assert outcome.evidence


def test_mutants_that_are_tried_elsewhere_become_the_same(bench, monkeypatch):
    core, sets = bench
    planted = _planted(core, "tw_core.sv", "endmodule", "\nendmodule")
    mutants = [_inverted_reset(core.sources["tw_pe.sv"]), planted]
    here = [core.try_mutant(mutant, sets) for mutant in mutants]
    assert [one.status for one in here] == ["killed", "survived"]
    monkeypatch.setattr(elsewhere, "run_jobs", lambda jobs, **_: map(run_job, jobs))
    monkeypatch.setattr(elsewhere, "MUTANTS_A_JOB", 1)
    orders = [(mutants[0], sets), (mutants[1], ())]
    assert list(elsewhere.try_elsewhere(core, orders, sets, workers="tcp://host:1")) == here


@pytest.mark.parametrize(
    ("old", "new", "status", "evidence"),
    [
        ("endmodule", "initial $finish;\nendmodule", "killed", "the simulation broke off"),
        ("endmodule", "initial forever;\nendmodule", "killed", "must end within"),
        ("endmodule", "nothing known here\nendmodule", "not built", "cannot build the design"),
        ("endmodule", "\nendmodule", "survived", ""),
    ],
)
def test_what_becomes_of_a_mutant(bench, old, new, status, evidence):
    core, sets = bench
    quick = replace(core, timeout_s=3.0)
    outcome = quick.try_mutant(_planted(core, "tw_core.sv", old, new), sets)
    assert (outcome.status, outcome.by) == (status, "given" if status == "killed" else "")
    assert evidence in outcome.evidence


def test_sets_that_share_a_bundle_have_cycles_of_their_own(bench):
    """The same files, serial and overlapped: a core that did not change survives both."""
    _, (given,) = bench
    fast = Setup(Schedule(is_overlapped=True, is_skipping=True))
    sets = [given, VectorSet("fast", "", given.folders, fast)]
    core = Bench.prepare(RTL_DIR, sets, simulator="icarus", timeout_s=20)
    assert len(set(core.cycles.values())) == 2
    outcome = core.try_mutant(_planted(core, "tw_core.sv", "endmodule", "\nendmodule"), sets)
    assert outcome.status == "survived"


def test_a_change_of_cycles_alone_is_noticed(bench):
    core, sets = bench
    cycles = {place: (counts[0] + 1, *counts[1:]) for place, counts in core.cycles.items()}
    other = replace(core, cycles=cycles)
    outcome = other.try_mutant(_planted(core, "tw_core.sv", "endmodule", "\nendmodule"), sets)
    assert outcome.status == "killed"
    assert outcome.evidence.startswith("cycles of the folds: ")


def test_corner_vectors_notice_what_weak_ones_do_not(tmp_path):
    """Without negative weights nobody sees that the PE multiplies them as unsigned; extreme ones show it."""
    require_simulator("icarus")
    shape = CASE.shape
    codes, weight = np.ones((shape.ic, shape.ih, shape.iw), int), np.ones((2, 3, 2, 2), int)
    write_case(tmp_path / "weak", CASE, codes, weight)
    (weak,) = smallest_first([tmp_path / "weak"])
    corners, notes = layer_sets(weak, tmp_path / "corners", seed=0)
    assert notes == []
    assert [one.name for one in corners] == [
        *("random", "max", "bound", "extreme", "narrow", "geometry", "3x5", "1x2"),
    ]
    extreme = next(one for one in corners if one.name == "extreme")
    given = VectorSet("given", "", (weak.folder,))
    core = Bench.prepare(RTL_DIR, [given, extreme], simulator="icarus", timeout_s=20)
    text = core.sources["tw_pe.sv"]
    signs = [m for m in mutants_of(text, file="tw_pe.sv") if m.category == "signedness"]
    outcomes = [core.try_mutant(mutant, [given, extreme]) for mutant in signs]
    assert "given" not in {outcome.by for outcome in outcomes}
    assert "extreme" in {outcome.by for outcome in outcomes}


@pytest.mark.parametrize("mode", ["simd", "os"])
def test_corners_of_a_layer_in_another_mode_run_in_that_mode(tmp_path, mode):
    require_simulator("icarus")
    write_random(tmp_path / "bundle", replace(CASE, mode=mode, array=ArrayShape(2, 3, 20)))
    (bundle,) = smallest_first([tmp_path / "bundle"])
    corners, notes = layer_sets(bundle, tmp_path / "corners", seed=0)
    assert (len(corners), notes) == (8, [])
    core = Bench.prepare(RTL_DIR, corners, simulator="icarus", timeout_s=60)
    assert len(core.cycles) == sum(len(one.folders) for one in corners)


def test_corners_that_do_not_fit_the_psum_register_are_left_out_and_named(tmp_path):
    case = Case(CASE.shape, ArrayShape(2, 3, 8))
    write_case(tmp_path / "narrow", case, np.ones((3, 3, 4), int), np.ones((2, 3, 2, 2), int))
    (narrow,) = smallest_first([tmp_path / "narrow"])
    corners, notes = layer_sets(narrow, tmp_path / "corners", seed=0)
    assert "extreme" not in [one.name for one in corners]
    assert any(note.startswith("extreme vectors are left out: layer conv: ") for note in notes)


def test_a_core_that_is_wrong_already_is_refused(tmp_path):
    require_simulator("icarus")
    write_random(tmp_path / "bundle", CASE)
    text = (RTL_DIR / "tw_pe.sv").read_text()
    rtl = tmp_path / "rtl"
    shutil.copytree(RTL_DIR, rtl)
    (rtl / "tw_pe.sv").write_text(_inverted_reset(text).apply(text))
    sets = [VectorSet("given", "", (tmp_path / "bundle",))]
    with pytest.raises(
        ToolError, match=r"must be exact before it is mutated, but on .* it is not: "
    ):
        Bench.prepare(rtl, sets, simulator="icarus", timeout_s=20)


def test_the_core_is_exact_on_psums_that_do_not_fit_and_in_the_modes_of_the_others(tmp_path):
    """The sets that a run exports are run whole in `tests/stages/test_corners.py`."""
    require_simulator("icarus")
    others = ("os", "simd", "layer", "stalls", "reset", "single")
    rules = ("wrap", "saturate", "clipped", "tight")
    sets = [one for one in mode_sets(tmp_path, seed=3) if one.name in (*others, *rules)]
    core = Bench.prepare(RTL_DIR, sets, simulator="icarus", timeout_s=60)
    assert len(core.cycles) == sum(len(one.folders) for one in sets) > 90
    assert {
        one.name for one in sets if any(core.overflows[one.name, path] for path in one.folders)
    } == {*rules}


@pytest.mark.parametrize(
    ("file", "old", "new", "by"),
    [
        ("tw_pe.sv", "if (is_os_i) begin", "if (1'b0) begin", "os"),
        ("tw_pe.sv", "is_half_i ? product_high : product_high", "product_high", "simd"),
        ("tw_pe.sv", "overflow_q <= base_overflow || !fits", "overflow_q <= 1'b0", "wrap"),
        ("tw_pe.sv", "(fits || !saturate_i)", "(1'b1)", "saturate"),
        ("tw_pe.sv", "bound = {sum[SumBits-1]", "bound = {sum[SumBits-2]", "clipped"),
    ],
)
def test_faults_of_a_mode_are_noticed_by_its_vectors_alone(bench, tmp_path, file, old, new, by):
    core, given = bench
    sets = [*given, *(one for one in mode_sets(tmp_path, seed=0) if one.name == by)]
    core = Bench.prepare(RTL_DIR, sets, simulator="icarus", timeout_s=60)
    outcome = core.try_mutant(_planted(core, file, old, new), sets)
    assert (outcome.status, outcome.by) == ("killed", by)
