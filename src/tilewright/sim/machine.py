"""The array of docs/dataflows.md, register by register: `tick` is one clock cycle.

Everything that numba compiles is in this one module: its cache follows the age of the file that holds
a function, not of the functions that it calls.

A tick visits the stages from the last to the first, so that each one reads what the stage before it
held at the start of the cycle, and each register is written in place. Wires (``_i``) are what the PEs see
during the cycle, registers (``_q``) what they hold after its end. Planes are ``row col``, flattened.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])
Registers = npt.NDArray[np.int32]
Wide = npt.NDArray[np.int64]

IDLE, LOAD, STREAM, DRAIN = range(4)
PE, PMEM = 1, 2

# The scalar registers, by their place in `Machine.scalar_q`.
(
    STATE,  # of the controller
    COUNT,  # reads issued in this state
    ITILE,  # of the fold
    KIJ,
    DONE,
    READ,  # the memories' output register holds a word
    READ_KIND,  # ... of this kind: ACTIVATION or WEIGHT
    L0_PUSHED,  # words that entered L0, and vectors that left OFIFO
    OFIFO_POPPED,
    POP_ROW,  # pixel of the padded plane that OFIFO delivers next
    POP_COLUMN,
    ONIJ,  # ofmap pixel that the next hit belongs to
    SFU_VALID,  # the SFU holds a vector ...
    SFU_HIT,  # ... that belongs to an ofmap pixel ...
    SFU_ONIJ,  # ... this one ...
    SFU_LAST,  # ... and is the last one of its fold
    SCALARS,
) = range(17)

WEIGHT, ACTIVATION = 0, -1  # the kind bit of an L0 entry; as wide as a register, it is a mask
