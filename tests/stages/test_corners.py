"""Corner vectors: exported by default, with the reference's numbers, and run through the RTL."""

from __future__ import annotations

import importlib
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.chain import read, tilewright
from tests.sabotage.test_chain import failed
from tests.sabotage.test_rtl_core import patched_core
from tests.unit.pipeline.test_cosim import EXACT
from tilewright.bundles import check_bundle
from tilewright.config import Config
from tilewright.cores import Fault
from tilewright.corners import layer_sets, mode_sets
from tilewright.facts import CornerSet, SetupFacts
from tilewright.pipeline import elsewhere
from tilewright.pipeline.corner_vectors import FOLDER, _check
from tilewright.programs.jobs import run_job
from tilewright.spec import PsumRule, Schedule
from tilewright.vectors import read_bundle

pytestmark = pytest.mark.rtl

LAYER = ("random", "max", "bound", "extreme", "narrow", "geometry", "3x5", "1x2")
MODES = ("os", "simd", "overlapped", "skipping", "layer", "whole")
RULES = (
    *("stalls", "stalled", "reset", "crowded", "wide", "large", "long", "deep"),
    *("leaky", "far leaky", "signed", "single"),
)
CORNERS = f"05_vectors/{FOLDER}"
layer_set_list, mode_set_list = map(
    importlib.import_module, ("tilewright.corners.layer_sets", "tilewright.corners.mode_sets")
)


@pytest.fixture(scope="module")
def cornered(finished, tmp_path_factory) -> Path:
    """The finished run with corner vectors, through the RTL."""
    folder = Path(shutil.copytree(finished, tmp_path_factory.mktemp("corners") / "run"))
    for arguments in (
        ("export", folder, "--set", "vectors.corners=true"),
        ("simulate", folder),
        ("cosim", folder),
        ("report", folder),
    ):
        done = tilewright(*arguments)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def run(cornered, tmp_path) -> Path:
    """A copy of that run, to work on."""
    return Path(shutil.copytree(cornered, tmp_path / "run"))


FEW = ("os", "simd", "reset", "crowded", "leaky", "single")


@pytest.fixture(scope="module")
def shorter(finished, tmp_path_factory) -> Path:
    """The finished run with few sets of modes: all dataflows, setups of all kinds, none that is long."""
    folder = Path(shutil.copytree(finished, tmp_path_factory.mktemp("few") / "run"))
    sets = tuple(one for one in mode_set_list.SETS if one.name in FEW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mode_set_list, "SETS", sets)
        patch.setattr(layer_set_list, "MOST_PLANES", 1)
        one_layer = ("--set", 'vectors.layers=["features.15"]')
        done = tilewright("export", folder, "--set", "vectors.corners=true", *one_layer)
    assert done.returncode == 0, done.stderr
    assert [one["name"] for one in read(folder / "05_vectors/export.json")["corners"]] == [
        *LAYER,
        *FEW,
    ]
    return folder


@pytest.fixture
def few(shorter, tmp_path) -> Path:
    """A copy of that run, to work on."""
    return Path(shutil.copytree(shorter, tmp_path / "run"))


def test_they_are_there_by_default():
    assert Config().vectors.corners


def test_every_set_is_exported_and_exact_on_the_rtl(cornered):
    sets = read(cornered / "05_vectors/export.json")["corners"]
    assert [one["name"] for one in sets] == [*LAYER, *MODES, *RULES]
    assert [one["name"] for one in sets if one["needs_modes"]] == [*MODES, *RULES]
    facts = read(cornered / "07_cosim/cosim.json")
    checks = [check for check in facts["checks"] if check["name"].startswith("corner vectors: ")]
    assert [check["name"].split(": ")[1] for check in checks] == [one["name"] for one in sets]
    corners = facts["corners"]
    assert (corners["sets"], corners["mismatches"]) == (len(sets), 0)
    assert corners["bundles"] == sum(len(one["bundles"]) for one in sets) > 100
    assert corners["psums_compared"] == corners["outputs_compared"] > 6000
    page = (cornered / "report.html").read_text()
    assert "corner vectors" in page
    assert f"{2 * corners['psums_compared']:,}" in page
    assert read(cornered / "summary.json")["verdict"] == "pass"


def test_their_numbers_are_those_of_the_naive_reference(cornered):
    """Each bundle is judged from its own files; leaky and signed outputs too."""
    folders = [path.parent for path in (cornered / CORNERS).rglob("manifest.json")]
    verdicts = [check_bundle(folder) for folder in folders]
    assert len(verdicts) == 54
    assert all(verdict.passed for verdict in verdicts)
    assert sum(verdict.compared for verdict in verdicts) > 7_000


