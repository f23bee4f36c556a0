"""Nodes as JSON facts and named arrays, and back."""

from __future__ import annotations

from dataclasses import asdict

from tilewright.spec.node import Node
from tilewright.spec.number_format import NumberFormat
from tilewright.spec.op import OPS, Arrays, Facts, op_of
from tilewright.spec.requantization import MaxPool, Requantization, port_name


def describe_node(node: Node) -> Facts:
    """A node as JSON facts, without its arrays."""
    op = op_of(node)
    facts: Facts = {
        "name": node.name,
        "kind": op.name,
        "act_format": node.act_format.to_facts(),
        "act_scale": node.act_scale,
        "unlinked": node.unlinked,
        "requantizations": [_describe_link(link) for link in node.requantizations],
    }
    return facts | op.describe(node)


def node_arrays(node: Node) -> Arrays:
    """The arrays of a node, by names that hold the node's own."""
    own = op_of(node).arrays(node)
    arrays = {f"{node.name}.{key}": array for key, array in own.items()}
    for link in node.requantizations:
        arrays[threshold_key(node.name, link.port)] = link.thresholds
        arrays[direction_key(node.name, link.port)] = link.direction
    return arrays


def rebuild_node(facts: Facts, arrays: Arrays) -> Node:
    """The node that `describe_node` and `node_arrays` took apart.

    Raises `KeyError` or `TypeError` if something is missing, `UnknownNameError` for another op, and what the
    nouns raise if it does not fit.
    """
    name, op = facts["name"], OPS.get(facts["kind"])
    known = ("kind", "act_format", "requantizations")
    own = pairs({key: value for key, value in facts.items() if key not in known})
    split = {key: key.rpartition(".") for key in arrays}
    held = {last: arrays[key] for key, (first, _, last) in split.items() if first == name}
    node: Node = op.noun(
        act_format=NumberFormat.from_facts(facts["act_format"]),
        requantizations=tuple(
            _rebuild_link(name, link, arrays) for link in facts["requantizations"]
        ),
        **op.values(own, held),
    )
    return node


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
