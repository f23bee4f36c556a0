"""Which layer to squeeze for an array, and which layers bear fewer bits: with the evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tilewright.config import Config, load_config
from tilewright.cost import LayerOutline, core_cycles, network_cost
from tilewright.cost.memories import MemoryDepths
from tilewright.data import Split
from tilewright.data.catalog import load_data
from tilewright.engine import Engine
from tilewright.errors import ConfigError
from tilewright.facts import RecoverFacts
from tilewright.models.architecture import find_architecture
from tilewright.pipeline.run_folder import Listener, RunFolder
from tilewright.programs.pace import Pace
from tilewright.spec import ArrayShape, IntegerNetwork, PackedNetwork, find_packed
from tilewright.studies.narrowing import Widths, narrowed, widths_of
from tilewright.studies.outlines import outlines_of
from tilewright.studies.recentering import recentered

SERIAL, FAST = "ws_serial", "ws_overlapped"


LOOKED_AT = 64
"""Images on which codes are counted and thresholds are moved."""


@dataclass(frozen=True, slots=True)
class Squeeze:
    """A stage of the model at another width, and what its middle layer, `width` to `width`, is on the array.

    tiles: input times output tiles; 1 fits. cycles: of the layer, serial, for one sample: what a simulation
    of the RTL takes to verify it. utilization: of that schedule. passing_bits: bits of codes that pass the
    layer for an image: all that the network behind can know. network_cycles, weight_bits: of the
    whole network, the first in the overlapped schedule.
    """

    layer: str
    stage: int
    width: int
    edge: int
    tiles: int
    cycles: int
    utilization: float
    passing_bits: int
    network_cycles: int
    weight_bits: int


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
    read_bits, mixed_read_bits: bits of the activations that the layers read for one image.
    """

    images: int
    uniform_correct: int
    uniform_bits: int
    uniform_read_bits: int
    sensitivity: tuple[Step, ...]
    accepted: tuple[Step, ...]
    mixed: Mapping[str, str]
    mixed_correct: int
    mixed_bits: int
    mixed_read_bits: int


def squeezes(config: Config, array: ArrayShape) -> tuple[Squeeze, ...]:
    """Every stage of the configured model at one and two tiles of channels; best first.

    Those that fit come first, then those through which more bits pass. None if the model has no place for a
    chokepoint, as a ResNet.
    """
    architecture = find_architecture(config.model.name)
    if architecture.choke_stage is None:
        return ()
    lanes = min(array.rows, array.cols)
    found = [
        _squeeze(config, array, stage, width)
        for stage in range(1, len(architecture.stages) + 1)
        if len(architecture.stages[stage - 1]) > 1
        for width in (lanes, 2 * lanes)
    ]
    return tuple(sorted(found, key=lambda one: (one.tiles, -one.passing_bits, one.network_cycles)))


def plain_cost(config: Config, array: ArrayShape) -> dict[str, Any]:
    """What the unsqueezed network costs, and the tiles of each layer."""
    plain = config.model_copy(
        update={"model": config.model.model_copy(update={"choke_width": 0, "choke_stage": 0})}
    )
    outlines = outlines_of(plain)
    cost = network_cost(outlines, array, MemoryDepths())
    return {
        "network_cycles": cost.mode_cycles(FAST),
        "weight_bits": _weight_bits(outlines),
        "layers": [
            {
                "layer": layer.name,
                "tiles": layer.plan.itiles * layer.plan.otiles,
                "cycles": layer.mode_cycles[SERIAL],
                "utilization": layer.utilization,
                "mapping": layer.mapping,
            }
            for layer in cost.layers
        ],
    }


def _squeeze(config: Config, array: ArrayShape, stage: int, width: int) -> Squeeze:
    model = config.model.model_copy(
        update={"choke_stage": stage, "choke_width": width, "skip": "none"}
    )
    outlines = outlines_of(config.model_copy(update={"model": model}))
    (choke, *_) = [one for one in outlines if one.shape.ic == one.shape.oc == width]
    cost = network_cost(outlines, array, MemoryDepths())
    (layer, *_) = [one for one in cost.layers if one.name == choke.name]
    return Squeeze(
        layer=choke.name,
        stage=stage,
        width=width,
        edge=choke.shape.ih,
        tiles=layer.plan.itiles * layer.plan.otiles,
        cycles=core_cycles(choke, array)[SERIAL],
        utilization=layer.utilization,
        passing_bits=choke.shape.ic * choke.shape.ih * choke.shape.iw * choke.act_format.bits,
        network_cycles=cost.mode_cycles(FAST),
        weight_bits=_weight_bits(outlines),
    )


def _weight_bits(outlines: Sequence[LayerOutline]) -> int:
    return sum(
        one.shape.oc * one.shape.ic * one.shape.taps * one.weight_format.bits for one in outlines
    )


