"""Weights that an ONNX file keeps in a file beside it, as torch's newer exporter writes them by default."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import onnx
from onnx import TensorProto

from tilewright.errors import ArtifactError, FormatError
from tilewright.store.artifact import read_bytes


def with_weights(model: onnx.ModelProto, path: Path) -> onnx.ModelProto:
    """`model`, changed: the weights that it keeps elsewhere are inside. path: of the model's file.

    Raises `FormatError` if one of them is kept outside the folder of `path`, or is not there.
    """
    files: dict[str, bytes] = {}
    for tensor in _kept_elsewhere(model.graph):
        stated = {one.key: one.value for one in tensor.external_data}
        name = stated.get("location", "")
        if name not in files:
            files[name] = _read(path, name, tensor.name)
        start = _count(path, tensor.name, stated.get("offset", "0"))
        length = _count(path, tensor.name, stated.get("length", str(len(files[name]) - start)))
        if start + length > len(files[name]):
            raise FormatError(
                f"{path} keeps {tensor.name} in bytes {start}..{start + length} of {name}, which has "
                f"{len(files[name])}: it is truncated, or that of another model"
            )
        tensor.raw_data = files[name][start : start + length]
        tensor.data_location = TensorProto.DEFAULT
        del tensor.external_data[:]
    return model


def _kept_elsewhere(graph: onnx.GraphProto) -> Iterator[TensorProto]:
    """The constants of a graph, and of the branches in it, that are in other files."""
    values = [one for node in graph.node for one in node.attribute]
    for tensor in (*graph.initializer, *(one.t for one in values)):
        if tensor.data_location == TensorProto.EXTERNAL:
            yield tensor
    for one in values:
        if one.type == onnx.AttributeProto.GRAPH:
            yield from _kept_elsewhere(one.g)


def _read(path: Path, name: str, tensor: str) -> bytes:
    """The file `name` beside the file at `path`."""
    parts = PurePosixPath(name).parts
    beside = path.parent.joinpath(*parts) if parts else path
    folder = path.parent.resolve()
    if (
        not parts
        or PurePosixPath(name).is_absolute()
        or not beside.resolve().is_relative_to(folder)
    ):
        raise FormatError(
            f"{path} keeps {tensor} in {name!r}, which is not in its folder: save the model with its "
            "weights inside"
        )
    try:
        return read_bytes(beside)
    except ArtifactError:
        raise FormatError(
            f"{path} keeps {tensor} in {name}, which cannot be read beside it: put it there, or save the "
            "model with its weights inside"
        ) from None


def _count(path: Path, tensor: str, text: str) -> int:
    if not text.isdecimal():
        raise FormatError(
            f"{path} must state where {tensor} is kept as whole numbers, not {text!r}"
        )
    return int(text)
