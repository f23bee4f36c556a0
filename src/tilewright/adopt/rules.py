"""Outputs that are no plain function of the psum: biases from a file, codes by a multiplier and a shift."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.adopt.families import Family
from tilewright.adopt.hypotheses import PSUM_BITS
from tilewright.adopt.operands import candidates
from tilewright.adopt.placement import Placement, full
from tilewright.adopt.sized import Sized
from tilewright.spec import ChannelConstants, ChannelOutput
from tilewright.spec.channel_output import ChannelFunctionName
from tilewright.verify import reference_outputs

MOST_SHIFT = 24
MOST_LEVELS = 255
"""Thresholds of a channel: for codes of eight bits."""
CODE_BITS = (1, 2, 4, 8)
"""The usual widths of codes, tried before the fewest bits that hold them."""
FEWEST = 8
"""Numbers inside the range of the codes that must say something, and distinct ones."""
DISTINCT = 3
PLAIN: tuple[ChannelFunctionName, ...] = ("signed", "relu")
Values = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """A family read as one number of each output channel, ``oc``; or as `levels` of them, ``oc level``."""

    family: Family
    bits: int
    place: Placement
    values: Values
    levels: int = 0


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
    """Families that hold as many numbers as there are output channels, or so many levels, in every order."""
    found: list[Constant] = []
    for family in families:
        for bits, values in family.readings(PSUM_BITS, is_signed=True):
            levels, rest = divmod(values.size, sized.sizes.oc)
            if rest or not 0 < levels <= MOST_LEVELS:
                continue
            axes = sized.oc | ({"level": levels} if levels > 1 else {})
            for place in candidates(family, bits, axes, tuple(sized.oc)):
                numbers = full(place.read(values, list(axes)), list(axes), axes)
                each = numbers.reshape(sized.sizes.oc, -1).astype(np.int64)
                if levels == 1:
                    found.append(Constant(family, bits, place, each[:, 0]))
                elif (np.diff(each, axis=1) >= 0).all() or (np.diff(each, axis=1) <= 0).all():
                    found.append(Constant(family, bits, place, each, levels))
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


def _rules(stated: Values, every: Sequence[Constant]) -> Iterator[Rule]:
    constants = [one for one in every if not one.levels]
    yield from _thresholds(stated, every)
    biases = [{"bias": one} for one in constants]
    for files in biases:
        for function in PLAIN:
            if function == "signed" or stated.min() >= 0:
                yield Rule(ChannelOutput(function, is_biased=True), files)
    for low, high in _ends(stated):
        yield from _codes(ChannelOutput("requantized", low=low, high=high), constants)


def _thresholds(stated: Values, every: Sequence[Constant]) -> Iterator[Rule]:
    """Codes that count the thresholds of their channel, from 0 on or with as many below it as above."""
    biases = [None, *(one for one in every if not one.levels)]
    for one, bias in product((one for one in every if one.levels), biases):
        low = -(one.levels + 1) // 2 if stated.min() < 0 else 0
        if bias is None or bias.family is not one.family:
            files = {"threshold": one} | ({"bias": bias} if bias else {})
            output = ChannelOutput("thresholds", low=low, is_biased=bias is not None)
            yield Rule(output, files)


def _codes(code: ChannelOutput, constants: Sequence[Constant]) -> Iterator[Rule]:
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


def _ends(stated: Values) -> Iterator[tuple[int, int]]:
    """Ranges that hold the numbers: of the usual widths of codes, then of the fewest bits."""
    low, high = int(stated.min()), int(stated.max())
    bits = max(high.bit_length(), (-low - 1).bit_length() if low < 0 else 0, 1)
    sign = int(low < 0)
    usual = [wide - sign for wide in CODE_BITS if wide - sign >= bits]
    for wide in dict.fromkeys((*usual, bits)):
        yield -sign * (1 << wide), (1 << wide) - 1
