"""The networks, as data."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.errors import UnknownNameError


@dataclass(frozen=True, slots=True)
class Architecture:
    """Output channels of the 3x3 convolutions of each stage; a 2x2 max-pool ends a stage.

    choke_stage: the stage, counted from 1, that a chokepoint replaces unless another is asked for.
    """

    stages: tuple[tuple[int, ...], ...]
    choke_stage: int


ARCHITECTURES = {
    "vgg_tiny": Architecture(stages=((16,), (32,), (32,), (32, 32, 32)), choke_stage=4),
    "vgg16": Architecture(
        stages=((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512)),
        choke_stage=4,
    ),
}


def find_architecture(name: str) -> Architecture:
    """The architecture called `name`; raises `UnknownNameError` that lists the names."""
    if name in ARCHITECTURES:
        return ARCHITECTURES[name]
    raise UnknownNameError.among("model", name, ARCHITECTURES)
