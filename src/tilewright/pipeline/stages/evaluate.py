"""Count the test images that the trained network recognizes, once, after selection on the hold-out."""

from __future__ import annotations

from pathlib import Path

from tilewright.data.catalog import load_test
from tilewright.facts import EvaluateFacts, StageResult
from tilewright.pipeline.own_images import OwnImages
from tilewright.pipeline.run_folder import Listener, RunFolder
from tilewright.train import evaluate as evaluate_model
from tilewright.train import load_trained


def evaluate(
    run: RunFolder, listener: Listener, *, data_dir: Path | None = None
) -> StageResult[EvaluateFacts]:
    """Evaluate the best epoch on the test split, in one pass.

    data_dir: folder of the data set on this machine, if not the configuration's. A module that was not
    trained here brings its images along, and is evaluated on integers.
    """
    own = OwnImages.load(run)
    if own is not None:
        return _evaluate_own(run, own, listener)
    config = run.config()
    test = load_test(config.data.name, data_dir=data_dir or config.data_dir)
    accuracy = evaluate_model(load_trained(run.folder("train")), test)
    listener.say(
        f"test accuracy {100 * accuracy.rate:.2f} % ({accuracy.correct:,} of {accuracy.images:,})"
    )
    facts = EvaluateFacts(accuracy=accuracy.rate, images=accuracy.images, correct=accuracy.correct)
    return StageResult(facts)


def _evaluate_own(run: RunFolder, own: OwnImages, listener: Listener) -> StageResult[EvaluateFacts]:
    from tilewright.engine import Engine

    classes = Engine(run.network()).predict(own.test.images)
    correct, images = int((classes == own.test.labels).sum()), len(own.test)
    differ = int((classes != own.predictions).sum())
    listener.say(f"test accuracy {100 * correct / images:.2f} % ({correct:,} of {images:,})")
    listener.say(f"{differ:,} of {images:,} predictions differ from those of {own.module}")
    return StageResult(EvaluateFacts(accuracy=correct / images, images=images, correct=correct))