def test_mutants_meet_the_same_vectors(cornered, tmp_path):
    """`tilewright mutate` scores what export wrote: the same bytes."""
    smallest = read_bundle(cornered / "05_vectors/features.15/sample0")
    sets, _ = layer_sets(smallest, tmp_path, seed=0)
    sets += mode_sets(tmp_path / "modes", seed=0, has_rules=False)
    made = {path for one in sets for path in one.folders}
    assert len(made) == 54
    for folder in made:
        exported = cornered / CORNERS / folder.relative_to(tmp_path)
        assert (exported / "manifest.json").read_bytes() == (folder / "manifest.json").read_bytes()


def test_the_workers_of_a_cluster_find_the_same(few, monkeypatch):
    """One job for each core, in whatever order: all facts but the seconds are equal."""
    facts = few / "07_cosim/cosim.json"
    done = tilewright("cosim", few)
    assert done.returncode == 0, done.stderr
    here, jobs = _lasting(facts), []
    monkeypatch.setattr("tilewright.programs.jobs.expect_workers", lambda _: None)
    monkeypatch.setattr(elsewhere, "run_jobs", lambda made, **_: map(_done(jobs), made))
    done = tilewright("cosim", few, "--workers", "tcp://host:8786")
    assert done.returncode == 0, done.stderr
    assert _lasting(facts) == here
    found, sizes = read(facts), [len(json.loads(job.settings)["setups"]) for job in jobs]
    assert sum(sizes) == len(found["bundles"]) + found["corners"]["bundles"]
    assert len(sizes) > len(found["bundles"]) + 5


def _done(jobs):
    return lambda job: jobs.append(job) or run_job(job)


def _lasting(path):
    facts = read(path)
    facts.pop("sha256")  # of all of it, seconds too
    return re.sub(r'"seconds": [^,}]+', "", json.dumps(facts))


def test_a_fault_of_one_mode_is_found_where_the_layers_pass(few, tmp_path):
    """The layers of this run are weight stationary; the fault is in what only OS does."""
    rtl = patched_core(tmp_path / "rtl", "tw_pe.sv", "if (is_os_i) begin", "if (1'b0) begin")
    words = ("cosim", few, "--set", f"cosim.rtl_dir={rtl}")
    done = tilewright(*words)
    assert done.returncode == 0, done.stderr
    assert f"need the modes of our core are left out: {', '.join(FEW)}" in done.stdout
    assert read(few / "07_cosim/cosim.json")["corners"]["sets"] == len(LAYER)
    done = tilewright(*words, "--set", "cosim.modes=yes")
    assert done.returncode == 1, done.stderr
    names = failed(read(few / "07_cosim/cosim.json"))
    assert "corner vectors: os" in names
    assert "corner vectors: simd" not in names
    assert all(name.startswith("corner vectors: ") for name in names)
    assert "corner vectors os: " in done.stdout
    assert "first: psum at (oc=" in done.stdout


@pytest.mark.parametrize(
    ("file", "what"), [("psum.txt", "must have sha256"), ("manifest.json", "export again")]
)
def test_an_altered_bundle_is_found(run, file, what):
    (path, *_) = sorted((run / CORNERS / "max").rglob(file))
    text = path.read_text()
    path.write_text(text.replace("0", "1", 1) if file != "manifest.json" else text + "\n")
    done = tilewright("cosim", run, "--set", "cosim.modes=no")  # those of the layer alone
    assert done.returncode == 1, done.stderr
    assert failed(read(run / "07_cosim/cosim.json")) == ["corner vectors"]
    assert what in done.stderr
    assert str(path) in done.stderr


@pytest.mark.parametrize(
    ("stall_level", "change", "passed"),
    [
        (0, {}, True),
        (0, {"cycles": 43}, False),
        (0, {"cycles": 41}, False),
        (9, {"cycles": 43}, True),
        (9, {"cycles": 41}, False),
        (0, {"psum_mismatches": 1}, False),
        (0, {"stored_mismatches": 1}, False),
        (0, {"output_mismatches": 1}, False),
        (0, {"unused_lane_mismatches": 1}, False),
        (0, {"overflow_vectors": 1}, False),
        (0, {"faults": (Fault(0, 7, "put out an address twice"),)}, False),
        (0, {"psums_compared": 0}, False),
    ],
)
def test_what_a_check_of_a_set_looks_at(stall_level, change, passed):
    setup = SetupFacts(
        schedule=Schedule(),
        rule=PsumRule(),
        stall_level=stall_level,
        stall_seed=1,
        reset_at=0,
        waves=None,
    )
    one = CornerSet(name="os", how="", needs_modes=True, setup=setup, bundles=())
    check = _check(one, [(EXACT, 42), (replace(EXACT, **change), 42)])
    assert check.passed == passed
    assert passed != ("; first: " in check.evidence)


def test_a_layout_of_another_bench_gets_corners_of_its_layer_alone(run):
    done = tilewright("export", run, "--set", "vectors.layout=readmemh")
    assert done.returncode == 0, done.stderr
    sets = read(run / "05_vectors/export.json")["corners"]
    assert [one["name"] for one in sets] == list(LAYER)
    assert np.array_equal([len(one["bundles"]) for one in sets], [1, 1, 8, 2, 2, 1, 1, 1])
