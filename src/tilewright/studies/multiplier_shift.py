"""A network with multipliers and shifts in place of thresholds, beside the network itself."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from tilewright.engine import Engine
from tilewright.errors import ConfigError
from tilewright.pipeline.run_folder import Listener
from tilewright.spec import (
    IntegerNetwork,
    Node,
    Requantization,
    fit_multiplier_shift,
)
from tilewright.studies.certify import Subject
from tilewright.studies.oracles import CHUNK
from tilewright.verify import reference_next_codes


@dataclass(slots=True)
class _Count:
    """Counts of what differs at one link. reachable: sums over all inputs, and how many get another code."""

    channels: int
    exact_channels: int
    reachable: int
    reachable_differ: int
    codes: int = 0
    codes_differ: int = 0


def requantize_by_shift(
    subject: Subject, listener: Listener, *, bits: int, images: int, threads: int = 1
) -> dict[str, Any]:
    """Replace every link's thresholds by a multiplier of `bits` bits, a bias and a shift, and count.

    At each link: channels with the same code for every sum that the weights reach, and sums with
    another one; codes of `images` test images that differ, given the same sums. Of the whole network:
    predictions that differ.
    """
    network, test = subject.network, subject.test
    if not 1 <= images <= len(test):
        raise ConfigError(f"images must be 1..{len(test)}, not {images}")
    pixels, labels = test.images[:images], test.labels[:images]
    nodes: list[Node] = []
    counts: dict[str, _Count] = {}
    for node in network.nodes:
        links = []
        for link in node.requantizations:
            links.append(
                fit_multiplier_shift(link, *node.sum_range(), bits=bits).as_requantization()
            )
            counts[f"{node.name} to {link.port}"] = _compare(link, links[-1], node)
        nodes.append(replace(node, requantizations=tuple(links)))
    other = replace(network, nodes=tuple(nodes))
    _count_codes(network, other, pixels, counts)
    exact = Engine(network).predict(pixels, threads=threads)
    classes = Engine(other).predict(pixels, threads=threads)
    for name, count in counts.items():
        listener.say(
            f"{name}: {count.exact_channels} of {count.channels} channels exact for every reachable sum; "
            f"{count.codes_differ:,} of {count.codes:,} codes differ"
        )
    return {
        "bits": bits,
        "images": images,
        "links": {name: asdict(count) for name, count in counts.items()},
        "codes": sum(one.codes for one in counts.values()),
        "codes_differ": sum(one.codes_differ for one in counts.values()),
        "predictions_differ": int((classes != exact).sum()),
        "correct": int((classes == labels).sum()),
        "exact_correct": int((exact == labels).sum()),
    }


def _compare(link: Requantization, other: Requantization, node: Node) -> _Count:
    """Over all sums that the node reaches: a threshold that moved changes the codes between its places."""
    low, high = node.sum_range()
    falling = link.direction[:, None] < 0
    least, most = np.where(falling, -high, low), np.where(falling, -low, high)  # oc 1
    ours, theirs = (one.thresholds.clip(least, most + 1) for one in (link, other))
    moved = [_union(*pair) for pair in zip(ours.tolist(), theirs.tolist(), strict=True)]
    reach = high - low + 1
    return _Count(len(moved), moved.count(0), reach * len(moved), sum(moved))


def _union(ours: list[int], theirs: list[int]) -> int:
    """How many integers lie between a threshold and its other place, for any of them."""
    covered, end = 0, None
    for start, stop in sorted((min(pair), max(pair)) for pair in zip(ours, theirs, strict=True)):
        begin = start if end is None else max(start, end)
        covered += max(0, stop - begin)
        end = stop if end is None else max(end, stop)
    return covered


def _count_codes(
    network: IntegerNetwork, other: IntegerNetwork, pixels: Any, counts: dict[str, _Count]
) -> None:
    engine = Engine(network)
    for start in range(0, len(pixels), CHUNK):
        trace = engine.trace(pixels[start : start + CHUNK])
        for node, changed in zip(network.nodes, other.nodes, strict=True):
            for link, new in zip(node.requantizations, changed.requantizations, strict=True):
                expected = trace.codes[link.port]
                found = reference_next_codes(trace.sums[node.name], new)
                count = counts[f"{node.name} to {link.port}"]
                count.codes += expected.size
                count.codes_differ += int((expected != found).sum())
