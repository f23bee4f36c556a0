"""Run a netlist through a claim, and say whether every value that the claim names is what it must be."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from tilewright.prove.collection import uncollected
from tilewright.prove.cut_points import CutPoints
from tilewright.prove.decide import Decider, complete, explained, in_words
from tilewright.prove.machine import Machine
from tilewright.prove.netlist import X_OF_SOURCE, Netlist
from tilewright.prove.polynomials import Poly
from tilewright.prove.search import Point
from tilewright.prove.trials import points, shown
from tilewright.prove.verdict import PROVED, REFUTED, UNDECIDED, Killing, Verdict
from tilewright.prove.words import Value, Word, Words

Inputs = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Check:
    """Bits of an output port must be the lowest bits of a polynomial. what: they are, for people."""

    what: str
    port: str
    low: int
    width: int
    expected: Poly


class Claim(Protocol):
    """What is to be proved: inputs cycle by cycle, and what must be seen."""

    @property
    def text(self) -> str:
        """The claim for people, with what it assumes."""

    @property
    def constants(self) -> Mapping[str, int]:
        """Inputs that are this from the first cycle on, and never anything else."""

    def inputs(self) -> Iterable[Inputs]:
        """The inputs of each cycle; those not named stay."""

    def checks(self, cycle: int, machine: Machine) -> Iterable[Check]:
        """What must hold once the inputs of a cycle have settled; may raise `ControlError`."""

    def end(self) -> None:
        """Raise `ControlError` if something did not come that had to."""


class ControlError(Exception):
    """Control is not as claimed. is_wrong: it is known and different; else it is not known.

    port, expected: the output that should have been something else, or "" if it is none.
    """

    def __init__(self, reason: str, *, is_wrong: bool, port: str = "", expected: int = 0) -> None:
        super().__init__(reason)
        self.is_wrong, self.port, self.expected = is_wrong, port, expected


Confirm = Callable[[Sequence[Mapping[str, int]], Killing], Killing]
"""Runs inputs, cycle by cycle, in a simulator, and adds what it confirms."""


def known(machine: Machine, port: str) -> int:
    """A port that must be known control; raises `ControlError`."""
    value = machine.read(port)
    if isinstance(value, int):
        return value
    why = value.unknown.reason if value.unknown else "it depends on data"
    raise ControlError(
        f"output {port} must be known control in cycle {machine.cycle}, but is not: {why}",
        is_wrong=False,
    )


class Prover:
    """One proof of a claim about a netlist. cuts: those of the claim; then only "proved" says something."""

    def __init__(
        self,
        netlist: Netlist,
        claim: Claim,
        words: Words,
        *,
        confirm: Confirm | None = None,
        cuts: CutPoints | None = None,
    ) -> None:
        self.cuts = cuts
        self.netlist, self.claim, self.words = netlist, claim, words
        self.machine = Machine(netlist, words, constants=claim.constants)
        self.confirm = confirm
        self.decider = Decider(words.algebra)
        self.checked: list[tuple[int, Check]] = []
        self.history: list[Inputs] = []
        self._since = time.perf_counter()

    @uncollected()
    def run(self) -> Verdict:
        """The verdict."""
        try:
            for inputs in self.claim.inputs():
                self.history.append(inputs)
                self.machine.settle(inputs)
                for check in self.claim.checks(self.machine.cycle, self.machine):
                    wrong = self._wrong(check)
                    if wrong is not None:
                        return wrong
                    self.checked.append((self.machine.cycle, check))
                self.machine.tick()
                if self.cuts is not None:
                    self.cuts.take(self.machine, self.decider)
            self.claim.end()
        except ControlError as error:
            return self._wrong_control(error)
        return self._verdict(PROVED)

    def _wrong_control(self, error: ControlError) -> Verdict:
        if not error.is_wrong:
            return self._verdict(UNDECIDED, reason=str(error))
        if not error.port:
            return self._verdict(REFUTED, reason=str(error))
        width = self.netlist.ports[error.port].width
        expected = self.words.algebra.number(error.expected)
        check = Check("control", error.port, 0, width, expected)
        killing = self._killing(check, self.machine.read(error.port), {})
        return self._confirmed(str(error), "", killing)

    def _verdict(self, answer: str, reason: str = "", difference: str = "") -> Verdict:
        return Verdict(
            answer,
            self.claim.text,
            compared=len(self.checked),
            bits=input_bits(self.words),
            cycles=self.machine.cycle,
            seconds=time.perf_counter() - self._since,
            reason=reason,
            difference=difference,
        )

    def _wrong(self, check: Check) -> Verdict | None:
        """Why a check does not hold, or None."""
        words, cycle = self.words, self.machine.cycle
        value = words.slice(self.machine.read(check.port), check.low, check.width)
        place = f"{check.what} in cycle {cycle} ({check.port}[{check.low}+:{check.width}])"
        if isinstance(value, Word) and value.unknown is not None:
            why = value.unknown
            reason = f"{place} is not known: {why.reason}"
            if not why.is_x:
                return self._tried(check, place) or self._verdict(UNDECIDED, reason)
            variables = self.words.algebra.variables
            point = {i: one.high for i, one in enumerate(variables) if one.meaning is None}
            return self._unwritten(reason, self._killing(check, value, point))
        have = words.representative(value)
        if have is check.expected:
            return None
        difference = words.algebra.spread(words.algebra.subtract(have, check.expected))
        decision = self.decider.decide(difference, check.width)
        if decision.is_zero:
            return None
        text = in_words(words.algebra, difference)
        missing = explained(words.algebra, difference, check.expected)
        text += f" ({missing})" if missing else ""
        if decision.point is None:
            ends = f"between {difference.low} and {difference.high}"
            reason = (
                f"{place}: the difference from what is expected lies {ends}, and no case decides"
            )
            return self._tried(check, place) or self._verdict(UNDECIDED, reason, text)
        if self._hangs_on_x(difference, decision.point, check.width):
            reason = f"{place} is not known: {X_OF_SOURCE}"
            return self._unwritten(reason, self._killing(check, value, decision.point))
        return self._refuted(check, value, decision.point, place, text)

    def _tried(self, check: Check, place: str) -> Verdict | None:
        """Refuted by one of a few inputs, if one shows another word; of cuts these would say nothing."""
        if self.cuts is not None:
            return None
        algebra, mask = self.words.algebra, (1 << check.width) - 1
        for point in points(algebra, self.netlist, len(self.history)):
            known: dict[int, int] = {}
            stimulus = self._stimulus(point, known)
            found = shown(
                self.netlist,
                self.claim.constants,
                stimulus,
                port=check.port,
                low=check.low,
                width=check.width,
            )
            expected = algebra.evaluate(check.expected, point, known) & mask
            if isinstance(found, int) and found != expected:
                return self._refuted(check, found, point, place, "")
        return None

    def _hangs_on_x(self, difference: Poly, point: dict[int, int], bits: int) -> bool:
        """Whether they differ by something else for other values of what the source gives none."""
        algebra, free = self.words.algebra, self.words.free & point.keys()
        ends = dict.fromkeys(free, 0), {i: algebra.variables[i].high for i in free}
        found = {algebra.evaluate(difference, point | one) % (1 << bits) for one in ends}
        return len(found) > 1

    def _refuted(
        self, check: Check, value: Value, point: dict[int, int], place: str, difference: str
    ) -> Verdict:
        killing = self._killing(check, value, point)
        reason = (
            f"{place} is {killing.found:#x}, but must be {killing.expected:#x}, for "
            f"{_some(killing.inputs)}"
        )
        return self._confirmed(reason, difference, killing)

    def _confirmed(self, reason: str, difference: str, killing: Killing) -> Verdict:
        """Refuted, unless a simulator shows what was expected: then the prover is not to be trusted."""
        answer = REFUTED
        if killing.is_confirmed is False:
            answer = UNDECIDED
            reason += f"; but {killing.simulator} shows what must be, so one of the two is at fault"
        elif killing.is_confirmed:
            reason += f"; {killing.simulator} shows {killing.simulated}"
        return replace(self._verdict(answer, reason, difference), killing=killing)

    def _unwritten(self, reason: str, killing: Killing) -> Verdict:
        """Refuted by what was never written, if a simulator shows x too: what x means is its to say."""
        if killing.is_confirmed:
            return self._confirmed(reason, "", killing)
        seen = (
            f"{killing.simulator} shows what must be" if killing.simulator else "no simulator ran"
        )
        reason += f"; but {seen}: only what it holds at power-up may tell"
        return replace(self._verdict(UNDECIDED, reason), killing=killing)

    def _killing(self, check: Check, value: Value, point: dict[int, int]) -> Killing:
        algebra, mask = self.words.algebra, (1 << check.width) - 1
        point = complete(algebra, point)
        known_values: dict[int, int] = {}
        is_known = isinstance(value, int) or value.unknown is None
        killing = Killing(
            inputs={algebra.variables[i].name: n for i, n in point.items() if n},
            cycle=self.machine.cycle,
            port=check.port,
            low=check.low,
            width=check.width,
            expected=algebra.evaluate(check.expected, point, known_values) & mask,
            found=self.words.evaluate(value, point, known_values) if is_known else None,
        )
        if self.confirm is None:
            return killing
        return self.confirm(self._stimulus(point, known_values), killing)

    def _stimulus(self, point: Point, known_values: dict[int, int]) -> list[dict[str, int]]:
        """The inputs of each cycle so far, where the variables are these."""
        return [
            {n: self.words.evaluate(v, point, known_values) for n, v in inputs.items()}
            for inputs in self.history
        ]


def _some(inputs: Mapping[str, int], most: int = 6) -> str:
    if not inputs:
        return "all inputs 0"
    some = [f"{name} = {number}" for name, number in list(inputs.items())[:most]]
    more = len(inputs) - most
    return ", ".join(some) + (f" and {more} more" if more > 0 else "") + ", all else 0"


def input_bits(words: Words) -> int:
    """Bits of all inputs together, each range a whole number of them."""
    return sum(
        (one.high - one.low).bit_length()
        for index, one in enumerate(words.algebra.variables)
        if one.meaning is None and index not in words.free | words.standing
    )
