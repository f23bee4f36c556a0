"""A network of integer nodes, and its file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from tilewright.errors import (
    ArtifactError,
    FormatError,
    ShapeError,
    TilewrightError,
    UnknownNameError,
)
from tilewright.spec.integer_layer import IntegerLayer
from tilewright.spec.names import check_name
from tilewright.spec.network_facts import describe_node, node_arrays, rebuild_node
from tilewright.spec.node import Node, operand_shape
from tilewright.spec.requantization import Requantization, port_name
from tilewright.store.artifact import read_artifact, write_artifact

KIND = "integer-network"


@dataclass(frozen=True, slots=True, eq=False)
class IntegerNetwork:
    """The nodes of a network in the order in which they run.

    A node's sums go to other nodes through its requantizations: each feeds one operand of a later
    node. inputs: names of the nodes that read the network's input; by default, the first one. outputs: names
    of the nodes whose sums the network gives, in the order in which it does; by default, the last one.

    Raises `ShapeError`, `FormatError` or `UnknownNameError` where a requantization does not fit the node
    that it feeds.
    """

    nodes: tuple[Node, ...]
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.nodes:
            raise ShapeError("a network must have at least one node")
        if not self.inputs:
            object.__setattr__(self, "inputs", (self.nodes[0].name,))
        if not self.outputs:
            object.__setattr__(self, "outputs", (self.nodes[-1].name,))
        self._check_names()
        fed: set[str] = set(self.inputs)
        for index, node in enumerate(self.nodes):
            for link in node.requantizations:
                self._check_link(index, link)
                if link.port in fed:
                    raise ShapeError(
                        f"{link.port} must be fed once, but {node.name} feeds it again"
                    )
                fed.add(link.port)

    def _check_names(self) -> None:
        names = [node.name for node in self.nodes]
        for name in names:
            check_name(name, "a node")
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ShapeError(f"nodes must have names of their own, but two are called {min(twice)}")
        _check_keys(self.nodes)
        for name in (*self.inputs, *self.outputs):
            self.node(name)
        if len(set(self.outputs)) < len(self.outputs):
            raise ShapeError(f"the outputs must be nodes of their own, not {list(self.outputs)}")

    @property
    def layers(self) -> tuple[IntegerLayer, ...]:
        """The convolutions and linear layers: what runs on an array."""
        return tuple(node for node in self.nodes if isinstance(node, IntegerLayer))

    @property
    def output(self) -> Node:
        """The node whose sums are the network's output; of several, the first."""
        return self.node(self.outputs[0])

    def facts(self) -> dict[str, object]:
        """The network as JSON facts, without arrays; outputs only where they are not the last node alone."""
        is_usual = self.outputs == (self.nodes[-1].name,)
        return {
            "inputs": self.inputs,
            "nodes": [describe_node(node) for node in self.nodes],
            **({} if is_usual else {"outputs": self.outputs}),
        }

    def node(self, name: str) -> Node:
        """The node called `name`; raises `UnknownNameError` with near names."""
        return self.nodes[_index(name, [node.name for node in self.nodes], "node")]

    def layer(self, name: str) -> IntegerLayer:
        """The convolution or linear layer called `name`; raises `UnknownNameError` with near names."""
        return self.layers[_index(name, [layer.name for layer in self.layers], "quantized layer")]

    def gaps(self) -> Iterator[str]:
        """Why the network does not run on integers from its input to its output; nothing if it does."""
        fed = {link.port for node in self.nodes for link in node.requantizations}
        for node in self.nodes:
            for operand in range(node.operands):
                if port_name(node.name, operand) not in fed and node.name not in self.inputs:
                    yield f"nothing feeds {port_name(node.name, operand)}"
            if node.name not in self.outputs and node.unlinked:
                yield f"{node.name}: {node.unlinked}"

    def require_whole(self) -> None:
        """Raise `ShapeError` with the first of `gaps`, if there is one."""
        for gap in self.gaps():
            raise ShapeError(f"the network does not run on integers from input to output: {gap}")

    def classes(self, sums: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Class ``n`` with the largest output: sums of `output`, ``n oc 1 1``; ties to the lowest.

        With one positive scale for all classes that is the largest integer. Raises `ShapeError` if the
        output is a plane.
        """
        if sums.shape[2:] != (1, 1):
            raise ShapeError(
                f"{self.output.name}: a class must have one number, but the output is {sums.shape}"
            )
        scores = sums[:, :, 0, 0]
        scales = self.output.sum_scale
        keeps_order = len(set(scales.tolist())) == 1 and bool(scales[0] > 0)
        outputs = scores if keeps_order else scores * scales
        classes: npt.NDArray[np.int64] = outputs.argmax(axis=1)
        return classes

    def fingerprint(self) -> str:
        """Hexadecimal SHA-256 of everything that the network computes with."""
        digest = hashlib.sha256(json.dumps(self.facts(), sort_keys=True).encode())
        for node in self.nodes:
            for name, array in node_arrays(node).items():
                digest.update(name.encode() + np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def save(self, stem: Path) -> None:
        """Write ``stem.safetensors`` and ``stem.json`` atomically."""
        arrays = {key: array for node in self.nodes for key, array in node_arrays(node).items()}
        write_artifact(stem, KIND, arrays, self.facts())

    @classmethod
    def load(cls, stem: Path) -> Self:
        """Read what `save` wrote; raises `ArtifactError` if it is missing, damaged or altered."""
        arrays, facts = read_artifact(stem, KIND)
        try:
            nodes = tuple(rebuild_node(entry, arrays) for entry in facts["nodes"])
            return cls(nodes, tuple(facts["inputs"]), tuple(facts.get("outputs", ())))
        except TilewrightError as error:
            raise ArtifactError(f"{stem}.json does not describe a network: {error}") from None
        except (
            KeyError,
            TypeError,
            ValueError,
            AttributeError,
            IndexError,
            OverflowError,
        ) as error:
            raise ArtifactError(f"{stem}.json does not describe a network: {error!r}") from None

    def _check_link(self, index: int, link: Requantization) -> None:
        node = self.nodes[index]
        consumer = self.node(link.consumer)
        if consumer in self.nodes[: index + 1]:
            raise ShapeError(f"{node.name} must run before {consumer.name}, which reads its output")
        if not 0 <= link.operand < consumer.operands:
            raise ShapeError(
                f"{node.name} feeds operand {link.operand} of {consumer.name}, "
                f"which has {consumer.operands}"
            )
        if len(link.thresholds) != node.output_shape[0]:
            raise ShapeError(
                f"{node.name}: thresholds must be of its {node.output_shape[0]} channels, "
                f"not of {len(link.thresholds)}"
            )
        found = link.output_shape(node.output_shape)
        expected = operand_shape(consumer, link.operand)
        if found != expected:
            raise ShapeError(
                f"{consumer.name} must read (ic, ih, iw) = {expected}, "
                f"but {node.name} gives {found}"
            )
        codes = consumer.act_format
        if (link.min_code, link.max_code) != (codes.min_code, codes.max_code):
            raise FormatError(
                f"{consumer.name} must read codes {codes}, but the thresholds after {node.name} "
                f"give {link.min_code}..{link.max_code}"
            )


def _check_keys(nodes: tuple[Node, ...]) -> None:
    """Names of ports and of arrays are made from those of nodes: no two may come out alike."""
    ports = [port_name(node.name, operand) for node in nodes for operand in range(node.operands)]
    keys = [key for node in nodes for key in node_arrays(node)]
    for made in (ports, keys):
        if len(set(made)) < len(made):
            twice = min(name for name in made if made.count(name) > 1)
            raise ShapeError(
                f"no two nodes may share {twice!r}, which their names make: rename one of them"
            )


def _index(name: str, names: list[str], kind: str) -> int:
    if name not in names:
        near = get_close_matches(name, names, n=3, cutoff=0.3) or names
        raise UnknownNameError(f"no {kind} is called '{name}'; did you mean {', '.join(near)}?")
    return names.index(name)
