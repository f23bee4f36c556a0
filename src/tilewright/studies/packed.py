"""A trained run as one small pair of files, and its accuracy again from them."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from tilewright.data import Split
from tilewright.data.catalog import load_data, load_test
from tilewright.engine import Engine, EngineKind
from tilewright.errors import ArtifactError, DataError, command_line
from tilewright.facts import EvaluateFacts, StageFacts, StageResult, TrainFacts
from tilewright.pipeline.own_images import NAME, OwnImages
from tilewright.pipeline.run_folder import Listener, RunFolder
from tilewright.programs.pace import Pace
from tilewright.spec import Check, DataClaim, PackedNetwork, find_packed
from tilewright.store.artifact import read_json

NEEDED = ("train", "evaluate", "recover")
"""Stages whose results a packed network holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedEvaluation(StageFacts):
    """The images that a packed network recognizes, and how often it differs from the trained one."""

    STAGE: ClassVar[str] = "evaluate"

    stage: str
    passed: bool
    seconds: float
    accuracy: float
    images: int
    correct: int
    differ_from_trained: int
    data: str
    arithmetic: dict[str, str]
    training: dict[str, Any]


def pack(
    run: RunFolder, stem: Path, listener: Listener, *, data_dir: Path | None = None
) -> dict[str, Any]:
    """Write the recovered network of `run` to ``stem.json`` and ``stem.npz``; returns what was written.

    data_dir: folder of the data set on this machine, if not the configuration's.

    The test images are predicted once by the trained network; its predictions go into the file, so that
    any reader can compare image by image. Raises `ArtifactError` if a stage has not run or is stale, or
    if the predictions are not those that `evaluate` counted.
    """
    own = OwnImages.load(run)
    for stage in NEEDED if own is None else NEEDED[1:]:
        if run.is_stale(stage):
            raise ArtifactError(f"{stage} is stale: run {command_line(stage, run.root)} first")
    packed = _pack_trained(run, data_dir) if own is None else _pack_own(run, own)
    packed.save(stem)
    size = sum(stem.with_name(stem.name + end).stat().st_size for end in (".json", ".npz"))
    listener.say(f"{stem}.json and {stem.name}.npz: {size / 1e6:.2f} MB")
    return {
        "path": str(stem),
        "bytes": size,
        "weights": sum(layer.weight.size for layer in packed.network.layers),
    }


def _pack_trained(run: RunFolder, data_dir: Path | None) -> PackedNetwork:
    from tilewright.train import load_trained
    from tilewright.train.evaluation import predict

    config, evaluated = run.config(), run.facts(EvaluateFacts)
    data = load_data(config.data.name, data_dir=data_dir or config.data_dir)
    test = data.test
    model = load_trained(run.folder("train"))
    predictions = predict(model, test.images)
    correct = int((predictions == test.labels).sum())
    if (len(test), correct) != (evaluated.images, evaluated.correct):
        raise ArtifactError(
            f"{run.root} was evaluated with {evaluated.correct:,} of {evaluated.images:,} images "
            f"correct, but {correct:,} of {len(test):,} are now: "
            f"run {command_line('evaluate', run.root)}"
        )
    return PackedNetwork(
        run.network(),
        data.classes,
        DataClaim(config.data.name, len(test), test.fingerprint()),
        predictions,
        _training(run),
        {
            name: tensor.numpy()
            for name, tensor in model.state_dict().items()
            if not name.endswith(".weight") or tensor.ndim == 1
        },
    )


def _pack_own(run: RunFolder, own: OwnImages) -> PackedNetwork:
    """A module that was not trained here: its images stay in the run folder."""
    network = run.network()
    classes = tuple(str(number) for number in range(network.output.output_shape[0]))
    claim = DataClaim(NAME, len(own.test), own.test.fingerprint())
    return PackedNetwork(network, classes, claim, own.predictions, {"module": own.module}, {})


