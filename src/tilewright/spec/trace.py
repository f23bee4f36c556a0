"""Everything that a network computes for some samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.spec.number_format import IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """Input codes and sums of every node.

    codes: port (`port_name`) to ``n ic ih iw``. sums: node name to int64 ``n oc oh ow``.
    """

    codes: dict[str, IntArray]
    sums: dict[str, npt.NDArray[np.int64]]
