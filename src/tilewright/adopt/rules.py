"""Outputs that are no plain function of the psum: biases from a file, codes by a multiplier and a shift."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.adopt.families import Family
from tilewright.adopt.hypotheses import PSUM_BITS, Sized
from tilewright.adopt.operands import candidates
from tilewright.adopt.placement import Placement, full
from tilewright.spec import ChannelConstants, ChannelOutput
from tilewright.spec.channel_output import ChannelFunctionName
from tilewright.verify import reference_outputs

MOST_SHIFT = 24
FEWEST = 8
"""Numbers inside the range of the codes that must say something, and distinct ones."""
DISTINCT = 3
PLAIN: tuple[ChannelFunctionName, ...] = ("signed", "relu")
Values = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """A family read as one number of each output channel, ``oc``."""

    family: Family
    bits: int
    place: Placement
    values: Values


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """What outputs are of psums, and the files of its constants, by the name of their table."""

    output: ChannelOutput
    files: dict[str, Constant]

    def of(self, psums: Values) -> Values:
        """Outputs of psums ``oc onij``."""
        found: dict[str, Any] = {name: one.values for name, one in self.files.items()}
        return reference_outputs(psums, self.output, constants=ChannelConstants(**found))


def constants_of(families: Sequence[Family], sized: Sized) -> list[Constant]:
    """Families that hold as many numbers as there are output channels, in every order."""
    found: list[Constant] = []
    for family in families:
        if prod((len(family.files), family.lines, 1)) > sized.sizes.oc:
            continue
        for bits in family.widths(PSUM_BITS, is_signed=True):
            values = family.values(bits, is_signed=True)
            if values is None or values.size != sized.sizes.oc:
                continue
            for place in candidates(family, bits, sized.oc, tuple(sized.oc)):
                numbers = full(place.read(values, list(sized.oc)), list(sized.oc), sized.oc)
                each = numbers.reshape(-1).astype(np.int64)
                found.append(Constant(family, bits, place, each))
    return found


def best_rule(psums: Values, stated: Values, constants: Sequence[Constant]) -> Rule | None:
    """The first rule under which psums ``oc onij`` are the numbers of the file; None if there is none."""
    pixels = np.unique(np.linspace(0, psums.shape[1] - 1, 8).astype(int))
    for rule in _rules(stated, constants):
        if (rule.of(psums[:, pixels]) == stated[:, pixels]).all() and (
            rule.of(psums) == stated
        ).all():
            return rule if _is_told(rule, stated) else None
    return None


def _is_told(rule: Rule, stated: Values) -> bool:
    """Whether enough numbers stand inside the range, where chance would not bring them."""
    inside = stated[(stated > 0) & (stated < max(int(stated.max()), 1))]
    is_code = rule.output.plain is None
    return len(inside) >= FEWEST and (len(np.unique(inside)) >= DISTINCT or not is_code)


def _rules(stated: Values, constants: Sequence[Constant]) -> Iterator[Rule]:
    biases = [{"bias": one} for one in constants]
    for files in biases:
        for function in PLAIN:
            if function == "signed" or stated.min() >= 0:
                yield Rule(ChannelOutput(function, is_biased=True), files)
    low, high = _ends(stated)
    code = ChannelOutput("requantized", low=low, high=high)
    for bias, multiplier in product([None, *constants], [None, *constants]):
        if bias is not None and multiplier is not None and bias.family is multiplier.family:
            continue
        named = {"bias": bias, "multiplier": multiplier}
        files = {name: one for name, one in named.items() if one is not None}
        for shift in range(MOST_SHIFT + 1):
            for is_rounded in (False, True) if shift else (False,):
                output = replace(
                    code,
                    shift=shift,
                    is_rounded=is_rounded,
                    multiplier=int(multiplier is None),
                    is_biased=bias is not None,
                )
                yield Rule(output, files)


def _ends(stated: Values) -> tuple[int, int]:
    """The range of the fewest bits that hold the numbers."""
    low, high = int(stated.min()), int(stated.max())
    bits = max(high.bit_length(), (-low - 1).bit_length() if low < 0 else 0, 1)
    return (-(1 << bits) if low < 0 else 0), (1 << bits) - 1
