"""Specification of a model as plain values, which a checkpoint can store."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.errors import ConfigError, UnknownNameError
from tilewright.models.architecture import (
    ARCHITECTURES,
    Architecture,
    Family,
    find_architecture,
)
from tilewright.models.layer_names import name_layers
from tilewright.spec.code_bits import check_bits
from tilewright.spec.quantizer import QUANTIZERS

MAX_CHOKE_WIDTH = 512
FLOAT_BITS = 32
PIXEL_BITS = 8
ZOO_CLASSES = 10

SKIPS = ("none", "trained")
SKIP_LAYER = "skip.conv"

LayerBits = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A network for 3x32x32 images, quantized or float.

    name: "vgg_tiny", "vgg16", "resnet8", "resnet20", or one of the zoo for such images, "ic_resnet8",
    "mobilenet_v2" or "vit_tiny", which have 10 classes and no widths of single layers. weight_bits,
    act_bits: 2..8, or both 32 for a float network with the same names and shapes, from which a quantized
    one can start. choke_width: channels of the chokepoint of a VGG, or None. choke_stage: the stage that it
    replaces, 1..n (a stage ends in a max-pool; the map halves from stage to stage); None means stage 4, a
    4x4 map.
    has_choke_norm: BatchNorm after the choked convolution. is_per_channel: a weight step for each
    output channel (not in the classifier). layer_bits: (layer, weight bits, activation bits) of
    layers that have widths of their own (the first layer reads 8-bit pixels in any case). quantizer: a
    name in `QUANTIZERS`. has_course_ends: a VGG with PACT whose first layer reads normalized images and
    whose classifier is a float layer with a bias, as in the course, whose checkpoints it loads; these
    the array cannot run these two layers. skip: "trained" adds the SkipBlock's path around the
    chokepoint, "none" leaves it out, as inference must.

    Raises `UnknownNameError` or `ConfigError` if a value is not valid.
    """

    name: str
    weight_bits: int
    act_bits: int
    classes: int = 10
    choke_width: int | None = None
    choke_stage: int | None = None
    has_choke_norm: bool = False
    is_per_channel: bool = False
    layer_bits: LayerBits | None = None
    quantizer: str = "lsq"
    has_course_ends: bool = False
    skip: str = "none"

    def __post_init__(self) -> None:
        architecture = find_architecture(self.name)
        if not self.is_float:
            check_bits(self.weight_bits, "weight_bits")
            check_bits(self.act_bits, "act_bits")
        if self.classes < 2:
            raise ConfigError(f"classes must be at least 2, not {self.classes}")
        if architecture.family == "zoo" and (self.layer_bits or self.classes != ZOO_CLASSES):
            raise ConfigError(
                f"{self.name} has {ZOO_CLASSES} classes and one width for all layers: leave layer_bits out"
            )
        _check_choke(self, architecture)
        _check_quantizer(self)
        _check_skip(self)
        if self.layer_bits is not None:
            found = tuple(tuple(entry) for entry in self.layer_bits)  # from JSON they come as lists
            object.__setattr__(self, "layer_bits", found)
            _check_layer_bits(self)

    @property
    def is_float(self) -> bool:
        """Whether nothing is quantized."""
        return self.weight_bits == self.act_bits == FLOAT_BITS

    @property
    def architecture(self) -> Architecture:
        """The architecture of that name, without the chokepoint."""
        return ARCHITECTURES[self.name]

    @property
    def stages(self) -> tuple[tuple[int, ...], ...]:
        """Output channels of the convolutions (of a ResNet: blocks) of each stage, the chokepoint
        included.
        """
        stages = list(self.architecture.stages)
        if self.choke_width is not None:
            place = self.choke_index
            stages[place] = (self.choke_width, self.choke_width, stages[place][-1])
        return tuple(stages)

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the convolutions and of the classifier, in execution order."""
        if self.architecture.family == "zoo":
            from tilewright.models.zoo import zoo_shapes  # loads torch

            return tuple(zoo_shapes(self.name))
        names = list(name_layers(self.architecture.family, self.stages))
        if self.skip == "trained":
            names.insert(names.index(self.choke_layers[-1]) + 1, SKIP_LAYER)
        return tuple(names)

    @property
    def choke_layers(self) -> tuple[str, ...]:
        """Names of the convolutions into, within and out of the chokepoint; none without one."""
        if self.choke_width is None:
            return ()
        before = sum(len(widths) for widths in self.stages[: self.choke_index])
        return name_layers(self.architecture.family, self.stages)[before : before + 3]

    @property
    def choke_layer(self) -> str | None:
        """Name of the choked convolution, as wide as the chokepoint on both sides; None without one."""
        return self.choke_layers[1] if self.choke_width is not None else None

    @property
    def choke_index(self) -> int:
        """Index of the stage that a chokepoint replaces, from 0."""
        return (self.choke_stage or self.architecture.choke_stage or 1) - 1

    def bits_of(self, layer: str) -> tuple[int, int]:
        """Weight and activation bits of `layer`."""
        own = {name: (bits, act_bits) for name, bits, act_bits in self.layer_bits or ()}
        return own.get(layer, (self.weight_bits, self.act_bits))

    def expect_family(self, family: Family) -> None:
        """Raise `ConfigError` if this is no network of `family`."""
        if self.architecture.family != family:
            raise ConfigError(f"{self.name} is no {family}: build it with build(spec)")


def _check_choke(spec: ModelSpec, architecture: Architecture) -> None:
    if spec.choke_width is None:
        if spec.choke_stage is not None or spec.has_choke_norm:
            raise ConfigError(
                "choke_stage and has_choke_norm need a choke_width: give one, or neither"
            )
        return
    if architecture.choke_stage is None:
        raise ConfigError(f"{spec.name} has no chokepoint: choke_width must be 0 or left out")
    if not 1 <= spec.choke_width <= MAX_CHOKE_WIDTH:
        raise ConfigError(f"choke_width must be 1..{MAX_CHOKE_WIDTH}, not {spec.choke_width}")
    stages = len(architecture.stages)
    if spec.choke_stage is not None and not 1 <= spec.choke_stage <= stages:
        raise ConfigError(
            f"choke_stage must be 1..{stages} for {spec.name}, not {spec.choke_stage}"
        )


def _check_skip(spec: ModelSpec) -> None:
    if spec.skip not in SKIPS:
        raise UnknownNameError.among("skip", spec.skip, SKIPS)
    if spec.skip == "trained" and (spec.choke_width is None or spec.choke_index == 0):
        raise ConfigError(
            "skip leads around a chokepoint of stage 2 or later: give a choke_width, or skip = none"
        )


def _check_quantizer(spec: ModelSpec) -> None:
    if spec.quantizer not in QUANTIZERS:
        raise UnknownNameError.among("quantizer", spec.quantizer, QUANTIZERS.names())
    if not (spec.is_per_channel or spec.has_course_ends):
        return
    from tilewright.quant.named_quantizers import check_quantizer  # loads torch

    quantizer = check_quantizer(spec.quantizer, is_per_channel=spec.is_per_channel)
    if spec.has_course_ends and not (
        quantizer.has_course_names and spec.architecture.family == "vgg"
    ):
        raise ConfigError("has_course_ends needs a vgg with quantizer pact")


def _check_layer_bits(spec: ModelSpec) -> None:
    if spec.is_float:
        raise ConfigError("layer_bits are of a quantized network, but this one is float")
    named: set[str] = set()
    for entry in spec.layer_bits or ():
        if [type(value) for value in entry] != [str, int, int]:
            raise ConfigError(
                f"layer_bits must be (layer, weight bits, activation bits), not {entry}"
            )
        name, weight_bits, act_bits = entry
        if name not in spec.layers:
            raise UnknownNameError.among(f"layer of {spec.name}", name, spec.layers)
        if name in named:
            raise ConfigError(f"layer_bits must name a layer once, but {name} is there twice")
        named.add(name)
        check_bits(weight_bits, f"weight bits of {name}")
        check_bits(act_bits, f"activation bits of {name}")
        if spec.has_course_ends and name == spec.layers[-1]:
            raise ConfigError(f"{name} is float with has_course_ends: it has no bits")
        if name == spec.layers[0] and not spec.has_course_ends and act_bits != PIXEL_BITS:
            raise ConfigError(
                f"{name} reads pixels: its activation bits must be {PIXEL_BITS}, not {act_bits}"
            )
