"""Codes, gradients and checkpoint keys of the course, with the convolution on integers."""

import pytest
import torch
from torch import nn

from tests.unit.quant.course_layers import CourseConv2d
from tilewright.errors import ConfigError, UnknownNameError
from tilewright.quant import PactActQuantizer, PactWeightQuantizer, QuantConv2d, QuantLinear
from tilewright.spec import NumberFormat


def values(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def pair_of_layers(weight_bits, act_bits, *, is_signed_input=False):
    """Ours and the course's, with the same weights and bounds that clip some values."""
    geometry = {"stride": 2, "padding": 1}
    bits = {"weight_bits": weight_bits, "act_bits": act_bits}
    theirs = CourseConv2d(6, 5, (3, 2), **bits, **geometry)
    with torch.no_grad():
        theirs.weight.copy_(values(5, 6, 3, 2) + 0.3)
        theirs.act_alpha.fill_(1.3)
        theirs.weight_quant.wgt_alpha.fill_(1.1)
    ours = QuantConv2d(
        6, 5, (3, 2), **bits, **geometry, quantizer="pact", is_signed_input=is_signed_input
    )
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def codes_of(layer, x):
    """What the integer convolution reads and gives."""
    seen = []
    handle = layer.integer.register_forward_hook(lambda _m, inputs, p: seen.extend((*inputs, p)))
    layer(x)
    handle.remove()
    return seen


def test_codes_by_hand():
    """min(x / 2, 1) * 15 is 0, 0.375, 7.5 (to even: 8), 15, 15."""
    act = PactActQuantizer(4)
    act.alpha.data.fill_(2.0)
    assert act(torch.tensor([0.0, 0.05, 1.0, 2.0, 9.0])).tolist() == [0, 0, 8, 15, 15]
    assert act.scale.item() == pytest.approx(2 / 15)


def test_weight_codes_by_hand():
    """Weights 0, 1, 2, 3: mean 1.5, unbiased deviation 1.29099. At alpha 1: -1.16, -0.387, 0.387, 1.16
    of 7 levels: -7, round(-2.711), 3, 7.
    """
    weight = PactWeightQuantizer(4)
    weight.alpha.data.fill_(1.0)
    assert weight(torch.tensor([[0.0, 1.0, 2.0, 3.0]])).tolist() == [[-7, -3, 3, 7]]


def test_bounds_start_where_the_course_starts_them():
    assert PactActQuantizer(4).alpha.item() == 8.0
    assert PactWeightQuantizer(4).alpha.item() == 3.0
    assert PactWeightQuantizer(2).number_format == NumberFormat(2, is_signed=True, is_narrow=True)


def test_normalized_weights_start_as_those_of_torch():
    """Their size sets the rate of learning, so that a recipe holds only for the start it was made for."""
    facts = {"weight_bits": 4, "act_bits": 4, "quantizer": "pact"}
    torch.manual_seed(0)
    ours = [QuantConv2d(16, 8, 3, **facts), QuantLinear(8, 4, **facts)]
    torch.manual_seed(0)
    theirs = [nn.Conv2d(16, 8, 3, bias=False), nn.Linear(8, 4, bias=False)]
    for layer, plain in zip(ours, theirs, strict=True):
        assert torch.equal(layer.weight, plain.weight)


@pytest.mark.parametrize(("weight_bits", "act_bits"), [(4, 4), (4, 2), (2, 8)])
def test_codes_are_those_of_the_course(weight_bits, act_bits):
    """Its values on the grid, divided by the size of a code, round to ours; none is off by one."""
    ours, theirs = pair_of_layers(weight_bits, act_bits)
    x = values(4, 6, 9, 7, seed=1).relu()
    x_codes, w_codes, psums = codes_of(ours, x)
    theirs(x)
    grid = theirs.weight_q * (2 ** (weight_bits - 1) - 1) / theirs.weight_quant.wgt_alpha
    assert torch.equal(w_codes, grid.round())
    assert (grid - grid.round()).abs().max() < 1e-3
    levels = 2**act_bits - 1
    assert torch.equal(x_codes, ((x / theirs.act_alpha).clamp(max=1) * levels).round())
    assert (x_codes.max(), w_codes.abs().max()) == (levels, 2 ** (weight_bits - 1) - 1)
    assert torch.equal(psums, psums.round())


@pytest.mark.parametrize("is_signed_input", [False, True])
def test_outputs_and_gradients_are_those_of_the_course(is_signed_input):
    """In float32, to 1e-5 of the largest: only the place of the scale differs."""
    ours, theirs = pair_of_layers(4, 4, is_signed_input=is_signed_input)
    x = values(4, 6, 9, 7, seed=1)
    x = (x if is_signed_input else x.relu()).requires_grad_()
    upstream = values(*ours(x).shape, seed=2)
    wanted = [x, ours.weight, ours.act_quantizer.alpha, ours.weight_quantizer.alpha]
    expected_of = [x, theirs.weight, theirs.act_alpha, theirs.weight_quant.wgt_alpha]
    actual = torch.autograd.grad(ours(x), wanted, upstream)
    expected = torch.autograd.grad(theirs(x), expected_of, upstream)
    for one, other in zip((ours(x), *actual), (theirs(x), *expected), strict=True):
        assert (one - other).abs().max() <= 1e-5 * other.abs().max()


def test_a_signed_input_has_negative_codes_and_exact_psums():
    ours, _ = pair_of_layers(4, 4, is_signed_input=True)
    x_codes, w_codes, psums = codes_of(ours, values(4, 6, 9, 7, seed=1) * 2)
    assert x_codes.min() < -15
    expected = nn.functional.conv2d(x_codes.long(), w_codes.long(), None, 2, 1)
    assert torch.equal(psums.long(), expected)


def test_signed_codes_are_kept_in_signed_bytes():
    ours, _ = pair_of_layers(4, 4, is_signed_input=True)
    kept = []
    codes = ours.act_quantizer(values(2, 6, 5, 5)), ours.weight_quantizer(ours.weight)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t.dtype) or t, lambda t: t):
        ours.integer(*codes)
    assert kept == [torch.int8, torch.int8]


