"""Nodes as JSON facts and named arrays, and back."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np

from tilewright.spec.conv_shape import ConvShape
from tilewright.spec.integer_layer import IntegerLayer
from tilewright.spec.integer_sums import ResidualAdd, SumPool
from tilewright.spec.node import Node
from tilewright.spec.number_format import NumberFormat
from tilewright.spec.requantization import MaxPool, Requantization, port_name

Facts = dict[str, Any]
Arrays = dict[str, np.ndarray[Any, Any]]

_KINDS: dict[str, type[Node]] = {"layer": IntegerLayer, "add": ResidualAdd, "pool": SumPool}


def describe_node(node: Node) -> Facts:
    """A node as JSON facts, without its arrays."""
    facts: Facts = {
        "name": node.name,
        "kind": next(kind for kind, noun in _KINDS.items() if isinstance(node, noun)),
        "act_format": node.act_format.to_facts(),
        "act_scale": node.act_scale,
        "unlinked": node.unlinked,
        "requantizations": [_describe_link(link) for link in node.requantizations],
    }
    if isinstance(node, IntegerLayer):
        return facts | {
            "shape": node.shape.to_facts(),
            "weight_format": node.weight_format.to_facts(),
        }
    facts["plane"] = node.plane
    return facts | (
        {"kernel": node.kernel, "stride": node.stride} if isinstance(node, SumPool) else {}
    )


def node_arrays(node: Node) -> Arrays:
    """The arrays of a node, by names that hold the node's own."""
    arrays: Arrays = {}
    if isinstance(node, IntegerLayer):
        arrays[f"{node.name}.weight"] = node.weight
        arrays[f"{node.name}.weight_scale"] = node.weight_scale
    for link in node.requantizations:
        arrays[threshold_key(node.name, link.port)] = link.thresholds
        arrays[direction_key(node.name, link.port)] = link.direction
    return arrays


def rebuild_node(facts: Facts, arrays: Arrays) -> Node:
    """The node that `describe_node` and `node_arrays` took apart.

    Raises `KeyError` or `TypeError` if something is missing, and what the nouns raise if it does not fit.
    """
    name, noun = facts["name"], _KINDS[facts["kind"]]
    known = {"kind", "shape", "weight_format", "act_format", "requantizations"}
    values = pairs({key: value for key, value in facts.items() if key not in known})
    values["act_format"] = NumberFormat.from_facts(facts["act_format"])
    if noun is IntegerLayer:
        values["shape"] = ConvShape(**pairs(facts["shape"]))
        values["weight_format"] = NumberFormat.from_facts(facts["weight_format"])
        values |= {key: arrays[f"{name}.{key}"] for key in ("weight", "weight_scale")}
    links = tuple(_rebuild_link(name, link, arrays) for link in facts["requantizations"])
    node: Node = noun(**values)
    return replace(node, requantizations=links)


def threshold_key(node: str, port: str) -> str:
    """Name of the array of thresholds from `node` to `port`."""
    return f"{node}.thresholds.{port}"


def direction_key(node: str, port: str) -> str:
    """Name of the array of directions from `node` to `port`."""
    return f"{node}.direction.{port}"


def _describe_link(link: Requantization) -> Facts:
    return {
        "consumer": link.consumer,
        "operand": link.operand,
        "min_code": link.min_code,
        "pools": [asdict(pool) for pool in link.pools],
        "is_flattened": link.is_flattened,
    }


def _rebuild_link(name: str, facts: Facts, arrays: Arrays) -> Requantization:
    port = port_name(facts["consumer"], facts["operand"])
    values = facts | {"pools": tuple(MaxPool(**pairs(pool)) for pool in facts["pools"])}
    return Requantization(
        arrays[threshold_key(name, port)], arrays[direction_key(name, port)], **values
    )


def pairs(facts: Facts) -> Facts:
    """JSON has lists where the dataclasses have tuples."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in facts.items()}
