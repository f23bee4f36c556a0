"""Integer networks at random, made from the nouns alone: no torch, no training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tilewright.spec import (
    ConvShape,
    IntegerLayer,
    IntegerNetwork,
    MaxPool,
    NumberFormat,
    Requantization,
    ResidualAdd,
    SumPool,
)

PIXELS = NumberFormat(8, is_signed=False)


def layer(rng, name, shape, *, weight_bits=4, act_format=PIXELS, links=(), **values):
    weight_format = NumberFormat(weight_bits, is_signed=True, is_narrow=True)
    low, high = weight_format.min_code, weight_format.max_code
    weight = rng.integers(low, high, shape.weight_sizes, endpoint=True)
    return IntegerLayer(
        name=name,
        shape=shape,
        weight=weight.astype(np.int8),
        weight_format=weight_format,
        act_format=act_format,
        weight_scale=np.array([0.125]),
        act_scale=0.5,
        requantizations=links,
        **values,
    )


def link(rng, consumer, oc, codes, *, reach, **values):
    """Random thresholds within -reach..reach, directions of both signs."""
    levels = codes.max_code - codes.min_code
    thresholds = np.sort(rng.integers(-reach, reach, (oc, levels)), axis=1)
    direction = rng.choice([-1, 1], oc)
    return Requantization(thresholds, direction, consumer, min_code=codes.min_code, **values)


def chain(rng, *, bits=4, weight_bits=4, edge=9, classes=5, is_signed=False):
    """Three convolutions with strides, pools and paddings, and a classifier. ic != oc, h != w.

    is_signed: all codes are, those of the images too.
    """
    codes = NumberFormat(bits, is_signed=is_signed)
    first = ConvShape(3, edge, edge - 2, 8, 3, 3, (1, 1), (1, 1))
    second = ConvShape(8, edge - 1, edge - 3, 12, 3, 2, (2, 1), (0, 2))
    height, width = MaxPool((3, 2), (2, 1), (1, 0)).output_size(second.oh, second.ow)
    widen = 2.0 ** (weight_bits - 4)
    reach = int(40 * codes.max_code * widen)
    pools = (MaxPool((2, 2), (1, 1)),), (MaxPool((3, 2), (2, 1), (1, 0)),)
    flat = {"pools": pools[1], "is_flattened": True}
    links = (
        link(rng, "second", 8, codes, reach=int(4000 * widen), pools=pools[0]),
        link(rng, "head", 12, codes, reach=reach, **flat),
    )
    head = ConvShape(12 * height * width, 1, 1, classes, 1, 1)
    common = {"weight_bits": weight_bits, "act_format": codes}
    return IntegerNetwork(
        (
            layer(
                rng,
                "first",
                first,
                weight_bits=weight_bits,
                links=links[:1],
                act_format=replace(PIXELS, is_signed=is_signed),
            ),
            layer(rng, "second", second, links=links[1:], **common),
            layer(rng, "head", head, unlinked="it is the output of the network", **common),
        )
    )


def uneven(network):
    """The same sizes and other sums: all zeros around a plane lie below and right of it."""
    nodes = []
    for node in network.nodes:
        shape = getattr(node, "shape", None)
        if shape is not None and any(shape.padding):
            down, across = shape.padding
            after = (2 * down, 2 * across)
            shape = replace(shape, padding=(0, 0), padding_after=after)
            node = replace(node, shape=shape)
        nodes.append(node)
    return IntegerNetwork(tuple(nodes), network.inputs, network.outputs)


def residual(rng, *, bits=4, sum_bits=8, classes=5):
    """A stem that a convolution and an addition read, an average pool, a classifier."""
    codes = NumberFormat(bits, is_signed=False)
    signed = NumberFormat(sum_bits, is_signed=True, is_narrow=True)
    stem = ConvShape(3, 6, 8, 7, 3, 3, (1, 1), (1, 1))
    body = ConvShape(7, 6, 8, 7, 3, 1, (1, 1), (1, 0))
    to_add = {"reach": 60 * codes.max_code, "operand": 1}
    stem_links = (
        link(rng, "body", 7, codes, reach=1500),
        link(rng, "add", 7, signed, reach=1500),
    )
    return IntegerNetwork(
        (
            layer(rng, "stem", stem, links=stem_links),
            layer(
                rng, "body", body, act_format=codes, links=(link(rng, "add", 7, signed, **to_add),)
            ),
            ResidualAdd(
                "add",
                (7, 6, 8),
                signed,
                0.5,
                (link(rng, "pool", 7, codes, reach=signed.max_code),),
            ),
            SumPool(
                "pool",
                (7, 6, 8),
                (3, 2),
                (3, 3),
                codes,
                0.5,
                (link(rng, "head", 7, codes, reach=6 * codes.max_code, is_flattened=True),),
            ),
            layer(
                rng,
                "head",
                ConvShape(7 * 2 * 3, 1, 1, classes, 1, 1),
                act_format=codes,
                unlinked="it is the output of the network",
            ),
        )
    )


def shifted(rng, network, *, act_format=None, has_bias=True):
    """The same layers with zero-points and biases; act_format: of the images, where another is wanted."""
    nodes = []
    for node in network.nodes:
        codes = node.act_format
        if not nodes and act_format is not None:
            codes = act_format
        if isinstance(node, IntegerLayer):
            bias = rng.integers(-300, 300, node.shape.oc) if has_bias else None
            zero = int(rng.integers(codes.min_code + 1, codes.max_code)) or 1
            node = replace(node, act_format=codes, zero_point=zero, bias=bias)
        nodes.append(node)
    return IntegerNetwork(tuple(nodes), network.inputs)


def images(rng, network, count):
    sizes, codes = network.nodes[0].input_shape, network.nodes[0].act_format
    drawn = rng.integers(codes.min_code, codes.max_code, (count, *sizes), endpoint=True)
    return drawn.astype(codes.dtype)
