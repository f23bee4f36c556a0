"""What the quantized nodes of a module compute for a batch, seen by forward hooks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from tilewright.errors import RecoveryError
from tilewright.quant.node_modules import QuantNode, has_weight, is_node
from tilewright.spec import Codes, Plane, Trace, port_name


@dataclass(frozen=True, slots=True, eq=False)
class Capture:
    """Integers of one node's forward: codes ``n ic ih iw`` of each operand, sums ``n oc oh ow``.

    weight: ``oc ic/groups kh kw`` of a layer, else None. dtype: in which the forward held the sums.
    is_plane: whether it held them as ``n oc oh ow``, not as ``n oc``.
    """

    operands: tuple[Codes, ...]
    weight: npt.NDArray[np.int8] | None
    psums: npt.NDArray[np.int64]
    dtype: torch.dtype
    is_plane: bool

    @property
    def plane(self) -> Plane:
        """Channels, rows and columns of each operand."""
        _, channels, height, width = self.operands[0].shape
        return channels, height, width


def quantized_nodes(module: nn.Module) -> dict[str, QuantNode]:
    """The nodes of `module` by name; raises `RecoveryError` if it has no quantized layer."""
    layers = {name: node for name, node in module.named_modules() if is_node(node)}
    if not any(map(has_weight, layers.values())):
        raise RecoveryError(
            f"{type(module).__name__} has no quantized layer: build it from QuantConv2d and QuantLinear"
        )
    return layers


Batch = Tensor | tuple[Tensor, ...]
"""What a module is called with: its input, or all of its inputs in order."""


def capture_forward(module: nn.Module, batch: Batch) -> dict[str, Capture]:
    """Run `module` on `batch` in eval mode; node name to what it computed, in execution order.

    Raises `RecoveryError` if a node runs more than once, or if a number that must be an integer code
    or sum is not one.
    """
    captures: dict[str, Capture] = {}
    layers = quantized_nodes(module)

    def hook(name: str, inputs: tuple[Tensor, ...], psums: Tensor) -> None:
        if name in captures:
            raise RecoveryError(
                f"layer {name} runs more than once: give each use a layer of its own"
            )
        is_layer = has_weight(layers[name])
        operands, weights = (inputs[:1], inputs[1:]) if is_layer else (inputs, ())
        dtype = layers[name].act_quantizer.number_format.dtype
        captures[name] = Capture(
            tuple(_integers(codes, dtype, what=f"layer {name}: input code") for codes in operands),
            _integers(weights[0], np.dtype(np.int8), what=f"layer {name}: weight code")
            if weights
            else None,
            _integers(psums, np.dtype(np.int64), what=f"layer {name}: psum"),
            psums.dtype,
            psums.ndim == 4,
        )

    handles = [
        layer.integer.register_forward_hook(
            lambda _module, inputs, psums, name=name: hook(name, inputs, psums)
        )
        for name, layer in layers.items()
    ]
    try:
        with eval_mode(module), torch.no_grad():
            module(*batch) if isinstance(batch, tuple) else module(batch)
    finally:
        for handle in handles:
            handle.remove()
    missing = [name for name in layers if name not in captures]
    if missing:
        raise RecoveryError(f"layer {missing[0]} did not run in this forward: every layer must")
    return captures


def trace_forward(module: nn.Module, batch: Batch) -> Trace:
    """Codes and sums of every node, as the forward of `module` computes them for `batch`."""
    captures = capture_forward(module, batch)
    codes = {
        port_name(name, operand): values
        for name, capture in captures.items()
        for operand, values in enumerate(capture.operands)
    }
    return Trace(dict(codes), {name: capture.psums for name, capture in captures.items()})


@contextmanager
def eval_mode(module: nn.Module) -> Iterator[None]:
    """Set eval mode for a while, and restore each submodule's own mode."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, was_training in modes:
            part.training = was_training


def _integers(tensor: Tensor, dtype: np.dtype[Any], *, what: str) -> Any:
    """The tensor as integers, without rounding; linear tensors get two axes of size 1."""
    values = tensor.detach().cpu().double().numpy()
    limits = np.iinfo(dtype)
    wrong = ~((values == np.rint(values)) & (values >= limits.min) & (values <= limits.max))
    if wrong.any():
        place = np.unravel_index(int(wrong.argmax()), values.shape)
        raise RecoveryError(
            f"{what} must be an integer in {limits.min}..{limits.max}, but is {values[place]} at "
            f"{tuple(int(i) for i in place)}; {int(wrong.sum())} of {values.size} are not"
        )
    return values.astype(dtype).reshape(*values.shape, *(1,) * (4 - values.ndim))
