"""Outputs as the accumulate unit makes them of psums, and as other arrays do with constants of a channel."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tilewright.spec import AnyOutput, ChannelConstants, IntArray, OutputFunction

NO_CONSTANTS = ChannelConstants()


def reference_outputs(
    psums: IntArray,
    output: AnyOutput,
    *,
    constants: ChannelConstants = NO_CONSTANTS,
    axis: int = 0,
) -> npt.NDArray[np.int64]:
    """Outputs, int64, of psums of any shape: `output` of each; `axis` is that of the output channels.

    Raises `FormatError` where `output` takes constants that there are none of.

    >>> reference_outputs(np.array([-9, -1, 5]), OutputFunction("leaky", 2)).tolist()
    [-3, -1, 5]
    """
    values = psums.astype(np.int64)
    if not isinstance(output, OutputFunction):
        return _of_channels(np.moveaxis(values, axis, -1), output, constants, axis)
    if output.function == "signed":
        return values
    lower = np.zeros_like(values) if output.function == "relu" else values // 2**output.shift
    return np.where(values < 0, lower, values)


def _of_channels(
    values: npt.NDArray[np.int64], output: AnyOutput, constants: ChannelConstants, axis: int
) -> npt.NDArray[np.int64]:
    """As `reference_outputs`, of values with the channel last; `axis` is where it shall be."""
    assert not isinstance(output, OutputFunction)  # noqa: S101
    if output.is_biased:
        values = values + constants.taken("bias")
    if output.plain is not None:
        outputs = reference_outputs(values, output.plain)
    elif output.function == "thresholds":
        reached = values[..., None] >= constants.taken("threshold")
        outputs = output.low + reached.sum(axis=-1)
    else:
        by = output.multiplier or constants.taken("multiplier")
        half = 2**output.shift // 2 if output.is_rounded else 0
        outputs = np.clip((values * by + half) // 2**output.shift, output.low, output.high)
    return np.moveaxis(outputs, -1, axis)
