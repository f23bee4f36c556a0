"""What a stage found, as its JSON file holds it: its own facts, its checks, and what they follow from."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Generic, Self, TypeVar

from tilewright.errors import ArtifactError
from tilewright.spec import Check
from tilewright.store.typed_json import from_json, to_json


@dataclass(frozen=True, slots=True)
class StageFacts:
    """Facts of one stage; each stage has its own subclass with its own fields."""

    STAGE: ClassVar[str] = ""

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON values; those that are None by default are left out where they are None."""
        absent = {
            one.name
            for one in fields(self)
            if one.default is None and getattr(self, one.name) is None
        }
        facts: dict[str, Any] = to_json(self)
        return {name: value for name, value in facts.items() if name not in absent}

    @classmethod
    def from_json(cls, value: object, *, file: str) -> Self:
        """Inverse of `to_json`; raises `ArtifactError` naming `file` and the key that is wrong."""
        return from_json(cls, value, file=file)


F = TypeVar("F", bound=StageFacts)
F_co = TypeVar("F_co", bound=StageFacts, covariant=True)


@dataclass(frozen=True, slots=True)
class StageResult(Generic[F_co]):
    """Facts and checks of a stage.

    seconds: wall time. fingerprint: hash of what the stage read; another one now means that the result
    is stale. outputs: sha256 of each other file that the stage wrote, by its path in the run folder; another
    one now means that the file was altered. All are set when the result is recorded.
    """

    facts: F_co
    checks: tuple[Check, ...] = ()
    seconds: float = 0.0
    fingerprint: str = ""
    outputs: dict[str, str] = field(default_factory=dict)

    @property
    def stage(self) -> str:
        """Name of the stage."""
        return self.facts.STAGE

    @property
    def passed(self) -> bool:
        """Whether every check of the stage holds."""
        return all(check.passed for check in self.checks)

    @property
    def is_recorded(self) -> bool:
        """Whether the result is one of a run, with its fingerprint."""
        return bool(self.fingerprint)

    def to_json(self) -> dict[str, Any]:
        """The content of the stage's file."""
        head = to_json(
            _Head(
                self.stage, self.passed, self.seconds, self.checks, self.fingerprint, self.outputs
            )
        )
        if not self.outputs:
            del head["outputs"]
        return {**head, **self.facts.to_json()}


@dataclass(frozen=True, slots=True)
class _Head:
    """The fields that every stage's file has. A result without a fingerprint is stale."""

    stage: str
    passed: bool
    seconds: float
    checks: tuple[Check, ...]
    fingerprint: str = ""
    outputs: dict[str, str] = field(default_factory=dict)


HEAD = ("stage", "passed", "seconds", "fingerprint", "outputs", "checks")
"""Keys that the files of all stages have."""


def read_result(kind: type[F], value: object, *, file: str) -> StageResult[F]:
    """The result of the stage that `kind` belongs to, from the JSON of its file.

    Raises `ArtifactError` naming `file` and the key that is absent, unknown or of another type.
    """
    if not isinstance(value, dict) or value.get("stage") != kind.STAGE:
        raise ArtifactError(
            f"{file} must hold the facts of {kind.STAGE}, but does not: run the stage that writes it"
        )
    head = from_json(_Head, {key: value[key] for key in HEAD if key in value}, file=file)
    own = {key: value[key] for key in value if key not in HEAD}
    facts = kind.from_json(own, file=file)
    return StageResult(facts, head.checks, head.seconds, head.fingerprint, head.outputs)
