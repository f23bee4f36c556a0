"""A full-integer TFLite file as an integer network.

All between its ends is int8 codes, so that the graph is walked once, from codes to codes. What an operation
without weights makes of codes is asked of the interpreter itself, operation by operation.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from tilewright.errors import FormatError, ShapeError, UnknownNameError
from tilewright.interchange.assembly import Assembly, end_of_network
from tilewright.interchange.hindrances import NOT_STATED, HindranceError, Lost
from tilewright.interchange.kernels import rounded
from tilewright.interchange.onnx_graph import Operator
from tilewright.interchange.source import Imported
from tilewright.interchange.tflite_context import Context
from tilewright.interchange.tflite_dilated import read_dilated
from tilewright.interchange.tflite_floats import read_floats
from tilewright.interchange.tflite_graph import TfliteGraph, read_tflite_graph
from tilewright.interchange.tflite_layers import LAYERS
from tilewright.interchange.tflite_ops import MOVES, READERS, TABLES, read_move
from tilewright.interchange.tflite_pairs import PAIRS, read_pair
from tilewright.interchange.tflite_places import Seen, plane_of, settled
from tilewright.interchange.tflite_probe import PREFIX, RESOLVERS, run_alone
from tilewright.interchange.values import Affine, Value
from tilewright.store.artifact import read_bytes


def read_tflite(path: Path, *, kernels: str) -> Imported:
    """Read a file of int8 convolutions, linear layers, additions, pools and functions.

    kernels: whose rounding the network has, and who computes the file's own codes. Raises `FormatError` that
    names every operation that cannot be stated in integers, and why.
    """
    if kernels not in RESOLVERS:
        raise UnknownNameError.among("kernels", kernels, tuple(RESOLVERS))
    file = read_tflite_graph(path, read_bytes(path))
    _refuse_other_codes(path, file)
    reader = _Reader(file, kernels)
    for op in file.graph.ops:
        reader.read(op)
    return reader.finish(path)


def _refuse_other_codes(path: Path, file: TfliteGraph) -> None:
    """Raise `FormatError` in one line for files none of whose layers has activations of 8 bits."""
    layers = [op for op in file.graph.ops if op.kind in LAYERS]
    kinds = {file.tensors[op.output].kind for op in layers}
    if kinds == {"int16"}:
        raise FormatError(
            f"{path} has activations of 16 bits (int16x8), and codes have at most 8 here: convert with int8 "
            "activations, TFLITE_BUILTINS_INT8"
        )
    if kinds == {"float32"}:
        raise FormatError(
            f"{path} computes its layers with floats, if with codes of weights (dynamic range): convert with "
            "full integer quantization, which needs a representative_dataset"
        )


class _Reader:
    """The state of the reader after the operations read so far."""

    def __init__(self, file: TfliteGraph, kernels: str) -> None:
        self._file = file
        self._context = Context(file, kernels, Assembly())
        self._scratch = Context(file, kernels, Assembly())  # for what follows from what is lost
        self._seen = {file.graph.input: self._input()}
        self._inside: set[str] = (
            set()
        )  # tensors of what is several operations in the file, and one here
        self._lost: dict[str, Lost] = {}
        self._hindrances: dict[str, None] = {}

    def _input(self) -> Seen:
        tensor = self._file.tensors[self._file.graph.input]
        value = Value(tensor.name, None, plane_of(tensor.sizes[1:]), len(tensor.sizes) == 2)
        if tensor.scale is not None:
            codes = Affine(tensor.scale[:1], -tensor.scale[:1] * tensor.zero[0])
            value = replace(value, steps=(codes.step(),))
        reads = self._file.graph.readers().get(tensor.name, ())
        if self._file.graph.has_code_input and tensor.scale is not None and reads:
            value = replace(value, steps=(), grid=tensor.grid(reads[0]))
        return Seen.of(value, tensor)

    def read(self, op: Operator) -> None:
        """Take one operation; what it cannot state is kept until it is known whether that matters."""
        if self._folded(op) or op.output in self._inside:
            return
        if self._makes_rows(op):
            self._seen[op.output] = self._seen[op.inputs[0]]
            return
        several = None
        if op.kind == "SPACE_TO_BATCH_ND":
            several = read_dilated(op, self._file.graph)
        elif op.kind == "DEQUANTIZE":
            several = read_floats(op, self._file.graph, TABLES)
        if several is not None:
            op, inside = several
            self._inside.update(inside)
        lost = [self._lost[name] for name in op.inputs if name in self._lost]
        reasons = dict.fromkeys(reason for one in lost for reason in one.reasons)
        try:
            found = self._read(op, self._scratch if lost else self._context)
            if not lost:
                self._seen |= {one.tensor: one for one in found}
                return
        except (FormatError, ShapeError) as error:
            named = str(error) if isinstance(error, FormatError) else f"{op.label}: {error}"
            reasons[named] = None
        followed = [self._seen[name].value for name in op.inputs if name in self._seen]
        behind = next(iter(followed), next((one.behind for one in lost if one.behind), None))
        is_needed = op.kind in LAYERS or len(followed) > 1
        if is_needed:
            self._hindrances |= reasons
            reasons.clear()
        label = next((one.label for one in lost if one.behind), op.label)
        state = Lost(tuple(reasons), None if is_needed else behind, label)
        self._lost |= dict.fromkeys(op.outputs, state)

    def _makes_rows(self, op: Operator) -> bool:
        """Whether an operation makes rows of all tokens of a sample, which linear layers alone read.

        Keras writes a Dense over the last axis so; the layer reads the tokens where they were.
        """
        graph, source = self._file.graph, self._seen.get(op.inputs[0] if op.inputs else "")
        target = graph.constants.get(op.inputs[1]) if len(op.inputs) > 1 else None
        if op.kind != "RESHAPE" or source is None or target is None or source.places.ndim < 2:
            return False
        sizes = (source.places[..., 0].size, source.places.shape[-1])
        readers = graph.readers().get(op.output, [])
        are_layers = all(one.kind == "FULLY_CONNECTED" for one in readers)
        is_inner = bool(readers) and op.output not in graph.outputs
        return sizes[0] > 1 and tuple(target.reshape(-1)) == sizes and are_layers and is_inner

    def _folded(self, op: Operator) -> bool:
        """Whether an operation only asks for sizes or computes with constants; these are constants, too."""
        constants, tensors = self._file.constants, self._file.tensors
        if op.kind == "SHAPE" and op.inputs:
            seen = self._seen.get(op.inputs[0])
            sizes = tensors[op.inputs[0]].sizes if seen is None else (1, *seen.places.shape)
            found = [np.array(sizes)]
        elif op.inputs and all(name in constants for name in op.inputs if name):
            try:
                found = run_alone(self._file, op, (), kernels=self._context.kernels)
            except FormatError:
                return False  # it is refused as others are
        else:
            return False
        pairs = zip(op.outputs, found, strict=True)
        constants.update({name: one.astype(tensors[name].kind) for name, one in pairs})
        return True

    def _read(self, op: Operator, context: Context) -> list[Seen]:
        sources = [
            self._seen[name] if name in self._seen else self._stand_in(op, name)
            for name in op.inputs
            if name in self._seen or name in self._lost
        ]
        if not sources:
            op.refuse("it computes with constants alone: convert with constants folded")
        if op.kind == "DEQUANTIZE":
            return [replace(one, tensor=op.output) for one in sources]
        if op.kind == "QUANTIZE" and sources[0].value.grid is None:
            return [self._quantized(op, sources[0].value)]
        for name in (*(one.tensor for one in sources), *op.outputs):
            self._file.tensors[name].grid(op)
        if op.kind in MOVES:
            return read_move(context, op, sources)
        if op.kind in PAIRS and len(sources) == 2:
            return [read_pair(context, op, sources)]
        if op.kind not in READERS or len(sources) != 1:
            op.refuse(NOT_STATED)
        return [READERS[op.kind](context, op, sources)]

    def _stand_in(self, op: Operator, name: str) -> Seen:
        """A tensor that cannot be followed, by what the file says of it: what reads it is judged alone."""
        tensor = self._file.tensors[name]
        sizes = tensor.sizes[1:] or (1,)
        plane = plane_of(sizes)
        value = Value(name, None, plane, len(sizes) == 1, grid=tensor.grid(op), codes_at=name)
        return Seen.of(value, tensor)

    def _quantized(self, op: Operator, value: Value) -> Seen:
        """The codes of the input, where the network begins."""
        grid = self._context.out(op)
        return Seen.of(value.on_grid(op, grid, rounded(grid)), self._file.tensors[op.output])

    def finish(self, path: Path) -> Imported:
        """The network, when all operations are read; raises `HindranceError` if it cannot be stated."""
        if self._hindrances:
            raise HindranceError(self._hindrances)
        values: dict[str, Value] = {}
        makers = {name: op for op in self._file.graph.ops for name in op.outputs}
        for name in self._file.graph.outputs:
            if name in self._seen and name in makers:
                one, assembly = self._seen[name], self._context.assembly
                values[name] = (
                    one.value if one.is_permuted else settled(makers[name], one, assembly)
                )
        ends, notes = end_of_network(path, self._file.graph.outputs, values, self._lost)
        return self._context.assembly.finish(
            path, self._file.graph, ends, notes=notes, engine=PREFIX + self._context.kernels
        )
