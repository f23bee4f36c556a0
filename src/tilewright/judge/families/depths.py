"""Memories and FIFOs of activations that are too small: what wraps, is lost, or is written over."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tilewright.judge.cause import Cause
from tilewright.judge.families.codes import codes_cause, from_pixels
from tilewright.judge.problem import Problem
from tilewright.spec import Ints


def causes(problem: Problem) -> Iterator[Cause]:
    """All causes of this family."""
    nij = np.arange(problem.shape.nij)
    yield from _stuck(nij)
    depth = 4
    while depth < len(nij):
        yield codes_cause(
            f"memory-wraps n={depth}",
            f"the activation memory has {depth} words: later ones overwrite",
            from_pixels(_overwritten(nij, depth)),
            "look at the depth of the activation memory",
        )
        yield codes_cause(
            f"address-wraps n={depth}",
            f"activation addresses wrap at {depth}",
            from_pixels(nij % depth),
            "look at the width of the activation address",
        )
        yield codes_cause(
            f"fifo-full n={depth}",
            f"activations beyond {depth} are lost (a FIFO is full)",
            from_pixels(np.where(nij < depth, nij, -1)),
            "look at the depth of the FIFO",
        )
        yield codes_cause(
            f"fifo-stale n={depth}",
            f"beyond {depth} activations the last one is repeated",
            from_pixels(np.minimum(nij, depth - 1)),
            "look at the depth of the FIFO",
        )
        depth *= 2


def _stuck(nij: Ints) -> Iterator[Cause]:
    """A bit of the address, below the highest one, that never changes; beyond the map there is 0."""
    for bit in range((len(nij) - 1).bit_length() - 1):
        for value, read in enumerate((nij & ~(1 << bit), nij | 1 << bit)):
            yield codes_cause(
                f"address-bit-stuck bit={bit} at={value}",
                f"activation addresses have bit {bit} stuck at {value}",
                from_pixels(np.where(read < len(nij), read, -1)),
                "look at the wires of the activation address, and at what counts it",
            )


def _overwritten(nij: Ints, depth: int) -> Ints:
    """The last word written to each address."""
    address = nij % depth
    return address + (len(nij) - 1 - address) // depth * depth
