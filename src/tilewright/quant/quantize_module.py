"""A user's float module, turned into one whose layers are integer arithmetic."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, fx, nn
from torch.fx.passes.shape_prop import ShapeProp

from tilewright.errors import ConfigError, QuantizationError, UnknownNameError
from tilewright.quant.bias import ChannelBias
from tilewright.quant.module_signs import Sign, find_signs, keeps_codes, reads_size, what_runs
from tilewright.quant.named_quantizers import check_quantizer
from tilewright.quant.node_modules import is_node
from tilewright.quant.quantizers import check_bits
from tilewright.quant.refusals import check_graph, check_modules
from tilewright.quant.replacement import Replacement


def quantize(
    module: nn.Module,
    *,
    weight_bits: int,
    act_bits: int,
    skip: Sequence[str] = (),
    has_pixel_input: bool = False,
    is_per_channel: bool = False,
    quantizer: str = "lsq",
    example: Tensor | None = None,
) -> fx.GraphModule:
    """A copy of `module` whose convolutions and linear layers are integer arithmetic, weights kept.

    `nn.Conv2d` (grouped and depthwise too) and `nn.Linear` become `QuantConv2d` and `QuantLinear`
    of the same name, additions of two branches `QuantAdd`, average pools `QuantAvgPool2d`. A bias
    moves into the BatchNorm that follows, else into a `ChannelBias`, ``NAME_bias``. The first batch
    sets the steps; training follows.

    weight_bits, act_bits: 2..8. skip: names of submodules that stay as they are, with all inside.
    has_pixel_input: the module is given raw 8-bit pixels from now on, where it was given ``pixels /
    255``. Otherwise its input must not be negative: activation codes are unsigned. is_per_channel:
    one weight step for each output channel. quantizer: "lsq", or "pact", whose weights are normalized
    and need a BatchNorm behind them. example: an input of the module, needed only where a
    pool's window depends on the size of the map.

    Raises `ConfigError` or `UnknownNameError` for bad arguments, and `QuantizationError` that names
    the submodule and the reason where there is no form on integers.

    >>> net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 2))
    >>> quantize(net, weight_bits=4, act_bits=2).get_submodule("3").act_quantizer
    ActQuantizer(u2 (0..3))
    """
    check_bits(weight_bits, "weight_bits")
    check_bits(act_bits, "act_bits")
    check_quantizer(quantizer)
    names = [name for name, _ in module.named_modules()][1:]
    for name in skip:
        if name not in names:
            raise UnknownNameError.among("submodule", name, names)
    check_modules(module, tuple(skip))
    traced = _trace(copy.deepcopy(module), tuple(skip))
    check_graph(traced)
    signs = find_signs(traced, has_pixel_input=has_pixel_input)
    if has_pixel_input:
        _check_readers(traced, signs)
    if example is not None:
        _note_shapes(traced, example)
    options = {
        "weight_bits": weight_bits,
        "act_bits": act_bits,
        "is_per_channel": is_per_channel,
        "quantizer": quantizer,
    }
    Replacement(traced, signs, tuple(skip), options).run()
    return traced


class _Tracer(fx.Tracer):
    def __init__(self, skip: tuple[str, ...]) -> None:
        super().__init__()
        self.skip = skip

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return (
            module_qualified_name in self.skip
            or isinstance(m, ChannelBias)
            or is_node(m)
            or super().is_leaf_module(m, module_qualified_name)
        )


def _trace(root: nn.Module, skip: tuple[str, ...]) -> fx.GraphModule:
    tracer = _Tracer(skip)
    try:
        graph = tracer.trace(root)
    except Exception as error:  # torch.fx raises what the module's own code raises on a proxy
        path = list(getattr(tracer, "module_stack", {}))
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise QuantizationError(
            f"torch.fx cannot trace {path[-1] if path else type(root).__name__}: {reason}; "
            "name the submodule in skip, or write its forward without control flow on values"
        ) from None
    return fx.GraphModule(root, graph, type(root).__name__)


def _note_shapes(traced: fx.GraphModule, example: Tensor) -> None:
    """Run a copy on `example`, and note the shape of each value in the ``meta`` of its node."""
    copied = copy.deepcopy(traced).eval()
    with torch.no_grad():
        ShapeProp(copied).propagate(example)
    for node, seen in zip(traced.graph.nodes, copied.graph.nodes, strict=True):
        node.meta["tensor_meta"] = seen.meta.get("tensor_meta")


def _check_readers(traced: fx.GraphModule, signs: dict[fx.Node, Sign]) -> None:
    """Only a layer reads pixels: their scale, 1/255, is the layer's."""
    for node, sign in signs.items():
        for user in node.users if sign == Sign.PIXELS else ():
            what = what_runs(traced, user)
            is_layer = isinstance(what, nn.Conv2d | nn.Linear)
            if not (is_layer or keeps_codes(what) or reads_size(what)):
                raise ConfigError(
                    f"has_pixel_input: a Conv2d or Linear must read the pixels, but {user.name} "
                    "does: leave scaling to the layer"
                )
