"""Which parts of a module have no form on integers, and why."""

from __future__ import annotations

import operator
from collections.abc import Iterator

import torch
from torch import fx, nn
from torch.nn import functional

from tilewright.errors import QuantizationError
from tilewright.quant.layers import as_pair

CHANNEL_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)

CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)

WITH_PARAMETERS = (
    *CHANNEL_NORMS,
    nn.LayerNorm,
    nn.GroupNorm,
    nn.InstanceNorm1d,
    nn.InstanceNorm2d,
    nn.PReLU,
)
"""Modules of torch with parameters that multiply no matrices; they stay as they are."""

PRODUCTS = {
    torch.matmul: "matmul",
    operator.matmul: "matmul",
    torch.mm: "mm",
    torch.bmm: "bmm",
    torch.einsum: "einsum",
    functional.linear: "linear",
    functional.conv1d: "conv1d",
    functional.conv2d: "conv2d",
    functional.conv3d: "conv3d",
    functional.conv_transpose2d: "conv_transpose2d",
    functional.bilinear: "bilinear",
    functional.scaled_dot_product_attention: "attention",
    torch.conv2d: "conv2d",
}
PRODUCT_METHODS = ("matmul", "mm", "bmm", "__matmul__")

MODAL = (functional.dropout, functional.dropout2d, functional.batch_norm)
"""Functions that differ in training and evaluation: a traced forward would hold one of the two."""


def is_skipped(name: str, skip: tuple[str, ...]) -> bool:
    """Whether `name` or a module that holds it is in `skip`."""
    return any(name == part or name.startswith(f"{part}.") for part in skip)


def check_modules(module: nn.Module, skip: tuple[str, ...]) -> None:
    """Raise `QuantizationError` that names the first submodule without a form on integers, and why."""
    for name, part in module.named_modules():
        if not is_skipped(name, skip):
            for reason in _reasons(part):
                raise refusal(name, part, reason)


def check_types(module: nn.Module, skip: tuple[str, ...]) -> None:
    """Raise `QuantizationError` if a layer's parameters are anything but float32: codes are exact there."""
    for name, parameter in module.named_parameters():
        if parameter.dtype != torch.float32 and not is_skipped(name, skip):
            kind = str(parameter.dtype).removeprefix("torch.")
            raise QuantizationError(
                f"parameter {name} is {kind}, but steps and scales are learned in float32: quantize "
                "module.float(), and train under torch.autocast where memory or time ask for it"
            )


def check_graph(traced: fx.GraphModule) -> None:
    """Raise `QuantizationError` for products outside of layers, and layers that run more than once."""
    used: set[str] = set()
    for node in traced.graph.nodes:
        place = f"the forward of {scope_of(node) or 'the module'}"
        product = PRODUCTS.get(node.target) if node.op == "call_function" else None
        if node.op == "call_method" and node.target in PRODUCT_METHODS:
            product = str(node.target)
        if product is not None:
            raise QuantizationError(
                f"{place} calls {product}, which is no layer: use nn.Conv2d or nn.Linear, build attention of "
                "tilewright.quant.AttentionScores, AttentionSoftmax and AttentionMix, or name the submodule "
                "in skip"
            )
        if node.target in MODAL:
            raise QuantizationError(
                f"{place} calls functional.{node.target.__name__}, whose mode tracing would fix: use "
                "the module of torch.nn"
            )
        if node.op == "call_module":
            has_parameters = any(True for _ in traced.get_submodule(node.target).parameters())
            if node.target in used and has_parameters:
                raise QuantizationError(
                    f"submodule {node.target} runs more than once: give each use a layer of its own"
                )
            used.add(node.target)


def refusal(name: str, part: nn.Module, reason: str) -> QuantizationError:
    """The error that `part` has no form on integers."""
    return QuantizationError(
        f"submodule {name or '(the module itself)'}, {type(part).__name__}, cannot be quantized: "
        f"{reason}; change it, or name it in skip"
    )


def scope_of(node: fx.Node) -> str:
    """Name of the submodule whose forward made `node`; empty for the module itself."""
    stack = node.meta.get("nn_module_stack") or {}
    return str(list(stack)[-1]) if stack else ""


def _reasons(part: nn.Module) -> Iterator[str]:
    """Why `part` has no form on integers; nothing if it has one, or none of its own."""
    if isinstance(part, nn.Conv2d):
        yield from _of_convolution(part)
    elif isinstance(part, nn.ConvTranspose2d):
        yield from _of_transposed(part)
    elif isinstance(part, nn.Conv1d):
        if type(part) is not nn.Conv1d or part.padding_mode != "zeros":
            yield "it is a subclass of Conv1d, or its padding is not zeros"
    elif isinstance(part, nn.Linear):
        if type(part) is not nn.Linear:
            yield "it is a subclass of Linear, whose forward may differ"
    elif _is_one_operation(part) and any(True for _ in part.parameters()):
        yield "there is no integer layer of this kind"


def _is_one_operation(part: nn.Module) -> bool:
    """Whether torch.fx does not look inside `part`, and it is none of the known kinds."""
    is_known = isinstance(part, (*WITH_PARAMETERS, *CONTAINERS))
    return type(part).__module__.startswith("torch.nn") and not is_known


def _of_transposed(part: nn.ConvTranspose2d) -> Iterator[str]:
    if type(part) is not nn.ConvTranspose2d:
        yield "it is a subclass of ConvTranspose2d, whose forward may differ"
    reach = (d * (k - 1) for k, d in zip(part.kernel_size, part.dilation, strict=True))
    if any(most < wanted for most, wanted in zip(reach, as_pair(part.padding), strict=True)):  # type: ignore[arg-type]
        yield f"its padding {part.padding} reaches beyond the kernel {part.kernel_size}"


def _of_convolution(part: nn.Conv2d) -> Iterator[str]:
    if type(part) is not nn.Conv2d:
        yield "it is a subclass of Conv2d, whose forward may differ"
    if part.padding_mode != "zeros":
        yield f"its padding must be zeros, not {part.padding_mode}"
