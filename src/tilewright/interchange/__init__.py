"""Formats of other tools: ONNX, QONNX, QCDQ and SCALE-Sim's topology out, ONNX and TFLite of integers in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tilewright.interchange.export import FORMATS, Exported, export_network
from tilewright.interchange.extras import require
from tilewright.interchange.tensors import TensorNames
from tilewright.registry import Registry

if TYPE_CHECKING:
    from tilewright.interchange.source import Imported
    from tilewright.interchange.topology import Topology

__all__ = [
    "FORMATS",
    "NETWORK_READERS",
    "TOPOLOGY_FILES",
    "Exported",
    "TensorNames",
    "export_network",
    "read_file_topology",
    "read_onnx",
    "read_tflite",
]

NETWORK_READERS: Registry[Callable[[Path], Imported]] = Registry(
    "network reader",
    ours={kind: f"tilewright.interchange:read_{kind}" for kind in ("onnx", "tflite")},
)
"""What reads a file of a network of integers, by the end of the file's name, without its dot."""

TOPOLOGY_FILES = (".onnx", ".tflite")
"""Ends of the names of what `read_file_topology` reads."""

KERNELS = ("xnnpack", "reference")
"""Whose rounding a TFLite file is read with; LiteRT's interpreter has the first unless told otherwise."""


def read_file_topology(path: Path, axes: Mapping[str, int] | None = None) -> Topology:
    """Read the sizes of the layers of an ONNX or TFLite file, float or quantized, by the end of its name.

    axes: sizes of what an ONNX file leaves open; a TFLite file has fixed sizes. Raises `ToolError` if what
    reads it is not installed, and `FormatError` where sizes are not known.
    """
    if path.suffix == ".tflite":
        require("onnx", extra="tflite")
        from tilewright.interchange.tflite_topology import read_tflite_topology

        return read_tflite_topology(path)
    require("onnx", extra="onnx")
    from tilewright.interchange.onnx_topology import read_onnx_topology

    return read_onnx_topology(path, axes)


def read_onnx(path: Path) -> Imported:
    """Read an ONNX file of low-bit integers as an integer network: QONNX, QDQ, QCDQ, operators on codes.

    Raises `ToolError` if onnx is not installed, and `FormatError` that names the operation that cannot
    be stated in integers, and why.
    """
    require("onnx", extra="onnx")
    from tilewright.interchange.onnx_in import read_onnx as read

    return read(path)


def read_tflite(path: Path, *, kernels: str = KERNELS[0]) -> Imported:
    """Read a full-integer TFLite file as an integer network that rounds as `kernels` do.

    Raises `ToolError` if onnx or ai-edge-litert is not installed, and `FormatError` that names the operations
    that cannot be stated in integers, and why.
    """
    require("onnx", extra="tflite")
    require("ai_edge_litert.interpreter", extra="tflite")
    from tilewright.interchange.tflite_in import read_tflite as read

    return read(path, kernels=kernels)
