"""A run folder knows which results are stale, and removes nothing but a run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tilewright.config import Config
from tilewright.errors import ArtifactError, ConfigError
from tilewright.facts import (
    CosimFacts,
    EvaluateFacts,
    ExportFacts,
    Provenance,
    RecoverFacts,
    SimulateFacts,
    StageResult,
    TileFacts,
    TrainFacts,
    VerifyFacts,
)
from tilewright.pipeline import ORDER
from tilewright.pipeline.run_folder import RunFolder
from tilewright.spec import ArrayShape, Check

PROVENANCE = Provenance(
    versions={},
    revision=None,
    device="cpu",
    threads=1,
    seed=0,
    settings_sha256="0",
    wall_seconds=1.0,
)
FACTS = {
    "train": TrainFacts(
        best_epoch=1, holdout_accuracy=0.5, holdout_images=2, provenance=PROVENANCE
    ),
    "evaluate": EvaluateFacts(accuracy=0.5, images=2, correct=1),
    "recover": RecoverFacts(samples=1, layers=()),
    "verify": VerifyFacts(samples=1, layers=()),
    "tile": TileFacts(array=ArrayShape(8, 8, 20), layers=()),
    "export": ExportFacts(layout="ece284-ws", files=0, bundles=()),
    "simulate": SimulateFacts(cycles=0, psums_compared=0, mismatches=0, layers=()),
    "cosim": CosimFacts(
        simulator=None,
        version=None,
        tiles=0,
        psums_compared=0,
        outputs_compared=0,
        mismatches=0,
        cycles=0,
        bundles=(),
    ),
}
OTHER_ARRAY = TileFacts(array=ArrayShape(4, 8, 20), layers=())
OTHER_EXPORT = ExportFacts(layout="other", files=0, bundles=())
OTHER_CHECK = Check("simulate", "other", passed=True, evidence="")
FILES = ("01_train/checkpoint", "02_recover/network", "02_recover/stimulus", "06_sim/fold_cycles")


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """A run in which every stage has left a result."""
    run = RunFolder(tmp_path / "run")
    run.start(Config())
    for name in FILES:
        write(run, name, "first")
    for stage in ORDER:
        record(run, stage)
    return run


def write(run: RunFolder, name: str, content: str) -> None:
    path = run.root / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def record(
    run: RunFolder, stage: str, since: float = 0.0, facts: object = None, *checks: Check
) -> None:
    result = StageResult(facts or FACTS[stage], checks)
    run.record(result, since=since, inputs=run.fingerprint(stage))


def stale(run: RunFolder) -> list[str]:
    return [stage for stage in ORDER if run.is_stale(stage)]


def configure(override: str) -> Callable[[RunFolder], None]:
    def change(run: RunFolder) -> None:
        section = override.partition(".")[0]
        stage = {"array": "export", "vectors": "export", "sim": "simulate"}.get(section, section)
        run.reconfigure(stage, (override,))  # not kept yet, but this run is looked at with it

    return change


def edit(key: str, value: int) -> Callable[[RunFolder], None]:
    """Edit the stored configuration by hand."""

    def change(run: RunFolder) -> None:
        path = run.root / "config.toml"
        lines = [line for line in path.read_text().splitlines() if not line.startswith(f"{key} =")]
        lines.insert(lines.index("[train]") + 1, f"{key} = {value}")
        path.write_text("\n".join(lines))

    return change


INTEGERS_CHANGED = ["verify", "tile", "export", "simulate"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda _run: None, []),
        (lambda run: write(run, "01_train/checkpoint", "other"), ["evaluate", "recover"]),
        (lambda run: write(run, "02_recover/network", "other"), INTEGERS_CHANGED),
        (lambda run: write(run, "02_recover/stimulus", "other"), INTEGERS_CHANGED),
        (lambda run: write(run, "06_sim/fold_cycles", "other"), ["cosim"]),
        (lambda run: record(run, "tile", facts=OTHER_ARRAY), ["export", "simulate"]),
        (lambda run: record(run, "export", facts=OTHER_EXPORT), ["cosim"]),
        (lambda run: record(run, "simulate", 0.0, None, OTHER_CHECK), ["cosim"]),
        (lambda run: record(run, "tile", since=-5.0), []),  # it took longer; that is no change
        (configure("array.psum_bits=32"), ["verify", "tile"]),
        (configure("array.rows=4"), ["tile"]),
        (configure("vectors.samples=2"), ["export"]),
        (configure("sim.samples=2"), ["simulate"]),
        (configure("cosim.simulator=icarus"), ["cosim"]),
        (edit("epochs", 3), ["train"]),
    ],
)
def test_a_result_is_stale_when_what_it_was_made_from_has_changed(run, change, expected):
    change(run)
    assert stale(run) == expected


def test_a_stage_refuses_stale_results(run):
    for stage in ORDER:
        run.check_inputs(stage)
    record(run, "tile", facts=OTHER_ARRAY)
    with pytest.raises(
        ArtifactError, match=r"cosim needs what export found, .* 'tilewright export"
    ):
        run.check_inputs("cosim")
    write(run, "02_recover/network", "other")
    with pytest.raises(ArtifactError, match=r"simulate needs what tile .* 'tilewright export"):
        run.check_inputs("simulate")


@pytest.mark.parametrize("content", ["{}", "[]", '{"stage": "tile"}'])
def test_facts_that_are_none_are_named(run, content):
    run.facts_path("export").write_text(content)
    with pytest.raises(ArtifactError, match=r"export\.json must hold the facts of export"):
        run.facts(ExportFacts)


def test_a_run_is_removed_whole(run):
    (run.root / "summary.json").write_text("{}")
    run.remove()
    assert not run.root.exists()


def test_nothing_but_a_run_is_removed(run):
    """A project folder with a config.toml of its own may hold a run, and a life's work."""
    (run.root / "thesis.tex").write_text("dear")
    before = sorted(run.root.rglob("*"))
    with pytest.raises(ConfigError, match=r"holds 'thesis\.tex': move it elsewhere"):
        run.remove()
    assert sorted(run.root.rglob("*")) == before
