"""Obligations: conditions under which a network's integers are exact, and whether each holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tilewright.spec import NEVER, IntegerNetwork, Node, signed_bits_needed
from tilewright.verify.certificate import Obligation
from tilewright.verify.margins import LIMITS, Margins

EXACT_BELOW = {
    "int8": 2**24,
    "winograd": 2**24,
    "float32": 2**24,
    "int32": 2**31,
    "popcount": 2**31,
    "float64": 2**53,
    "int64": 2**63,
}
"""Arithmetic to the size of sums that it still holds exactly. int8: int32 sums that leave as float32;
winograd's codes are rounded in float32."""

ORDER_KEPT = 2**23
"""Different integers below this stay different, in order, when multiplied by one float32 and rounded."""


def find_obligations(
    network: IntegerNetwork, arithmetic: Mapping[str, str], margins: Mapping[str, Margins]
) -> tuple[Obligation, ...]:
    """Every obligation, with its evidence.

    arithmetic: node to how an engine computes it, a key of `EXACT_BELOW`. margins: link ("node to
    port") to what was seen.
    """
    return (
        _is_whole(network),
        _codes(network),
        _bounds(network, arithmetic),
        _thresholds(network),
        _seen(margins),
        _order(network),
    )


def _is_whole(network: IntegerNetwork) -> Obligation:
    gaps = list(network.gaps())
    kinds = {"nodes": len(network.nodes), "layers": len(network.layers)}
    return Obligation(
        "integers from input to output",
        "every node reads codes that thresholds make from the integer sums of another node",
        not gaps,
        gaps[0] if gaps else f"{kinds['nodes']} nodes, {kinds['layers']} of them layers, no gap",
        kinds,
    )


def _codes(network: IntegerNetwork) -> Obligation:
    wrong = []
    count = 0
    for layer in network.layers:
        low, high = int(layer.weight.min()), int(layer.weight.max())
        count += layer.weight.size
        if not layer.weight_format.allowed(layer.weight).all():
            wrong.append(f"{layer.name}: {low}..{high} is outside {layer.weight_format}")
    return Obligation(
        "integral codes",
        "every weight is a code of its format, held as an integer; a zero-point is an integer code too",
        not wrong,
        wrong[0] if wrong else f"{count:,} weight codes within their formats",
        {"weights": count, "outside": len(wrong)},
    )


def _bounds(network: IntegerNetwork, arithmetic: Mapping[str, str]) -> Obligation:
    rows = {node.name: _bound(node, arithmetic.get(node.name, "int64")) for node in network.nodes}
    wrong = [name for name, row in rows.items() if row["largest"] >= row["exact_below"]]
    closest = max(rows, key=lambda name: rows[name]["largest"] / rows[name]["exact_below"])
    row = rows[wrong[0] if wrong else closest]
    evidence = (
        f"{wrong[0] if wrong else closest}: |sum| reaches {row['largest']:,} over all inputs, in "
        f"{row['arithmetic']}, exact below {row['exact_below']:,}"
    )
    return Obligation(
        "exact arithmetic",
        "K * max|x| * max|w|, and what these weights reach, lie below what the arithmetic holds exactly, "
        "in any order of summation; where the first does not, wider arithmetic is used",
        not wrong,
        evidence if wrong else f"{len(rows)} nodes; closest is {evidence}",
        rows,
    )


def _bound(node: Node, arithmetic: str) -> dict[str, Any]:
    low, high = node.sum_range()
    by_type = node.sum_bound()
    return {
        "by_type": by_type,
        "reachable": [low, high],
        "largest": max(-low, high),
        "bits_needed": signed_bits_needed(low, high),
        "arithmetic": arithmetic,
        "exact_below": EXACT_BELOW[arithmetic],
        "training_arithmetic": "float32" if by_type < EXACT_BELOW["float32"] else "float64",
    }


def _thresholds(network: IntegerNetwork) -> Obligation:
    links = [link for node in network.nodes for link in node.requantizations]
    ascending = all((link.thresholds[:, 1:] >= link.thresholds[:, :-1]).all() for link in links)
    numbers = {
        "thresholds": sum(link.thresholds.size for link in links),
        "never_reached": sum(int((link.thresholds == NEVER).sum()) for link in links),
        "falling_channels": sum(int((link.direction < 0).sum()) for link in links),
        "channels": sum(len(link.direction) for link in links),
    }
    return Obligation(
        "thresholds are step functions",
        "thresholds ascend in every channel, so that each sum has one code and max-pooling commutes",
        ascending,
        f"{numbers['thresholds']:,} thresholds of {numbers['channels']:,} channels, "
        f"{numbers['falling_channels']:,} of them falling (gamma < 0)",
        numbers,
    )


def _seen(margins: Mapping[str, Margins]) -> Obligation:
    total = sum(one.sums for one in margins.values())
    edge = sum(one.counts[0] for one in margins.values())
    rows = {
        name: {"sums": one.sums, "nearest": one.nearest, "counts": list(one.counts)}
        for name, one in margins.items()
    }
    return Obligation(
        "distance to thresholds",
        "how far each sum seen may move and keep its code; integers are compared: none is too small",
        total > 0,
        f"{total:,} sums seen, {edge:,} of them at an edge (a step of one changes the code)",
        {"up_to": list(LIMITS), "links": rows},
    )


def _order(network: IntegerNetwork) -> Obligation:
    output = network.output
    low, high = output.sum_range()
    largest = max(-low, high)
    found = set(output.sum_scale.tolist())
    scales, is_positive = len(found), min(found) > 0
    sign = "" if is_positive else ", negative"
    holds = scales == 1 and is_positive and largest < ORDER_KEPT
    return Obligation(
        "the class is the largest integer",
        "one positive scale for all classes, and sums that float32 keeps in order when it multiplies by it",
        holds,
        f"{output.name}: {scales} scale{'s' * (scales != 1)}{sign}, |sum| at most {largest:,} "
        f"({'below' if largest < ORDER_KEPT else 'not below'} {ORDER_KEPT:,})",
        {"scales": scales, "largest": largest, "below": ORDER_KEPT},
    )
