"""What is proved of a mutant that no vectors noticed: equal for all inputs, or one that kills it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tilewright.errors import TilewrightError
from tilewright.mutation.mutant import Mutant
from tilewright.prove.array import MODES, ArrayJob
from tilewright.prove.our_rtl import ARRAY_FILES, prove_array
from tilewright.prove.verdict import PROVED, REFUTED, Verdict

_SMALL = ArrayJob(rows=3, cols=2, vectors=3)
JOBS = tuple(
    replace(_SMALL, mode=mode, column_bits=bits, is_saturating=saturates, stalls=stalls)
    for mode in MODES
    for bits, saturates, stalls in ((16, False, 0), (8, True, 3))
)
"""Every mode: sums that fit, one fold after the other; and sums that saturate, with stalls."""


def decide(mutant: Mutant, sources: Mapping[str, str]) -> tuple[Verdict, ...]:
    """The verdicts of `JOBS`, up to the first that refutes; none if the mutant is not one of the array.

    sources: the core's files by name. A mutant that yosys does not elaborate has none either, nor one of an
    array that has another contract than ours.
    """
    if mutant.file not in ARRAY_FILES or not set(ARRAY_FILES) <= sources.keys():
        return ()
    texts = {file: sources[file] for file in ARRAY_FILES}
    texts[mutant.file] = mutant.apply(texts[mutant.file])
    verdicts: list[Verdict] = []
    for job in JOBS:
        try:
            verdicts.append(prove_array(texts, job))
        except TilewrightError:
            return ()
        if verdicts[-1].answer == REFUTED:
            if not _is_proved(sources, job):
                return ()  # the array has another contract than ours: nothing is the mutant's fault
            break
    return tuple(verdicts)


def _is_proved(sources: Mapping[str, str], job: ArrayJob) -> bool:
    """Whether the array without the mutant computes the job."""
    texts = {file: sources[file] for file in ARRAY_FILES}
    return prove_array(texts, job, confirms=False).answer == PROVED


def in_words(verdicts: tuple[Verdict, ...]) -> str:
    """What the verdicts say of a survivor, in one line; "" if there is none."""
    if not verdicts:
        return ""
    refuted = [one for one in verdicts if one.answer == REFUTED]
    if refuted:
        return f"an input kills it: {refuted[0]}"
    undecided = [one for one in verdicts if one.answer != PROVED]
    if undecided:
        return f"not decided: {undecided[0]}"
    claims = "; ".join(one.claim for one in verdicts)
    return f"equal for all inputs, under this control: {claims}"
