"""Count the test images that the trained network recognizes, once, after selection on the hold-out."""

from __future__ import annotations

import time

from tilewright.data import load_data
from tilewright.pipeline.run_folder import Listener, RunFolder, StageResult
from tilewright.train import evaluate as evaluate_model
from tilewright.train import load_trained


def evaluate(run: RunFolder, listener: Listener) -> StageResult:
    """Evaluate the best epoch on the test split, in one pass."""
    since = time.monotonic()
    config = run.config()
    data = load_data(config.data.name, data_dir=config.data_dir)
    accuracy = evaluate_model(load_trained(run.folder("train")), data.test)
    listener.say(
        f"test accuracy {100 * accuracy.rate:.2f} % ({accuracy.correct:,} of {accuracy.images:,})"
    )
    facts = {"accuracy": accuracy.rate, "images": accuracy.images, "correct": accuracy.correct}
    return run.record(StageResult("evaluate", (), facts), since=since)
