"""A network of integer layers, and its file."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Self

import numpy as np

from tilewright.errors import ArtifactError, UnknownNameError
from tilewright.spec.artifact import read_artifact, write_artifact
from tilewright.spec.conv_shape import ConvShape
from tilewright.spec.integer_layer import IntegerLayer
from tilewright.spec.number_format import NumberFormat
from tilewright.spec.requantization import MaxPool, Requantization

KIND = "integer-network"


@dataclass(frozen=True, slots=True, eq=False)
class IntegerNetwork:
    """The quantized layers of a network, in the order in which they run."""

    layers: tuple[IntegerLayer, ...]

    def layer(self, name: str) -> IntegerLayer:
        """The layer called `name`; raises `UnknownNameError` with near names."""
        names = [layer.name for layer in self.layers]
        if name not in names:
            near = get_close_matches(name, names, n=3, cutoff=0.3) or names
            raise UnknownNameError(
                f"no quantized layer is called '{name}'; did you mean {', '.join(near)}?"
            )
        return self.layers[names.index(name)]

    def save(self, stem: Path) -> None:
        """Write ``stem.safetensors`` and ``stem.json`` atomically."""
        arrays: dict[str, np.ndarray[Any, Any]] = {}
        for layer in self.layers:
            arrays[f"{layer.name}.weight"] = layer.weight
            arrays[f"{layer.name}.weight_scale"] = layer.weight_scale
            if layer.requantization is not None:
                arrays[f"{layer.name}.thresholds"] = layer.requantization.thresholds
                arrays[f"{layer.name}.direction"] = layer.requantization.direction
        write_artifact(stem, KIND, arrays, {"layers": [_describe(layer) for layer in self.layers]})

    @classmethod
    def load(cls, stem: Path) -> Self:
        """Read what `save` wrote; raises `ArtifactError` if it is missing, damaged or altered."""
        arrays, facts = read_artifact(stem, KIND)
        try:
            return cls(tuple(_rebuild(entry, arrays) for entry in facts["layers"]))
        except (KeyError, TypeError) as error:
            raise ArtifactError(f"{stem}.json does not describe a network: {error!r}") from None


def _describe(layer: IntegerLayer) -> dict[str, Any]:
    requantization = layer.requantization
    return {
        "name": layer.name,
        "shape": asdict(layer.shape),
        "weight_format": asdict(layer.weight_format),
        "act_format": asdict(layer.act_format),
        "act_scale": layer.act_scale,
        "unlinked": layer.unlinked,
        "requantization": None
        if requantization is None
        else {
            "consumer": requantization.consumer,
            "pools": [asdict(pool) for pool in requantization.pools],
            "is_flattened": requantization.is_flattened,
        },
    }


def _rebuild(entry: dict[str, Any], arrays: dict[str, np.ndarray[Any, Any]]) -> IntegerLayer:
    name = entry["name"]
    layer = IntegerLayer(
        name=name,
        shape=ConvShape(**_pairs(entry["shape"])),
        weight=arrays[f"{name}.weight"],
        weight_format=NumberFormat(**entry["weight_format"]),
        act_format=NumberFormat(**entry["act_format"]),
        weight_scale=arrays[f"{name}.weight_scale"],
        act_scale=entry["act_scale"],
        unlinked=entry["unlinked"],
    )
    link = entry["requantization"]
    if link is None:
        return layer
    requantization = Requantization(
        thresholds=arrays[f"{name}.thresholds"],
        direction=arrays[f"{name}.direction"],
        consumer=link["consumer"],
        pools=tuple(MaxPool(**_pairs(pool)) for pool in link["pools"]),
        is_flattened=link["is_flattened"],
    )
    return replace(layer, requantization=requantization)


def _pairs(fields: dict[str, Any]) -> dict[str, Any]:
    """JSON has lists where the dataclasses have pairs."""
    return {
        key: tuple(value) if isinstance(value, list) else value for key, value in fields.items()
    }
