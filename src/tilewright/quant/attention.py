"""Attention between the pixels of a plane, in parts that `quantize` knows: as floats, and on integers.

The float modules are what a user builds an attention of; each has a form whose forward is integer
arithmetic. The integer softmax and normalization follow I-BERT (Kim et al., ICML 2021) and I-ViT (Li and
Gu, ICCV 2023) in what they make of integers; since codes have at most 8 bits, the exponential is a table
and no polynomial or shift.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from tilewright.quant.learned_step import rescale
from tilewright.quant.quantizers import LearnedQuantizer, SignedActQuantizer
from tilewright.spec.attention_nodes import NORM_BITS, SHARE_BITS

BITS = 8
EXPONENTIAL_BITS = 15
"""The exponential of 0 is ``2**EXPONENTIAL_BITS``."""

FLOAT32_WHOLE = 2**24


def _heads(x: Tensor, heads: int) -> Tensor:
    """``n d h w`` as ``n heads d/heads h*w``."""
    return x.reshape(len(x), heads, x.shape[1] // heads, -1)


def _scores(first: Tensor, second: Tensor, heads: int) -> Tensor:
    return _heads(first, heads).transpose(2, 3) @ _heads(second, heads)


def _mix(shares: Tensor, values: Tensor, heads: int) -> Tensor:
    return (_heads(values, heads) @ shares.transpose(2, 3)).reshape(values.shape)


class AttentionScores(nn.Module):
    """Products of queries and keys ``n d h w``, over the root of a head's channels: ``n heads h*w h*w``."""

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.heads = heads

    def forward(self, queries: Tensor, keys: Tensor) -> Tensor:
        """The scores of every pixel's query with every pixel's key."""
        return _scores(queries, keys, self.heads) / math.sqrt(queries.shape[1] // self.heads)


class AttentionSoftmax(nn.Module):
    """The softmax of each row of scores."""

    def forward(self, scores: Tensor) -> Tensor:
        """Shares that sum to 1 in each row."""
        return torch.softmax(scores, dim=3)


class AttentionMix(nn.Module):
    """Values ``n d h w`` of all pixels, by the shares ``n heads h*w h*w`` that each pixel takes of them."""

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.heads = heads

    def forward(self, shares: Tensor, values: Tensor) -> Tensor:
        """``n d h w``."""
        return _mix(shares, values, self.heads)


class PixelNorm(nn.Module):
    """LayerNorm over the channels of each pixel ``n d h w``, with a factor and a term for each channel."""

    def __init__(self, channels: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.weight, self.bias = (
            nn.Parameter(torch.ones(channels)),
            nn.Parameter(torch.zeros(channels)),
        )
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """The normalized values."""
        spread, mean = torch.var_mean(x, dim=1, keepdim=True, correction=0)
        found = (x - mean) / torch.sqrt(spread + self.eps)
        normalized: Tensor = found * self.weight.view(1, -1, 1, 1) + self.bias.view(1, -1, 1, 1)
        return normalized


class IntegerMatmul(nn.Module):
    """Products of codes of two activations: exact sums, in float32 or, where they are larger, in float64."""

    def __init__(self, heads: int, *, is_mix: bool, largest: int) -> None:
        super().__init__()
        self.heads, self.is_mix, self.largest = heads, is_mix, largest

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Sums of products of codes."""
        terms = first.shape[3] if self.is_mix else first.shape[1] // self.heads
        if terms * self.largest**2 >= FLOAT32_WHOLE:
            first, second = first.double(), second.double()
        return (_mix if self.is_mix else _scores)(first, second, self.heads)


class QuantMatmul(nn.Module):
    """`AttentionScores` or `AttentionMix` of signed 8-bit codes, a learned step for each operand."""

    def __init__(self, heads: int, *, is_mix: bool) -> None:
        super().__init__()
        self.operands, self.is_mix, self.heads = 2, is_mix, heads
        self.act_quantizer, self.other_quantizer = (
            SignedActQuantizer(BITS),
            SignedActQuantizer(BITS),
        )
        largest = self.act_quantizer.number_format.max_code
        self.integer = IntegerMatmul(heads, is_mix=is_mix, largest=largest)
        self.root = 1.0

    @property
    def operand_quantizers(self) -> tuple[LearnedQuantizer, LearnedQuantizer]:
        """Of the first and of the second operand."""
        return self.act_quantizer, self.other_quantizer

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Real values of the exact sums."""
        if not self.is_mix:
            self.root = math.sqrt(first.shape[1] // self.heads)
        codes = self.act_quantizer(first), self.other_quantizer(second)
        values: Tensor = self.dequantize(self.integer(*codes)).to(first.dtype)
        return values

    def dequantize(self, sums: Tensor) -> Tensor:
        """Real values of sums, of any shape."""
        scale = self.act_quantizer.scale_view() * self.other_quantizer.scale_view()
        return rescale(sums, scale / self.root)


class IntegerSoftmax(nn.Module):
    """Codes to whole shares of each row; gradients are those of the real softmax."""

    def __init__(self, grid: LearnedQuantizer) -> None:
        super().__init__()
        self._grid = (grid,)  # a module of another one: not to be saved twice

    def forward(self, codes: Tensor) -> Tensor:
        """Shares of ``2**SHARE_BITS``, rounded down."""
        (grid,) = self._grid
        wide = codes.double()
        real = torch.softmax(wide * grid.scale.double(), dim=3) * 2**SHARE_BITS
        with torch.no_grad():
            whole = codes.long()
            entries = self.table().to(codes.device)[whole.amax(dim=3, keepdim=True) - whole]
            shares = (entries << SHARE_BITS) // entries.sum(dim=3, keepdim=True)
        found: Tensor = (real + (shares - real).detach()).to(codes.dtype)
        return found

    @torch.no_grad()
    def table(self) -> Tensor:
        """The exponential of 0, 1, ... steps below the largest code, int64."""
        (grid,) = self._grid
        form = grid.number_format
        steps = torch.arange(form.max_code - form.min_code + 1, dtype=torch.float64)
        scale = grid.scale.double().cpu()
        return torch.round(torch.exp(-steps * scale) * 2**EXPONENTIAL_BITS).long()


class QuantSoftmax(nn.Module):
    """`AttentionSoftmax` of signed 8-bit codes."""

    def __init__(self) -> None:
        super().__init__()
        self.act_quantizer = SignedActQuantizer(BITS)
        self.integer = IntegerSoftmax(self.act_quantizer)

    def forward(self, scores: Tensor) -> Tensor:
        """Real shares."""
        return self.dequantize(self.integer(self.act_quantizer(scores)))

    def dequantize(self, sums: Tensor) -> Tensor:
        """Real values of whole shares, of any shape."""
        shares: Tensor = sums / 2**SHARE_BITS
        return shares


class IntegerNorm(nn.Module):
    """Codes to their distances from a pixel's mean, in deviations; gradients are those of the real ones."""

    def forward(self, codes: Tensor) -> Tensor:
        """In steps of ``2**-NORM_BITS``, rounded down."""
        wide, channels = codes.double(), codes.shape[1]
        spread, mean = torch.var_mean(wide, dim=1, keepdim=True, correction=0)
        real = (wide - mean) / torch.sqrt(spread.clamp_min(1 / channels**2)) * 2**NORM_BITS
        with torch.no_grad():
            whole = codes.long()
            apart = channels * whole - whole.sum(dim=1, keepdim=True)
            square = (apart * apart).sum(dim=1, keepdim=True) // channels
            root = square.double().sqrt().long()
            root = torch.where(root * root > square, root - 1, root)
            root = torch.where((root + 1) * (root + 1) <= square, root + 1, root)
            found = (apart << NORM_BITS).div(root.clamp_min(1), rounding_mode="floor")
        sums: Tensor = (real + (found - real).detach()).to(codes.dtype)
        return sums


class QuantPixelNorm(nn.Module):
    """`PixelNorm` of signed 8-bit codes; its factors and terms are a part of what reads it."""

    def __init__(self, weight: nn.Parameter, bias: nn.Parameter) -> None:
        super().__init__()
        self.weight, self.bias = weight, bias
        self.act_quantizer, self.integer = SignedActQuantizer(BITS), IntegerNorm()

    def forward(self, x: Tensor) -> Tensor:
        """Real values of the normalized codes."""
        return self.dequantize(self.integer(self.act_quantizer(x)))

    def dequantize(self, sums: Tensor) -> Tensor:
        """Real values of sums ``n d h w``."""
        values = sums / 2**NORM_BITS
        real: Tensor = values * self.weight.view(1, -1, 1, 1) + self.bias.view(1, -1, 1, 1)
        return real


PARTS = (AttentionScores, AttentionSoftmax, AttentionMix, PixelNorm)


def integer_form(part: object) -> nn.Module | None:
    """The module on integers that one of `PARTS` becomes; None for others."""
    if isinstance(part, AttentionScores):
        return QuantMatmul(part.heads, is_mix=False)
    if isinstance(part, AttentionMix):
        return QuantMatmul(part.heads, is_mix=True)
    if isinstance(part, AttentionSoftmax):
        return QuantSoftmax()
    return QuantPixelNorm(part.weight, part.bias) if isinstance(part, PixelNorm) else None
