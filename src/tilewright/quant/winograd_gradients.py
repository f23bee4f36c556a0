"""The backward pass of a 3x3 convolution with 16 products for 36: Winograd's F(2x2, 3x3).

Each tile of 2x2 sums is ``A' (G w G' * B' x B) A`` of 4x4 codes x: a product at each of 16 positions. So the
gradients are ``G' (U * B' x B) G`` to w and ``B (U * G w G') B'`` to x, with ``U = A g A'`` of g, those of
the sums; tiles of x overlap, and add. Transformed codes and weights of few bits are integers that
both hold. Rounded are U and the products of each position.

Source: Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, CVPR 2016.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tilewright.quant.compiled_loops import Array, as_numbers, as_rows, empty_map, share
from tilewright.quant.engines import LEAST_CHANNELS, ConvolutionCase

TILES = 512
"""Taken together, about: their planes stay in the cache."""

EXACT = {torch.bfloat16: 2**8, torch.float32: 2**24}
"""Integers up to this are numbers of the dtype."""


def suits(case: ConvolutionCase, dtype: torch.dtype) -> bool:
    """Whether the layer is a 3x3 convolution of codes and weights that `dtype` holds transformed, and wide
    enough to gain."""
    (_, ic, ih, iw), oc = case.x_shape, case.w_shape[0]
    is_usual = case.w_shape[2:] == (3, 3) and case.stride == case.padding == (1, 1)
    is_even = ih % 2 == 0 and iw % 2 == 0 and ic % 16 == 0 and oc % 16 == 0
    is_exact = max(4 * case.max_x, 9 * case.max_w) <= EXACT.get(dtype, 0) and case.min_x == 0
    is_wide = min(ic, oc) >= LEAST_CHANNELS and ih * iw >= 16
    return is_usual and is_even and is_exact and is_wide and case.groups == 1


def winograd_gradients(
    gradient: Tensor, x: Tensor, w: Tensor, case: ConvolutionCase, needed: tuple[bool, bool]
) -> tuple[Tensor | None, Tensor | None]:
    """Gradients to x, in the dtype of `gradient`, and w, float32, of psums with `gradient` ``n oc h w``.

    x, w: codes, uint8 ``n ic h w`` and int8 ``oc ic 3 3``, that suit.
    """
    n, _, h, wide = case.x_shape
    to_x = empty_map(case.x_shape, gradient.dtype) if needed[0] else None
    kernels = _spread_kernels(w).to(gradient.dtype) if needed[0] else None
    together = min(n, max(1, TILES * 4 // (h * wide)))
    job = _Job(gradient, x, kernels, to_x, together, has_sums=needed[1])
    sums = share(job.run, -(-n // together))
    return to_x, _join_kernels(sum(sums[1:], sums[0])) if needed[1] else None


class _Job:
    """The maps of one layer, taken `together` samples at a time."""

    def __init__(
        self,
        gradient: Tensor,
        x: Tensor,
        kernels: Tensor | None,
        to_x: Tensor | None,
        together: int,
        *,
        has_sums: bool,
    ) -> None:
        (self._n, oc, *size), ic = gradient.shape, x.shape[1]
        self._given, self._codes = as_rows(gradient).reshape(-1), as_rows(x)
        self._given_shape, self._found_shape = (*size, oc), (*size, ic)
        self._found = None if to_x is None else as_rows(to_x).reshape(-1)
        self._kernels, self._together, self._has_sums = kernels, together, has_sums
        self._dtype = gradient.dtype

    def run(self, first: int, last: int) -> Tensor:
        """Write what blocks `first` to `last` of the samples have of to_x; the sums ``position oc ic``."""
        from tilewright.quant import tiles

        (h, wide, oc), ic = self._given_shape, self._found_shape[2]
        sums = torch.empty(0)
        for base in range(
            first * self._together, min(last * self._together, self._n), self._together
        ):
            count = min(self._together, self._n - base)
            spread, planes, apart = self._planes(count * h * wide // 4, oc)
            tiles.transform_gradients(self._given, self._given_shape, base, planes, apart, count)
            if self._has_sums:
                patches, planes, apart = self._planes(count * h * wide // 4, ic)
                tiles.transform_codes(self._codes, base, planes, apart, count)
                sums = _add_products(sums, spread.transpose(1, 2), patches)
            if self._kernels is not None:
                products = torch.bmm(spread, self._kernels)
                apart, flat = products.stride(0), as_numbers(products)
                tiles.join_products(flat, apart, self._found_shape, base, self._found, count)
        return sums

    def _planes(self, tiles: int, channels: int) -> tuple[Tensor, Array, int]:
        """Room for 16 planes ``position tile c``: a tensor, its numbers, and the way from plane to plane."""
        planes = torch.empty(16, tiles, channels, dtype=self._dtype)
        return planes, as_numbers(planes), tiles * channels


def _add_products(sums: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """`sums`, float32, or nothing yet, and the products of each position."""
    if not len(sums):
        return torch.bmm(a, b).float()
    return sums.baddbmm_(a, b) if a.dtype == sums.dtype else sums.add_(torch.bmm(a, b))


def _spread_kernels(w: Tensor) -> Tensor:
    """``2G w 2G'``, float32 ``position oc ic``: integers."""
    taps = w.permute(2, 3, 0, 1).float()  # kh kw oc ic

    def spread(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
        return torch.stack([2 * a, a + b + c, a - b + c, 2 * c])

    down = spread(*taps)  # 4 kw oc ic
    across = spread(*down.unbind(1))  # 4 4 oc ic, across first
    return across.transpose(0, 1).flatten(0, 1)  # position oc ic


def _join_kernels(sums: Tensor) -> Tensor:
    """``G' p G`` of the sums ``position oc ic``: ``oc ic 3 3``."""

    def join(a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> Tensor:
        plus, minus = (b + c) / 2, (b - c) / 2
        return torch.stack([a + plus, minus, plus + d])

    down = join(*sums.reshape(4, 4, *sums.shape[1:]))  # 3 4 oc ic
    across = join(*down.unbind(1))  # 3 3 oc ic, across first
    return across.permute(2, 3, 1, 0)  # oc ic kh kw
