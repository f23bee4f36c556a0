"""A trained integer network with fewer bits in some layers, without training: still integers, still exact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil
from operator import is_

import numpy as np
import numpy.typing as npt

from tilewright.errors import ConfigError
from tilewright.spec import (
    IntegerLayer,
    IntegerNetwork,
    Node,
    NumberFormat,
    Requantization,
    port_name,
)
from tilewright.spec.requantization import NEVER

FINEST = 64
"""Steps between the smallest and the largest scale that is tried."""


Kept = dict[tuple[str, int], tuple[IntegerLayer, float]]
"""By layer and bits: the layer with such weights, and how much an old weight is larger than a new one."""


@dataclass(frozen=True, slots=True)
class Widths:
    """Bits of a layer's weights and of the activations that it reads."""

    weight: int
    act: int

    def __str__(self) -> str:
        return f"W{self.weight}A{self.act}"


def widths_of(network: IntegerNetwork) -> dict[str, Widths]:
    """The widths that each layer has."""
    return {
        layer.name: Widths(layer.weight_format.bits, layer.act_format.bits)
        for layer in network.layers
    }


def narrowed(
    network: IntegerNetwork,
    wanted: Mapping[str, Widths],
    histograms: Mapping[str, npt.NDArray[np.int64]],
    *,
    kept: Kept | None = None,
) -> IntegerNetwork:
    """The network with the widths that are wanted, layer by layer; others stay as they are.

    Weights are divided by the scale that fits them best and rounded; activations by the one that fits the
    `histograms` (how often each layer reads each code) best, by leaving thresholds out. A sum then counts in
    units of both scales, and its thresholds are divided by them, rounded up: integers compare with integers.
    kept: weights that were rounded for this network before; those that are now are added.

    Raises `ConfigError` for more bits than there are, or fewer than 2, for images that a layer reads, and for
    signed codes and start values.
    """
    found: Kept = {} if kept is None else kept
    scales: dict[str, float] = {}
    acts: dict[str, _Levels] = {}
    nodes: list[Node] = []
    for name, widths in wanted.items():
        layer = network.layer(name)
        _check(network, layer, widths)
        if widths.act < layer.act_format.bits:
            acts[name] = _Levels.fit(layer.act_format, widths.act, histograms[name])
            scales[name] = acts[name].scale
    for node in network.nodes:
        changed = node
        scale = scales.get(node.name, 1.0)
        if isinstance(node, IntegerLayer) and node.name in wanted:
            bits = wanted[node.name].weight
            if (node.name, bits) not in found:
                found[node.name, bits] = _narrow_weights(node, bits)
            changed, step = found[node.name, bits]
            scale *= step
        if node.name in acts and isinstance(changed, IntegerLayer):
            form = NumberFormat(wanted[node.name].act, is_signed=False)
            changed = replace(
                changed, act_format=form, act_scale=changed.act_scale * acts[node.name].scale
            )
        links = tuple(
            _link(link, scale, acts.get(port_name(link.consumer, link.operand)))
            for link in node.requantizations
        )
        is_same = changed is node and all(map(is_, links, node.requantizations))
        nodes.append(node if is_same else replace(changed, requantizations=links))
    return replace(network, nodes=tuple(nodes))


@dataclass(frozen=True, slots=True)
class _Levels:
    """Fewer codes: code j stands for ``j * scale`` of the old ones and begins at ``firsts[j-1]`` of them."""

    scale: float
    firsts: tuple[int, ...]

    @classmethod
    def fit(cls, form: NumberFormat, bits: int, histogram: npt.NDArray[np.int64]) -> _Levels:
        """The levels with the least squared error over what the layer reads."""
        most, codes = (1 << bits) - 1, np.arange(form.max_code + 1)
        best = min(
            np.linspace(1.0, form.max_code / most, FINEST).tolist(),
            key=lambda scale: float(
                (histogram * (codes - scale * _rounded(codes / scale, most)) ** 2).sum()
            ),
        )
        firsts = tuple(ceil((level - 0.5) * best) for level in range(1, most + 1))
        return cls(best, tuple(min(first, form.max_code) for first in firsts))


def _rounded(values: npt.NDArray[np.float64], most: int) -> npt.NDArray[np.float64]:
    found: npt.NDArray[np.float64] = np.clip(np.floor(values + 0.5), -most, most)
    return found


def _narrow_weights(layer: IntegerLayer, bits: int) -> tuple[IntegerLayer, float]:
    """The layer with weights of `bits` bits, and how much an old weight is larger than a new one."""
    if bits == layer.weight_format.bits:
        return layer, 1.0
    most = (1 << (bits - 1)) - 1
    known, counts = np.unique(layer.weight, return_counts=True)
    weight = known.astype(np.float64)
    largest = max(1.0, float(np.abs(weight).max()))
    step = min(
        np.linspace(largest / most / 4, largest / most, FINEST).tolist(),
        key=lambda one: float(
            (counts * (weight - one * _symmetric(weight / one, most)) ** 2).sum()
        ),
    )
    codes = _symmetric(weight / step, most).astype(np.int8)[np.searchsorted(known, layer.weight)]
    form = NumberFormat(bits, is_signed=True, is_narrow=True)
    scale = layer.weight_scale * step
    return replace(layer, weight=codes, weight_format=form, weight_scale=scale), step


def _symmetric(values: npt.NDArray[np.float64], most: int) -> npt.NDArray[np.float64]:
    """Rounded away from zero at halves, within ``-most..most``."""
    return np.sign(values) * _rounded(np.abs(values), most)


def _link(link: Requantization, scale: float, levels: _Levels | None) -> Requantization:
    if scale == 1.0 and levels is None:
        return link
    thresholds = link.thresholds
    if scale != 1.0:
        scaled = np.ceil(thresholds / scale).astype(np.int64)
        thresholds = np.where(np.abs(thresholds) >= NEVER, thresholds, scaled)
    if levels is not None:
        thresholds = thresholds[:, [first - 1 for first in levels.firsts]]
    return replace(link, thresholds=thresholds)


def _check(network: IntegerNetwork, layer: IntegerLayer, widths: Widths) -> None:
    has = Widths(layer.weight_format.bits, layer.act_format.bits)
    if layer.has_start or layer.act_format.is_signed:
        raise ConfigError(
            f"{layer.name} must read unsigned codes and add plain products to take other widths, but does not"
        )
    if not (2 <= widths.weight <= has.weight and 2 <= widths.act <= has.act):
        raise ConfigError(f"{layer.name} has {has} and takes 2 bits up to that, not {widths}")
    if widths.act < has.act and layer.name in network.inputs:
        raise ConfigError(f"{layer.name} reads the images, whose {has.act} bits stay")
