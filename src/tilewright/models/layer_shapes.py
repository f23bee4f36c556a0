"""The sizes and number formats of a network's layers: in closed form, without a tensor, but for the zoo's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tilewright.models.architecture import IMAGE_CHANNELS, IMAGE_EDGE
from tilewright.models.layer_names import CLASSIFIER
from tilewright.models.model_spec import PIXEL_BITS, SKIP_LAYER, ModelSpec
from tilewright.spec import ConvShape, NumberFormat


@dataclass(frozen=True, slots=True)
class QuantizedLayer:
    """A layer that runs on the array."""

    name: str
    shape: ConvShape
    act_format: NumberFormat
    weight_format: NumberFormat


def quantized_layers(spec: ModelSpec) -> tuple[QuantizedLayer, ...]:
    """The quantized layers of the network, in the order in which they run.

    >>> [str(layer.shape.ic) for layer in quantized_layers(ModelSpec("resnet8", 4, 4))][-3:]
    ['64', '32', '64']
    """
    if spec.is_float:
        return ()
    if spec.architecture.family == "zoo":
        return tuple(_of_zoo(spec))
    shapes = _vgg(spec) if spec.architecture.family == "vgg" else _resnet(spec)
    return tuple(
        QuantizedLayer(name, shape, _act_format(spec, name), _weight_format(spec, name))
        for name, shape in zip(spec.layers, shapes, strict=True)
        if not (spec.has_course_ends and name == CLASSIFIER)  # a float layer
    )


def _act_format(spec: ModelSpec, name: str) -> NumberFormat:
    """Unsigned; the first layer reads pixels, or the course's normalized images."""
    if name != spec.layers[0]:
        return NumberFormat(spec.bits_of(name)[1], is_signed=False)
    return NumberFormat(PIXEL_BITS, is_signed=spec.has_course_ends)


def _weight_format(spec: ModelSpec, name: str) -> NumberFormat:
    return NumberFormat(spec.bits_of(name)[0], is_signed=True, is_narrow=True)


def _vgg(spec: ModelSpec) -> Iterator[ConvShape]:
    channels, edge = IMAGE_CHANNELS, IMAGE_EDGE
    for stage, widths in enumerate(spec.stages):
        entered = channels
        for width in widths:
            yield _convolution(channels, edge, width)
            channels = width
        if SKIP_LAYER in spec.layers and stage == spec.choke_index:
            yield _convolution(entered, edge, channels)
        edge //= 2  # the max-pool
    yield ConvShape(channels * edge * edge, 1, 1, spec.classes, 1, 1)


def _resnet(spec: ModelSpec) -> Iterator[ConvShape]:
    channels, edge = spec.stages[0][0], IMAGE_EDGE
    yield _convolution(IMAGE_CHANNELS, edge, channels)
    for width in (width for widths in spec.stages for width in widths):
        stride = 1 if width == channels else 2
        yield _convolution(channels, edge, width, stride=stride)
        yield _convolution(width, edge // stride, width)
        if width != channels:
            yield _convolution(channels, edge, width, kernel=1, stride=stride)
        channels, edge = width, edge // stride
    yield ConvShape(channels, 1, 1, spec.classes, 1, 1)


def _of_zoo(spec: ModelSpec) -> Iterator[QuantizedLayer]:
    """Sizes and formats as a fresh module has them: signs follow from the graph."""
    from tilewright.models.zoo import zoo_shapes  # with torch
    from tilewright.models.zoo_model import ZooModel

    module = ZooModel(spec)
    for name, shape in zoo_shapes(spec.name).items():
        act, weight = module.formats_of(name)
        yield QuantizedLayer(name, shape, act, weight)


def _convolution(
    channels: int, edge: int, width: int, *, kernel: int = 3, stride: int = 1
) -> ConvShape:
    sizes = (channels, edge, edge, width, kernel, kernel)
    return ConvShape(*sizes, stride=(stride, stride), padding=(kernel // 2, kernel // 2))
