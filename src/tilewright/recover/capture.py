"""What the quantized layers of a module compute for a batch, seen by forward hooks."""

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
from tilewright.quant import QuantConv2d, QuantLinear


@dataclass(frozen=True, slots=True, eq=False)
class Capture:
    """Integers of one layer's forward: codes ``n ic ih iw``, weight ``oc ic kh kw``, psums ``n oc oh ow``."""

    codes: npt.NDArray[np.uint8]
    weight: npt.NDArray[np.int8]
    psums: npt.NDArray[np.int64]


def quantized_layers(module: nn.Module) -> dict[str, QuantConv2d | QuantLinear]:
    """The quantized layers of `module` by name; raises `RecoveryError` if there is none."""
    layers = {
        name: layer
        for name, layer in module.named_modules()
        if isinstance(layer, QuantConv2d | QuantLinear)
    }
    if not layers:
        raise RecoveryError(
            f"{type(module).__name__} has no quantized layer: build it from QuantConv2d and QuantLinear"
        )
    return layers


def capture_forward(module: nn.Module, batch: Tensor) -> dict[str, Capture]:
    """Run `module` on `batch` in eval mode; layer name to what it computed, in execution order.

    Raises `RecoveryError` if a layer runs more than once, or if a number that must be an integer code
    or psum is not one.
    """
    captures: dict[str, Capture] = {}
    layers = quantized_layers(module)

    def hook(name: str, inputs: tuple[Tensor, ...], psums: Tensor) -> None:
        if name in captures:
            raise RecoveryError(
                f"layer {name} runs more than once: give each use a layer of its own"
            )
        codes, weight = inputs
        captures[name] = Capture(
            _integers(codes, np.uint8, what=f"layer {name}: input code"),
            _integers(weight, np.int8, what=f"layer {name}: weight code"),
            _integers(psums, np.int64, what=f"layer {name}: psum"),
        )

    handles = [
        layer.integer.register_forward_hook(
            lambda _module, inputs, psums, name=name: hook(name, inputs, psums)
        )
        for name, layer in layers.items()
    ]
    try:
        with eval_mode(module), torch.no_grad():
            module(batch)
    finally:
        for handle in handles:
            handle.remove()
    missing = [name for name in layers if name not in captures]
    if missing:
        raise RecoveryError(f"layer {missing[0]} did not run in this forward: every layer must")
    return captures


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


def _integers(
    tensor: Tensor, dtype: type[np.signedinteger[Any] | np.unsignedinteger[Any]], *, what: str
) -> Any:
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
