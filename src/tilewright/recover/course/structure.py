"""The course's network from the names in its checkpoint: what follows what.

A state dict has no modules, only names. Convolutions stand at ``features.N``, a BatchNorm at the next
index if its statistics are there, then a ReLU; a max-pool takes one index more. Without BatchNorm, one
index more is the Identity that replaced it. What the names leave open, `pools` says.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from torch import Tensor

from tilewright.errors import RecoveryError
from tilewright.recover.course.checkpoint import State
from tilewright.recover.course.layer import CourseLayer, FloatLayer, Norm, Tail
from tilewright.recover.course.widths import Widths

QUANTIZED = re.compile(r"features\.(\d+)\.weight_quant\.wgt_alpha")
WEIGHT = re.compile(r"features\.(\d+)\.weight")
CLASSIFIERS = "classifier.weight", "classifier.0.weight", "fc.weight", "linear.weight"
"""What the first linear layer behind the convolutions is called."""


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """The convolutions of a network in order: first the float ones, then the quantized ones."""

    front: tuple[FloatLayer, ...]
    layers: tuple[CourseLayer, ...]


def find_structure(state: State, widths: Widths, pools: Collection[int] | None) -> Structure:
    """The convolutions in order. pools: indices of the max-pools, or None to infer them.

    Raises `RecoveryError` naming what cannot be a part of such a network.
    """
    quantized = sorted(int(found[1]) for name in state if (found := QUANTIZED.fullmatch(name)))
    others = [
        name for name in state if name.endswith("wgt_alpha") and not QUANTIZED.fullmatch(name)
    ]
    if others:
        raise RecoveryError(
            f"{others[0].rpartition('.weight_quant')[0]}: only a sequence features.N of convolutions is "
            f"known here, not this quantized layer ({len(others)} such); build the module and recover it"
        )
    if not quantized:
        raise RecoveryError(
            "the checkpoint has no quantized convolution: features.N.weight_quant.wgt_alpha is missing"
        )
    widths.check_names([f"features.{index}" for index in quantized])
    plain = _float_convolutions(state, quantized)
    indices = [*plain, *quantized]
    tails = {
        index: _tail(state, index, after, pools)
        for index, after in zip(indices, [*indices[1:], None], strict=True)
    }
    layers = tuple(_layer(state, index, tails[index], widths) for index in quantized)
    _check_widths(layers)
    return Structure(
        tuple(
            FloatLayer(f"features.{index}", _get(state, f"features.{index}.weight"), tails[index])
            for index in plain
        ),
        layers,
    )


def _check_widths(layers: tuple[CourseLayer, ...]) -> None:
    """Raise `RecoveryError` if stored quantized weights are exactly those of other widths than stated."""
    found = [(layer, bits) for layer in layers if (bits := layer.stored_bits()) is not None]
    if found:
        first = found[0][0]
        options = " ".join(
            f"--layer-bits {layer.name}={bits}/{layer.act_bits}" for layer, bits in found
        )
        widths = {bits for _, bits in found}
        if len(widths) == 1 and len(found) == len(layers):
            options = f"--weight-bits {widths.pop()}"
        raise RecoveryError(
            f"{first.name}: its weights must have the bits that the file's weight_q shows, but "
            f"{first.weight_bits} are stated, and {len(found)} of {len(layers)} layers show others: "
            f"give {options}"
        )


def check_classifier(state: State, size: tuple[int, ...]) -> None:
    """Whether the linear layer behind can read what inferred pools leave: ``c h w`` of the last convolution.

    Raises `RecoveryError` if no pooling of that map has the inputs of the linear layer, and where the map has
    to stay unpooled, so that one of the inferred pools may be none.
    """
    name = next((one for one in CLASSIFIERS if one in state and state[one].ndim == 2), None)
    if name is None:
        return
    channels, height, width = size
    pixels, rest = divmod(state[name].shape[1], channels)
    windows = range(1, min(height, width) + 1)
    fit = {(height // window) * (width // window) for window in windows} | {1}
    if rest or pixels not in fit:
        raise RecoveryError(
            f"{name}: its {state[name].shape[1]} inputs must be those of the last convolution, {channels} "
            f"channels of {height}x{width} or of a pool of it, for images of the size given: say where the "
            "max-pools before it stand (--pools 6,13,23,33), also if it was trained on images of another size"
        )
    if pixels == height * width > 1:
        raise RecoveryError(
            f"{name}: it reads all {height}x{width} pixels of the last convolution, so that either no pool "
            "stands behind that, or an Identity where a max-pool is inferred: say where the max-pools before "
            "it stand (--pools 6,13,23,33)"
        )


def unmatched_notes(state: State, structure: Structure) -> tuple[str, ...]:
    """A sentence for each module in the file that is no quantized convolution or its BatchNorm."""
    layers = structure.layers
    known = {layer.name for layer in layers}
    known |= {_next(layer.name) for layer in layers if layer.tail.norm is not None}
    modules = {name.rpartition(".")[0]: None for name in state}
    parts = [name.removesuffix(".weight_quant") for name in modules]
    others = dict.fromkeys(part for part in parts if part not in known)
    return tuple(f"{name} is not represented: it is float" for name in others)


def inferred(structure: Structure) -> tuple[str, ...]:
    """A sentence that says behind which convolutions the names leave room for a max-pool."""
    convolutions: tuple[FloatLayer | CourseLayer, ...] = (*structure.front, *structure.layers)
    pooled = [one.name for one in convolutions if one.tail.is_pooled]
    where = f"behind {', '.join(pooled)}" if pooled else "nowhere"
    return (
        f"max-pools are taken to stand {where}, where the names leave room: "
        "--pools 6,13,23,33 says otherwise",
    )


def _float_convolutions(state: State, quantized: list[int]) -> list[int]:
    """Indices of convolutions without a quantizer; all must come before the quantized ones."""
    found = [
        int(match[1])
        for name, value in state.items()
        if (match := WEIGHT.fullmatch(name)) and value.ndim == 4
    ]
    plain = sorted(index for index in found if index not in quantized)
    if plain and plain[-1] > quantized[0]:
        raise RecoveryError(
            f"features.{plain[-1]}: a float convolution after a quantized one cannot be represented"
        )
    return plain


def _layer(state: State, index: int, tail: Tail, widths: Widths) -> CourseLayer:
    name = f"features.{index}"
    weight_bits, act_bits = widths.of(name)
    return CourseLayer(
        name=name,
        weight=_get(state, f"{name}.weight"),
        stored=state.get(f"{name}.weight_q"),
        weight_alpha=_get(state, f"{name}.weight_quant.wgt_alpha"),
        act_alpha=_get(state, f"{name}.act_alpha"),
        weight_bits=weight_bits,
        act_bits=act_bits,
        tail=tail,
    )


def _tail(state: State, index: int, after: int | None, pools: Collection[int] | None) -> Tail:
    name = f"features.{index}"
    norm = _norm(state, _next(name))
    is_pooled = after is not None and _is_pooled(
        index, after, has_norm=norm is not None, pools=pools
    )
    return Tail(norm, state.get(f"{name}.bias"), is_pooled)


def _is_pooled(index: int, after: int, *, has_norm: bool, pools: Collection[int] | None) -> bool:
    """Whether a max-pool lies between two convolutions."""
    rest = after - index - 1 - has_norm  # modules that leave no names: ReLU, Identity, max-pool
    between = [pool for pool in pools or () if index < pool < after]
    if not 1 <= rest <= 2 or len(between) >= rest:
        raise RecoveryError(
            f"features.{index}: before features.{after} there must be a ReLU, and perhaps one max-pool "
            f"or Identity, but there is room for {rest} such modules and {len(between)} pools are stated"
        )
    return rest == 2 and has_norm if pools is None else bool(between)


def _norm(state: State, name: str) -> Norm | None:
    if f"{name}.running_mean" not in state:
        return None
    return Norm(
        mean=_get(state, f"{name}.running_mean"),
        variance=_get(state, f"{name}.running_var"),
        weight=_get(state, f"{name}.weight"),
        bias=_get(state, f"{name}.bias"),
    )


def _next(name: str) -> str:
    room, _, index = name.rpartition(".")
    return f"{room}.{int(index) + 1}"


def _get(state: State, name: str) -> Tensor:
    if name not in state:
        raise RecoveryError(
            f"the checkpoint must hold {name}, but does not: it is of another network"
        )
    return state[name].float()
