"""The sizes of the layers of a file, whatever its format: enough to say what they cost on an array."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tilewright.errors import FormatError
from tilewright.spec import ConvShape

Sizes = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Topology:
    """Names and sizes of the layers of a file, in its order, and notes on what of it is not among them."""

    layers: tuple[tuple[str, ConvShape], ...]
    notes: tuple[str, ...]


def as_topology(
    path: Path, layers: Iterator[tuple[str, ConvShape]], left_out: Mapping[str, int]
) -> Topology:
    """`layers`, the second of a name with "#2" behind it, and so on.

    left_out: kinds of operations with products that are not among them, counted while `layers` are read.
    Raises `FormatError` if there is no layer.
    """
    seen = Counter[str]()
    named = []
    for name, shape in layers:
        seen[name] += 1
        named.append((name if seen[name] == 1 else f"{name}#{seen[name]}", shape))
    if not named:
        raise FormatError(
            f"{path} must hold a convolution, or a product with weights, but has none"
        )
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(left_out.items()))
    return Topology(tuple(named), (f"not counted: {counts}",) if counts else ())
