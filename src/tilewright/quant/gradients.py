"""The backward pass of a convolution of codes.

It is that of the convolution of the same numbers as reals. Where the map is smaller than the kernel, most
taps meet padding, and the layer is computed as what it then is: a matrix between all pixels of the map.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from tilewright.quant.compiled_loops import has_kernels, spread_taps, sum_taps, widen_bytes
from tilewright.quant.engines import ConvolutionCase
from tilewright.quant.winograd_gradients import suits, winograd_gradients

Gradients = tuple[Tensor | None, Tensor | None]


def code_gradients(
    gradient: Tensor, x: Tensor, w: Tensor, case: ConvolutionCase, needed: tuple[bool, bool]
) -> Gradients:
    """Gradients to x and w, bytes, of psums with `gradient` ``n oc oh ow``; None if not `needed`.

    Products are computed in the dtype of `gradient`, and sums are not shorter; by fewer products where
    Winograd's algorithm suits. `gradient_dtypes` are those of the results.
    """
    has_loops = case.device == "cpu" and has_kernels()
    if has_loops and suits(case, gradient.dtype):
        return winograd_gradients(gradient, x, w, case, needed)
    if not has_loops or gradient.dtype != torch.bfloat16:
        x, w = x.to(gradient.dtype), w.to(gradient.dtype)
    elif is_dense(case):
        return _dense_gradients(gradient, widen_bytes(x), w, case, needed)
    else:
        x, w = widen_bytes(x), widen_bytes(w)
    return convolution_gradients(gradient, x, w, case, needed)


def gradient_dtypes(case: ConvolutionCase, dtype: torch.dtype) -> tuple[torch.dtype, torch.dtype]:
    """Of the gradients to x and w where the products are computed in `dtype`."""
    return dtype, torch.float32 if is_dense(case) or suits(case, dtype) else dtype


def convolution_gradients(
    gradient: Tensor, x: Tensor, w: Tensor, case: ConvolutionCase, needed: tuple[bool, bool]
) -> Gradients:
    """`code_gradients` of codes in the dtype in which the products are computed."""
    if is_dense(case):
        return _dense_gradients(gradient, x, w, case, needed)
    to_x, to_w, _ = torch.ops.aten.convolution_backward(
        gradient,
        x,
        w,
        None,  # no bias
        case.stride,
        case.padding,
        (1, 1),  # dilation
        False,
        (0, 0),  # output padding of a transposed convolution
        case.groups,
        [*needed, False],
    )
    return to_x, to_w


def is_dense(case: ConvolutionCase) -> bool:
    """Whether the matrix between all pixels has fewer products than the convolution, on a CPU."""
    ih, iw, (kh, kw) = *case.x_shape[2:], case.w_shape[2:]
    return case.device == "cpu" and case.groups == 1 and ih * iw < kh * kw


def _dense_gradients(
    gradient: Tensor, x: Tensor, w: Tensor, case: ConvolutionCase, needed: tuple[bool, bool]
) -> Gradients:
    """w: in the dtype of the others, or bytes, for compiled loops."""
    (n, ic, ih, iw), (oc, _, kh, kw) = case.x_shape, case.w_shape
    oh, ow = gradient.shape[2:]
    links = [(*pixel, *tap, *source) for pixel, tap, source in _connections(case, oh, ow)]
    rows = gradient.permute(0, 2, 3, 1).reshape(n, -1)  # n (oh ow oc)
    to_x = to_w = None
    if needed[0]:
        shape = (oh, ow, oc, ih, iw, ic)
        if w.dtype == torch.int8:
            matrix = spread_taps(w, links, shape)
        else:
            matrix = x.new_zeros(shape)
            for oy, ox, ky, kx, y, x_ in links:
                matrix[oy, ox, :, y, x_] = w[..., ky, kx]
        products = rows @ matrix.reshape(oh * ow * oc, -1)  # n (ih iw ic)
        to_x = products.reshape(n, ih, iw, ic).permute(0, 3, 1, 2)  # n ic ih iw
    if needed[1]:
        columns = x.permute(0, 2, 3, 1).reshape(n, -1)  # n (ih iw ic)
        pairs = (rows.t() @ columns).reshape(oh, ow, oc, ih, iw, ic)
        if w.dtype == torch.int8:
            sums = sum_taps(pairs, links, (oc, kh, kw, ic))
        else:
            sums = torch.zeros(oc, kh, kw, ic)
            for oy, ox, ky, kx, y, x_ in links:
                sums[:, ky, kx] += pairs[oy, ox, :, y, x_]
        to_w = sums.permute(0, 3, 1, 2)  # oc ic kh kw
    return to_x, to_w


def _connections(
    case: ConvolutionCase, oh: int, ow: int
) -> Iterator[tuple[tuple[int, int], tuple[int, int], tuple[int, int]]]:
    """Output pixel, tap and input pixel, wherever a tap meets the map."""
    vertical = list(_connections_of_axis(oh, case, axis=0))
    for ow_, kw, iw in _connections_of_axis(ow, case, axis=1):
        for oh_, kh, ih in vertical:
            yield (oh_, ow_), (kh, kw), (ih, iw)


def _connections_of_axis(
    size: int, case: ConvolutionCase, *, axis: int
) -> Iterator[tuple[int, int, int]]:
    for output in range(size):
        for tap in range(case.w_shape[2 + axis]):
            source = output * case.stride[axis] - case.padding[axis] + tap
            if 0 <= source < case.x_shape[2 + axis]:
                yield output, tap, source
