"""Why a dump has more numbers than the layer, as far as the numbers themselves show it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tilewright.errors import counted
from tilewright.judge.numerals import is_unknown

_ZERO = re.compile(r"[+-]?(?:0[xb])?[0_]+(?:\.0*)?", re.IGNORECASE)


def why_more(cells: Sequence[str], wanted: int) -> str:
    """What to say of so many numbers where `wanted` are expected; "" where nothing shows it.

    >>> why_more(["0", "0", "7", "8"], 2)
    'the first 2 numbers are 0 or x: cycles before the first sum? Leave them out of the dump'
    >>> why_more(["7", "8", "7", "9"], 2)
    '2 times as many: 2 runs in one file? Keep the one that counts'
    """
    extra = len(cells) - wanted
    if extra <= 0 or not wanted:
        return ""
    sides = {"first": cells[:extra], "last": cells[-extra:]}
    idle = [side for side, part in sides.items() if all(map(is_idle, part))]
    if len(idle) == 1:
        when = "before the first" if idle == ["first"] else "behind the last"
        numbers = "number is" if extra == 1 else f"{counted(extra, 'number')} are"
        return f"the {idle[0]} {numbers} 0 or x: cycles {when} sum? Leave them out of the dump"
    if len(cells) % wanted == 0:
        times = len(cells) // wanted
        return f"{times} times as many: {times} runs in one file? Keep the one that counts"
    return ""


def why_other(cells: Sequence[str], wanted: int) -> str:
    """What to say of a number of numbers that is not as wanted: what they show, or what may be the matter."""
    return why_more(cells, wanted) or (
        "another layer, geometry or kind? (--kind; --partial if only the first ones are there)"
    )


def is_idle(cell: str) -> bool:
    """Whether a number is 0, x or z, as before the first sum and where nothing was written."""
    return is_unknown(cell) or _ZERO.fullmatch(cell.strip()) is not None
