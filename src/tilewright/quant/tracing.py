"""The graph of a float module: traced, the same in training and evaluation, with the shapes of its values."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, fx, nn

from tilewright.errors import ConfigError, QuantizationError
from tilewright.quant.node_modules import is_whole
from tilewright.quant.refusals import scope_of

Example = Tensor | tuple[Any, ...]
"""What a module is called with: its input, or all of its inputs in order."""


class Tracer(fx.Tracer):
    """Traces a module; what is in `skip`, and quantized modules, are not looked into."""

    def __init__(self, skip: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.skip = skip

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Whether `m` becomes one operation."""
        is_leaf = module_qualified_name in self.skip or is_whole(m)
        return is_leaf or super().is_leaf_module(m, module_qualified_name)


def trace(root: nn.Module, skip: tuple[str, ...]) -> fx.GraphModule:
    """`root` as a graph; raises `QuantizationError` that names the submodule that cannot be traced."""
    tracer = Tracer(skip)
    try:
        graph = tracer.trace(root)
    except Exception as error:  # torch.fx raises what the module's own code raises on a proxy
        path = list(getattr(tracer, "module_stack", {}))
        raise QuantizationError(
            f"torch.fx cannot trace {path[-1] if path else type(root).__name__}: {_one_line(error)}; "
            "name the submodule in skip, or write its forward without control flow on values"
        ) from None
    return fx.GraphModule(root, graph, type(root).__name__)


def refuse_modes(module: nn.Module, skip: tuple[str, ...]) -> None:
    """Raise `QuantizationError` if the forward does different things in training and in evaluation."""
    graphs = [trace(copy.deepcopy(module).train(mode), skip).graph for mode in (True, False)]
    steps = [list(graph.nodes) for graph in graphs]
    for one, other in zip(*steps, strict=False):
        if _operation(one) != _operation(other):
            place = scope_of(one) or scope_of(other) or "the module"
            raise QuantizationError(
                f"the forward of {place} differs in training and in evaluation (if self.training), and a "
                "traced forward holds one of the two: give the caller what only training needs by "
                "another method, or name the submodule in skip"
            )


def note_shapes(traced: fx.GraphModule, example: Example) -> None:
    """Run a copy on `example`, and note the sizes of each value in the ``meta`` of its node.

    Raises `ConfigError` if the module cannot be run on it.
    """
    inputs = example if isinstance(example, tuple) else (example,)
    copied = copy.deepcopy(traced).eval()
    try:
        with torch.no_grad():
            copied(*inputs)
            _Sizes(copied).run(*inputs)
    except Exception as error:  # whatever the module's own code raises
        sizes = [tuple(one.shape) if isinstance(one, Tensor) else one for one in inputs]
        raise ConfigError(
            f"example must be an input of the module, or a tuple of its inputs, but it does not run on "
            f"{sizes}: {_one_line(error)}"
        ) from None
    for node, seen in zip(traced.graph.nodes, copied.graph.nodes, strict=True):
        node.meta["tensor_meta"] = seen.meta.get("tensor_meta")


class _Sizes(fx.Interpreter):
    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        if isinstance(value, Tensor):
            n.meta["tensor_meta"] = tuple(value.shape)
        return value


def _operation(node: fx.Node) -> tuple[str, ...]:
    return node.op, str(node.target), str(node.args), str(node.kwargs)


def _one_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