def evaluate_packed(
    stem: Path, listener: Listener, *, data_dir: Path | None, kind: EngineKind, threads: int
) -> StageResult[PackedEvaluation]:
    """Predict the test images with the packed network, on integers; the labels are used to count only.

    The check holds if every prediction is that of the trained network. Raises `DataError` if the images
    are not those that it was tested on.
    """
    since = time.monotonic()
    packed = PackedNetwork.load(stem)
    test = load_packed_test(packed, data_dir=data_dir)
    engine = Engine(packed.network, kind=kind)
    pace = Pace(len(test), "images")
    classes = engine.predict(
        test.images, threads=threads, listener=lambda done: listener.progress(pace.line(done))
    )
    correct = int((classes == test.labels).sum())
    check = check_predictions(packed.predictions, classes)
    listener.say(f"test accuracy {100 * correct / len(test):.2f} % ({correct:,} of {len(test):,})")
    listener.say(check.evidence)
    facts = PackedEvaluation(
        stage="evaluate",
        passed=check.passed,
        seconds=round(time.monotonic() - since, 3),
        accuracy=correct / len(test),
        images=len(test),
        correct=correct,
        differ_from_trained=int((classes != packed.predictions).sum()),
        data=packed.data.name,
        arithmetic=engine.arithmetic,
        training=packed.training,
    )
    return StageResult(facts, (check,))


def load_packed_test(packed: PackedNetwork, *, data_dir: Path | None) -> Split:
    """The test images of a packed network; raises `DataError` if those found are others."""
    test = _own_test(data_dir) if packed.data.name == NAME else None
    test = test or load_test(packed.data.name, data_dir=data_dir)
    found = test.fingerprint()
    if found != packed.data.sha256:
        raise DataError(
            f"the network was tested on {packed.data.images:,} images of {packed.data.name} with sha256 "
            f"{packed.data.sha256}, but these {len(test):,} have {found}: give --data-dir the "
            "original files"
        )
    return test


def _own_test(run: Path | None) -> Split:
    own = None if run is None else OwnImages.load(RunFolder(run))
    if own is None:
        raise DataError(
            "the network was tested on images of its own: give --data-dir the run folder that save_run made"
        )
    return own.test


def check_predictions(expected: npt.NDArray[np.int64], actual: npt.NDArray[np.int64]) -> Check:
    """Whether the integer network predicts what the trained network predicted, image by image."""
    wrong = np.flatnonzero(expected != actual)
    evidence = f"predictions: {len(expected):,} compared, {len(wrong):,} differ"
    if len(wrong):
        first = int(wrong[0])
        evidence += (
            f"; first at image {first}: the trained network says {int(expected[first])}, "
            f"the integers {int(actual[first])}"
        )
    return Check("evaluate", "predictions", not len(wrong) and len(expected) > 0, evidence)


def _training(run: RunFolder) -> dict[str, Any]:
    """Where the network comes from: what to type, with which configuration, and what it cost.

    phases: each training of the run, with the metrics of its epochs. start: the same facts of what the
    first one started from, if that is at hand.
    """
    from tilewright.train import read_metrics

    trained, evaluated = run.facts(TrainFacts), run.facts(EvaluateFacts)
    phases = [
        asdict(phase) | {"metrics": read_metrics(run.folder("train") / phase.name)}
        for phase in trained.phases
    ]
    settings = read_json(run.folder("train") / "training.json")["settings"]
    config = run.config().model_dump(mode="json")
    config["data"]["dir"] = ""  # a folder of the machine that trained
    provenance = trained.provenance
    return {
        "command": "tilewright train CONFIG",
        "config": config,
        "model": settings["model"],
        "seed": provenance.seed,
        "seconds": provenance.wall_seconds,
        "test_accuracy": evaluated.accuracy,
        "test_correct": evaluated.correct,
        "holdout_accuracy": trained.holdout_accuracy,
        "best_epoch": trained.best_epoch,
        "phases": phases,
        "start": _start(run.config().train.start, settings["origin"]["start"]),
        "provenance": asdict(provenance),
    }


def _start(name: str, sha256: str | None) -> dict[str, Any] | None:
    """The training of the packed network or the run called `name`; a packed one must still be the same."""
    from tilewright.train.checkpoint import identify_trained

    if not name:
        return None
    stem = find_packed(Path(name))
    if stem is not None:
        facts: dict[str, Any] = read_json(stem.with_name(stem.name + ".json"))
        return facts["training"] if identify_trained(Path(name)) == sha256 else None
    start = RunFolder(Path(name))
    return _training(start) if start.facts_path("evaluate").is_file() else None
