from dataclasses import replace

import numpy as np
import pytest
import torch

from tilewright.errors import ToolError
from tilewright.loops import instructions
from tilewright.quant import engines
from tilewright.quant.engines import (
    ConvolutionCase,
    choose_engine,
    convolve_float32,
    convolve_float64,
    convolve_int8,
    convolve_winograd,
    is_exact,
)


def case_of(**changes):
    values = {
        "x_shape": (4, 16, 6, 5),
        "w_shape": (12, 16, 3, 3),
        "stride": (1, 1),
        "padding": (1, 1),
        "max_x": 15,
        "max_w": 7,
        "device": "cpu",
        "is_int8_allowed": True,
    }
    return ConvolutionCase(**(values | changes))


def naive_psums(x, w, case):
    """int64 sums, group by group and tap by tap."""
    parts = zip(x.chunk(case.groups, 1), w.chunk(case.groups), strict=True)
    sums = [naive_group_psums(*part, case.stride, case.padding) for part in parts]
    return np.concatenate(sums, axis=1)


def naive_group_psums(x, w, stride, padding):
    x, w = x.numpy().astype(np.int64), w.numpy().astype(np.int64)
    x = np.pad(x, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2))
    height = (x.shape[2] - w.shape[2]) // stride[0] + 1
    width = (x.shape[3] - w.shape[3]) // stride[1] + 1
    psums = np.zeros((len(x), len(w), height, width), np.int64)
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            window = x[
                :, :, i : i + stride[0] * height : stride[0], j : j + stride[1] * width : stride[1]
            ]
            window = window[:, :, :height, :width]
            psums += np.einsum("nchw,oc->nohw", window, w[:, :, i, j])
    return psums