def open_advised(source: str, data_dir: Any) -> tuple[Config, IntegerNetwork | None, Split | None]:
    """The configuration that `source` means; the network and its hold-out images, where it is trained."""
    from pathlib import Path

    from tilewright.studies.outlines import find_outlines

    path = Path(source)
    stem = find_packed(path)
    if stem is not None:
        packed = PackedNetwork.load(stem)
        stated = packed.training.get("config")
        if not isinstance(stated, dict):
            raise ConfigError(
                f"{stem}.json does not say how it was trained: advise a run, or a model"
            )
        config = _config_of(stated)
        return config, packed.network, _holdout(config, data_dir)
    if path.is_dir() and RunFolder(path).network_stem.with_suffix(".json").is_file():
        run = RunFolder(path)
        imported = run.facts(RecoverFacts).imported
        if imported is not None:
            raise ConfigError(
                f"{path} must be a run that was trained here, with a hold-out to choose on, but was made of "
                f"{imported}: advise a model by its name, or train the run"
            )
        return run.config(), run.network(), _holdout(run.config(), data_dir)
    return find_outlines(source)[1], None, None


def _config_of(stated: Mapping[str, Any]) -> Config:
    import json

    model = stated["model"]
    keys = ("name", "weight_bits", "act_bits", "choke_width", "choke_stage", "per_channel")
    overrides = [f"model.{key}={json.dumps(model[key])}" for key in keys if key in model]
    data = stated.get("data", {})
    overrides += [
        f"data.{key}={json.dumps(data[key])}" for key in ("name", "holdout") if key in data
    ]
    return load_config(None, tuple(overrides))


def _holdout(config: Config, data_dir: Any) -> Split:
    held = config.data.holdout or None
    return load_data(config.data.name, data_dir=data_dir or config.data_dir, holdout=held).holdout


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

    images: of the hold-out, from the first on. lost: images that the mixed network may recognize fewer than
    the uniform one. Steps are tried in the order of images lost for each weight bit or activation bit saved.
    """
    if not 1 <= images <= len(holdout):
        raise ConfigError(f"images must be 1..{len(holdout)} of the hold-out, not {images}")
    count = _Count(network, holdout, images, threads)
    now, uniform = widths_of(network), count({})
    sensitivity = _sensitivity(network, count, uniform, listener)
    chosen, accepted = dict(now), []
    order = sorted(
        sensitivity, key=lambda step: ((uniform - step.correct) / step.saved_bits, step.saved_bits)
    )
    for step in order:
        widths = _meet(chosen[step.layer], _parse(step.widths))
        if widths == chosen[step.layer]:
            continue
        correct = count(
            {name: one for name, one in (chosen | {step.layer: widths}).items() if one != now[name]}
        )
        if correct >= uniform - lost:
            saved = _saved(network, step.layer, chosen[step.layer], widths)
            chosen[step.layer] = widths
            accepted.append(Step(step.layer, str(widths), saved, correct))
            listener.say(f"taken: {step.layer} {widths}: {correct:,} of {images:,} correct")
    best = accepted[-1].correct if accepted else uniform
    return Precision(
        images=images,
        uniform_correct=uniform,
        uniform_bits=_bits(network, now),
        uniform_read_bits=_read_bits(network, now),
        sensitivity=tuple(sensitivity),
        accepted=tuple(accepted),
        mixed={name: str(widths) for name, widths in chosen.items()},
        mixed_correct=best,
        mixed_bits=_bits(network, chosen),
        mixed_read_bits=_read_bits(network, chosen),
    )


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
    """Hold-out images that the network recognizes with other widths."""

    def __init__(self, network: IntegerNetwork, holdout: Split, images: int, threads: int) -> None:
        self._network, self._threads, self.images = network, threads, images
        self._pixels, self._labels = holdout.images[:images], holdout.labels[:images]
        self._looked_at = self._pixels[:LOOKED_AT]
        trace = Engine(network).trace(self._looked_at)
        self._sums = trace.sums
        self._histograms: dict[str, npt.NDArray[np.int64]] = {
            layer.name: np.bincount(
                trace.codes[layer.name].reshape(-1), minlength=layer.act_format.max_code + 1
            )
            for layer in network.layers
        }

    def __call__(self, wanted: Mapping[str, Widths]) -> int:
        before = self._network
        network = narrowed(before, wanted, self._histograms)
        network = recentered(network, before, self._sums, self._looked_at)
        found = Engine(network).predict(self._pixels, threads=self._threads)
        return int((found == self._labels).sum())


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


def to_facts(found: Squeeze | Precision) -> dict[str, Any]:
    """All figures, for JSON."""
    return asdict(found)
