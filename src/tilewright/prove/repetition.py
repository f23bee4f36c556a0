"""From one run to runs of any length: the state repeats, with other names for the data.

Where the state in one cycle is that of an earlier one with its inputs renamed, and the inputs from there on
are renamed the same way, whatever holds from the earlier cycle on holds again, any number of times.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from tilewright.prove.algebra import Algebra
from tilewright.prove.array import ArrayClaim, ArrayJob
from tilewright.prove.machine import Machine
from tilewright.prove.netlist import Netlist
from tilewright.prove.polynomials import Floor, Poly
from tilewright.prove.proof import Check, Prover
from tilewright.prove.verdict import PROVED, Verdict
from tilewright.prove.words import Unknown, Value, Words

_NAME = re.compile(r"(\w+)\[(\d+)\]\[(\d+)\]\[(\d+)\](.*)")
_FOLDS = 3
"""The first fold, one in the middle, and the last: with the last two alike there may be any number."""


class Renaming:
    """Polynomials with other inputs in place of theirs. names: of an input to that of another one."""

    def __init__(self, algebra: Algebra, names: Callable[[str], str]) -> None:
        self.algebra = algebra
        at = {one.name: i for i, one in enumerate(algebra.variables) if one.meaning is None}
        self._variables: dict[int, int | None] = {i: at.get(names(name)) for name, i in at.items()}
        self._polys: dict[int, Poly | None] = {}

    def same(self, before: Value, after: Value) -> bool:
        """Whether `after` is `before` renamed, bit by bit; what is unknown must be so in both."""
        if isinstance(before, int) or isinstance(after, int):
            return before == after
        if len(before.parts) != len(after.parts):
            return False
        return all(
            one[1:] == two[1:] and self._same_source(one[0], two[0])
            for one, two in zip(before.parts, after.parts, strict=True)
        )

    def _same_source(self, one: Poly | int | Unknown, two: Poly | int | Unknown) -> bool:
        if isinstance(one, Unknown) and isinstance(two, Unknown):
            return one.is_x == two.is_x
        if isinstance(one, Poly) and isinstance(two, Poly):
            return self.renamed(one) is two
        return isinstance(one, int) and one == two

    def renamed(self, p: Poly) -> Poly | None:
        """p renamed; None if the proof has met no such polynomial."""
        if p.serial not in self._polys:
            self._polys[p.serial] = self._renamed(p)
        return self._polys[p.serial]

    def _renamed(self, p: Poly) -> Poly | None:
        terms: dict[tuple[int, ...], int] = {}
        for monomial, factor in p.terms.items():
            indices = [self._variable(index) for index in monomial]
            known = [index for index in indices if index is not None]
            if len(known) < len(indices):
                return None
            terms[tuple(sorted(known))] = factor
        return self.algebra.find(terms) if len(terms) == len(p.terms) else None

    def _variable(self, index: int) -> int | None:
        if index not in self._variables:
            self._variables[index] = self._meant(index)
        return self._variables[index]

    def _meant(self, index: int) -> int | None:
        """The variable that means the same, renamed."""
        meaning = self.algebra.variables[index].meaning
        if meaning is None:
            return None
        base = self.renamed(meaning.base)
        if isinstance(meaning, Floor):
            return None if base is None else self.algebra.find_floor(base, meaning.shift)
        pieces = [self.renamed(piece) for piece in meaning.pieces]
        known = [piece for piece in pieces if piece is not None]
        if base is None or len(known) < len(pieces):
            return None
        return self.algebra.find_cases(base, meaning.cuts, known)


def _later_fold(name: str) -> str:
    """The same word of the next fold."""
    return _NAME.sub(lambda m: f"{m[1]}[{int(m[2]) + 1}][{m[3]}][{m[4]}]{m[5]}", name)


def _later_activation(fold: int) -> Callable[[str], str]:
    """The next activation of a lane in a fold; all else stays."""

    def later(name: str) -> str:
        found = _NAME.fullmatch(name)
        if not found or found[1] != "act" or int(found[2]) != fold:
            return name
        return f"act[{fold}][{int(found[3]) + 1}][{found[4]}]{found[5]}"

    return later


@dataclass(frozen=True, slots=True)
class Repetition:
    """What was found to repeat: folds, and activations of each fold."""

    folds: bool
    vectors: bool


class RepeatingClaim:
    """A claim about an array that remembers the state before each edge."""

    def __init__(self, job: ArrayJob, words: Words) -> None:
        self.claim, self.words = ArrayClaim(job, words), words
        self.text = self.claim.text
        self._states: dict[int, list[Value]] = {}

    @property
    def constants(self) -> Mapping[str, int]:
        """Those of the claim."""
        return self.claim.constants

    def inputs(self) -> Iterator[Mapping[str, Value]]:
        """Those of the claim."""
        return self.claim.inputs()

    def checks(self, cycle: int, machine: Machine) -> Iterable[Check]:
        """Those of the claim."""
        if machine.netlist.memories:
            raise AssertionError("a state of registers alone is compared, but there are memories")
        outputs = (register.output for register in machine.netlist.registers)
        self._states[cycle] = [machine.values[output] for output in outputs]
        return self.claim.checks(cycle, machine)

    def end(self) -> None:
        """The claim's."""
        self.claim.end()

    def repeats(self) -> Repetition:
        """What repeats, of a run that is proved."""
        starts = [first for first, _ in self.claim.streams]
        folds = self._alike(starts[-2], starts[-1], _later_fold)
        is_streaming = not self.claim.job.psums_stay
        vectors = is_streaming and all(map(self._has_stretch, range(len(starts))))
        return Repetition(folds, vectors)

    def _has_stretch(self, fold: int) -> bool:
        """Whether an activation more in a fold changes nothing but the names."""
        claim = self.claim
        first, last = claim.streams[fold]
        following = fold + 1 if claim.job.is_overlapped else fold
        loaded = claim.loaded[min(following, len(claim.loaded) - 1)]
        begin = max(first, loaded + claim.job.rows)  # the last row's weights are in, too
        later = _later_activation(fold)
        return any(self._alike(cycle, cycle + 1, later) for cycle in range(begin, last))

    def _alike(self, before: int, after: int, names: Callable[[str], str]) -> bool:
        renaming = Renaming(self.words.algebra, names)
        pairs = zip(self._states[before], self._states[after], strict=True)
        return all(renaming.same(one, two) for one, two in pairs)