@pytest.mark.parametrize("engine", [convolve_int8, convolve_float32, convolve_float64])
@pytest.mark.parametrize(
    ("stride", "padding"), [((1, 1), (1, 1)), ((2, 1), (0, 2)), ((1, 2), (2, 1))]
)
@pytest.mark.parametrize("kernel", [(3, 3), (1, 1), (2, 3)])
@pytest.mark.parametrize(("oc", "groups"), [(12, 1), (12, 4), (16, 16), (48, 16)])
def test_engines_equal_naive_integers(engine, stride, padding, kernel, oc, groups):
    """On every engine this machine has; rows, columns and channels all differ; depthwise too."""
    w_shape = (oc, 16 // groups, *kernel)
    case = case_of(w_shape=w_shape, stride=stride, padding=padding, groups=groups)
    if engine is convolve_int8 and not is_exact(convolve_int8, case):
        pytest.skip("this machine has no int8 convolution")
    for x, w in engines._operands(case):
        actual = engine(x, w, case).numpy()
        assert (actual == naive_psums(x, w, case)).all()


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_the_self_test_reference_equals_naive_integers(groups):
    w_shape = (12, 16 // groups, 3, 3)
    case = case_of(w_shape=w_shape, stride=(2, 1), padding=(0, 2), groups=groups)
    for x, w in engines._operands(case):
        actual = engines._matrix_product(x, w, case).numpy()
        assert (actual == naive_psums(x, w, case)).all()


def test_an_engine_that_is_wrong_in_one_psum_is_not_chosen(monkeypatch):
    """Sabotage: the candidate before the last is off by one in the last sample."""

    def off_by_one(x, w, case):
        psums = convolve_float64(x, w, case)
        psums[-2, -1, -1, -1] += 1
        return psums

    def refusing(*_arguments):
        raise RuntimeError("no such operation")

    case = case_of(x_shape=(4, 16, 7, 5))
    order = (refusing, off_by_one, convolve_float64)
    monkeypatch.setattr(engines, "_candidates", lambda _case: iter(order))
    assert choose_engine(case) is convolve_float64


def test_an_engine_that_ignores_the_groups_is_not_chosen(monkeypatch):
    """Sabotage: channels of the neighboring group are read, which one group could never show."""

    def rolled(x, w, case):
        return convolve_float32(x.roll(case.x_shape[1] // case.groups, dims=1), w, case)

    case = case_of(x_shape=(4, 16, 7, 6), w_shape=(12, 4, 3, 3), groups=4)
    monkeypatch.setattr(engines, "_candidates", lambda _case: iter((rolled, convolve_float64)))
    assert choose_engine(case) is convolve_float64


def test_no_exact_engine_is_an_error(monkeypatch):
    monkeypatch.setattr(engines, "_candidates", lambda _case: iter(()))
    with pytest.raises(
        ToolError, match=r"^no convolution of this torch build computes exact psums for Conv"
    ):
        choose_engine(case_of(x_shape=(4, 16, 8, 5)))


def test_the_int8_engine_can_be_switched_off_and_is_left_out_where_it_does_not_pay():
    wide = {"x_shape": (2, 16, 13, 8), "w_shape": (12, 16, 3, 3)}
    has_int8 = is_exact(convolve_int8, case_of(**wide))
    assert choose_engine(case_of(**wide)) is (convolve_int8 if has_int8 else convolve_float32)
    assert choose_engine(case_of(**wide, is_int8_allowed=False)) is convolve_float32
    assert choose_engine(case_of(x_shape=(2, 8, 4, 4), w_shape=(8, 8, 3, 3))) is convolve_float32


def test_psums_beyond_the_float32_range_are_computed_in_float64():
    """K = 9 * 64, codes 255 and 127: the bound is 18,653,760, above 2**24 = 16,777,216."""
    case = case_of(x_shape=(2, 64, 4, 3), w_shape=(3, 64, 3, 3), max_x=255, max_w=127)
    assert case.psum_bound == 18_653_760
    assert choose_engine(case) is convolve_float64


def test_groups_divide_the_psum_bound():
    """A group of 4 of 64 channels: 9 * 4 * 255 * 127 = 1,165,860, within float32."""
    case = case_of(x_shape=(2, 64, 4, 3), w_shape=(16, 4, 3, 3), max_x=255, max_w=127, groups=16)
    assert case.psum_bound == 1_165_860
    assert choose_engine(case) is convolve_float32


WIDE = {"x_shape": (3, 64, 5, 4), "w_shape": (96, 64, 3, 3)}
"""Channels for which Winograd's products gain; an odd number of rows."""


@pytest.fixture
def winograd(monkeypatch):
    """Small batches suffice, whatever the processor."""
    monkeypatch.setattr(engines, "LEAST_PIXELS", 0)
    if not engines._has_winograd(case_of(**WIDE)):
        pytest.skip("numba is not here, or the processor has no AVX2")


@pytest.mark.usefixtures("winograd")
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("padding", [(1, 1), (0, 2)])
@pytest.mark.parametrize(("max_x", "max_w"), [(15, 7), (63, 7), (3, 13)])
def test_winograd_s_products_are_naive_integers(monkeypatch, threads, padding, max_x, max_w):
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    case = case_of(**WIDE, padding=padding, max_x=max_x, max_w=max_w)
    assert choose_engine(case) is convolve_winograd
    for x, w in engines._operands(case):
        psums = convolve_winograd(x, w, case)
        assert psums.dtype == torch.float32
        assert psums.is_contiguous(memory_format=torch.channels_last)
        assert (psums.numpy() == naive_psums(x, w, case)).all()


@pytest.mark.usefixtures("winograd")
@pytest.mark.parametrize(
    "changes",
    [
        {"is_int8_allowed": False},
        {"w_shape": (32, 64, 3, 3)},
        {"w_shape": (72, 64, 3, 3)},
        {"w_shape": (96, 64, 3, 1)},
        {"stride": (1, 2)},
        {"max_x": 64},
        {"max_w": 15},
        {"min_x": -8},
        {"x_shape": (3, 128, 5, 4), "w_shape": (128, 64, 3, 3), "groups": 2},
    ],
)
def test_winograd_s_products_are_left_out_where_they_do_not_fit_or_gain(changes):
    assert convolve_winograd not in list(engines._candidates(case_of(**(WIDE | changes))))


@pytest.mark.usefixtures("winograd")
def test_a_wrong_psum_of_winograd_s_products_leaves_the_case_to_others(monkeypatch):
    from tilewright.loops.winograd import TransformedWeights

    honest = TransformedWeights.write

    def wrong(self, codes, found, first, last):
        honest(self, codes, found, first, last)
        self.map_of(found)[0, -1, -1, -1] += 1

    monkeypatch.setattr(TransformedWeights, "write", wrong)
    case = case_of(**WIDE | {"x_shape": (3, 64, 6, 4)})
    assert choose_engine(case) in (convolve_int8, convolve_float32)


@pytest.mark.skipif(not instructions.has_registers(), reason="numba or AVX2 is not here")
@pytest.mark.parametrize(("n", "does"), [(8, True), (7, False)])
def test_without_vnni_small_batches_are_left_to_others(monkeypatch, n, does):
    registers = replace(instructions.REGISTERS, has_fours=False)
    monkeypatch.setattr(instructions, "REGISTERS", registers)
    candidates = engines._candidates(case_of(**WIDE | {"x_shape": (n, 64, 16, 16)}))
    assert (convolve_winograd in list(candidates)) is does


@pytest.mark.usefixtures("winograd")
def test_without_compiled_loops_winograd_s_products_are_left_out(monkeypatch):
    monkeypatch.setattr(engines, "has_kernels", lambda: False)
    assert convolve_winograd not in list(engines._candidates(case_of(**WIDE)))
