"""The layers of a network as outlines: from a model's name, a configuration, or a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from tilewright.config import Config, ModelConfig, load_config
from tilewright.cost import LayerOutline
from tilewright.errors import ConfigError, UnknownNameError
from tilewright.interchange import TOPOLOGY_FILES, read_file_topology
from tilewright.interchange.scalesim import read_topology
from tilewright.models import quantized_layers
from tilewright.models.zoo_names import ZOO
from tilewright.pipeline.configured_model import model_spec
from tilewright.spec import (
    CodeMatmul,
    IntegerLayer,
    IntegerNetwork,
    LayerSizes,
    NumberFormat,
    PackedNetwork,
    find_packed,
)

if TYPE_CHECKING:
    from tilewright.pipeline.run_folder import RunFolder

CLASSES = 10
"""Of every data set that we have."""

_MATMUL = (NumberFormat(8, is_signed=True),) * 2
"""Both operands of a `tilewright.quant.QuantMatmul`."""


class Outlines(NamedTuple):
    """The layers of a network, the configuration beside them, and notes on what is not among them."""

    layers: tuple[LayerOutline, ...]
    config: Config
    notes: tuple[str, ...] = ()


def find_outlines(
    source: str | None, overrides: tuple[str, ...] = (), axes: Mapping[str, int] | None = None
) -> Outlines:
    """The outlines that `source` means, and the configuration beside them.

    source: a run folder, a packed network, a TOML configuration, an ONNX or TFLite file or a SCALE-Sim
    topology (.csv), whose layers get the configured widths, the name of a model or of a network of the zoo,
    or None for the defaults.
    `overrides` are ``section.key=value`` and valid for all but a recovered run, whose network is what it is;
    axes: sizes of axes that an ONNX file leaves open. Raises `ConfigError`, `UnknownNameError`, `FormatError`
    or `ArtifactError`.
    """
    path = Path(source or "")
    _refuse_axes(source, axes)
    stem = find_packed(path) if source else None
    if stem is not None:
        if overrides:
            raise ConfigError(f"{source} is a trained network, which --set cannot change")
        return Outlines(_of_network(PackedNetwork.load(stem).network, {}), load_config(None))
    if source is not None and path.is_dir():
        return _of_run(path, overrides)
    if path.suffix == ".csv":
        config = load_config(None, overrides)
        layers = (LayerSizes(*one) for one in read_topology(path))
        return Outlines(_with_widths(layers, config), config)
    if path.suffix in TOPOLOGY_FILES:
        config, found = load_config(None, overrides), read_file_topology(path, axes)
        return Outlines(_with_widths(found.layers, config), config, found.notes)
    if source is None or path.suffix == ".toml":
        config = load_config(path if source else None, overrides)
        return Outlines(outlines_of(config), config)
    if "/" in source:
        raise ConfigError(
            f"{source} must be a run folder, a .toml configuration, a .csv of SCALE-Sim, an .onnx or .tflite "
            "file or a model's name, but there is no such folder"
        )
    if source in ZOO:
        config = load_config(None, overrides)
        return Outlines(_with_widths(_zoo_sizes(source), config, _MATMUL), config)
    if source not in _models():
        raise UnknownNameError.among("model", source, tuple(dict.fromkeys((*_models(), *ZOO))))
    plain = (f"model.name={source}", "model.choke_width=0")
    config = load_config(None, (*plain, *overrides))
    return Outlines(outlines_of(config), config)


def _refuse_axes(source: str | None, axes: Mapping[str, int] | None) -> None:
    if axes and Path(source or "").suffix != ".onnx":
        raise ConfigError(f"open axes are those of an ONNX file, not of {source}: leave --axes out")


def find_config(source: str | None, overrides: tuple[str, ...] = ()) -> Config:
    """The configuration of the network that `source` describes, to train it; None: the defaults.

    Raises `ConfigError` for what is trained already, and for sizes of layers alone (the zoo's, those of a
    file), and what `find_outlines` raises.
    """
    if source in _models():
        return load_config(None, (f"model.name={source}", "model.choke_width=0", *overrides))
    config = find_outlines(source, overrides).config
    path = Path(source or "")
    if source and find_packed(path) is not None:
        what = "a trained network"
    elif source in ZOO or path.suffix in (".csv", *TOPOLOGY_FILES):
        what = "sizes of layers alone"
    else:
        return config
    raise ConfigError(
        f"{source} must be a configuration (.toml) or a model ({', '.join(_models())}), but is {what}"
    )


def _models() -> tuple[str, ...]:
    return get_args(ModelConfig.model_fields["name"].annotation)


def _of_run(path: Path, overrides: tuple[str, ...]) -> Outlines:
    # as much as all that a plan without a run imports
    from tilewright.pipeline.inventory import CONFIG
    from tilewright.pipeline.run_folder import RunFolder

    run = RunFolder(path)
    config = run.config()
    if not run.network_stem.with_suffix(".json").is_file():
        config = load_config(run.root / CONFIG, overrides)
        return Outlines(outlines_of(config), config)
    if overrides:
        raise ConfigError(
            f"{run.root} holds a recovered network, which --set cannot change: plan its "
            f"configuration, {run.root / CONFIG}, instead"
        )
    return Outlines(_of_network(run.network(), _observed(run)), config)


def _of_network(
    network: IntegerNetwork, observed: dict[str, tuple[int, int]]
) -> tuple[LayerOutline, ...]:
    found = []
    for node in network.nodes:
        if isinstance(node, IntegerLayer):
            formats = node.act_format, node.weight_format
            known = node.weight, observed.get(node.name)
            found.append(_outline(LayerSizes(node.name, node.shape), formats, known))
        elif isinstance(node, CodeMatmul):
            found.append(_outline(node.sizes, (node.act_format, node.act_format)))
    return tuple(found)


def _outline(
    sizes: LayerSizes,
    formats: tuple[NumberFormat, NumberFormat],
    known: tuple[npt.NDArray[np.int8] | None, tuple[int, int] | None] = (None, None),
) -> LayerOutline:
    """The outline of `sizes`. known: weights, and the range of psums that samples gave."""
    return LayerOutline(
        sizes.name,
        sizes.shape,
        *formats,
        *known,
        times=sizes.times,
        is_of_activations=sizes.is_of_activations,
    )


def _zoo_sizes(name: str) -> Iterable[LayerSizes]:
    from tilewright.models.zoo import zoo_sizes  # with torch, which counts the sizes

    return zoo_sizes(name)


def _with_widths(
    layers: Iterable[LayerSizes],
    config: Config,
    operands: tuple[NumberFormat, NumberFormat] | None = None,
) -> tuple[LayerOutline, ...]:
    """With the configured widths. operands: of a product of activations; None: as wide as activations are.

    The second one is then signed: keys and values are, and where the file says no signs this is the wider
    sum.
    """
    act = NumberFormat(config.model.act_bits, is_signed=False)
    operands = operands or (act, NumberFormat(config.model.act_bits, is_signed=True))
    weight = NumberFormat(config.model.weight_bits, is_signed=True, is_narrow=True)
    return tuple(
        _outline(one, operands if one.is_of_activations else (act, weight)) for one in layers
    )


def _observed(run: RunFolder) -> dict[str, tuple[int, int]]:
    """Range of the reference's psums on the samples, where `verify` has found it for this network."""
    from tilewright.facts import VerifyFacts

    if not run.facts_path("verify").is_file() or run.is_stale("verify"):
        return {}
    return {entry.layer: entry.psum_observed for entry in run.facts(VerifyFacts).layers}


def outlines_of(config: Config) -> tuple[LayerOutline, ...]:
    """The layers of the network that a configuration describes, without weights, and its products."""
    layers = {
        layer.name: LayerOutline(layer.name, layer.shape, layer.act_format, layer.weight_format)
        for layer in quantized_layers(model_spec(config.model, CLASSES))
    }
    if config.model.name not in ZOO:
        return tuple(layers.values())
    return tuple(
        _outline(one, _MATMUL) if one.is_of_activations else layers[one.name]
        for one in _zoo_sizes(config.model.name)
    )
