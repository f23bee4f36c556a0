"""Somebody else's formats of a network: ONNX, QONNX and QCDQ out and in, SCALE-Sim's topology out."""

from tilewright.interchange.export import FORMATS, Exported, export_network
from tilewright.interchange.tensors import TensorNames

__all__ = ["FORMATS", "Exported", "TensorNames", "export_network"]
