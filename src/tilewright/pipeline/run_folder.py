"""The folder of one run: numbered stage folders, the configuration, and the facts each stage leaves."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from tilewright.config import Config, dump_config, load_config
from tilewright.config.array import ArrayConfig
from tilewright.errors import ArtifactError, ConfigError, command_line
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
from tilewright.pipeline.evidence import INPUTS, Evidence
from tilewright.pipeline.inventory import (
    CONFIG,
    FOLDERS,
    REPORTS,
    foreign_paths,
    output_hashes,
    remove_own,
)
from tilewright.spec import IntegerNetwork, Stimulus
from tilewright.store.artifact import read_sealed, write_bytes, write_sealed

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


@dataclass(slots=True)
class _Draft:
    """What a command has decided and not yet kept: a configuration, and results of stages by name."""

    config: Config | None = None
    results: dict[str, StageResult[StageFacts]] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Paths of one run. Stages read the folders before their own and write only their own.

    A changed configuration becomes that of the folder when a stage begins to write, having accepted it: a
    command that is refused before leaves no trace.
    """

    root: Path
    _draft: _Draft = field(default_factory=_Draft, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", Path(self.root))

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
        """The configuration of the run; overrides, ``section.key=value``, are not kept.

        Raises `ArtifactError` if the folder holds none, or its file lacks a key: it was cut short.
        """
        if self._draft.config is not None and not overrides:
            return self._draft.config
        path = self.root / CONFIG
        if not path.is_file():
            raise ArtifactError(
                f"{self.root} is no run folder: it has no config.toml; start with 'tilewright run'"
            )
        return load_config(path, overrides, is_whole=True)

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
        self._draft.config = wanted

    def start(self, config: Config) -> None:
        """Take `config` for this run. A folder that holds a run of another configuration is refused."""
        if (self.root / CONFIG).is_file():
            _refuse_other(self.config(), config, self.root)
        elif self.root.is_dir() and any(foreign_paths(self.root)):
            raise ConfigError(
                f"{self.root} holds other files and no run: give --out a new or empty folder"
            )
        self._draft.config = config

    def remove(self) -> None:
        """Remove the run; a folder that holds no run, or anything else beside it, is refused."""
        self.check_removable()
        remove_own(self.root)

    def check_removable(self) -> None:
        """Raise `ConfigError` if the folder holds anything that this program did not write."""
        self.config()
        foreign = next(foreign_paths(self.root), None)
        if foreign is not None:
            raise ConfigError(
                f"{self.root} must hold a run and nothing else to be removed, but holds "
                f"{str(foreign.relative_to(self.root))!r}: move it elsewhere, or give --out another folder"
            )

    def begin(self, stage: str) -> None:
        """Keep the configuration, and what the stages before found; `stage` writes from now on.

        The report, and what `stage` found before, describe the run no longer and are removed.
        """
        draft = self._draft
        if stage in draft.begun:
            return
        if draft.config is not None:
            write_bytes(self.root / CONFIG, dump_config(draft.config).encode())
        for name in REPORTS:
            (self.root / name).unlink(missing_ok=True)
        self.facts_path(stage).unlink(missing_ok=True)
        draft.config = None
        draft.begun.add(stage)
        for result in draft.results.values():
            write_sealed(self.facts_path(result.stage), result.to_json())
        draft.results.clear()

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
        drafted = self._draft.results.get(kind.STAGE)
        value, is_whole = (drafted.to_json(), True) if drafted else read_sealed(path)
        result = read_result(kind, value, file=str(path))
        if not is_whole:
            raise ArtifactError(
                f"{path} must have the sha256 that it states, but has not: it was altered; run the stage "
                "that writes it again"
            )
        return result

    def has_result(self, stage: str) -> bool:
        """Whether a stage has left a result."""
        return stage in self._draft.results or self.facts_path(stage).is_file()

    def results(self) -> RunFacts:
        """What all stages recorded; raises `ArtifactError` as `result` does."""

        def left(kind: type[F]) -> StageResult[F] | None:
            return self.result(kind) if self.has_result(kind.STAGE) else None

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
        return Evidence(self).fingerprint(stage)

    def is_stale(self, stage: str) -> bool:
        """Whether what `stage` read has changed since it ran."""
        return Evidence(self).is_stale(stage)

    def stored(self, stage: str) -> dict[str, Any]:
        """The JSON that a stage left, unconverted, so that its hash is that of the file's values."""
        drafted = self._draft.results.get(stage)
        if drafted is not None:
            return drafted.to_json()
        path = self.facts_path(stage)
        facts, _ = read_sealed(path)
        if not isinstance(facts, dict) or facts.get("stage") != stage:
            raise ArtifactError(
                f"{path} must hold the facts of {stage}, but does not: run the stage that writes it"
            )
        return facts

    def check_inputs(self, stage: str) -> None:
        """Raise `ArtifactError` if a stage whose facts `stage` reads has not run or is stale."""
        look = Evidence(self)
        for name in INPUTS[stage].facts:
            if look.is_stale(name):
                first = command_line("export" if name == "tile" else name, self.root)
                raise ArtifactError(
                    f"{stage} needs what {name} found, but that is stale: what {name} read has "
                    f"changed since; run {first} first"
                )

    def record(
        self, result: StageResult[F], *, since: float, inputs: str, is_draft: bool = False
    ) -> StageResult[F]:
        """Keep a stage's facts and checks; `is_draft`: only once the next stage begins to write.

        since: the `time.monotonic` of its start. inputs: the fingerprint of what it was to read, taken then.
        Raises `ArtifactError` if that has changed meanwhile: nobody knows what the stage has read.
        """
        stage = result.stage
        if self.fingerprint(stage) != inputs:
            raise ArtifactError(
                f"what {stage} reads must stay as it is while {stage} runs, but was changed in {self.root}: "
                f"run {command_line(stage, self.root)} again"
            )
        recorded = replace(
            result,
            seconds=round(time.monotonic() - since, 3),
            fingerprint=inputs,
            outputs=output_hashes(self.root, stage),
        )
        if is_draft:
            self._draft.results[stage] = recorded
        else:
            self.begin(stage)
            write_sealed(self.facts_path(stage), recorded.to_json())
            self._draft.begun.discard(stage)
        return recorded


def _refuse_other(stored: Config, wanted: Config, root: Path) -> None:
    """A run resumes only with the same configuration or with more epochs.

    With a constant rate, fewer epochs are allowed down to those already done (`train` checks that).
    """
    ours, theirs = flat_config(stored), flat_config(wanted)
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


def flat_config(config: Config) -> dict[str, Any]:
    """``section.key`` to value; the phases are one value."""
    sections = config.model_dump()
    values: dict[str, Any] = {"phases": sections.pop("phases")}
    for section, keys in sections.items():
        values |= {f"{section}.{key}": value for key, value in keys.items()}
    return values
