"""The folder of one run: numbered stage folders, the configuration, and the facts each stage leaves."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import asdict, dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Any, Protocol, TypeVar

from tilewright.config import Config, dump_config, load_config
from tilewright.config.array import ArrayConfig
from tilewright.errors import ArtifactError, ConfigError
from tilewright.facts import (
    CertifyFacts,
    CosimFacts,
    EvaluateFacts,
    ExportFacts,
    RecoverFacts,
    RunFacts,
    SimulateFacts,
    StageFacts,
    StageResult,
    TileFacts,
    TrainFacts,
    VerifyFacts,
    read_result,
)
from tilewright.spec import IntegerNetwork, Stimulus
from tilewright.store.artifact import read_bytes, read_json, sha256, write_bytes, write_json

FOLDERS = {
    "train": "01_train",
    "evaluate": "01_train",
    "recover": "02_recover",
    "verify": "03_verify",
    "tile": "04_tile",
    "export": "05_vectors",
    "simulate": "06_sim",
    "cosim": "07_cosim",
    "certify": "08_certify",
}
SECTIONS: dict[str, tuple[str, ...]] = {
    "train": (),
    "evaluate": (),
    "recover": ("recover",),
    "verify": ("array",),
    "tile": ("array",),
    "export": ("array", "vectors"),
    "simulate": ("sim",),
    "cosim": ("cosim",),
    "certify": (),
}
"""Configuration sections that a stage, run by itself, may change."""
CONFIG = "config.toml"
REPORTS = ("summary.json", "junit.xml", "report.html")
"""What the report writes, in the run folder itself."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a stage reads: configuration keys, files, and the facts of the stages before it."""

    keys: tuple[str, ...]
    files: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()


_WEIGHTS = ("01_train/checkpoint.json",)  # each of these names the hash of its tensors
_INTEGERS = ("02_recover/network.json", "02_recover/stimulus.json")
INPUTS = {
    "train": Inputs(("data", "model", "train", "phases")),
    "evaluate": Inputs(("data",), _WEIGHTS),
    "recover": Inputs(("data", "recover"), _WEIGHTS),
    "verify": Inputs(("array.psum_bits",), _INTEGERS),
    "tile": Inputs(("array",), _INTEGERS),
    "export": Inputs(("vectors",), _INTEGERS, ("tile",)),
    "simulate": Inputs(("sim",), _INTEGERS, ("tile",)),
    "cosim": Inputs(("cosim",), ("06_sim/fold_cycles.json",), ("export", "simulate")),
    "certify": Inputs(("data",), (*_WEIGHTS, *_INTEGERS)),
}
"""What the result of a stage follows from: when it changes, the result is stale."""


class Listener(Protocol):
    """Receives the progress lines of a stage."""

    def say(self, line: str) -> None:
        """Take a line that stays."""

    def progress(self, line: str) -> None:
        """Take a line that the next one replaces."""


class Silent:
    """A listener that prints nothing."""

    def say(self, _line: str) -> None:
        """Take a line that stays."""

    def progress(self, _line: str) -> None:
        """Take a line that the next one replaces."""


