"""Full-integer TFLite files, as the converter writes them: int8 codes, weights per channel, int32 biases."""

from __future__ import annotations

from pathlib import Path

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

Grid = tuple[float, int]
"""Scale and zero-point."""

DTYPES = {
    "INT8": np.int8,
    "UINT8": np.uint8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
}
DTYPES |= {"FLOAT32": np.float32, "INT4": np.uint8}

VERSIONS = {"CONV_2D": 3, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 4} | dict.fromkeys(
    ("ADD", "MUL", "AVERAGE_POOL_2D", "MAX_POOL_2D", "MEAN", "SOFTMAX", "CONCATENATION", "PAD"), 2
)
"""Of operators, from which on they take int8."""


class TfliteFile:
    """A network that grows operation by operation; tensors are numbers, planes ``n h w c``."""

    def __init__(self, shape, grid: Grid = (1 / 255, -128), *, kind="INT8", seed=0, samples=1):
        self.rng = np.random.default_rng(seed)
        self._codes: list[str] = []
        self._model = schema.ModelT()
        self._graph = schema.SubGraphT()
        self._graph.tensors, self._graph.operators = [], []
        self._model.version, self._model.description = 3, "tilewright"
        self._model.subgraphs, self._model.buffers = [self._graph], [schema.BufferT()]
        self.grids: dict[int, Grid] = {}
        self.input = self.tensor("input", (samples, *shape), grid, kind=kind)
        self.inputs = self._graph.inputs = [self.input]

    def shape(self, tensor: int) -> tuple[int, ...]:
        return tuple(int(size) for size in self._graph.tensors[tensor].shape)

    def tensor(
        self, name, shape, grid=None, *, kind="INT8", values=None, axis=0, signature=None
    ) -> int:
        """A tensor; values: of a constant. grid: its scale and zero-point, or one of each per channel."""
        one = schema.TensorT()
        number = len(self._graph.tensors)
        one.name, one.shape, one.type = (
            f"{name}_{number}",
            list(shape),
            getattr(schema.TensorType, kind),
        )
        one.shapeSignature = signature
        if grid is not None:
            one.quantization = schema.QuantizationParametersT()
            one.quantization.scale = np.atleast_1d(np.asarray(grid[0], np.float32))
            zeros = np.broadcast_to(np.asarray(grid[1], np.int64), one.quantization.scale.shape)
            one.quantization.zeroPoint, one.quantization.quantizedDimension = zeros.copy(), axis
            self.grids[number] = grid
        if values is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(
                np.ascontiguousarray(values, DTYPES[kind]).tobytes(), np.uint8
            )
            one.buffer = len(self._model.buffers)
            self._model.buffers.append(buffer)
        self._graph.tensors.append(one)
        return number

    def op(self, code: str, inputs, output: int, options=None) -> int:
        """An operation of the built-in operator `code`."""
        one = schema.OperatorT()
        if code not in self._codes:
            self._codes.append(code)
        one.opcodeIndex, one.inputs = self._codes.index(code), list(inputs)
        one.outputs = [output] if isinstance(output, int) else list(output)
        if options is not None:
            one.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__[:-1])
            one.builtinOptions = options
        self._graph.operators.append(one)
        return output

    def save(self, path: Path, outputs) -> Path:
        self._graph.outputs = [outputs] if isinstance(outputs, int) else list(outputs)
        self._model.operatorCodes = []
        for name in self._codes:
            code = schema.OperatorCodeT()
            code.builtinCode = getattr(schema.BuiltinOperator, name)
            code.deprecatedBuiltinCode = min(code.builtinCode, 127)
            code.version = VERSIONS.get(name, 1)
            self._model.operatorCodes.append(code)
        builder = flatbuffers.Builder(1024)
        builder.Finish(self._model.Pack(builder), b"TFL3")
        path.write_bytes(bytes(builder.Output()))
        return path

    def layer(
        self,
        kind,
        source,
        oc=0,
        *,
        kernel=(3, 3),
        stride=1,
        dilation=1,
        padding="SAME",
        relu="NONE",
        out: Grid | None = None,
        weight=None,
        scale=None,
        per_channel=True,
        bias=True,
        weight_zero=0,
        has_tokens=False,
    ) -> int:
        """CONV_2D, DEPTHWISE_CONV_2D or FULLY_CONNECTED with random weights."""
        shape, (step, _) = self.shape(source), self.grids[source]
        is_flat = kind == "FULLY_CONNECTED" and not has_tokens
        ic = int(np.prod(shape[1:])) if is_flat else shape[-1]
        oc = oc or ic
        sizes = {
            "CONV_2D": (oc, *kernel, ic),
            "DEPTHWISE_CONV_2D": (1, *kernel, oc),
            "FULLY_CONNECTED": (oc, ic),
        }[kind]
        axis = 3 if kind == "DEPTHWISE_CONV_2D" else 0
        weight = self.rng.integers(-127, 128, sizes) if weight is None else weight
        count = oc if per_channel else 1
        scale = self.rng.uniform(0.002, 0.006, count) if scale is None else scale
        scale = np.asarray(scale, np.float32)
        taps = weight.size // oc
        inputs = [
            source,
            self.tensor("weight", sizes, (scale, weight_zero), values=weight, axis=axis),
        ]
        unit = np.broadcast_to(np.float32(step) * scale, (oc,))
        if bias is True:
            bias = self.rng.integers(-2000, 2000, oc) * int(np.sqrt(taps))
        if bias is not False:
            grid = np.float32(step) * scale, 0
            inputs.append(self.tensor("bias", (oc,), grid, kind="INT32", values=bias))
        spread = float(unit.mean()) * 73 * 60 * np.sqrt(taps)
        out = out or (
            float(np.float32(spread * self.rng.uniform(0.02, 0.03))),
            int(self.rng.integers(-40, 40)),
        )
        if relu != "NONE":
            out = (out[0], -128)
        options = {
            "CONV_2D": schema.Conv2DOptionsT,
            "DEPTHWISE_CONV_2D": schema.DepthwiseConv2DOptionsT,
            "FULLY_CONNECTED": schema.FullyConnectedOptionsT,
        }[kind]()
        options.fusedActivationFunction = getattr(schema.ActivationFunctionType, relu)
        if kind == "FULLY_CONNECTED":
            options.keepNumDims = has_tokens
            sizes = (*shape[:-1], oc) if has_tokens else (1, oc)
            return self.op(kind, inputs, self.tensor(kind, sizes, out), options)
        options.strideH = options.strideW = stride
        options.dilationHFactor = options.dilationWFactor = dilation
        options.padding = getattr(schema.Padding, padding)
        if kind == "DEPTHWISE_CONV_2D":
            options.depthMultiplier = oc // ic
        plane = self._windows(shape, kernel, stride, padding, dilation)
        return self.op(kind, inputs, self.tensor(kind, (1, *plane, oc), out), options)

    def _windows(self, shape, kernel, stride, padding, dilation=1):
        if padding == "SAME":
            return tuple(-(-size // stride) for size in shape[1:3])
        extents = [(edge - 1) * dilation + 1 for edge in kernel]
        return tuple((size - e) // stride + 1 for size, e in zip(shape[1:3], extents, strict=True))

    def pool(
        self, kind, source, *, kernel=(2, 2), stride=2, padding="VALID", relu="NONE", out=None
    ) -> int:
        shape, options = self.shape(source), schema.Pool2DOptionsT()
        options.filterHeight, options.filterWidth = kernel
        options.strideH = options.strideW = stride
        options.padding = getattr(schema.Padding, padding)
        options.fusedActivationFunction = getattr(schema.ActivationFunctionType, relu)
        plane = self._windows(shape, kernel, stride, padding)
        found = self.tensor(kind, (1, *plane, shape[3]), out or self.grids[source])
        return self.op(kind, [source], found, options)

    def add(self, kind, first, second, out: Grid, *, relu="NONE") -> int:
        """ADD, SUB, MUL, MAXIMUM or MINIMUM of two tensors."""
        options = {
            "ADD": schema.AddOptionsT,
            "SUB": schema.SubOptionsT,
            "MUL": schema.MulOptionsT,
            "MAXIMUM": schema.MaximumMinimumOptionsT,
            "MINIMUM": schema.MaximumMinimumOptionsT,
        }[kind]()
        options.fusedActivationFunction = getattr(schema.ActivationFunctionType, relu)
        shape = np.broadcast_shapes(self.shape(first), self.shape(second))
        return self.op(kind, [first, second], self.tensor(kind, shape, out), options)

    def batch_matmul(self, first, second, *, is_turned=False, out: Grid = (1 / 16, 0)) -> int:
        """The products of two tensors; is_turned: the last two axes of the second one are exchanged."""
        options = schema.BatchMatMulOptionsT()
        options.adjX, options.adjY = False, is_turned
        columns = self.shape(second)[-2 if is_turned else -1]
        found = self.tensor("BATCH_MATMUL", (*self.shape(first)[:-1], columns), out)
        return self.op("BATCH_MATMUL", [first, second], found, options)

    def mean(self, source, out: Grid | None = None, *, keep=False, axes=(1, 2), kind="MEAN") -> int:
        shape, options = self.shape(source), schema.ReducerOptionsT()
        options.keepDims = keep
        sizes = [1 if axis in axes else size for axis, size in enumerate(shape)]
        if not keep:
            sizes = [size for axis, size in enumerate(sizes) if axis not in axes]
        axes = self.tensor("axes", (len(axes),), kind="INT32", values=axes)
        return self.op(
            kind, [source, axes], self.tensor(kind, sizes, out or self.grids[source]), options
        )

    def reshape(self, source, shape) -> int:
        options = schema.ReshapeOptionsT()
        options.newShape = list(shape)
        sizes = self.tensor("shape", (len(shape),), kind="INT32", values=shape)
        count = int(np.prod(self.shape(source)))
        real = [count // -int(np.prod(shape)) if size == -1 else size for size in shape]
        return self.op(
            "RESHAPE", [source, sizes], self.tensor("RESHAPE", real, self.grids[source]), options
        )

    def softmax(self, source) -> int:
        options = schema.SoftmaxOptionsT()
        options.beta = 1.0
        found = self.tensor("SOFTMAX", self.shape(source), (1 / 256, -128))
        return self.op("SOFTMAX", [source], found, options)

    def concat(self, sources, *, axis=3, out=None) -> int:
        options = schema.ConcatenationOptionsT()
        options.axis = axis
        shape = list(self.shape(sources[0]))
        shape[axis] = sum(self.shape(one)[axis] for one in sources)
        found = self.tensor("CONCATENATION", shape, out or self.grids[sources[0]])
        return self.op("CONCATENATION", sources, found, options)

    def pad(self, source, pads) -> int:
        constant = self.tensor("pads", (4, 2), kind="INT32", values=pads)
        shape = [size + sum(pair) for size, pair in zip(self.shape(source), pads, strict=True)]
        found = self.tensor("PAD", shape, self.grids[source])
        return self.op("PAD", [source, constant], found, schema.PadOptionsT())

    def resize(
        self, source, factor, *, kind="RESIZE_NEAREST_NEIGHBOR", size=None, **options
    ) -> int:
        """RESIZE_NEAREST_NEIGHBOR or RESIZE_BILINEAR by a whole factor, or to a size."""
        _, height, width, channels = self.shape(source)
        size = size or (height * factor, width * factor)
        constant = self.tensor("size", (2,), kind="INT32", values=size)
        found = self.tensor("RESIZE", (1, *size, channels), self.grids[source])
        known = {
            "RESIZE_NEAREST_NEIGHBOR": schema.ResizeNearestNeighborOptionsT,
            "RESIZE_BILINEAR": schema.ResizeBilinearOptionsT,
        }[kind]()
        for name, value in options.items():
            setattr(known, name, value)
        return self.op(kind, [source, constant], found, known)

    def transposed(
        self,
        source,
        oc,
        *,
        kernel=(3, 3),
        stride=2,
        padding="SAME",
        bias=True,
        weight=None,
        scale=None,
        out=None,
        size=None,
    ) -> int:
        """TRANSPOSE_CONV with random weights."""
        (_, *plane, ic), (step, _) = self.shape(source), self.grids[source]
        weight = self.rng.integers(-127, 128, (oc, *kernel, ic)) if weight is None else weight
        scale = np.asarray(
            self.rng.uniform(0.002, 0.006, oc) if scale is None else scale, np.float32
        )
        size = size or tuple(
            one * stride if padding == "SAME" else (one - 1) * stride + edge
            for one, edge in zip(plane, kernel, strict=True)
        )
        sizes = self.tensor("size", (4,), kind="INT32", values=(1, *size, oc))
        inputs = [sizes, self.tensor("weight", weight.shape, (scale, 0), values=weight), source]
        if bias is not False:
            bias = self.rng.integers(-2000, 2000, oc) if bias is True else bias
            grid = np.float32(step) * scale, 0
            inputs.append(self.tensor("bias", (oc,), grid, kind="INT32", values=bias))
        options = schema.TransposeConvOptionsT()
        options.strideH = options.strideW = stride
        options.padding = getattr(schema.Padding, padding)
        spread = (
            float(np.float32(step) * scale.mean()) * 73 * 60 * np.sqrt(weight.size / oc / stride**2)
        )
        out = out or (float(np.float32(spread * 0.025)), int(self.rng.integers(-40, 40)))
        return self.op(
            "TRANSPOSE_CONV", inputs, self.tensor("TRANSPOSE_CONV", (1, *size, oc), out), options
        )

    def by_constant(
        self, kind, source, values, out: Grid, *, scale=0.01, zero=0, is_first=False
    ) -> int:
        """An operation of codes and of a constant of codes, as PRELU or ADD has one."""
        values = np.asarray(values)
        constant = self.tensor("constant", values.shape, (scale, zero), values=values)
        options = {
            "PRELU": lambda: None,
            "MAXIMUM": schema.MaximumMinimumOptionsT,
            "ADD": schema.AddOptionsT,
            "SUB": schema.SubOptionsT,
            "MUL": schema.MulOptionsT,
        }[kind]()
        inputs = [constant, source] if is_first else [source, constant]
        return self.op(kind, inputs, self.tensor(kind, self.shape(source), out), options)

    def step(self, kind, source, out: Grid | None = None, *, to="INT8") -> int:
        """RELU, LOGISTIC, QUANTIZE, DEQUANTIZE, ...: as many numbers."""
        grid = None if to == "FLOAT32" else out or self.grids[source]
        return self.op(kind, [source], self.tensor(kind, self.shape(source), grid, kind=to))
