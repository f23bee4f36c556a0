"""A course checkpoint in integers: the layers that can be represented, and names of what cannot."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tilewright.errors import RecoveryError, ShapeError
from tilewright.recover.course.checkpoint import read_state
from tilewright.recover.course.layer import CourseLayer
from tilewright.recover.course.structure import (
    Structure,
    check_classifier,
    find_structure,
    inferred,
    unmatched_notes,
)
from tilewright.recover.course.widths import Widths
from tilewright.spec import (
    ConvShape,
    IntegerLayer,
    IntegerNetwork,
    Ints,
    MaxPool,
    Requantization,
    Stimulus,
)
from tilewright.spec.step_search import Floats, Steps, find_steps

HALF = MaxPool((2, 2), (2, 2))


@dataclass(frozen=True, slots=True, eq=False)
class CourseImport:
    """What a checkpoint became.

    network: every quantized convolution but one that reads the image, whose codes are signed; its input
    is the codes of its first layer. stimulus: codes and psums of the source's own float32 forward on the
    images. notes: what is not represented, and what was found in the file, one sentence each. doubtful:
    thresholds that the source's rounding leaves open, of `thresholds`; doubtful_codes: codes on the
    images whose psum lies beside one, of `codes`.
    """

    network: IntegerNetwork
    stimulus: Stimulus
    notes: tuple[str, ...]
    thresholds: int
    doubtful: int
    codes: int
    doubtful_codes: int


def import_course(
    path: Path,
    images: Tensor,
    *,
    widths: Widths,
    samples: npt.NDArray[np.int64],
    pools: Collection[int] | None = None,
) -> CourseImport:
    """State a course checkpoint in integers.

    images: float32 ``n 3 h w``, normalized as in its training. samples: labels of the images. pools:
    indices of the max-pools in ``features``, where the names leave them open.

    Raises `ArtifactError` if the file cannot be read safely, `RecoveryError` naming a layer that cannot
    be one of the course's.
    """
    state = read_state(path)
    structure = find_structure(state, widths, pools)
    layers = structure.layers if structure.front else structure.layers[1:]
    if not layers:
        raise RecoveryError(
            f"{structure.layers[0].name}: it is the only quantized convolution and reads the image, whose "
            "codes are signed"
        )
    inputs, psums = run_source(structure, images)
    others = unmatched_notes(state, structure)
    if pools is None:
        check_classifier(state, psums[layers[-1].name].shape[1:])
        others += inferred(structure)
    nodes: list[IntegerLayer] = []
    found: dict[str, Steps] = {}
    for layer, consumer in zip(layers, (*layers[1:], None), strict=True):
        node = _node(layer, inputs[layer.name].shape)
        if consumer is not None:
            found[layer.name] = _steps(layer, consumer, node.psum_bound())
            node = replace(node, requantizations=(_link(layer, consumer, found[layer.name]),))
        else:
            node = replace(node, unlinked="what follows it is float")
        nodes.append(node)
    names = [node.name for node in nodes]
    stimulus = Stimulus(
        samples,
        {name: inputs[name].astype(np.uint8) for name in names},
        {name: psums[name] for name in names},
    )
    return CourseImport(
        IntegerNetwork(tuple(nodes)),
        stimulus,
        (*others, *_notes(structure, inputs[structure.layers[0].name])),
        sum(steps.thresholds.size for steps in found.values()),
        sum(int(steps.is_doubtful.sum()) for steps in found.values()),
        sum(psums[name].size for name in found),
        sum(steps.count_doubtful(psums[name]) for name, steps in found.items()),
    )


def run_source(structure: Structure, images: Tensor) -> tuple[dict[str, Ints], dict[str, Ints]]:
    """Input codes and psums by layer, int64 ``n c h w``, as the source's float32 forward has them.

    A psum is the convolution divided by both scales, and rounded. Raises `ShapeError` if the images do
    not fit the first layer.
    """
    codes: dict[str, Ints] = {}
    psums: dict[str, Ints] = {}
    values = images
    with torch.no_grad():
        for plain in structure.front:
            values = plain.apply(values)
        for layer in structure.layers:
            if values.ndim != 4 or values.shape[1] != layer.weight.shape[1]:
                raise ShapeError(
                    f"{layer.name}: its input must be (n, {layer.weight.shape[1]}, h, w), "
                    f"not {tuple(values.shape)}"
                )
            codes[layer.name] = layer.act_codes(values).long().numpy()
            values = layer.convolve(values)
            steps = values.double() / (layer.act_scale * layer.weight_scale)
            psums[layer.name] = steps.round().long().numpy()
            values = layer.tail.apply(values)
    return codes, psums


def _node(layer: CourseLayer, sizes: tuple[int, ...]) -> IntegerLayer:
    oc, ic, kh, kw = layer.weight.shape
    return IntegerLayer(
        name=layer.name,
        shape=ConvShape(ic, sizes[2], sizes[3], oc, kh, kw, (1, 1), layer.padding),
        weight=layer.weight_codes().to(torch.int8).numpy(),
        weight_format=layer.weight_format,
        act_format=layer.act_format,
        weight_scale=np.array([layer.weight_scale]),
        act_scale=layer.act_scale,
    )


def _link(layer: CourseLayer, consumer: CourseLayer, steps: Steps) -> Requantization:
    pools = (HALF,) if layer.tail.is_pooled else ()
    return Requantization(steps.thresholds, steps.direction, consumer.name, pools)


def _steps(layer: CourseLayer, consumer: CourseLayer, bound: int) -> Steps:
    """From a psum to the consumer's code, in float64 on the numbers of the file."""
    gain, offset = _affine(layer)
    levels, alpha = consumer.act_format.max_code, float(consumer.act_alpha)

    def codes_of(psums: Floats) -> Ints:
        values = np.maximum(psums * gain + offset, 0)  # n oc
        codes: Ints = np.rint(np.minimum(values / alpha, 1) * levels).astype(np.int64)
        return codes

    channels = len(layer.weight)
    return find_steps(codes_of, channels=channels, levels=levels, bound=bound, name=layer.name)


def _affine(layer: CourseLayer) -> tuple[Floats, Floats]:
    """Bias and BatchNorm of a psum as one factor and one summand, float64 ``oc``."""
    ones = np.ones(len(layer.weight))
    gain = ones * layer.act_scale * layer.weight_scale
    offset = 0 * ones if layer.tail.bias is None else layer.tail.bias.double().numpy()
    norm = layer.tail.norm
    if norm is None:
        return gain, offset
    factor = (norm.weight.double() / torch.sqrt(norm.variance.double() + norm.eps)).numpy()
    shift = norm.bias.double().numpy() - norm.mean.double().numpy() * factor
    return gain * factor, offset * factor + shift


def _notes(structure: Structure, first_codes: Ints) -> tuple[str, ...]:
    notes = []
    if not structure.front:
        first, second = structure.layers[:2]
        notes.append(
            f"{first.name} is not represented: its input codes are signed ({first_codes.min()}.."
            f"{first_codes.max()} on these images), and the source has no lowest one; the network begins "
            f"with the codes of {second.name}",
        )
    for layer in structure.layers:
        stale = layer.count_stale()
        if stale:
            notes.append(
                f"{layer.name}: weight_q is stale: {stale:,} of {layer.weight.numel():,} values are not "
                f"those of weight, which is used"
            )
    return tuple(notes)
