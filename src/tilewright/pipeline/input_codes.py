"""Input codes of the exported layers: those of real images, or corner cases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tilewright.config.array import ArrayConfig, VectorsConfig
from tilewright.pipeline.run_folder import RunFolder
from tilewright.spec import Codes, IntegerLayer, Stimulus
from tilewright.tile import Part, TilePlan
from tilewright.verify import Extreme, extreme_plane_count, extreme_planes


@dataclass(frozen=True, slots=True, eq=False)
class InputCodes:
    """Codes ``ic ih iw`` for one bundle, with a number among those of their kind.

    extremes: psums that the codes were made to reach.
    """

    number: int
    name: str
    codes: Codes
    extremes: tuple[Extreme, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class LayerPart:
    """A layer as the array runs it: a whole one, or some of the groups of one (`tilewright.tile.Part`)."""

    whole: IntegerLayer
    part: Part
    dense: IntegerLayer
    plan: TilePlan

    @property
    def name(self) -> str:
        """Of the part."""
        return self.dense.name

    @property
    def groups(self) -> IntegerLayer:
        """The groups of the part, as they are in the layer."""
        return self.whole.of_groups(self.part.first, self.part.groups)


def layer_parts(layer: IntegerLayer, array: ArrayConfig) -> list[LayerPart]:
    """The parts of a plain layer on the array."""
    return [
        LayerPart(layer, part, part.layer(layer), execution.plan)
        for part, execution in array.executions(layer.shape, act_bits=layer.act_format.bits)
    ]


class InputChoice:
    """The inputs that ``vectors.stimulus`` asks for.

    Raises `ConfigError` if more real samples are asked for than were recovered.
    """

    def __init__(self, run: RunFolder, config: VectorsConfig) -> None:
        self._kind, self._samples, self._seed = config.stimulus, config.samples, config.seed
        self._stimulus: Stimulus | None = None
        self._network = run.network()
        if self._kind == "real":
            self._stimulus = run.stimulus()
            run.positions(self._samples, self._stimulus, key="vectors.samples")

    def count(self, layer: IntegerLayer) -> int:
        """The number of inputs for `layer`."""
        if self._kind == "bound":
            return extreme_plane_count(layer)
        return 1 if self._kind == "max" else self._samples

    def of(self, run: LayerPart) -> Iterator[InputCodes]:
        """The inputs of a part of a layer, a plain one, one after the other."""
        layer = run.dense
        if self._stimulus is not None:
            for position in range(self._samples):
                number = int(self._stimulus.samples[position])
                codes = self._stimulus.codes[run.whole.name][position]
                codes = self._network.layer(run.whole.name).plain_codes(codes)[run.part.ic]
                yield InputCodes(number, f"sample{number}", codes)
            return
        if self._kind == "bound":
            for number, plane in enumerate(extreme_planes(layer)):
                yield InputCodes(number, f"bound{number}", plane.codes, plane.extremes)
            return
        for number in range(self.count(layer)):
            yield InputCodes(number, f"{self._kind}{number}", self._made(layer, number))

    def _made(self, layer: IntegerLayer, number: int) -> Codes:
        sizes, form = layer.input_shape, layer.act_format
        if self._kind == "max":
            return np.full(sizes, form.max_code, form.dtype)
        rng = np.random.default_rng([self._seed, number, *layer.name.encode()])
        return rng.integers(form.min_code, form.max_code, sizes, form.dtype, endpoint=True)
