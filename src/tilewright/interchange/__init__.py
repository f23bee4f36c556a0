"""Formats of other tools: ONNX, QONNX and QCDQ out, QONNX in, SCALE-Sim's topology out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tilewright.interchange.export import FORMATS, Exported, export_network
from tilewright.interchange.extras import require
from tilewright.interchange.tensors import TensorNames

if TYPE_CHECKING:
    from tilewright.interchange.source import Imported

__all__ = ["FORMATS", "Exported", "TensorNames", "export_network", "read_qonnx"]


def read_qonnx(path: Path) -> Imported:
    """Read a QONNX file as an integer network.

    Raises `ToolError` if onnx is not installed, and `FormatError` that names the operation that cannot
    be stated in integers, and why.
    """
    require("onnx", extra="onnx")
    from tilewright.interchange.qonnx_in import read_qonnx as read

    return read(path)
