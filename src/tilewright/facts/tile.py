"""Facts of the tile stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from tilewright.facts.stage import StageFacts
from tilewright.spec import ArrayShape, ConvShape, OverflowRule


@dataclass(frozen=True, slots=True)
class ModeFacts:
    """How the array is used; the fields are those of the configuration's [array]."""

    mode: str = "ws"
    schedule: Literal["serial", "overlapped"] = "serial"
    job: Literal["tile", "layer"] = "tile"
    overflow: OverflowRule = "error"
    column_bits: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerTiles:
    """How many tiles and folds a layer takes, and its multiply-accumulates, for one sample.

    parts: names of the dense layers as which the array runs a layer in groups, else the layer's own.
    """

    layer: str
    shape: ConvShape
    itiles: int
    otiles: int
    taps: int
    folds: int
    macs: int
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TileFacts(StageFacts):
    """The array that was planned for, how it is used, and the layers on it."""

    STAGE: ClassVar[str] = "tile"

    array: ArrayShape
    mode: ModeFacts = ModeFacts()
    layers: tuple[LayerTiles, ...]
