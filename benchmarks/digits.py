"""Test accuracy of the demonstration network over seeds.

    python benchmarks/digits.py [--seeds 5] [--json]

Trains `configs/digits_w4a4.toml` with each seed, selects the epoch on the hold-out and evaluates it once
on the test images. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

from tilewright.config import Config
from tilewright.pipeline import run_stage
from tilewright.pipeline.run_folder import RunFolder


class Silence:
    """A listener that hears nothing."""

    def say(self, line: str) -> None:
        """Ignore a line."""

    def progress(self, line: str) -> None:
        """Ignore a line."""


def accuracy_of(seed: int, folder: Path) -> tuple[float, float]:
    """Test accuracy in percent, and the seconds of training."""
    run = RunFolder(folder)
    defaults = Config()
    run.start(
        defaults.model_copy(update={"train": defaults.train.model_copy(update={"seed": seed})})
    )
    since = time.monotonic()
    run_stage("train", run, Silence())
    seconds = time.monotonic() - since
    return 100 * run_stage("evaluate", run, Silence()).facts.accuracy, seconds


def main() -> None:
    """Train, and print a line a seed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="print the JSON object alone")
    arguments = parser.parse_args()
    found, times = [], []
    for seed in range(arguments.seeds):
        with tempfile.TemporaryDirectory() as folder:
            percent, seconds = accuracy_of(seed, Path(folder) / "run")
        found.append(percent)
        times.append(seconds)
        if not arguments.json:
            print(
                f"seed {seed}: {percent:.2f} % of 360 test images, trained in {seconds:.0f} s",
                flush=True,
            )
    spread = statistics.stdev(found) if len(found) > 1 else 0.0
    facts = {
        "test_accuracy": [round(percent, 2) for percent in found],
        "mean": round(statistics.mean(found), 2),
        "stdev": round(spread, 2),
        "min": round(min(found), 2),
        "max": round(max(found), 2),
        "seconds_median": round(statistics.median(times), 1),
        "threads": Config().train.threads,
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
