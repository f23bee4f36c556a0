"""Make the report's picture of a run from its integers: counted and simulated again, nothing is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from tilewright.config.array import ArrayConfig
from tilewright.cost import LayerOutline, layer_traffic
from tilewright.errors import TilewrightError
from tilewright.facts import RunFacts
from tilewright.pipeline.run_folder import RunFolder
from tilewright.report.picture import (
    CodeCounts,
    LayerPicture,
    Motion,
    NodePicture,
    Picture,
    Planes,
    SamplePicture,
    Words,
)
from tilewright.sim import job_cycles, layer_cycles, load_cycles, trace_job, words_streamed
from tilewright.spec import IntegerLayer, IntegerNetwork, Node, Stimulus
from tilewright.spec.requantization import NEVER
from tilewright.tile import DATAFLOWS, Execution, TilePlan, find_parts, plan_words

SHOWN_SAMPLES = 8
"""Samples whose prediction is shown; the first of them is followed through the network."""
SHOWN_CHANNELS = 16
SHOWN_VECTOR = 64
SHOWN_LANES = 16
"""Rows and columns of the array that are shown in motion, at most."""
SHOWN_CYCLES = 200


def make_picture(run: RunFolder, found: RunFacts) -> Picture:
    """The picture of what the run holds; an empty one where its integers are absent or damaged."""
    if found.recover is None:
        return Picture()
    try:
        network, stimulus = run.network(), run.stimulus()
    except TilewrightError:
        return Picture()  # the report says what is wrong with the files
    facts = found.recover.facts
    samples = _samples(network, stimulus, facts.labels or ())
    nodes = tuple(_node(node, network) for node in network.nodes)
    named = facts.classes or ()
    if found.tile is None:
        return Picture(nodes=nodes, samples=samples, classes=named)
    array = run.array()
    choke = array.shape.choke({layer.name: layer.shape for layer in network.layers})
    shown = network.layer(choke) if choke else _smallest(network)
    return Picture(
        nodes=nodes,
        choke=choke,
        layers=tuple(_layer(layer, stimulus, array) for layer in network.layers),
        samples=samples,
        classes=named,
        motions=tuple(_motions(shown, stimulus, array)),
    )


def _node(node: Node, network: IntegerNetwork) -> NodePicture:
    feeds = (
        one.name
        for one in network.nodes
        for link in one.requantizations
        if link.consumer == node.name
    )
    return NodePicture(
        name=node.name,
        what=_operation(node),
        shape=node.output_shape,
        weight_bits=node.weight_format.bits if isinstance(node, IntegerLayer) else None,
        act_bits=node.act_format.bits,
        feeds=tuple(feeds),
    )


def _operation(node: Node) -> str:
    """What the node does, from its type: "residual add", "sum pool"; a layer by its kernel."""
    if not isinstance(node, IntegerLayer):
        return re.sub(r"(?<=.)([A-Z])", r" \1", type(node).__name__).lower()
    shape = node.shape
    if (shape.ih, shape.iw, shape.taps) == (1, 1, 1):
        return "linear"
    return f"conv {shape.kh}x{shape.kw}" + (
        f" / {shape.stride[0]}" if max(shape.stride) > 1 else ""
    )


def _smallest(network: IntegerNetwork) -> IntegerLayer:
    """The layer with a kernel that has fewest products; of a network without one, of all."""
    kernels = [layer for layer in network.layers if layer.shape.taps > 1]
    return min(kernels or network.layers, key=lambda layer: layer.shape.macs)


# -- one layer ----------------------------------------------------------------------------------------


def _layer(layer: IntegerLayer, stimulus: Stimulus, array: ArrayConfig) -> LayerPicture:
    plain, codes = layer.plain(), layer.act_format
    executions = [one for _, one in array.executions(plain.shape, act_bits=codes.bits)]
    grids = [one.plan.fold_grid for one in executions]
    return LayerPicture(
        name=layer.name,
        shape=layer.shape,
        weights=CodeCounts.of(
            layer.weight, layer.weight_format.min_code, layer.weight_format.max_code
        ),
        acts=CodeCounts.of(stimulus.codes[layer.name], codes.min_code, codes.max_code),
        thresholds=tuple(_thresholds(layer)),
        grid=(sum(grid[0] for grid in grids), max(grid[1] for grid in grids), grids[0][2]),
        lanes=executions[0].plan.lanes,
        cycles=_cycles(executions),
        words=_words(plain, executions),
    )


def _words(layer: IntegerLayer, executions: Sequence[Execution]) -> dict[str, Words]:
    """Of the layer, part by part."""
    outline = LayerOutline(layer.name, layer.shape, layer.act_format, layer.weight_format)
    total = layer_traffic(outline, executions[0])
    for execution in executions[1:]:
        total = total.plus(layer_traffic(outline, execution), 1)
    memories = (("XMEM", total.xmem), ("WMEM", total.wmem), ("PMEM", total.pmem))
    return {name: Words(one.reads, one.writes, one.word_bits) for name, one in memories}


def _thresholds(layer: IntegerLayer) -> Iterator[tuple[int, int, int]]:
    """Of the first reader; psums at which the code changes, whichever way it changes."""
    for link in layer.requantizations[:1]:
        psums = link.thresholds * link.direction[:, None]
        for level in range(psums.shape[1]):
            reached = np.sort(psums[abs(link.thresholds[:, level]) < NEVER, level])
            if len(reached):
                yield int(reached[0]), int(reached[len(reached) // 2]), int(reached[-1])


def _cycles(executions: Sequence[Execution]) -> dict[str, int]:
    """Of all parts of a layer, by what its memories do."""
    total = sum(map(layer_cycles, executions))
    stream = sum(job_cycles(one).size * words_streamed(one) for one in executions)
    load = sum(map(load_cycles, executions))
    return {"load": load, "stream": stream, "drain": total - load - stream}


# -- samples ------------------------------------------------------------------------------------------


def _samples(
    network: IntegerNetwork, stimulus: Stimulus, labels: tuple[int, ...]
) -> tuple[SamplePicture, ...]:
    """The first samples, as the training forward computed them; none where the output is a plane."""
    output = network.output
    sums = stimulus.psums.get(output.name)
    first = network.inputs[0]
    if sums is None or sums.shape[2:] != (1, 1) or first not in stimulus.codes:
        return ()
    scores = sums[:SHOWN_SAMPLES, :, 0, 0] * output.sum_scale * output.act_scale
    classes = network.classes(sums[:SHOWN_SAMPLES])
    return tuple(
        SamplePicture(
            sample=int(stimulus.samples[place]),
            image=_planes(network.node(first), stimulus, place, channels=3),
            scores=tuple(scores[place].tolist()),
            predicted=int(classes[place]),
            label=labels[place] if place < len(labels) else None,
            path=()
            if place
            else tuple(
                _planes(node, stimulus, place, channels=SHOWN_CHANNELS) for node in network.nodes
            ),
        )
        for place in range(len(scores))
    )


def _planes(node: Node, stimulus: Stimulus, place: int, *, channels: int) -> Planes:
    whole = stimulus.codes[node.name][place]
    shown = channels if whole[0].size > 1 else SHOWN_VECTOR
    codes = node.act_format
    return Planes(
        node=node.name,
        codes=whole[:shown].astype(np.int64),
        least=codes.min_code,
        most=codes.max_code,
        channels=whole.shape[0],
    )


# -- the array in motion ------------------------------------------------------------------------------


def _motions(layer: IntegerLayer, stimulus: Stimulus, array: ArrayConfig) -> Iterator[Motion]:
    """The first cycles of a layer: in the dataflow of the run, and then in the others of our core."""
    plain, bits = layer.plain(), layer.act_format.bits
    codes = layer.plain_codes(stimulus.codes[layer.name][0])
    flows = [DATAFLOWS.get(array.mode), *DATAFLOWS]
    able = {flow.for_codes(bits).name: flow.for_codes(bits) for flow in flows}
    for flow in able.values():
        if flow.wiring is None:
            continue
        part = find_parts(plain.shape, array.shape, flow)[0]
        plan = TilePlan(part.shape, array.shape, flow)
        execution = Execution(plan, array.timing, array.rule)
        words = plan_words(plan, part.layer(plain).weight, codes[part.ic])
        trace = trace_job(execution, *words, cycles=SHOWN_CYCLES).corner(SHOWN_LANES, SHOWN_LANES)
        yield Motion(
            title=flow.title,
            layer=layer.name,
            sample=int(stimulus.samples[0]),
            rows=array.rows,
            cols=array.cols,
            grid=plan.fold_grid,
            total=layer_cycles(execution),
            psums_stay=trace.psums_stay,
            acts=trace.acts,
            weights=trace.weights,
            shadows=trace.shadows,
            psums=trace.psums,
            valid=trace.valid,
            words=trace.words,
            folds=trace.folds,
            reads=trace.reads,
            pixels=trace.pixels,
            vectors=trace.vectors,
        )
