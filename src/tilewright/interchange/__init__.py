"""Formats of other tools: ONNX, QONNX and QCDQ out, ONNX of integers in, SCALE-Sim's topology out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tilewright.interchange.export import FORMATS, Exported, export_network
from tilewright.interchange.extras import require
from tilewright.interchange.tensors import TensorNames

if TYPE_CHECKING:
    from tilewright.interchange.source import Imported

__all__ = ["FORMATS", "Exported", "TensorNames", "export_network", "read_onnx"]


def read_onnx(path: Path) -> Imported:
    """Read an ONNX file of low-bit integers as an integer network: QONNX, QDQ, QCDQ, operators on codes.

    Raises `ToolError` if onnx is not installed, and `FormatError` that names the operation that cannot
    be stated in integers, and why.
    """
    require("onnx", extra="onnx")
    from tilewright.interchange.onnx_in import read_onnx as read

    return read(path)
