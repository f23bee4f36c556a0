"""A simulator of another package, found by its entry point: the commands run it like ours."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.chain import read, tilewright
from tilewright.cores import SIMULATORS, Icarus, find_simulator, run_bundle

pytestmark = [pytest.mark.rtl, pytest.mark.xdist_group("chain")]

PACKAGE = """
from dataclasses import replace
from pathlib import Path

from tilewright.cores import Icarus


def find():
    with (Path(__file__).parent / "asked").open("a") as file:
        file.write("x")
    return replace(Icarus.find(), name="outside")
"""


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder with an installed package, as pip leaves one."""
    folder = tmp_path / "site"
    facts = folder / "tw_outside-1.0.dist-info"
    facts.mkdir(parents=True)
    (folder / "tw_outside.py").write_text(PACKAGE)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: tw-outside\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[tilewright.simulator]\noutside = tw_outside:find\n")
    return folder


def with_package(folder: Path, *arguments: object):
    path = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))
    return tilewright(*arguments, PYTHONPATH=path)


def test_cosim_doctor_and_mutate_run_it(run, outside):
    done = with_package(outside, "cosim", run, "--set", "cosim.simulator=outside")
    assert done.returncode == 0, done.stdout + done.stderr
    facts = read(run / "07_cosim/cosim.json")
    assert (facts["simulator"], facts["mismatches"]) == ("outside", 0)
    assert facts["psums_compared"] == 2 * 8 * 16

    found = json.loads(with_package(outside, "doctor", "--json").stdout)["findings"]
    assert "built and ran" in next(one["detail"] for one in found if one["name"] == "outside")

    words = ("--limit", "1", "--no-corners", "--no-modes", "--no-prove", "--json")
    bundle = run / "05_vectors/features.15/sample0"
    done = with_package(outside, "mutate", bundle, "--simulator", "outside", *words)
    assert (done.returncode, json.loads(done.stdout)["mutants"]) == (0, 1), done.stderr


def test_without_the_package_the_name_is_refused_before_anything_runs(run):
    before = (run / "config.toml").read_bytes()
    done = tilewright("cosim", run, "--set", "cosim.simulator=outside")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip() == (
        "error: --set: cosim.simulator: there is no simulator 'outside': "
        "valid names are auto, verilator, icarus"
    )
    assert (run / "config.toml").read_bytes() == before


def test_help_does_not_look_for_packages(outside):
    assert with_package(outside, "cosim", "--help").returncode == 0
    assert not (outside / "asked").exists()


def test_one_that_is_registered_by_hand_runs_a_bundle(finished, tmp_path, monkeypatch):
    monkeypatch.setattr(SIMULATORS, "_things", dict(SIMULATORS._things))
    SIMULATORS.add("by-hand", lambda: Icarus("11.0", name="by-hand"))
    assert find_simulator("by-hand").name == "by-hand"
    bundle = finished / "05_vectors/features.15/sample0"
    result = run_bundle(bundle, simulator="by-hand", cache_dir=tmp_path)
    assert (result.simulator, result.is_exact) == ("by-hand", True)
    assert [path.name.rpartition("-")[0] for path in tmp_path.iterdir()] == ["by-hand"]
