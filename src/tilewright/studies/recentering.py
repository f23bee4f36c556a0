"""Thresholds of a network with fewer bits, moved so that its sums fall as those of the network before did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tilewright.engine import Engine, Prepared
from tilewright.spec import IntArray, IntegerLayer, IntegerNetwork, Ints, Node, Requantization
from tilewright.spec.requantization import NEVER

Reals = npt.NDArray[np.float64]

DIGITS = 6
"""Of a threshold in units of the sum, before it is rounded up."""

Moments = tuple[Reals, Reals]
"""Mean and deviation of each channel's sums in real values: ``oc`` each."""


def recentered(
    network: IntegerNetwork,
    before: IntegerNetwork,
    moments: Mapping[str, Moments],
    pixels: IntArray,
    *,
    prepared: Prepared | None = None,
) -> IntegerNetwork:
    """`network`, made of `before` by `narrowed`, with other thresholds behind each layer that was narrowed.

    A rounded weight moves and spreads the sums of its channel. Mean and deviation of each channel, in real
    values, are found on `pixels` for both networks, and the thresholds go where they cut the same share:
    still integers. moments: by layer, of `before` on these pixels. Layers follow one another, so that
    each is looked at behind those that were moved. prepared: as `Engine` takes it.
    """

    def settle(now: Node, found: Ints) -> tuple[Requantization, ...]:
        layer = before.node(now.name)
        if not (isinstance(now, IntegerLayer) and isinstance(layer, IntegerLayer)):
            return now.requantizations
        if now.weight_format == layer.weight_format and now.act_format == layer.act_format:
            return now.requantizations
        old, new = moments[layer.name], moments_of(now, found)
        return tuple(_moved(link, old, new, now) for link in now.requantizations)

    return Engine(network, batch=len(pixels), prepared=prepared).settled(pixels, settle)


def _step(layer: IntegerLayer) -> Reals:
    """The real size of a psum's unit, ``oc`` or ``1``."""
    step: Reals = np.asarray(layer.act_scale * layer.weight_scale, np.float64)
    return step


def moments_of(layer: IntegerLayer, sums: Ints) -> Moments:
    """Mean and deviation of each channel of the layer's sums ``n oc oh ow``."""
    real = sums.transpose(1, 0, 2, 3).reshape(sums.shape[1], -1) * _step(layer)[:, None]
    return real.mean(axis=1), real.std(axis=1)


def _moved(
    link: Requantization,
    old: Moments,
    new: Moments,
    layer: IntegerLayer,
) -> Requantization:
    """The link with thresholds for sums of moments `new` where it had `old`, in the direction it counts."""
    (old_mean, old_spread), (new_mean, new_spread) = old, new
    old_mean, new_mean = old_mean * link.direction, new_mean * link.direction
    is_known = (old_spread > 0) & (new_spread > 0)
    ratio = np.where(is_known, new_spread / np.where(old_spread > 0, old_spread, 1.0), 1.0)
    step = np.broadcast_to(_step(layer), ratio.shape)[:, None]
    wanted = new_mean[:, None] + (link.thresholds * step - old_mean[:, None]) * ratio[:, None]
    is_fixed = (np.abs(link.thresholds) >= NEVER) | ~is_known[:, None]
    units = np.where(is_fixed, 0.0, wanted / step).round(DIGITS)  # what is whole stays whole
    moved = np.ceil(units).astype(np.int64)
    return replace(link, thresholds=np.where(is_fixed, link.thresholds, moved))
