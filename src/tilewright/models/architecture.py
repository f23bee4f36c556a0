"""The networks, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tilewright.errors import UnknownNameError

Family = Literal["vgg", "resnet", "zoo"]

IMAGE_CHANNELS, IMAGE_EDGE = 3, 32


@dataclass(frozen=True, slots=True)
class Architecture:
    """A network for 3x32x32 images. One of the zoo has its layers in `tilewright.models.zoo`, and no stages.

    stages: of a VGG, output channels of the 3x3 convolutions of each stage, which ends in a 2x2
    max-pool; of a ResNet, output channels of the residual blocks of each stage; every stage but the
    first halves the map. choke_stage: the stage, counted from 1, that a chokepoint replaces unless
    another is asked for; None: this network has no place for one.
    """

    family: Family
    stages: tuple[tuple[int, ...], ...]
    choke_stage: int | None = None


ARCHITECTURES = {
    "vgg_tiny": Architecture("vgg", ((16,), (32,), (32,), (32, 32, 32)), choke_stage=4),
    "vgg16": Architecture(
        "vgg",
        ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512)),
        choke_stage=4,
    ),
    "resnet8": Architecture("resnet", ((16,), (32,), (64,))),
    "resnet20": Architecture("resnet", ((16,) * 3, (32,) * 3, (64,) * 3)),
    "ic_resnet8": Architecture("zoo", ()),
    "mobilenet_v2": Architecture("zoo", ()),
    "vit_tiny": Architecture("zoo", ()),
}


def find_architecture(name: str) -> Architecture:
    """The architecture called `name`; raises `UnknownNameError` that lists the names."""
    if name in ARCHITECTURES:
        return ARCHITECTURES[name]
    raise UnknownNameError.among("model", name, ARCHITECTURES)
