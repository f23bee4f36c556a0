"""The exactness certificate of a network: claims, evidence for them, and what is not claimed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from tilewright.spec import Check, DataClaim
from tilewright.verify.compare import Comparison

KIND, VERSION = "exactness-certificate", 1
STAGE = "certify"
SHOWN = 8
"""So many differences of an oracle are kept with their place; all are counted."""


@dataclass(frozen=True, slots=True)
class Obligation:
    """Something that must hold for integers to be exact. numbers: the evidence, as JSON."""

    name: str
    statement: str
    holds: bool
    evidence: str
    numbers: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Oracle:
    """An independent computation of the same integers: how many were compared, and how many differ.

    against: the implementation they were compared with. first: the first differences, and what explains them.
    """

    name: str
    version: str
    against: str
    what: str
    samples: int
    compared: int
    differ: int
    first: tuple[str, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether numbers were compared and none differed."""
        return self.compared > 0 and self.differ == 0

    def plus(self, comparisons: tuple[Comparison, ...], *, samples: int) -> Oracle:
        """With what was compared for more samples."""
        wrong = tuple(str(one) for one in comparisons if not one.passed)
        return Oracle(
            self.name,
            self.version,
            self.against,
            self.what,
            self.samples + samples,
            self.compared + sum(one.compared for one in comparisons),
            self.differ + sum(one.mismatches for one in comparisons),
            (*self.first, *wrong)[:SHOWN],
        )

    def explained(self, reasons: tuple[str, ...]) -> Oracle:
        """With sentences on what explains the differences."""
        facts = asdict(self) | {"first": (*self.first, *reasons)[: 2 * SHOWN]}
        return Oracle(**facts)

    def __str__(self) -> str:
        text = (
            f"{self.name} against {self.against}: {self.compared:,} {self.what} of {self.samples:,} "
            f"samples compared, {self.differ:,} differ"
        )
        return f"{text}; {'; '.join(self.first)}" if self.first else text


@dataclass(frozen=True, slots=True)
class NetworkClaim:
    """The network that a certificate is about: its fingerprint, and how many nodes and weights it has."""

    sha256: str
    nodes: int
    weights: int


@dataclass(frozen=True, slots=True)
class Certificate:
    """All obligations and oracles of one network.

    network, data: what it is about, with hashes. settings: what was asked for, enough to do it again.
    absent: oracles that were not asked, with the reason. not_proved: sentences.
    """

    network: NetworkClaim
    data: DataClaim
    settings: dict[str, Any]
    obligations: tuple[Obligation, ...]
    oracles: tuple[Oracle, ...]
    absent: dict[str, str]
    not_proved: tuple[str, ...]

    def checks(self) -> tuple[Check, ...]:
        """Every obligation and oracle as a check."""
        duties = (Check(STAGE, one.name, one.holds, one.evidence) for one in self.obligations)
        oracles = (
            Check(STAGE, f"{one.name}: {one.what}", one.agrees, str(one)) for one in self.oracles
        )
        return (*duties, *oracles)

    @property
    def passed(self) -> bool:
        """Whether every obligation holds and every oracle agrees, the naive reference among them."""
        return all(check.passed for check in self.checks()) and bool(self.oracles)

    def to_json(self) -> dict[str, Any]:
        """The certificate as JSON facts."""
        return {"kind": KIND, "version": VERSION, "verdict": self.verdict, **asdict(self)}

    def differences(self, again: Certificate) -> Iterator[str]:
        """Where `again`, made anew with the same settings, says something else.

        Versions of tools may differ, and tools may be absent here; what was compared may not.
        """
        for key in ("network", "data"):
            mine, other = asdict(getattr(self, key)), asdict(getattr(again, key))
            changed = [name for name in mine if mine[name] != other.get(name)]
            if changed:
                name = changed[0]
                yield f"{key}: {name} was {mine[name]!r}, but is {other.get(name)!r}"
        theirs = {one.name: one for one in again.obligations}
        for duty in self.obligations:
            found = theirs.get(duty.name)
            if found is None or asdict(found) != asdict(duty):
                now = "not there" if found is None else found.evidence
                yield f"obligation '{duty.name}': was: {duty.evidence}; is: {now}"
        answers = {(one.name, one.what): one for one in again.oracles}
        for oracle in self.oracles:
            answer = answers.get((oracle.name, oracle.what))
            if answer is None and oracle.name in again.absent:
                continue
            if answer is None or (answer.compared, answer.differ) != (
                oracle.compared,
                oracle.differ,
            ):
                yield f"oracle: was: {oracle}; is: {answer}"

    @property
    def verdict(self) -> str:
        """In a word or two: "exact" or "not exact"."""
        return "exact" if self.passed else "not exact"
