"""Count the test images that the trained network recognizes, once, after selection on the hold-out."""

from __future__ import annotations

from pathlib import Path

from tilewright.data.catalog import load_test
from tilewright.facts import EvaluateFacts, StageResult
from tilewright.pipeline.run_folder import Listener, RunFolder
from tilewright.train import evaluate as evaluate_model
from tilewright.train import load_trained


def evaluate(
    run: RunFolder, listener: Listener, *, data_dir: Path | None = None
) -> StageResult[EvaluateFacts]:
    """Evaluate the best epoch on the test split, in one pass.

    data_dir: folder of the data set on this machine, if not the configuration's.
    """
    config = run.config()
    test = load_test(config.data.name, data_dir=data_dir or config.data_dir)
    accuracy = evaluate_model(load_trained(run.folder("train")), test)
    listener.say(
        f"test accuracy {100 * accuracy.rate:.2f} % ({accuracy.correct:,} of {accuracy.images:,})"
    )
    facts = EvaluateFacts(accuracy=accuracy.rate, images=accuracy.images, correct=accuracy.correct)
    return StageResult(facts)
