"""The naive reference against outsiders: torch in float64 (exact below 2**53), and einsum over windows."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.strategies import plans
from tilewright.verify import reference_tap_psums


@settings(max_examples=80, deadline=None)
@given(plan=plans(), seed=st.integers(0, 2**32 - 1))
def test_the_reference_equals_torch_and_einsum(plan, seed):
    shape, random = plan.shape, np.random.default_rng(seed)
    codes = random.integers(0, 256, (2, shape.ic, shape.ih, shape.iw), np.uint8, endpoint=False)
    weight = random.integers(-127, 128, (shape.oc, shape.ic, shape.kh, shape.kw), np.int8)
    found = reference_tap_psums(codes, weight, shape).sum(axis=0)

    (top, left), (bottom, right) = shape.padding, shape.padding_after or shape.padding
    padded = torch.nn.functional.pad(torch.from_numpy(codes).double(), (left, right, top, bottom))
    by_torch = torch.nn.functional.conv2d(
        padded, torch.from_numpy(weight).double(), stride=shape.stride
    )
    assert (found == by_torch.numpy().astype(np.int64)).all()

    step_h, step_w = shape.stride
    plane = np.pad(codes.astype(np.int64), ((0, 0), (0, 0), (top, bottom), (left, right)))
    windows = np.lib.stride_tricks.sliding_window_view(plane, (shape.kh, shape.kw), axis=(2, 3))
    windows = windows[:, :, ::step_h, ::step_w]  # n ic oh ow kh kw
    by_einsum = np.einsum("nchwij,ocij->nohw", windows, weight.astype(np.int64))
    assert (found == by_einsum).all()
