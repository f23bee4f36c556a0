"""The backward pass of a 3x3 convolution with 16 products for 36: Winograd's F(2x2, 3x3), in bfloat16.

Each tile of 2x2 sums is ``A' (G w G' * B' x B) A`` of 4x4 codes x: a product at each of 16 positions. So the
gradients are ``G' (U * B' x B) G`` to w and ``B (U * G w G') B'`` to x, with ``U = A g A'`` of g, those of
the sums; tiles of x overlap, and add. Transformed codes and weights of few bits are integers that
bfloat16 holds. Rounded are U, from float32, and the products of each position.

Source: Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, CVPR 2016.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tilewright.quant.compiled_loops import Array, as_rows, empty_map, share
from tilewright.quant.engines import LEAST_CHANNELS, ConvolutionCase

TILES = 512
"""Taken together, about: their planes stay in the cache."""

EXACT = 2**8
"""Integers up to this are numbers of bfloat16."""


def suits(case: ConvolutionCase) -> bool:
    """Whether the layer is a 3x3 convolution of codes and weights of few bits, and wide enough to gain."""
    (_, ic, ih, iw), oc = case.x_shape, case.w_shape[0]
    is_usual = case.w_shape[2:] == (3, 3) and case.stride == case.padding == (1, 1)
    is_even = ih % 2 == 0 and iw % 2 == 0 and ic % 16 == 0 and oc % 16 == 0
    is_exact = 4 * case.max_x <= EXACT and 9 * case.max_w <= EXACT and case.min_x == 0
    is_wide = min(ic, oc) >= LEAST_CHANNELS and ih * iw >= 16
    return is_usual and is_even and is_exact and is_wide and case.groups == 1


def winograd_gradients(
    gradient: Tensor, x: Tensor, w: Tensor, case: ConvolutionCase, needed: tuple[bool, bool]
) -> tuple[Tensor | None, Tensor | None]:
    """Gradients to x, bfloat16, and w, float32, of psums with `gradient`, bfloat16 ``n oc h w``.

    x, w: codes, uint8 ``n ic h w`` and int8 ``oc ic 3 3``, that suit.
    """
    n, _, h, wide = case.x_shape
    to_x = empty_map(case.x_shape, torch.bfloat16) if needed[0] else None
    kernels = _spread_kernels(w) if needed[0] else None
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

    def run(self, first: int, last: int) -> Tensor:
        """Write what blocks `first` to `last` of the samples have of to_x; the sums ``position oc ic``."""
        from tilewright.quant import tiles

        (h, wide, oc), ic = self._given_shape, self._found_shape[2]
        sums = torch.empty(0)
        for base in range(
            first * self._together, min(last * self._together, self._n), self._together
        ):
            count = min(self._together, self._n - base)
            spread, planes, apart = _planes(count * h * wide // 4, oc)
            tiles.transform_gradients(self._given, self._given_shape, base, planes, apart, count)
            if self._has_sums:
                patches, planes, apart = _planes(count * h * wide // 4, ic)
                tiles.transform_codes(self._codes, base, planes, apart, count)
                products = torch.bmm(spread.transpose(1, 2), patches)
                sums = sums.add_(products) if len(sums) else products.float()
            if self._kernels is not None:
                products = torch.bmm(spread, self._kernels)
                flat = products.view(torch.uint16).reshape(-1).numpy()
                tiles.join_products(
                    flat, products.stride(0), self._found_shape, base, self._found, count
                )
        return sums


def _planes(tiles: int, channels: int) -> tuple[Tensor, Array, int]:
    """Room for 16 planes ``position tile c``: a tensor, its numbers, and the way from plane to plane."""
    planes = torch.empty(16, tiles, channels, dtype=torch.bfloat16)
    return planes, planes.view(torch.uint16).reshape(-1).numpy(), tiles * channels


def _spread_kernels(w: Tensor) -> Tensor:
    """``2G w 2G'``, bfloat16 ``position oc ic``: integers."""
    taps = w.permute(2, 3, 0, 1).float()  # kh kw oc ic

    def spread(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
        return torch.stack([2 * a, a + b + c, a - b + c, 2 * c])

    down = spread(*taps)  # 4 kw oc ic
    across = spread(*down.unbind(1))  # 4 4 oc ic, across first
    return across.transpose(0, 1).flatten(0, 1).bfloat16()  # position oc ic


def _join_kernels(sums: Tensor) -> Tensor:
    """``G' p G`` of the sums ``position oc ic``: ``oc ic 3 3``."""

    def join(a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> Tensor:
        plus, minus = (b + c) / 2, (b - c) / 2
        return torch.stack([a + plus, minus, plus + d])

    down = join(*sums.reshape(4, 4, *sums.shape[1:]))  # 3 4 oc ic
    across = join(*down.unbind(1))  # 3 3 oc ic, across first
    return across.permute(2, 3, 1, 0)  # oc ic kh kw