def test_lsq_takes_signed_inputs_too():
    layer = QuantConv2d(3, 2, 3, weight_bits=4, act_bits=4, is_signed_input=True)
    x_codes, w_codes, psums = codes_of(layer, values(2, 3, 6, 5))
    assert (x_codes.min() < 0, x_codes.abs().max() <= 7) == (True, True)
    assert torch.equal(psums.long(), nn.functional.conv2d(x_codes.long(), w_codes.long()))


def test_keys_are_those_of_the_course_and_a_stale_weight_q_is_left_out():
    ours, theirs = pair_of_layers(4, 4)
    state = theirs.state_dict()
    assert state.keys() - ours.state_dict().keys() == {"weight_q"}
    assert ours.state_dict().keys() == {"weight", "act_alpha", "weight_quant.wgt_alpha"}
    net = nn.Sequential(nn.ReLU(), ours)
    saved = net.state_dict()
    assert set(saved) == {"1.weight", "1.act_alpha", "1.weight_quant.wgt_alpha"}
    assert saved["1.act_alpha"].item() == pytest.approx(1.3)
    with torch.no_grad():
        ours.act_quantizer.alpha.fill_(9.0)
    net.load_state_dict(saved | {"1.act_alpha": torch.tensor(0.7)})
    assert ours.act_quantizer.scale.item() == pytest.approx(0.7 / 15)
    before = codes_of(ours, values(1, 6, 5, 5).relu())[1]
    state["weight_q"] += 1
    ours.load_state_dict(state)
    assert torch.equal(codes_of(ours, values(1, 6, 5, 5).relu())[1], before)


def test_mean_and_deviation_are_those_of_the_present_weights_in_evaluation_too():
    layer = QuantLinear(8, 3, weight_bits=4, act_bits=4, quantizer="pact").eval()
    x = values(2, 8).abs()
    before = codes_of(layer, x)[1]
    with torch.no_grad():
        layer.weight.mul_(7).add_(3)
    assert torch.equal(codes_of(layer, x)[1], before)
    with torch.no_grad():
        layer.weight[0, 0] += 50
    assert not torch.equal(codes_of(layer, x)[1], before)


def test_bounds_that_fall_below_zero_and_constant_weights_stay_finite():
    layer = QuantLinear(8, 3, weight_bits=4, act_bits=4, quantizer="pact")
    with torch.no_grad():
        layer.weight.fill_(0.5)
        layer.act_quantizer.alpha.fill_(-1.0)
    output = layer(values(2, 8).abs())
    output.sum().backward()
    assert output.isfinite().all()
    assert all(p.grad.isfinite().all() for p in layer.parameters())


def test_bad_names_and_per_channel_bounds_are_refused():
    with pytest.raises(UnknownNameError, match=r"no quantizer 'pakt': did you mean 'pact'\?"):
        QuantConv2d(1, 2, 3, weight_bits=4, act_bits=4, quantizer="pakt")
    with pytest.raises(ConfigError, match=r"^quantizer pact has one bound for all weights"):
        QuantLinear(4, 2, weight_bits=4, act_bits=4, quantizer="pact", is_per_channel=True)
    with pytest.raises(ConfigError, match=r"^weight_bits must be 2\.\.8, not 1$"):
        QuantLinear(4, 2, weight_bits=1, act_bits=4, quantizer="pact")
