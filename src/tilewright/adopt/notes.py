"""What numbers cannot say of a layer that was found, or of one that was not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tilewright.adopt.canonical import Reading
from tilewright.adopt.families import Family


def notes_of(reading: Reading) -> list[str]:
    """What numbers alone can never say."""
    notes = []
    turned = [a for a in (*reading.sized.ic, *reading.sized.oc) if reading.can_turn(a)]
    if turned:
        notes.append(
            "channels could be numbered the other way round in all files at once: nothing would change"
        )
    if min(reading.sized.sizes.out) > 1:
        notes.append(
            "rows could be columns in all files at once, as MATLAB writes them: nothing would change"
        )
    if _hides_relu(reading):
        notes.append("no psum is negative: the files do not say whether ReLU was applied, names do")
    if any(f.wide for f in reading.fit.families):
        notes.append("words have more bits than their numbers: the fewest usual ones are taken")
    if any(f.radix == "decimal" and not (f.read_bits or f.wide) for f in reading.fit.families):
        notes.append(
            "decimal numbers do not say how many bits they have: the fewest usual ones are taken"
        )
    return notes


def _hides_relu(reading: Reading) -> bool:
    """Whether ReLU would change nothing of numbers that are stated as psums, or as outputs after it."""
    plain = ("signed", "relu")
    fit = reading.fit
    if not any(
        e.function.function in plain and e.sized.sizes.kind == "psum" for e in reading.expected
    ):
        return False
    psums = fit.kernel.reshape(fit.sized.sizes.oc, -1) @ fit.codes.windows.astype(np.int64)
    return fit.rule is None and int(psums.min()) >= 0


def unsigned(families: Sequence[Family]) -> tuple[str, ...]:
    """A note where all numbers are decimal, and none has a sign."""
    texts = (lane for one in families for file in one.files for word in file.words for lane in word)
    if any("decimal" not in one.radix for one in families) or any(t[0] == "-" for t in texts):
        return ()
    return (
        "no number is negative: where weights or sums are, write them with $signed, or as digits of "
        "two's complement",
    )
