"""A user's float module, turned into one whose layers are integer arithmetic."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from torch import Tensor, fx, nn

from tilewright.errors import ConfigError, UnknownNameError
from tilewright.quant.lifting import lift
from tilewright.quant.link_report import warn_of_gaps
from tilewright.quant.module_signs import Sign, find_signs, keeps_codes, reads_size, what_runs
from tilewright.quant.named_quantizers import check_quantizer
from tilewright.quant.refusals import check_graph, check_modules, check_types
from tilewright.quant.replacement import Replacement
from tilewright.quant.tracing import Example, note_shapes, refuse_modes, trace
from tilewright.spec.code_bits import check_bits


def quantize(
    module: nn.Module,
    *,
    weight_bits: int,
    act_bits: int,
    skip: Sequence[str] = (),
    has_pixel_input: bool = False,
    has_signed_input: bool = False,
    input_scale: float | None = None,
    is_per_channel: bool = False,
    quantizer: str = "lsq",
    example: Example | None = None,
) -> fx.GraphModule:
    """A copy of `module` whose convolutions and linear layers are integer arithmetic, weights kept.

    `nn.Conv2d` (grouped and depthwise too) and `nn.Linear` become `QuantConv2d` and `QuantLinear`
    of the same name, sums and differences of two branches `QuantAdd`, average pools `QuantAvgPool2d`. A bias
    moves into the BatchNorm that follows, else into a `ChannelBias`, ``NAME_bias``. The first batch
    sets the steps; training follows.

    weight_bits, act_bits: 2..8. skip: names of submodules that stay as they are, with all inside.
    has_pixel_input: the module is given raw 8-bit pixels from now on, where it was given ``pixels /
    255``. has_signed_input: its input has both signs, as normalized images have: the layers that read it take
    signed 8-bit codes, of a learned scale or of `input_scale`, which says so too. Otherwise its input must
    not be negative. Pixels and signs are checked on the first batch that the result is given. Within it, a
    layer whose input may be negative takes signed codes of `act_bits` bits. is_per_channel: one weight step
    for each output channel. quantizer: "lsq"; "pact", with normalized weights that need a BatchNorm behind
    them; "binary", with weights -1 and 1 (`weight_bits` is 2); "power-of-two", with such scales of layers.
    example: an input, or a tuple of inputs, needed only where a pool's window depends on the map's size;
    of pixels, bytes too.

    Raises `ConfigError` or `UnknownNameError` for bad arguments, and `QuantizationError` that names
    the submodule and the reason where there is no form on integers. Warns (`UnlinkedWarning`) where the
    result will not run on integers from its input to its output, with what `link_report` says.

    >>> net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 2))
    >>> quantize(net, weight_bits=4, act_bits=2).get_submodule("3").act_quantizer
    ActQuantizer(u2 (0..3))
    """
    has_signed_input = has_signed_input or input_scale is not None
    if has_pixel_input and has_signed_input:
        raise ConfigError("has_pixel_input: raw pixels have no sign: leave has_signed_input out")
    check_bits(weight_bits, "weight_bits")
    check_bits(act_bits, "act_bits")
    _check_names(module, skip, quantizer=quantizer)
    check_modules(module, tuple(skip))
    check_types(module, tuple(skip))
    traced = trace(copy.deepcopy(module), tuple(skip))
    lift(traced)
    check_graph(traced)
    refuse_modes(module, tuple(skip))
    signs = find_signs(traced, has_pixel_input=has_pixel_input, has_signed_input=has_signed_input)
    if has_pixel_input:
        _check_readers(traced, signs)
    if example is not None:
        note_shapes(traced, _as_floats(example) if has_pixel_input else example)
    bits = {"weight_bits": weight_bits, "act_bits": act_bits}
    options = {**bits, "is_per_channel": is_per_channel, "quantizer": quantizer}
    Replacement(traced, signs, tuple(skip), options, input_scale).run()
    warn_of_gaps(traced)
    return traced


def _as_floats(example: Example) -> Example:
    """Bytes of pixels as the float module takes them."""
    if isinstance(example, tuple):
        return tuple(map(_as_floats, example))
    return example.float() if isinstance(example, Tensor) else example


def _check_names(module: nn.Module, skip: Sequence[str], *, quantizer: str) -> None:
    check_quantizer(quantizer)
    names = [name for name, _ in module.named_modules()][1:]
    for name in skip:
        if name not in names:
            raise UnknownNameError.among("submodule", name, names)


def _check_readers(traced: fx.GraphModule, signs: dict[fx.Node, Sign]) -> None:
    """Only a layer reads pixels: their scale, 1/255, is the layer's."""
    for node, sign in signs.items():
        for user in node.users if sign == Sign.PIXELS else ():
            what = what_runs(traced, user)
            is_layer = isinstance(what, nn.Conv2d | nn.Linear | nn.ConvTranspose2d)
            if not (is_layer or keeps_codes(user, what) or reads_size(what)):
                is_part = isinstance(what, nn.Module)
                name = f"{user.target} ({type(what).__name__})" if is_part else user.name
                raise ConfigError(
                    f"has_pixel_input: a Conv2d or Linear must read the pixels, but {name} "
                    "does: leave it out (the layer divides by 255 itself), or quantize with "
                    "has_pixel_input=False"
                )