def shortest(job: ArrayJob) -> int:
    """Activations of a fold after which, in our array, one more changes nothing but the names."""
    words = job.cols * (2 if job.mode == "2ch" else 1)
    return job.cols + words + 2 * job.rows + 2


def prove_any_length(netlist: Netlist, job: ArrayJob) -> Verdict:
    """Whether an array computes folds like those of a job, however many follow one another.

    Where the fold of the job is long enough for the stream to repeat, a fold that is shorter is proved, and
    that it may have any more activations. If nothing repeats, the claim says how many were proved. A killing
    input is not asked of a simulator.
    """
    is_long = not job.psums_stay and job.vectors >= shortest(job) and not job.stalls
    run = replace(job, folds=_FOLDS, vectors=shortest(job) if is_long else job.vectors)
    words = Words(Algebra(names_sums=job.psums_stay))
    claim = RepeatingClaim(run, words)
    verdict = Prover(netlist, claim, words).run()
    if verdict.answer != PROVED or run.stalls:
        return verdict
    found = claim.repeats()
    many = "any number of folds" if found.folds else f"{run.folds} folds"
    each = f"{run.vectors} activations" + (" or more" if found.vectors else "")
    return replace(
        verdict,
        claim=f"{verdict.claim}; so {many} of {each}",
        is_for_any_folds=found.folds,
        is_for_more_vectors=found.vectors,
    )
