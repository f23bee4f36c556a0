"""What did the committed networks cost to train, and what do they reach?

``python benchmarks/results.py [MODELS...] [--picture docs/learning_curves.svg] [--json]``

Reads the provenance inside the packed networks (default: all under ``models/``), prints a table in
Markdown with one row for each training, and draws hold-out accuracy over epochs. The accuracies on
the test set are checked apart: ``tilewright evaluate models/NAME --data-dir DIR``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt


def read_training(stem: Path) -> dict[str, Any]:
    """The provenance of a packed network, with its name."""
    facts = json.loads(stem.with_suffix(".json").read_text())
    return facts["training"] | {"name": stem.name, "images": facts["data"]["images"]}


def list_phases(training: dict[str, Any]) -> list[dict[str, Any]]:
    """All phases in the order of training, those of the run it started from first."""
    before = list_phases(training["start"]) if training["start"] else []
    return [*before, *training["phases"]]


def describe(training: dict[str, Any]) -> dict[str, Any]:
    """One network: accuracy, epochs and time, earlier phases included."""
    phases = list_phases(training)
    return {
        "name": training["name"],
        "test_accuracy": training["test_accuracy"],
        "correct": training["test_correct"],
        "images": training["images"],
        "epochs": [phase["epochs"] for phase in phases],
        "bits": [f"W{phase['weight_bits']}A{phase['act_bits']}" for phase in phases],
        "hours": round(sum(phase["seconds"] for phase in phases) / 3600, 2),
        "device": training["provenance"]["device"],
        "threads": training["provenance"]["threads"],
        "seed": training["seed"],
    }


def draw(trainings: list[dict[str, Any]], path: Path) -> None:
    """Hold-out accuracy over the epochs of all phases, one curve for each network."""
    curves = []
    for training in trainings:
        label = f"{training['name']}: {100 * training['test_accuracy']:.2f} % on the test set"
        phases = [
            [line["holdout_accuracy"] for line in phase["metrics"]]
            for phase in list_phases(training)
        ]
        curves.append((label, phases))
    draw_curves(curves, path)


def draw_curves(curves: Iterable[tuple[str, list[list[float]]]], path: Path) -> None:
    """Curves with their labels: rates, 0..1, by phase and epoch; a line parts the phases."""
    mpl.rcParams["svg.hashsalt"] = "tilewright"
    figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
    for label, phases in curves:
        accuracies: list[float] = []
        for phase in phases:
            if accuracies:
                axes.axvline(len(accuracies) + 0.5, color="0.85", linewidth=1)
            accuracies += [100 * rate for rate in phase]
        axes.plot(range(1, len(accuracies) + 1), accuracies, marker=".", label=label)
    axes.set(xlabel="epoch, all phases", ylabel="hold-out accuracy, %")
    axes.grid(axis="y", color="0.9")
    axes.legend(loc="lower right")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def main() -> None:
    """Print, draw, and end with one JSON object."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--json", action="store_true", help="print the JSON object only")
    options = parser.parse_args()
    stems = options.models or sorted(p.with_suffix("") for p in Path("models").glob("*.json"))
    trainings = [read_training(stem) for stem in stems]
    if options.picture is not None:
        draw(trainings, options.picture)
    rows = [describe(training) for training in trainings]
    if not options.json:
        print("| network | test accuracy | epochs | hours | seed |\n|---|---|---|---|---|")
        for row in rows:
            steps = ", ".join(
                f"{epochs} {'float' if bits == 'W32A32' else bits}"
                for epochs, bits in zip(row["epochs"], row["bits"], strict=True)
            )
            accuracy = (
                f"{100 * row['test_accuracy']:.2f} % ({row['correct']:,} of {row['images']:,})"
            )
            print(f"| `{row['name']}` | {accuracy} | {steps} | {row['hours']} | {row['seed']} |")
    print(json.dumps({"networks": rows}))


if __name__ == "__main__":
    main()
