"""One convolution of the course's network, and its quantizers in the order in which they compute.

All arithmetic is float32, as in the source: the weight is normalized by its own mean and standard
deviation, divided by alpha, cut at 1 and rounded, half to even; the activation is divided by alpha, cut
at 1 (not at 0) and rounded.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as functional
from torch import Tensor

from tilewright.errors import RecoveryError
from tilewright.spec import NumberFormat

STALE = 1e-3
"""Distance, in weight codes, from which a stored quantized weight is another than the weight gives."""


@dataclass(frozen=True, slots=True, eq=False)
class Norm:
    """BatchNorm in evaluation: float32 ``oc`` each; eps is torch's default, files do not hold it."""

    mean: Tensor
    variance: Tensor
    weight: Tensor
    bias: Tensor
    eps: float = 1e-5

    def apply(self, values: Tensor) -> Tensor:
        """Normalized values ``n oc oh ow``, in float32."""
        return functional.batch_norm(
            values, self.mean, self.variance, self.weight, self.bias, eps=self.eps
        )


@dataclass(frozen=True, slots=True, eq=False)
class Tail:
    """What follows a convolution: a bias, BatchNorm, ReLU, and, if `is_pooled`, a 2x2 max-pool."""

    norm: Norm | None
    bias: Tensor | None
    is_pooled: bool

    def apply(self, values: Tensor) -> Tensor:
        """Values ``n oc oh ow`` after it, in float32."""
        if self.bias is not None:
            values = values + self.bias[None, :, None, None]
        values = torch.relu(values if self.norm is None else self.norm.apply(values))
        return functional.max_pool2d(values, 2) if self.is_pooled else values


@dataclass(frozen=True, slots=True, eq=False)
class FloatLayer:
    """A float convolution before the quantized ones; stride 1, padding half the kernel."""

    name: str
    weight: Tensor
    tail: Tail

    def apply(self, values: Tensor) -> Tensor:
        """Its output, in float32."""
        padding = self.weight.shape[2] // 2, self.weight.shape[3] // 2
        return self.tail.apply(functional.conv2d(values, self.weight, padding=padding))


@dataclass(frozen=True, slots=True, eq=False)
class CourseLayer:
    """A quantized convolution; stride 1, padding half the kernel.

    weight float32 ``oc ic kh kw``; stored: ``weight_q`` of the file, or None. The alphas are positive.
    Raises `RecoveryError` where a value makes quantization impossible.
    """

    name: str
    weight: Tensor
    stored: Tensor | None
    weight_alpha: Tensor
    act_alpha: Tensor
    weight_bits: int
    act_bits: int
    tail: Tail

    def __post_init__(self) -> None:
        for what, alpha in (("wgt_alpha", self.weight_alpha), ("act_alpha", self.act_alpha)):
            if alpha.numel() != 1 or float(alpha) <= 0:
                raise RecoveryError(
                    f"{self.name}: {what} must be one positive number, but is {alpha.tolist()}: the "
                    "checkpoint is not of a trained quantized layer"
                )
        if self.weight.ndim != 4 or self.weight.numel() < 2 or float(self.weight.std()) == 0:
            raise RecoveryError(
                f"{self.name}: the weight must be (oc, ic, kh, kw) and not constant, since it is divided "
                f"by its standard deviation; its shape is {tuple(self.weight.shape)}"
            )

    @property
    def weight_format(self) -> NumberFormat:
        """Signed and narrow."""
        return NumberFormat(self.weight_bits, is_signed=True, is_narrow=True)

    @property
    def act_format(self) -> NumberFormat:
        """Unsigned; the first layer's codes are not, whatever it says."""
        return NumberFormat(self.act_bits, is_signed=False)

    @property
    def padding(self) -> tuple[int, int]:
        """Half the kernel, vertical and horizontal."""
        return self.weight.shape[2] // 2, self.weight.shape[3] // 2

    def weight_codes(self) -> Tensor:
        """Integers as float32 ``oc ic kh kw``."""
        levels = self.weight_format.max_code
        normal = self.weight.add(-self.weight.mean()).div(self.weight.std()).div(self.weight_alpha)
        return normal.sign() * (normal.abs().clamp(max=1) * levels).round()

    def act_codes(self, values: Tensor) -> Tensor:
        """Integers as float32; negative ones where the values are."""
        levels = self.act_format.max_code
        return ((values / self.act_alpha).clamp(max=1) * levels).round()

    def real_weight(self) -> Tensor:
        """The weight that the source convolves with: ``alpha * code / levels``, rounded as there."""
        return self.weight_codes() / self.weight_format.max_code * self.weight_alpha

    def real_acts(self, values: Tensor) -> Tensor:
        """The activations that the source convolves."""
        return self.act_codes(values) / self.act_format.max_code * self.act_alpha

    @property
    def weight_scale(self) -> float:
        """Real size of one weight code."""
        return float(self.weight_alpha) / self.weight_format.max_code

    @property
    def act_scale(self) -> float:
        """Real size of one activation code."""
        return float(self.act_alpha) / self.act_format.max_code

    def count_stale(self) -> int:
        """How many stored quantized weights are not those that the weight gives now; 0 if none is stored."""
        if self.stored is None:
            return 0
        stored = self.stored.double() / self.weight_scale
        # numbers of 16 bits, and what they were rounded from, are less exact than codes are apart
        rounding = 2 * self.weight_format.max_code * torch.finfo(self.stored.dtype).eps
        margin = min(max(STALE, rounding), 0.4)
        return int((stored - self.weight_codes().double()).abs().gt(margin).sum())

    def stored_bits(self) -> int | None:
        """The weight bits that the stored quantized weight shows, where they are not those stated; None if
        it fits these, or shows none, as an old one does not, or zeros: in training on several devices only
        copies of it are written. It shows them if 99 of 100 values fit.
        """
        few = self.weight.numel() // 100
        if self.stored is None or not self.stored.any() or self.count_stale() <= few:
            return None
        widths = range(2, 9)
        return next((b for b in widths if replace(self, weight_bits=b).count_stale() <= few), None)

    def convolve(self, values: Tensor) -> Tensor:
        """The source's convolution, in float32, of values that its quantizer has not seen yet."""
        return functional.conv2d(self.real_acts(values), self.real_weight(), padding=self.padding)
