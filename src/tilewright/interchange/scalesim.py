"""SCALE-Sim's topology file: the sizes of the layers as comma-separated text.

One line a layer: name, ifmap height and width, filter height and width, channels, filters, stride, and
a comma at the end; the first line is a header and skipped. There is no column for padding, and one stride
for both directions. SCALE-Sim counts ``ceil((ifmap - filter + stride) / stride)`` pixels, so a padded plane
that the stride does not divide would have a row and a column too many: what is written is the part of
the padded plane that the layer uses, ``(oh - 1) * stride + kh``.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

from tilewright.errors import FormatError, ShapeError
from tilewright.spec import ConvShape, IntegerNetwork
from tilewright.store.artifact import read_bytes

HEADER = "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, Strides,"
DEPTHWISE = "DP"
"""A name with these letters means a depthwise layer to SCALE-Sim."""

MAX_LAYERS = 10_000
CONVOLUTION, PRODUCT = 7, 3
"""Numbers of a line: of a convolution, and of a matrix product, ``M, N, K``."""


def write_topology(network: IntegerNetwork) -> str:
    """The text of the file. Raises `FormatError` for a layer that the format cannot state."""
    lines = [_line(layer.name, layer.shape) for layer in network.layers]
    return "\n".join([HEADER, *lines]) + "\n"


def _line(name: str, shape: ConvShape) -> str:
    if shape.stride[0] != shape.stride[1]:
        raise FormatError(
            f"layer {name}: SCALE-Sim has one stride for both directions, but this layer has {shape.stride}"
        )
    if shape.groups > 1:
        raise FormatError(f"layer {name}: SCALE-Sim has no column for its {shape.groups} groups")
    if DEPTHWISE in name or "," in name:
        raise FormatError(
            f"layer {name!r}: a name for SCALE-Sim must hold neither a comma nor {DEPTHWISE!r}, "
            f"which it takes for a depthwise layer: rename the layer"
        )
    sizes = (
        (shape.oh - 1) * shape.stride[0] + shape.kh,
        (shape.ow - 1) * shape.stride[1] + shape.kw,
        shape.kh,
        shape.kw,
        shape.ic,
        shape.oc,
        shape.stride[0],
    )
    return f"{name}, {', '.join(map(str, sizes))},"


def read_topology(path: Path) -> tuple[tuple[str, ConvShape], ...]:
    """Names and sizes of the layers of a topology file, with SCALE-Sim's rounding of strided planes.

    A matrix product ``M, N, K`` becomes a 1x1 convolution of M pixels, K channels and N filters. Raises
    `FormatError` for a line that is none of the two, and `ArtifactError` if the file cannot be read.
    """
    try:
        text = read_bytes(path).decode()
        lines = [line for line in csv.reader(text.splitlines()) if any(map(str.strip, line))]
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"{path} is no topology of SCALE-Sim: {error}") from None
    layers = lines[1:]
    if not 1 <= len(layers) <= MAX_LAYERS:
        raise FormatError(
            f"{path} must have a header and 1..{MAX_LAYERS} layers, not {max(len(lines) - 1, 0)}"
        )
    return tuple(_read_line(line, f"{path}, layer {n}") for n, line in enumerate(layers, 1))


def _read_line(line: list[str], place: str) -> tuple[str, ConvShape]:
    name, *words = (word.strip() for word in line)
    while words and not words[-1]:
        words.pop()
    if len(words) not in (CONVOLUTION, PRODUCT) or not all(
        re.fullmatch(r"[0-9]{1,6}", word) for word in words
    ):
        raise FormatError(
            f"{place}: a name and {CONVOLUTION} sizes (ifmap and filter height and width, channels, "
            f"filters, stride) or {PRODUCT} (M, N, K) must stand there, not {', '.join(line)[:80]!r}"
        )
    sizes = [int(word) for word in words]
    try:
        if len(sizes) == PRODUCT:
            rows, filters, channels = sizes
            return name, ConvShape(channels, rows, 1, filters, 1, 1)
        return name, _convolution(name, sizes, place)
    except ShapeError as error:
        raise FormatError(f"{place}: {error}") from None


def _convolution(name: str, sizes: list[int], place: str) -> ConvShape:
    ih, iw, kh, kw, channels, filters, stride = sizes
    if DEPTHWISE in name:
        raise FormatError(
            f"{place}: {name!r} is a depthwise layer to SCALE-Sim, which is not planned"
        )
    if stride < 1:
        raise FormatError(f"{place}: the stride must be at least 1, not {stride}")
    rows, columns = (
        -(-(size - kernel) // stride) * stride + kernel for size, kernel in ((ih, kh), (iw, kw))
    )
    return ConvShape(channels, rows, columns, filters, kh, kw, (stride, stride))
