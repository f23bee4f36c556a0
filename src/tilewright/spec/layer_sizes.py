"""The sizes of a layer, or of a product of two activations, by name: enough to say what it costs."""

from __future__ import annotations

from dataclasses import dataclass

from tilewright.spec.conv_shape import ConvShape


@dataclass(frozen=True, slots=True)
class LayerSizes:
    """One convolution or matrix product, and how often it runs for a sample.

    times: so many products of these sizes, one after the other, as of the heads of an attention. A matrix
    product of ``m k`` and ``k n`` is a 1x1 convolution of m pixels, k input and n output channels.
    is_of_activations: the second operand is no weight, but made of the sample; the array loads it as weights.
    """

    name: str
    shape: ConvShape
    times: int = 1
    is_of_activations: bool = False

    @classmethod
    def product(
        cls, name: str, sizes: tuple[int, int, int], times: int = 1, *, is_of_activations: bool
    ) -> LayerSizes:
        """A matrix product of ``m k`` and ``k n``, of which `sizes` is m, k and n.

        Raises `ShapeError` where one of them is larger than an array counts.
        """
        rows, terms, columns = sizes
        return cls(name, ConvShape(terms, rows, 1, columns, 1, 1), times, is_of_activations)