F = TypeVar("F", bound=StageFacts)


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Paths of one run. Stages read the folders before their own and write only their own."""

    root: Path

    def folder(self, stage: str) -> Path:
        """Folder of a stage."""
        return self.root / FOLDERS[stage]

    def facts_path(self, stage: str) -> Path:
        """File with the facts of a stage."""
        return self.folder(stage) / f"{stage}.json"

    @property
    def network_stem(self) -> Path:
        """Stem of the recovered network's artifact."""
        return self.folder("recover") / "network"

    @property
    def stimulus_stem(self) -> Path:
        """Stem of the stimulus artifact."""
        return self.folder("recover") / "stimulus"

    def config(self, overrides: tuple[str, ...] = ()) -> Config:
        """The configuration that `start` stored; overrides, ``section.key=value``, are not kept."""
        path = self.root / CONFIG
        if not path.is_file():
            raise ArtifactError(
                f"{self.root} is no run folder: it has no config.toml; start with 'tilewright run'"
            )
        return load_config(path, overrides)

    def reconfigure(self, stage: str, overrides: tuple[str, ...]) -> None:
        """Apply overrides that concern `stage`; what an earlier stage has used cannot be changed."""
        stored = self.config()
        wanted = self.config(overrides)
        for section in Config.model_fields:
            if (
                getattr(stored, section) != getattr(wanted, section)
                and section not in SECTIONS[stage]
            ):
                raise ConfigError(
                    f"--set {section}: '{stage}' may change {', '.join(SECTIONS[stage]) or 'nothing'}; "
                    f"start another run for a change of {section}"
                )
        write_bytes(self.root / CONFIG, dump_config(wanted).encode())

    def start(self, config: Config) -> None:
        """Store `config`. A folder that holds a run of another configuration is refused."""
        path = self.root / CONFIG
        if path.is_file():
            _refuse_other(self.config(), config, self.root)
        elif self.root.is_dir() and any(self.root.iterdir()):
            raise ConfigError(
                f"{self.root} holds other files and no run: give --out a new or empty folder"
            )
        write_bytes(path, dump_config(config).encode())

    def remove(self) -> None:
        """Remove the run; a folder that holds no run, or anything else beside it, is refused."""
        self.config()
        owned = {*FOLDERS.values(), CONFIG, *REPORTS}
        foreign = {path.name for path in self.root.iterdir()} - owned
        if foreign:
            raise ConfigError(
                f"{self.root} must hold a run and nothing else to be removed, but holds "
                f"{min(foreign)!r}: move it elsewhere, or give --out another folder"
            )
        shutil.rmtree(self.root)

    def withdraw_report(self) -> None:
        """Remove the report: a stage begins, and what the report says may be true no longer."""
        for name in REPORTS:
            (self.root / name).unlink(missing_ok=True)

    @property
    def fold_cycles_stem(self) -> Path:
        """Stem of the artifact with the model's cycles of each fold, by layer."""
        return self.folder("simulate") / "fold_cycles"

    def network(self) -> IntegerNetwork:
        """The recovered network."""
        return IntegerNetwork.load(self.network_stem)

    def stimulus(self) -> Stimulus:
        """The recovered stimulus."""
        return Stimulus.load(self.stimulus_stem)

    def array(self) -> ArrayConfig:
        """The array that the tile stage planned for, and how it is used."""
        facts = self.facts(TileFacts)
        return ArrayConfig(**asdict(facts.array), **asdict(facts.mode))

    def positions(self, wanted: int, stimulus: Stimulus, *, key: str) -> range:
        """Positions of the first `wanted` samples; `key` is the configuration key that asks for them."""
        if wanted > len(stimulus.samples):
            raise ConfigError(
                f"{key} must be at most the {len(stimulus.samples)} recovered samples, not {wanted}: "
                "lower it or raise recover.samples"
            )
        return range(wanted)

    def facts(self, kind: type[F]) -> F:
        """What the stage of `kind` found; raises `ArtifactError` as `result` does."""
        return self.result(kind).facts

    def result(self, kind: type[F]) -> StageResult[F]:
        """What the stage of `kind` recorded.

        Raises `ArtifactError`, naming the file and the key, if it has not run or its file is damaged.
        """
        path = self.facts_path(kind.STAGE)
        return read_result(kind, read_json(path), file=str(path))

    def results(self) -> RunFacts:
        """What all stages recorded; raises `ArtifactError` as `result` does."""

        def left(kind: type[F]) -> StageResult[F] | None:
            return self.result(kind) if self.facts_path(kind.STAGE).is_file() else None

        return RunFacts(
            train=left(TrainFacts),
            evaluate=left(EvaluateFacts),
            recover=left(RecoverFacts),
            verify=left(VerifyFacts),
            tile=left(TileFacts),
            export=left(ExportFacts),
            simulate=left(SimulateFacts),
            cosim=left(CosimFacts),
            certify=left(CertifyFacts),
        )

    def fingerprint(self, stage: str) -> str:
        """Hash of what `stage` would read now; what is absent counts as empty."""
        inputs, config = INPUTS[stage], self.config()
        values = [repr(attrgetter(key)(config)) for key in inputs.keys]
        hashes = [_hash(self.root / name) for name in inputs.files]
        facts = [self._stored(name) for name in inputs.facts if self.facts_path(name).is_file()]
        timeless = [{key: fact[key] for key in fact if key != "seconds"} for fact in facts]
        return sha256(json.dumps([values, hashes, timeless]).encode())

    def is_stale(self, stage: str) -> bool:
        """Whether what `stage` read has changed since it ran."""
        return bool(self._stored(stage).get("fingerprint") != self.fingerprint(stage))

    def _stored(self, stage: str) -> dict[str, Any]:
        """The JSON that a stage left, unconverted, so that its hash is that of the file's values."""
        path = self.facts_path(stage)
        facts = read_json(path)
        if not isinstance(facts, dict) or facts.get("stage") != stage:
            raise ArtifactError(
                f"{path} must hold the facts of {stage}, but does not: run the stage that writes it"
            )
        return facts

    def check_inputs(self, stage: str) -> None:
        """Raise `ArtifactError` if a stage whose facts `stage` reads has not run or is stale."""
        for name in INPUTS[stage].facts:
            if self.is_stale(name):
                command = "export" if name == "tile" else name
                raise ArtifactError(
                    f"{stage} needs what {name} found, but that is stale: what {name} read has "
                    f"changed since; run 'tilewright {command} {self.root}' first"
                )

    def record(self, result: StageResult[F], *, since: float) -> StageResult[F]:
        """Write a stage's facts and checks. `since` is the `time.monotonic` of its start."""
        recorded = replace(
            result,
            seconds=round(time.monotonic() - since, 3),
            fingerprint=self.fingerprint(result.stage),
        )
        write_json(self.facts_path(result.stage), recorded.to_json())
        return recorded


def _hash(path: Path) -> str:
    return sha256(read_bytes(path)) if path.is_file() else ""


def _refuse_other(stored: Config, wanted: Config, root: Path) -> None:
    """A run resumes only with the same configuration or with more epochs.

    With a constant rate, fewer epochs are allowed down to those already done (`train` checks that).
    """
    ours, theirs = _flat(stored), _flat(wanted)
    for key, value in theirs.items():
        found = ours[key]
        is_free = key == "train.epochs" and (
            value > found or theirs["train.schedule"] == "constant"
        )
        if found != value and not is_free:
            raise ConfigError(
                f"{root} holds a run with {key} = {found!r}, not {value!r}: "
                "give --out another folder, or the same configuration to continue it"
            )


def _flat(config: Config) -> dict[str, Any]:
    """``section.key`` to value; the phases are one value."""
    sections = config.model_dump()
    values: dict[str, Any] = {"phases": sections.pop("phases")}
    for section, keys in sections.items():
        values |= {f"{section}.{key}": value for key, value in keys.items()}
    return values
