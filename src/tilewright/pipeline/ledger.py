"""A ledger of counts on test sets: one line for each trained network, which is therefore counted once."""

from __future__ import annotations

import datetime
import hashlib
import json
from pathlib import Path
from typing import Any

from tilewright.config import Config
from tilewright.errors import ArtifactError
from tilewright.facts import EvaluateFacts, TrainFacts
from tilewright.pipeline.run_folder import RunFolder
from tilewright.store.artifact import read_bytes, write_bytes

KEYS = (
    "network",
    "recipe",
    "settings",
    "seed",
    "data",
    "epochs",
    "seconds",
    "holdout_accuracy",
    "holdout_images",
    "holdout_by_epoch",
    "correct",
    "images",
    "revision",
    "day",
)
"""Of a line, a JSON object. network: hash of the weights. recipe: see `recipe_sha256`. settings: hash of all
that the last phase was told, the seed and the weights that it started from included. epochs, seconds, and the
hold-out by epoch: of all phases. Accuracies: 0..1. revision: of the repository, or null."""

NETWORK, DAY = KEYS[0], KEYS[-1]


def recipe_sha256(config: Config) -> str:
    """Hash of all that decides how a network is trained, but for the seed: equal for the seeds of one recipe.

    Folders, threads, and keys that have their default do not count.
    """
    sections = config.model_dump(
        mode="json",
        include={"data", "model", "train", "phases"},
        exclude={"data": {"dir"}, "train": {"seed", "threads", "device"}},
        exclude_defaults=True,
    )
    told = {name: keys for name, keys in sections.items() if keys}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


class Ledger:
    """The lines of a file, which need not be there yet.

    Raises `ArtifactError` if a line is none of a ledger, or a network stands in two of them.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        content = read_bytes(path).decode("utf-8", "replace") if path.exists() else ""
        self._lines = [
            _read(line, path, number)
            for number, line in enumerate(content.splitlines(), 1)
            if line.strip()
        ]
        seen: set[str] = set()
        for line in self._lines:
            if line[NETWORK] in seen:
                raise ArtifactError(
                    f"{path} must have one line for each network, but has two for {line[NETWORK]}: "
                    "remove the one that was added"
                )
            seen.add(line[NETWORK])

    def enter(self, run: RunFolder) -> str:
        """Add what a run has counted; returns what to say of it. Raises `ArtifactError` for another count.

        A network that stands there with this count is not entered again.
        """
        line = _describe(run)
        for known in self._lines:
            if known[NETWORK] == line[NETWORK]:
                if (known["correct"], known["images"]) != (line["correct"], line["images"]):
                    raise ArtifactError(
                        f"{self._path} has {known['correct']:,} of {known['images']:,} for this network on "
                        f"{known[DAY]}, but the run counted {line['correct']:,} of {line['images']:,}: "
                        "find out which is right; nothing was entered"
                    )
                return f"{self._path} has this network already, of {known[DAY]}"
        self._lines.append(line)
        text = "".join(json.dumps(one) + "\n" for one in self._lines)
        write_bytes(self._path, text.encode())
        return f"entered in {self._path}, line {len(self._lines)}"


def _describe(run: RunFolder) -> dict[str, Any]:
    from tilewright.train import read_metrics
    from tilewright.train.checkpoint import identify_trained

    trained, counted = run.facts(TrainFacts), run.facts(EvaluateFacts)
    folder = run.folder("train")
    metrics = [line for phase in trained.phases for line in read_metrics(folder / phase.name)]
    values = (
        identify_trained(folder),
        recipe_sha256(run.config()),
        trained.provenance.settings_sha256,
        trained.provenance.seed,
        run.config().data.name,
        sum(phase.epochs for phase in trained.phases),
        round(sum(phase.seconds for phase in trained.phases)),
        trained.holdout_accuracy,
        trained.holdout_images,
        [round(line["holdout_accuracy"], 6) for line in metrics],
        counted.correct,
        counted.images,
        trained.provenance.revision,
        datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
    )
    return dict(zip(KEYS, values, strict=True))


def _read(line: str, path: Path, number: int) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        value = None
    if not isinstance(value, dict) or set(value) != set(KEYS):
        raise ArtifactError(
            f"{path} must hold a JSON object with the keys {', '.join(KEYS)} in each line, but line {number} "
            "is none: mend the line, or give another file"
        )
    return value
