"""Log of a campaign's outcomes, written as they arrive, so that a campaign can be stopped and resumed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tilewright.corners import VectorSet
from tilewright.errors import ArtifactError
from tilewright.mutation.mutant import Mutant
from tilewright.mutation.trial import Outcome
from tilewright.store.artifact import read_bytes, write_bytes
from tilewright.vectors.bundle import MANIFEST

KEYS = ("file", "start", "end", "replacement")
"""What a mutant is known by."""


class CampaignLog:
    """A file of JSON lines: the first says which campaign it is, each other one is a mutant's outcome.

    What was kept before is known; a line that was cut off is not. Raises `ArtifactError` if the file is of
    another campaign (another core, simulator or other vectors), is damaged, or cannot be written.
    """

    def __init__(self, path: Path, campaign: str) -> None:
        self._path = path
        self._known: dict[tuple[Any, ...], Mapping[str, Any]] = {}
        head = json.dumps({"campaign": campaign})
        lines = self._lines() if path.exists() else [head]
        if not lines or lines[0] != head:
            raise ArtifactError(
                f"{path} must hold outcomes of this campaign, but is of another core, simulator or of "
                "other vectors: give another file"
            )
        for line in lines[1:]:
            facts = self._read(line)
            self._known[tuple(facts[key] for key in KEYS)] = facts
        write_bytes(path, "".join(f"{line}\n" for line in lines).encode())

    def find_all(self, mutants: Sequence[Mutant]) -> dict[Mutant, Outcome]:
        """Logged outcomes of these mutants; mutants that were not tried are left out."""
        outcomes = {}
        for mutant in mutants:
            facts = self._known.get(tuple(getattr(mutant, key) for key in KEYS))
            if facts is not None:
                outcomes[mutant] = Outcome(mutant, facts["status"], facts["by"], facts["evidence"])
        return outcomes

    def keep(self, outcome: Outcome) -> None:
        """Add a line."""
        facts = {key: getattr(outcome.mutant, key) for key in KEYS}
        facts |= {"status": outcome.status, "by": outcome.by, "evidence": outcome.evidence}
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(facts) + "\n")
        except OSError as error:
            raise ArtifactError(f"cannot write {self._path}: {error.strerror}") from None

    def _lines(self) -> list[str]:
        *lines, _cut_off = read_bytes(self._path).decode(errors="replace").split("\n")
        return lines

    def _read(self, line: str) -> dict[str, Any]:
        try:
            facts: dict[str, Any] = json.loads(line)
            if {*KEYS, "status", "by", "evidence"} <= facts.keys():
                return facts
        except (ValueError, AttributeError):
            pass
        raise ArtifactError(f"{self._path} must hold one outcome in each line, but one is {line!r}")


def identify_campaign(sources: Mapping[str, str], simulator: str, sets: Sequence[VectorSet]) -> str:
    """A hash of everything that outcomes depend on."""
    parts: list[Any] = [simulator, sorted(sources.items())]
    for one in sets:
        parts += [one.name, repr(one.setup)]
        parts += [read_bytes(folder / MANIFEST).decode() for folder in one.folders]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
