"""A whole network on integers, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from tilewright.engine import onednn, units
from tilewright.engine.convolution import ENGINE_KINDS, EngineKind, Prepared
from tilewright.engine.narrow import observe_layer
from tilewright.engine.requantize import Requantizer
from tilewright.errors import ConfigError, ShapeError
from tilewright.spec import (
    IntArray,
    IntegerNetwork,
    Ints,
    Node,
    PsumRegister,
    Requantization,
    Trace,
    op_of,
    port_name,
)
from tilewright.spec.op import Array, Operation

Fused = dict[str, units.FusedConvolution]
"""By the layer's name."""

BATCH = 32
"""Samples at a time: the sums of a large layer then stay near the processor (measured)."""


class Engine:
    """Evaluates an `IntegerNetwork` exactly and fast; equal to the naive reference in every number.

    kind: "int8" convolves in 8-bit units through torch, layers with psums of 2**24 or more excepted;
    "winograd" saves products in 3x3 layers of few bits if the processor has AVX2, and is "int8" in others;
    "popcount" counts signs that agree in layers whose codes and weights are -1, 0 or 1, and is "blas" in
    others; "blas" in float32 or float64, whichever holds every partial sum exactly, and in int64 beyond;
    "int64" in integers only; "auto" is "winograd" where a layer gains by it, "int8" where that works, else
    "popcount". One thread by default.
    `arithmetic` says how each node is computed. register: limits the psums of every layer; without
    one they are exact. prepared: what other engines made ready for layers; what this one makes is added.
    Where only the output is asked for, a layer's codes leave the 8-bit units themselves
    if its thresholds allow it: `fused_layers` names those layers.

    Raises `ShapeError` if the network does not run from input to output, `ToolError` if "int8" is asked
    for and does not work here, `ConfigError` for an unknown kind.
    """

    def __init__(
        self,
        network: IntegerNetwork,
        *,
        kind: EngineKind = "auto",
        batch: int = BATCH,
        register: PsumRegister | None = None,
        prepared: Prepared | None = None,
    ) -> None:
        if kind not in ENGINE_KINDS:
            raise ConfigError(f"an engine is {', '.join(ENGINE_KINDS)}, not {kind!r}")
        network.require_whole()
        self.network, self.kind, self.batch, self.register = network, kind, batch, register
        self.arithmetic: dict[str, str] = {}
        self._prepared = Prepared() if prepared is None else prepared
        self._operations: list[Operation] = []
        self._requantizers: list[list[Requantizer]] = []
        self._fused: Fused | None = None
        self._packs: dict[str, units.Pack] = {}
        for node in network.nodes:
            operation, dtype = self._prepare(node)
            limit = max(map(abs, node.sum_range()))
            links = [Requantizer(one, limit=limit, dtype=dtype) for one in node.requantizations]
            self._operations.append(operation)
            self._requantizers.append(links)

    @property
    def fused_layers(self) -> tuple[str, ...]:
        """Layers whose sums nobody sees when the output is computed; the first time this takes a moment."""
        return tuple(self._fuse())

    def trace(self, images: IntArray) -> Trace:
        """Codes and sums of every node, for images ``n ic ih iw`` (codes of the first layer)."""
        codes: dict[str, list[Array]] = {}
        sums: dict[str, list[Array]] = {}
        with self._single_threaded():
            for batch, count in self._batches(images):
                for node, operands, found in self._run(batch, {}):
                    for operand, values in enumerate(operands):
                        codes.setdefault(port_name(node.name, operand), []).append(values[:count])
                    sums.setdefault(node.name, []).append(found[:count])
        return Trace(
            {port: _planes(parts) for port, parts in codes.items()},
            {name: _planes(parts).astype(np.int64) for name, parts in sums.items()},
        )

    def settled(
        self, images: IntArray, settle: Callable[[Node, Ints], Sequence[Requantization]]
    ) -> IntegerNetwork:
        """The network with the links that `settle` gives for each node and its sums ``n oc oh ow``.

        Node by node: each is looked at behind those whose links are settled. images: a batch at most.
        """
        nodes: list[Node] = []

        def follow(node: Node, sums: Array) -> list[Requantizer]:
            links = tuple(settle(node, _planes([sums[: len(images)]]).astype(np.int64)))
            nodes.append(node if links == () else replace(node, requantizations=links))
            limit = max(map(abs, node.sum_range()))
            return [Requantizer(one, limit=limit, dtype=sums.dtype) for one in links]

        with self._single_threaded():
            ((batch, _),) = self._batches(images)
            for _ in self._run(batch, {}, follow):
                pass
        return replace(self.network, nodes=tuple(nodes))

    def sums(
        self,
        images: IntArray,
        *,
        threads: int = 1,
        listener: Callable[[int], None] | None = None,
    ) -> npt.NDArray[np.int64]:
        """Sums of the output, of several the first, int64 ``n oc oh ow``, of images ``n ic ih iw``.

        listener: hears how many samples are done.
        """
        return self.outputs(images, threads=threads, listener=listener)[self.network.output.name]

    def outputs(
        self,
        images: IntArray,
        *,
        threads: int = 1,
        listener: Callable[[int], None] | None = None,
    ) -> dict[str, npt.NDArray[np.int64]]:
        """Sums of every output by the name of its node, as `sums` has the first."""
        if threads < 1:
            raise ConfigError(f"threads must be at least 1, not {threads}")
        found: list[dict[str, npt.NDArray[np.int64]]] = []
        self._fuse()
        with self._single_threaded() as stack:
            pool = stack.enter_context(ThreadPoolExecutor(threads, initializer=self._be_one_thread))
            for part in pool.map(self._output, self._batches(images)):
                found.append(part)
                if listener is not None:
                    listener(sum(len(one[self.network.output.name]) for one in found))
        return {name: np.concatenate([one[name] for one in found]) for name in self.network.outputs}

    def predict(
        self,
        images: IntArray,
        *,
        threads: int = 1,
        listener: Callable[[int], None] | None = None,
    ) -> npt.NDArray[np.int64]:
        """Class ``n`` of each image: the largest sum of the output, ties to the lowest class."""
        return self.network.classes(self.sums(images, threads=threads, listener=listener))

    @contextmanager
    def _single_threaded(self) -> Iterator[ExitStack]:
        """No operation takes threads of its own; the stack ends with the context."""
        with ExitStack() as stack:
            stack.enter_context(threadpool_limits(1, user_api="blas"))
            if "int8" in self.arithmetic.values():
                stack.enter_context(onednn.one_thread())
            yield stack

    def _be_one_thread(self) -> None:
        if "int8" in self.arithmetic.values():
            onednn.be_one_thread()

    def _prepare(self, node: Node) -> tuple[Operation, np.dtype[np.generic]]:
        operation = op_of(node).operation(node)
        if operation is not None:
            self.arithmetic[node.name] = "int32"
            return operation, np.dtype(np.int32)
        layer = self.network.layer(node.name)
        choice = self._prepared.choose(layer, self.kind, samples=self.batch, register=self.register)
        self.arithmetic[node.name] = choice.arithmetic
        if choice.pack is not None:
            self._packs[node.name] = choice.pack
        return choice.operation, choice.dtype

    def _fuse(self) -> Fused:
        if self._fused is None:
            self._fused = {}
            for node in self.network.nodes:
                is_seen = node.name in self.network.outputs or len(node.requantizations) != 1
                if is_seen or node.name not in self._packs:
                    continue
                layer, pack = self.network.layer(node.name), self._packs[node.name]
                with self._single_threaded():
                    fused = self._prepared.fuse(layer, pack, samples=self.batch)
                if fused is not None:
                    self._fused[node.name] = fused
        return self._fused

    def _batches(self, images: IntArray) -> Iterator[tuple[Array, int]]:
        """Codes ``batch ih iw ic``, the last one filled up, and how many samples count."""
        reader = self.network.node(self.network.inputs[0])
        if images.ndim != 4 or images.shape[1:] != reader.input_shape or len(images) == 0:
            raise ShapeError(
                f"the network reads images (n, ic, ih, iw) = (n, "
                f"{', '.join(map(str, reader.input_shape))}), not {images.shape}"
            )
        for name in self.network.inputs:
            self.network.node(name).act_format.check(images, what="input code", axes="n ic ih iw")
        for start in range(0, len(images), self.batch):
            part = images[start : start + self.batch]
            codes = np.zeros(
                (self.batch, *(part.shape[axis] for axis in (2, 3, 1))), reader.act_format.dtype
            )
            codes[: len(part)] = part.transpose(0, 2, 3, 1)
            yield codes, len(part)

    def _run(
        self,
        codes: Array,
        fused: Fused,
        follow: Callable[[Node, Array], list[Requantizer]] | None = None,
    ) -> Iterator[tuple[Node, list[Array], Array]]:
        """Each node with its operands and sums; the nodes of `fused` have none and are left out.

        follow: gives other requantizers behind a node.
        """
        held = dict.fromkeys(self.network.inputs, codes)
        nodes = zip(self.network.nodes, self._operations, self._requantizers, strict=True)
        for node, operation, requantizers in nodes:
            operands = [held.pop(port_name(node.name, n)) for n in range(node.operands)]
            if node.name in fused:
                found = fused[node.name](*operands)
                held[node.requantizations[0].port] = requantizers[0].pool(found)
                continue
            sums = operation(*operands)
            behind = requantizers if follow is None else follow(node, sums)
            for link, requantize in zip(node.requantizations, behind, strict=True):
                held[link.port] = requantize(sums)
            yield node, operands, sums

    def _output(self, batch: tuple[Array, int]) -> dict[str, npt.NDArray[np.int64]]:
        codes, count = batch
        return {
            node.name: _planes([found[:count]]).astype(np.int64)
            for node, _, found in self._run(codes, self._fuse())
            if node.name in self.network.outputs
        }


def observe_registers(
    network: IntegerNetwork, images: IntArray, *, place: str, rows: int
) -> dict[str, tuple[int, int]]:
    """Layer to the least and the most that its psum registers at `place` come to hold for these images."""
    engine = Engine(network)
    extremes = {layer.name: (0, 0) for layer in network.layers}
    for start in range(0, len(images), BATCH):
        trace = engine.trace(images[start : start + BATCH])
        for layer in network.layers:
            codes = layer.plain_codes(trace.codes[layer.name])
            seen = observe_layer(layer.plain(), codes, place=place, rows=rows).extremes
            low, high = extremes[layer.name]
            extremes[layer.name] = (min(low, int(seen[0])), max(high, int(seen[1])))
    return extremes


def _planes(parts: list[Array]) -> Array:
    """Batches ``n h w c`` as one tensor ``n c h w``."""
    return np.concatenate(parts).transpose(0, 3, 1, 2)
