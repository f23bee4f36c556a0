"""A trained torch module and a batch in, integers out: the border between the two halves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from tilewright.quant.links import Link, find_wiring
from tilewright.quant.node_modules import QuantNode, operand_quantizer
from tilewright.recover.capture import (
    Batch,
    Capture,
    capture_forward,
    eval_mode,
    quantized_nodes,
)
from tilewright.recover.entries import STORED, entry_nodes, needs_entries, stimulus_of
from tilewright.recover.nodes import recover_node
from tilewright.recover.recovered import Recovered
from tilewright.recover.thresholds import find_thresholds
from tilewright.spec import (
    IntegerNetwork,
    Node,
    NumberFormat,
    Requantization,
    Stimulus,
    port_name,
)


def recover(
    module: nn.Module, batch: Batch, samples: npt.NDArray[np.int64]
) -> tuple[IntegerNetwork, Stimulus]:
    """State `module` in integers, and what `batch` becomes in it.

    module: any `nn.Module` whose convolutions and linear layers are `QuantConv2d` and `QuantLinear`,
    whose additions are `QuantAdd` and whose average pools are `QuantAvgPool2d`. batch: its input,
    ``n ...``, or a tuple of its inputs; then the network reads one that holds them all. samples: index of
    each batch entry in its data split, kept as a label.

    Returns every quantized node by name, in execution order, and the input codes and sums of each.
    Raises `RecoveryError` where a number that must be an integer is not one.
    """
    captures = capture_forward(module, batch)
    parts = quantized_nodes(module)
    wiring = find_wiring(module)
    nodes: list[Node] = []
    with eval_mode(module), torch.no_grad():
        for name, capture in captures.items():
            made = recover_node(name, parts[name], capture)
            node = replace(made.node, unlinked=wiring.reasons.get(name, ""))
            links = tuple(
                _requantization(made, parts[name], parts[link.consumer], link, capture)
                for link in wiring.links.get(name, ())
            )
            nodes.append(replace(node, requantizations=links))
    codes = {
        port_name(name, operand): codes
        for name, capture in captures.items()
        for operand, codes in enumerate(capture.operands)
    }
    psums = {name: capture.psums for name, capture in captures.items()}
    formats = {node.name: node.act_format for node in nodes}
    if not needs_entries(wiring, captures, formats):
        network = IntegerNetwork(tuple(nodes), wiring.inputs, wiring.outputs)
        return network, Stimulus(samples, codes, psums)
    first, read = entry_nodes(wiring, captures, formats)
    inputs = tuple(node.name for node in first)
    network = IntegerNetwork((*first, *nodes), inputs, wiring.outputs)
    handed = stimulus_of(first, read)
    whole = {port: values.astype(STORED.dtype) for port, values in handed.codes.items()}
    return network, Stimulus(samples, whole | codes, handed.sums | psums)


def _requantization(
    made: Recovered, part: QuantNode, consumer: QuantNode, link: Link, capture: Capture
) -> Requantization:
    is_plane = capture.is_plane
    grid = operand_quantizer(consumer, link.operand)
    codes_format: NumberFormat = grid.number_format

    def codes_of(psums: Tensor) -> Tensor:
        values = psums.T[None, :, :, None].contiguous() if is_plane else psums  # 1 oc n 1, or n oc
        values = part.dequantize(values)
        for step in link.steps:
            values = step(values)
        codes: Tensor = grid(values)
        codes = codes[0, :, :, 0].T.contiguous() if is_plane else codes  # n oc
        return codes - codes_format.min_code

    thresholds, direction = find_thresholds(
        codes_of,
        oc=made.node.output_shape[0],
        levels=codes_format.max_code - codes_format.min_code,
        bound=made.bound,
        dtype=capture.dtype,
        layer=made.node.name,
    )
    return Requantization(
        thresholds,
        direction,
        link.consumer,
        link.pools,
        link.is_flattened,
        codes_format.min_code,
        link.operand,
    )
