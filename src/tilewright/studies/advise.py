"""Which layer to squeeze for an array, and what is to be measured of a trained network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tilewright.config import Config, load_config
from tilewright.cost import LayerOutline, core_cycles, network_cost
from tilewright.cost.memories import MemoryDepths
from tilewright.data import Split
from tilewright.data.catalog import load_data
from tilewright.errors import ConfigError
from tilewright.facts import RecoverFacts
from tilewright.models.architecture import find_architecture
from tilewright.pipeline.run_folder import RunFolder
from tilewright.spec import ArrayShape, IntegerNetwork, PackedNetwork, find_packed
from tilewright.studies.outlines import outlines_of

SERIAL, FAST = "ws_serial", "ws_overlapped"


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


def squeezed_stage(config: Config) -> tuple[int, int] | None:
    """Stage and width of the chokepoint that the configured model has; None if it has none."""
    stage = config.model.choke_stage or find_architecture(config.model.name).choke_stage
    width = config.model.choke_width
    return (stage, width) if stage and width else None


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

    from tilewright.studies.outlines import find_config

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
    return find_config(source), None, None


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
