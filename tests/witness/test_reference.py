"""The naive reference against outsiders: torch in float64 (exact below 2**53), and einsum over windows."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tilewright.spec import ConvShape
from tilewright.verify import reference_tap_psums


@st.composite
def shapes(draw):
    """Any small convolution; rows, columns, channels and strides differ freely."""
    kh, kw = draw(st.sampled_from([1, 3, 5])), draw(st.sampled_from([1, 3, 5]))
    padding = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
    return ConvShape(
        ic=draw(st.integers(1, 9)),
        ih=draw(st.integers(max(1, kh - 2 * padding[0]), 8)),
        iw=draw(st.integers(max(1, kw - 2 * padding[1]), 8)),
        oc=draw(st.integers(1, 9)),
        kh=kh,
        kw=kw,
        stride=draw(st.tuples(st.integers(1, 3), st.integers(1, 3))),
        padding=padding,
    )


@settings(max_examples=80, deadline=None)
@given(shape=shapes(), seed=st.integers(0, 2**32 - 1))
def test_the_reference_equals_torch_and_einsum(shape, seed):
    random = np.random.default_rng(seed)
    codes = random.integers(0, 256, (2, shape.ic, shape.ih, shape.iw), np.uint8, endpoint=False)
    weight = random.integers(-127, 128, (shape.oc, shape.ic, shape.kh, shape.kw), np.int8)
    found = reference_tap_psums(codes, weight, shape).sum(axis=0)

    by_torch = torch.nn.functional.conv2d(
        torch.from_numpy(codes).double(),
        torch.from_numpy(weight).double(),
        stride=shape.stride,
        padding=shape.padding,
    )
    assert (found == by_torch.numpy().astype(np.int64)).all()

    (pad_h, pad_w), (step_h, step_w) = shape.padding, shape.stride
    plane = np.pad(codes.astype(np.int64), ((0, 0), (0, 0), (pad_h, pad_h), (pad_w, pad_w)))
    windows = np.lib.stride_tricks.sliding_window_view(plane, (shape.kh, shape.kw), axis=(2, 3))
    windows = windows[:, :, ::step_h, ::step_w]  # n ic oh ow kh kw
    by_einsum = np.einsum("nchwij,ocij->nohw", windows, weight.astype(np.int64))
    assert (found == by_einsum).all()
