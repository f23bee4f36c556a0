"""The folder of one run: numbered stage folders, the configuration, and the facts each stage leaves."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tilewright.config import Config, dump_config, load_config
from tilewright.errors import ArtifactError, ConfigError
from tilewright.spec import ArrayShape, Check, IntegerNetwork, Stimulus
from tilewright.spec.artifact import read_bytes, read_json, sha256, write_bytes, write_json

FOLDERS = {
    "train": "01_train",
    "evaluate": "01_train",
    "recover": "02_recover",
    "verify": "03_verify",
    "tile": "04_tile",
    "export": "05_vectors",
    "simulate": "06_sim",
    "cosim": "07_cosim",
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
}
"""Configuration sections that a stage, run by itself, may change."""


class Listener(Protocol):
    """Hears what a stage has to say to the person who waits."""

    def say(self, line: str) -> None:
        """Take a line that stays."""

    def progress(self, line: str) -> None:
        """Take a line that the next one replaces."""


@dataclass(frozen=True, slots=True)
class StageResult:
    """What a stage found: its checks, and its facts as JSON."""

    stage: str
    checks: tuple[Check, ...]
    facts: dict[str, Any]

    @property
    def passed(self) -> bool:
        """Whether every check of the stage holds."""
        return all(check.passed for check in self.checks)


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

    def config(self) -> Config:
        """The configuration that `start` stored."""
        path = self.root / "config.toml"
        if not path.is_file():
            raise ArtifactError(
                f"{self.root} is no run folder: it has no config.toml; start with 'tilewright run'"
            )
        return load_config(path)

    def reconfigure(self, stage: str, overrides: tuple[str, ...]) -> None:
        """Apply overrides that concern `stage`; what an earlier stage has used cannot be changed."""
        stored = self.config()
        wanted = load_config(self.root / "config.toml", overrides)
        for section in Config.model_fields:
            if (
                getattr(stored, section) != getattr(wanted, section)
                and section not in SECTIONS[stage]
            ):
                raise ConfigError(
                    f"--set {section}: '{stage}' may change {', '.join(SECTIONS[stage]) or 'nothing'}; "
                    f"start another run for a change of {section}"
                )
        write_bytes(self.root / "config.toml", dump_config(wanted).encode())

    def start(self, config: Config) -> None:
        """Store `config`. A folder that holds a run of another configuration is refused."""
        path = self.root / "config.toml"
        if path.is_file():
            _refuse_other(self.config(), config, self.root)
        elif self.root.is_dir() and any(self.root.iterdir()):
            raise ConfigError(
                f"{self.root} holds other files and no run: give --out a new or empty folder"
            )
        write_bytes(path, dump_config(config).encode())

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

    def array(self) -> ArrayShape:
        """The array that the tile stage planned for."""
        facts = read_json(self.facts_path("tile"))["array"]
        return ArrayShape(facts["rows"], facts["cols"], facts["psum_bits"])

    def positions(self, wanted: int, stimulus: Stimulus, *, key: str) -> range:
        """Positions of the first `wanted` samples; `key` is the configuration key that asks for them."""
        if wanted > len(stimulus.samples):
            raise ConfigError(
                f"{key} must be at most the {len(stimulus.samples)} recovered samples, not {wanted}: "
                "lower it or raise recover.samples"
            )
        return range(wanted)

    def fingerprint(self) -> str:
        """Hash of the recovered integers: results with another fingerprint are stale."""
        stems = (self.network_stem, self.stimulus_stem)
        return sha256(b"".join(read_bytes(stem.with_name(f"{stem.name}.json")) for stem in stems))

    def record(
        self, result: StageResult, *, since: float, is_downstream: bool = True
    ) -> StageResult:
        """Write a stage's facts and checks. `since` is the `time.monotonic` of its start."""
        facts = {
            "stage": result.stage,
            "passed": result.passed,
            "seconds": round(time.monotonic() - since, 3),
            "fingerprint": self.fingerprint() if is_downstream else "",
            "checks": [check.to_json() for check in result.checks],
            **result.facts,
        }
        write_json(self.facts_path(result.stage), facts)
        return StageResult(result.stage, result.checks, facts)


def _refuse_other(stored: Config, wanted: Config, root: Path) -> None:
    for section, values in wanted.model_dump().items():
        for key, value in values.items():
            found = getattr(getattr(stored, section), key)
            if found != value:
                raise ConfigError(
                    f"{root} holds a run with {section}.{key} = {found!r}, not {value!r}: "
                    "give --out another folder, or the same configuration to continue it"
                )
