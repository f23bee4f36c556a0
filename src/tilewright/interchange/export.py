"""Write a network in one of the formats that other tools read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tilewright.errors import UnknownNameError
from tilewright.interchange.extras import require
from tilewright.interchange.scalesim import write_topology
from tilewright.interchange.tensors import TensorNames
from tilewright.spec import IntegerNetwork
from tilewright.store.artifact import write_bytes

if TYPE_CHECKING:
    import onnx

FORMATS = ("onnx", "qonnx", "qcdq", "scalesim")
"""Integers only; Quant nodes; QuantizeLinear, Clip, DequantizeLinear; SCALE-Sim's topology, sizes only."""

ANY_BATCH = "n"


@dataclass(frozen=True, slots=True)
class Exported:
    """A written file. batch: images at a time, None if open. names: what its tensors are called.
    doubts: sentences on what the file's float arithmetic does not guarantee.
    """

    path: Path
    batch: int | None
    names: TensorNames
    doubts: tuple[str, ...] = ()

    @property
    def format(self) -> str:
        """One of `FORMATS`."""
        return self.names.format


def export_network(
    network: IntegerNetwork,
    path: Path,
    *,
    form: str,
    batch: int | None = None,
    is_unit: bool = False,
) -> Exported:
    """Write `network` to `path`, atomically.

    form: one of `FORMATS`. batch: images at a time; None leaves it open (QONNX's executor needs
    a number, so None is 1 there). is_unit: scales of 1 in qonnx and qcdq, so that all values are
    integers, instead of the trained scales.

    Raises `UnknownNameError` for another format, `ToolError` if onnx is not installed, `FormatError`
    for a network that the format cannot state.
    """
    if form not in FORMATS:
        raise UnknownNameError.among("format", form, FORMATS)
    if form == "scalesim":
        write_bytes(path, write_topology(network).encode())
        return Exported(path, None, TensorNames(form, is_unit))
    require("onnx", extra="onnx")
    batch = batch or (1 if form == "qonnx" else None)
    model = _write(network, form, batch, is_unit=is_unit)
    write_bytes(path, model.SerializeToString(deterministic=True))
    doubts = () if is_unit or form == "onnx" else _doubts(network)
    return Exported(path, batch, TensorNames(form, is_unit), doubts)


def _write(
    network: IntegerNetwork,
    form: str,
    batch: int | None,
    *,
    is_unit: bool,
) -> onnx.ModelProto:
    from tilewright.interchange.float_graph import FloatGraph
    from tilewright.interchange.integer_onnx import write_integer_onnx
    from tilewright.interchange.qcdq_out import Qcdq
    from tilewright.interchange.qonnx_out import Qonnx

    size = batch or ANY_BATCH
    if form == "onnx":
        return write_integer_onnx(network, batch=size)
    dialect = Qonnx() if form == "qonnx" else Qcdq()
    return FloatGraph(dialect, batch=size, is_unit=is_unit).write(network)


def _doubts(network: IntegerNetwork) -> tuple[str, ...]:
    from tilewright.interchange.float_graph import worst_error

    return tuple(
        f"{node.name}: the worst-case float32 error is {error:.2g} steps of its sums, not below 0.5: "
        f"equal codes are likely, but not proved; --scales unit makes them so"
        for node in network.nodes
        if node.requantizations and (error := worst_error(node)) >= 0.5
    )
