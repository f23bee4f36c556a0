"""Which layers of a trained network bear fewer bits: measured, without training, on integers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tilewright.data import Split
from tilewright.engine import Engine, Prepared
from tilewright.errors import ConfigError
from tilewright.pipeline.run_folder import Listener
from tilewright.programs.pace import Pace
from tilewright.spec import IntegerNetwork
from tilewright.studies.narrowing import Kept, Widths, narrowed, widths_of
from tilewright.studies.recentering import moments_of, recentered

LOOKED_AT = 64
"""Images on which codes are counted and thresholds are moved."""

MOST_IMAGES = 500
"""Of the hold-out, on which widths are chosen if nothing else is asked for."""


@dataclass(frozen=True, slots=True)
class Step:
    """A layer with other widths, alone or after the steps before, and the hold-out images recognized."""

    layer: str
    widths: str
    saved_bits: int
    correct: int


@dataclass(frozen=True, slots=True)
class Precision:
    """Sensitivity of each layer, and the mixed precision that was found.

    uniform, mixed: bits of all weights; uniform_correct, mixed_correct: hold-out images recognized.
    read_bits, mixed_read_bits: bits of the activations that the layers read for one image. had: the widths of
    each layer as trained. others: as many images of the hold-out as there are, on which nothing was chosen;
    others_uniform, others_mixed: how many of them both networks recognize.
    """

    images: int
    uniform_correct: int
    uniform_bits: int
    uniform_read_bits: int
    sensitivity: tuple[Step, ...]
    accepted: tuple[Step, ...]
    had: Mapping[str, str]
    mixed: Mapping[str, str]
    mixed_correct: int
    mixed_bits: int
    mixed_read_bits: int
    others: int
    others_uniform: int
    others_mixed: int


def images_to_choose_on(holdout: Split) -> int:
    """Half of the hold-out at most: on the other half the choice is looked at."""
    return max(1, min(MOST_IMAGES, len(holdout) // 2))


def find_precision(
    network: IntegerNetwork,
    holdout: Split,
    listener: Listener,
    *,
    images: int,
    threads: int,
    lost: int,
) -> Precision:
    """Lower one width of one layer at a time and count; then lower them together while the count holds.

    images: of the hold-out, from the first on; as many that follow, or all, are counted at the end. lost:
    images that the mixed network may recognize fewer than the uniform one. Steps are tried in the order of
    images lost for each weight bit or activation bit saved; of those that lose none, the largest first.
    """
    if not 1 <= images <= len(holdout):
        raise ConfigError(f"images must be 1..{len(holdout)} of the hold-out, not {images}")
    count = _Count(network, holdout.take(np.arange(images)), threads)
    now, uniform = widths_of(network), count({})
    sensitivity = _sensitivity(network, count, uniform, listener)
    chosen, accepted = _taken_together(
        network, count, _in_order(sensitivity, uniform), uniform - lost, listener
    )
    others = holdout.take(np.arange(images, min(2 * images, len(holdout))))
    changed = _changed(chosen, now)
    return Precision(
        images=images,
        uniform_correct=uniform,
        uniform_bits=_bits(network, now),
        uniform_read_bits=_read_bits(network, now),
        sensitivity=tuple(sensitivity),
        accepted=tuple(accepted),
        had={name: str(widths) for name, widths in now.items()},
        mixed={name: str(widths) for name, widths in chosen.items()},
        mixed_correct=accepted[-1].correct if accepted else uniform,
        mixed_bits=_bits(network, chosen),
        mixed_read_bits=_read_bits(network, chosen),
        others=len(others),
        others_uniform=count({}, others) if len(others) else 0,
        others_mixed=count(changed, others) if len(others) else 0,
    )


def _in_order(sensitivity: list[Step], uniform: int) -> list[Step]:
    """Images that are recognized in addition are luck, and no reason to take a step before others."""
    return sorted(
        sensitivity,
        key=lambda step: (max(0, uniform - step.correct) / step.saved_bits, -step.saved_bits),
    )


def _taken_together(
    network: IntegerNetwork, count: _Count, steps: list[Step], least: int, listener: Listener
) -> tuple[dict[str, Widths], list[Step]]:
    """The widths with all steps after which `least` images are still recognized, and these steps."""
    now = widths_of(network)
    chosen, accepted = dict(now), list[Step]()
    pace = Pace(len(steps), "steps taken or left")
    for number, step in enumerate(steps, 1):
        widths = _meet(chosen[step.layer], _parse(step.widths))
        if widths != chosen[step.layer]:
            correct = count(_changed(chosen | {step.layer: widths}, now))
            is_taken = correct >= least
            if is_taken:
                saved = _saved(network, step.layer, chosen[step.layer], widths)
                chosen[step.layer] = widths
                accepted.append(Step(step.layer, str(widths), saved, correct))
            fate = "taken" if is_taken else "left"
            listener.say(f"{fate}: {step.layer} {widths}: {correct:,} of {count.images:,} correct")
        listener.progress(pace.line(number))
    return chosen, accepted


def _changed(chosen: Mapping[str, Widths], now: Mapping[str, Widths]) -> dict[str, Widths]:
    return {name: widths for name, widths in chosen.items() if widths != now[name]}


def _sensitivity(
    network: IntegerNetwork, count: _Count, uniform: int, listener: Listener
) -> list[Step]:
    """What each lower width of one layer alone costs."""
    now, found = widths_of(network), list[Step]()
    probes = [
        (one.name, widths)
        for one in network.layers
        for widths in _lower(network, one.name, now[one.name])
    ]
    pace = Pace(len(probes), "probes")
    for name, widths in probes:
        correct = count({name: widths})
        found.append(Step(name, str(widths), _saved(network, name, now[name], widths), correct))
        listener.say(
            f"{name} {widths}: {correct:,} of {count.images:,} correct, {uniform:,} before"
        )
        listener.progress(pace.line(len(found)))
    return found


class _Count:
    """Images that the network recognizes with other widths."""

    def __init__(self, network: IntegerNetwork, split: Split, threads: int) -> None:
        self._network, self._threads, self._split = network, threads, split
        self._kept: Kept = {}
        self.images = len(split)
        self._looked_at = split.images[:LOOKED_AT]
        self._prepared = Prepared()
        trace = self._engine(network).trace(self._looked_at)
        self._moments = {
            layer.name: moments_of(layer, trace.sums[layer.name]) for layer in network.layers
        }
        self._histograms: dict[str, npt.NDArray[np.int64]] = {
            layer.name: np.bincount(
                trace.codes[layer.name].reshape(-1), minlength=layer.act_format.max_code + 1
            )
            for layer in network.layers
        }

    def __call__(self, wanted: Mapping[str, Widths], split: Split | None = None) -> int:
        """Of `split`, or of the images that it was made with."""
        before, split = self._network, split or self._split
        network = narrowed(before, wanted, self._histograms, kept=self._kept)
        network = recentered(
            network, before, self._moments, self._looked_at, prepared=self._prepared
        )
        found = self._engine(network).predict(split.images, threads=self._threads)
        return int((found == split.labels).sum())

    def _engine(self, network: IntegerNetwork) -> Engine:
        """Of the batches that are looked at, so that all engines share what is made for a layer."""
        return Engine(network, batch=len(self._looked_at), prepared=self._prepared)


def _lower(network: IntegerNetwork, name: str, now: Widths) -> list[Widths]:
    """One width of a layer lowered: weights, or what it reads, but not the images."""
    layer = network.layer(name)
    if layer.has_start or layer.act_format.is_signed:
        return []
    found = [Widths(bits, now.act) for bits in range(now.weight - 1, 1, -1)]
    if name not in network.inputs:
        found += [Widths(now.weight, bits) for bits in range(now.act - 1, 1, -1)]
    return found


def _saved(network: IntegerNetwork, name: str, now: Widths, then: Widths) -> int:
    layer = network.layer(name)
    shape = layer.shape
    read = shape.ic * shape.ih * shape.iw
    return (now.weight - then.weight) * layer.weight.size + (now.act - then.act) * read


def _bits(network: IntegerNetwork, widths: Mapping[str, Widths]) -> int:
    return sum(layer.weight.size * widths[layer.name].weight for layer in network.layers)


def _read_bits(network: IntegerNetwork, widths: Mapping[str, Widths]) -> int:
    return sum(
        layer.shape.ic * layer.shape.ih * layer.shape.iw * widths[layer.name].act
        for layer in network.layers
    )


def _meet(one: Widths, other: Widths) -> Widths:
    return Widths(min(one.weight, other.weight), min(one.act, other.act))


def _parse(text: str) -> Widths:
    weight, _, act = text.removeprefix("W").partition("A")
    return Widths(int(weight), int(act))
