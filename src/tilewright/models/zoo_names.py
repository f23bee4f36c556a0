"""Networks by name that are float modules, for `tilewright.quantize`: what they are and what they read."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.errors import UnknownNameError


@dataclass(frozen=True, slots=True)
class ZooNetwork:
    """sizes: of an input, without the samples. classes: numbers of the output; 0: a map or a signal."""

    title: str
    sizes: tuple[int, ...]
    classes: int


ZOO = {
    "ic_resnet8": ZooNetwork("MLPerf Tiny image classification, ResNet-8", (3, 32, 32), 10),
    "kws_ds_cnn": ZooNetwork("MLPerf Tiny keyword spotting, DS-CNN", (1, 49, 10), 12),
    "vww_mobilenet_v1": ZooNetwork(
        "MLPerf Tiny visual wake words, MobileNetV1 0.25", (3, 96, 96), 2
    ),
    "ad_autoencoder": ZooNetwork("MLPerf Tiny anomaly detection, autoencoder", (640,), 0),
    "sww_ds_cnn_1d": ZooNetwork(
        "MLPerf Tiny streaming wake word, DS-CNN on sequences", (40, 32), 3
    ),
    "mobilenet_v2": ZooNetwork("MobileNetV2 0.35", (3, 32, 32), 10),
    "unet": ZooNetwork("a U-Net of three levels", (3, 32, 32), 0),
    "vit_tiny": ZooNetwork("ViT-Tiny on patches of 4x4", (3, 32, 32), 10),
}
"""By name; `tilewright.models.zoo.build_zoo` makes the module."""


def zoo_network(name: str) -> ZooNetwork:
    """The network called `name`; raises `UnknownNameError` that lists the names."""
    if name not in ZOO:
        raise UnknownNameError.among("network of the zoo", name, ZOO)
    return ZOO[name]
