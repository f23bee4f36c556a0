"""The runs that show every fault of a PE: what the polynomials say, what simulators show, and the bundles."""

from __future__ import annotations

import pytest
from benchmarks.covering import Inspector

from tests.chain import tilewright
from tilewright.corners.covering import COVERING, write_covering
from tilewright.mutation import Bench, covering, mutants_of
from tilewright.prove.elaborate import elaborate
from tilewright.rtl import RTL_DIR


@pytest.fixture(scope="module")
def faulty(sources):
    """The array with a fault, and with a change that is none."""
    mutants = [one for file, text in sources.items() for one in mutants_of(text, file=file)]

    def changed(before, what=""):
        one = next(one for one in mutants if before in one.before and what in one.what)
        return {**sources, one.file: one.apply(sources[one.file])}

    return changed("assign bound = "), changed("localparam int ProductBits", "1 becomes 0")


def killing(texts):
    """The runs that kill."""
    found = []
    for run in COVERING:
        job = covering.job_of(run)
        netlist = elaborate(texts, top="tw_array", parameters=job.parameters)
        found.append(covering.show(netlist, job).is_killed_by(run))
    return found


def test_a_fault_is_killed_and_what_is_none_is_not(sources, faulty):
    assert any(killing(faulty[0]))
    assert not any(killing(faulty[1]))
    assert not any(killing(sources))


def test_an_eye_that_is_shut_is_caught(sources, faulty, monkeypatch):
    monkeypatch.setattr(covering, "_is_expected", lambda *_: True)
    with pytest.raises(AssertionError):
        test_a_fault_is_killed_and_what_is_none_is_not(sources, faulty)


def test_a_simulator_shows_the_same_at_another_size(faulty):
    inspector = Inspector(4, 3)
    assert inspector.kills(faulty[0])
    assert not inspector.kills(faulty[1])


def test_the_bundles_are_as_many_at_any_size_and_our_core_is_exact_on_them(tmp_path):
    Bench.prepare(RTL_DIR, write_covering(tmp_path / "a", 4, 3), simulator="icarus", timeout_s=60)
    done = tilewright("export", "--covering", "3x5", "--out", tmp_path / "b")
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "b").iterdir())) == len(COVERING)
    for words in (["--covering", "3x5"], ["--covering", "0x5", "--out", str(tmp_path / "c")]):
        done = tilewright("export", *words)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
