"""The closed form of a network's layers is what its modules do."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tilewright.models import FLOAT_BITS, ModelSpec, QuantizedLayer, build, quantized_layers
from tilewright.models.architecture import ARCHITECTURES
from tilewright.quant import QuantConv2d, QuantLinear
from tilewright.spec import ConvShape

PLAIN = [ModelSpec(name, 4, 3) for name in ARCHITECTURES]
CHOKED = [
    ModelSpec(name, 4, 4, choke_width=width, choke_stage=stage, has_choke_norm=stage == 2)
    for name, width in (("vgg_tiny", 8), ("vgg_tiny", 24), ("vgg16", 8))
    for stage in (None, *range(1, len(ARCHITECTURES[name].stages) + 1))
]
SKIPPED = [
    replace(spec, skip="trained")
    for spec in CHOKED
    if spec.choke_index and spec.choke_stage in (None, 2)
]
OTHERS = [
    ModelSpec("vgg_tiny", 4, 4, quantizer="pact", has_course_ends=True),
    ModelSpec("vgg_tiny", 2, 5, quantizer="pact", choke_width=8, classes=7),
    ModelSpec("resnet8", 3, 6, is_per_channel=True, classes=100),
    ModelSpec(
        "resnet20", 4, 4, layer_bits=(("conv1", 8, 8), ("layer2.0.shortcut.0", 5, 6), ("classifier", 2, 7))
    ),
]  # fmt: skip
SPECS = [*PLAIN, *CHOKED, *SKIPPED, *OTHERS]


def what_runs(spec: ModelSpec) -> list[QuantizedLayer]:
    """The quantized layers that an image runs through, written down as they are called."""
    seen: list[QuantizedLayer] = []

    def note(name, layer, x):
        if isinstance(layer, QuantLinear):
            shape = ConvShape(layer.in_features, 1, 1, layer.out_features, 1, 1)
        else:
            sizes = (layer.in_channels, *x.shape[2:], layer.out_channels, *layer.kernel_size)
            shape = ConvShape(*sizes, layer.stride, layer.padding, layer.groups)
        formats = layer.act_quantizer.number_format, layer.weight_quantizer.number_format
        seen.append(QuantizedLayer(name, shape, *formats))

    model = build(spec).eval()
    for name, layer in model.named_modules():
        if isinstance(layer, QuantConv2d | QuantLinear):
            layer.register_forward_pre_hook(
                lambda layer, inputs, name=name: note(name, layer, inputs[0])
            )
    with torch.no_grad():
        model(torch.zeros(1, 3, 32, 32))
    return seen


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_names_sizes_formats_and_order_are_those_of_the_modules(spec):
    assert list(quantized_layers(spec)) == what_runs(spec)


def test_a_float_network_has_no_quantized_layers():
    assert quantized_layers(ModelSpec("vgg_tiny", FLOAT_BITS, FLOAT_BITS)) == ()
