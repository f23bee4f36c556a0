"""Modules with several inputs, or one that reads its input in another way than first: one input of integers.

The codes that the nodes read lie one behind the other, each counted from its format's lowest code, so that
eight bits without a sign hold them all; a `CodeMove` for each part hands them on to the nodes that read it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tilewright.quant.links import Entry, Wiring
from tilewright.recover.capture import Capture
from tilewright.spec import (
    CodeMove,
    Codes,
    IntegerNetwork,
    Node,
    NumberFormat,
    Requantization,
    Trace,
    port_name,
)

STORED = NumberFormat(8, is_signed=False)
NAME = "input"


@dataclass(slots=True, eq=False)
class _Part:
    """Codes of one of the module's inputs, less the lowest of their format, and who reads them."""

    source: int
    codes: npt.NDArray[np.uint8]
    readers: list[tuple[Entry, NumberFormat]] = field(default_factory=list)


def needs_entries(
    wiring: Wiring, captures: Mapping[str, Capture], formats: Mapping[str, NumberFormat]
) -> bool:
    """Whether the nodes that read the module's input do not all read one, alike, as their first operand."""
    if not wiring.entries:
        return False
    (first, *others), read = wiring.entries, captures
    codes = read[first.consumer].operands[first.operand]
    return bool(first.operand) or any(
        other.operand
        or other.source != first.source
        or formats[other.consumer] != formats[first.consumer]
        or not np.array_equal(read[other.consumer].operands[other.operand], codes)
        for other in others
    )


def entry_nodes(
    wiring: Wiring, captures: Mapping[str, Capture], formats: Mapping[str, NumberFormat]
) -> tuple[tuple[Node, ...], Codes]:
    """The nodes that hand on the input, and the input's codes ``n c h w`` of what was captured.

    formats: of the codes that each node reads.
    """
    parts: list[_Part] = []
    for entry in wiring.entries:
        reads = formats[entry.consumer]
        codes = captures[entry.consumer].operands[entry.operand].astype(np.int64) - reads.min_code
        found = next(
            (one for one in parts if one.source == entry.source and _equal(one.codes, codes)), None
        )
        if found is None:
            found = _Part(entry.source, codes.astype(np.uint8))
            parts.append(found)
        found.readers.append((entry, reads))
    nodes: list[Node] = []
    taken, start = set(captures), 0
    flat = np.concatenate([part.codes.reshape(len(part.codes), -1) for part in parts], axis=1)
    plane = parts[0].codes.shape[1:] if len(parts) == 1 else (flat.shape[1], 1, 1)
    whole = (int(plane[0]), int(plane[1]), int(plane[2]))
    for part in parts:
        sizes = part.codes.shape[1:]
        places = np.arange(start, start + int(np.prod(sizes)), dtype=np.int32).reshape(sizes)
        name = next(one for one in _names(len(nodes)) if one not in taken)
        taken.add(name)
        links = tuple(_link(sizes[0], *reader) for reader in part.readers)
        nodes.append(CodeMove(name, (whole,), places, STORED, 1.0, links))
        start += places.size
    return tuple(nodes), flat.reshape(len(flat), *whole)


def input_codes(network: IntegerNetwork, trace: Trace) -> Codes:
    """The input ``n c h w`` of a recovered network, made of the codes that a module's forward read."""
    first = network.node(network.inputs[0])
    link = next(iter(first.requantizations), None)
    if not isinstance(first, CodeMove) or first.name in trace.codes or link is None:
        return trace.codes[network.inputs[0]].astype(first.act_format.dtype)
    parts: list[npt.NDArray[np.uint8]] = []
    for name in network.inputs:
        reads = network.node(name).requantizations[0]
        codes = trace.codes[reads.port].astype(np.int64) - reads.min_code
        parts.append(codes.astype(np.uint8).reshape(len(codes), -1))
    return np.concatenate(parts, axis=1).reshape(-1, *first.input_shape)


def stimulus_of(nodes: Sequence[Node], codes: Codes) -> Trace:
    """Codes and sums of the nodes that hand on the input."""
    flat = codes.reshape(len(codes), -1).astype(np.int64)
    sums = {node.name: flat[:, node.index] for node in nodes if isinstance(node, CodeMove)}
    return Trace({port_name(node.name, 0): codes for node in nodes}, sums)


def _link(channels: int, entry: Entry, reads: NumberFormat) -> Requantization:
    """The codes of the reader's format, from their distances to its lowest."""
    levels = np.arange(1, reads.max_code - reads.min_code + 1, dtype=np.int64)
    return Requantization(
        np.tile(levels, (channels, 1)),
        np.ones(channels, np.int64),
        entry.consumer,
        (),
        False,
        reads.min_code,
        entry.operand,
    )


def _equal(one: npt.NDArray[np.uint8], other: npt.NDArray[np.int64]) -> bool:
    return one.shape == other.shape and bool((one == other).all())


def _names(count: int) -> list[str]:
    return [NAME, *(f"{NAME}{number}" for number in range(2, 2 * count + 100))]
