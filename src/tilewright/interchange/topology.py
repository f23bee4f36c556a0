"""The sizes of layers and products of a file, whatever its format: enough to say what they cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tilewright.errors import FormatError
from tilewright.spec import LayerSizes

Sizes = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Topology:
    """The layers and products of a file, in its order, and notes on what of it is not among them."""

    layers: tuple[LayerSizes, ...]
    notes: tuple[str, ...]


def as_topology(path: Path, layers: Iterator[LayerSizes], left_out: Mapping[str, int]) -> Topology:
    """`layers`, the second of a name with "#2" behind it, and so on.

    left_out: kinds of operations with products that are not among them, counted while `layers` are read.
    Raises `FormatError` if there is no layer.
    """
    seen = Counter[str]()
    named = []
    for one in layers:
        seen[one.name] += 1
        number = seen[one.name]
        named.append(one if number == 1 else replace(one, name=f"{one.name}#{number}"))
    if not named:
        raise FormatError(f"{path} must hold a convolution or a matrix product, but has none")
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(left_out.items()))
    return Topology(tuple(named), (f"not counted: {counts}",) if counts else ())
