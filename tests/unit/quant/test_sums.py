import pytest
import torch

from tilewright.errors import ConfigError, ShapeError
from tilewright.quant import QuantAdd, QuantAvgPool2d
from tilewright.spec import NumberFormat


def values(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def capture(layer, *operands):
    """What the integer part reads and gives, and the output."""
    seen = []
    handle = layer.integer.register_forward_hook(
        lambda _m, inputs, sums: seen.extend((*inputs, sums))
    )
    output = layer(*operands)
    handle.remove()
    return (*seen, output)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_an_addition_adds_integer_codes_of_one_step(bits, sign):
    """Codes are half-to-even of value / step in the signed narrow range; the sum or difference is theirs."""
    layer = QuantAdd(bits, is_difference=sign < 0)
    a, b = values(3, 5, 4, 2), 3 * values(3, 5, 4, 2, seed=1)
    a_codes, b_codes, sums, output = capture(layer, a, b)
    step, largest = layer.act_quantizer.scale, 2 ** (bits - 1) - 1
    assert layer.act_quantizer.number_format == NumberFormat(bits, is_signed=True, is_narrow=True)
    for codes, operand in ((a_codes, a), (b_codes, b)):
        assert torch.equal(codes, (operand / step).clamp(-largest, largest).round())
    assert torch.equal(sums.long(), a_codes.long() + sign * b_codes.long())
    assert torch.equal(output, sums * step)


def test_the_first_batch_of_both_operands_sets_the_step():
    """Mean |x| is 1 and 5, so 3 over 8 values: step 2 * 3 / sqrt(7), gradient scale 1 / sqrt(8 * 7)."""
    layer = QuantAdd(4)
    layer(torch.tensor([[1.0, -1.0, 1.0, -1.0]]), torch.tensor([[5.0, 5.0, -5.0, -5.0]]))
    assert layer.act_quantizer.scale.item() == pytest.approx(6 / 7**0.5)
    assert layer.act_quantizer.gradient_scale.item() == pytest.approx(56**-0.5)
    layer(torch.full((1, 4), 100.0), torch.full((1, 4), 100.0))
    assert layer.act_quantizer.scale.item() == pytest.approx(6 / 7**0.5)


def test_gradients_of_an_addition_pass_inside_the_range_and_reach_the_step():
    """Inside, d out / d operand is 1; clipped, 0. The step gets round(a/s) - a/s, or the clipped code."""
    layer = QuantAdd(4)
    layer(torch.ones(1, 2), torch.ones(1, 2))
    with torch.no_grad():
        layer.act_quantizer.step.fill_(0.5)
        layer.act_quantizer.gradient_scale.fill_(1.0)
    a = torch.tensor([[0.6, 9.0]], requires_grad=True)  # 1.2 steps; 18 steps, clipped to 7
    b = torch.tensor([[-0.7, -9.0]], requires_grad=True)  # -1.4 steps; clipped to -7
    layer(a, b).sum().backward()
    torch.testing.assert_close(a.grad, torch.tensor([[1.0, 0.0]]))
    torch.testing.assert_close(b.grad, torch.tensor([[1.0, 0.0]]))
    expected = (1 - 1.2) + 7 + (-1 + 1.4) - 7
    assert layer.act_quantizer.step.grad.item() == pytest.approx(expected, abs=1e-5)


def test_operands_of_different_shapes_are_refused():
    with pytest.raises(
        ShapeError, match=r"^both operands .* one shape, not \(2, 3\) and \(2, 1\)$"
    ):
        QuantAdd()(torch.ones(2, 3), torch.ones(2, 1))


def test_average_pooling_sums_the_codes_of_each_window():
    layer = QuantAvgPool2d((2, 3), act_bits=4)
    x = values(2, 5, 4, 9).abs()
    codes, sums, output = capture(layer, x)
    expected = torch.zeros(2, 5, 2, 3, dtype=torch.int64)
    for i in range(2):
        for j in range(3):
            expected += codes.long()[:, :, i::2, j::3]
    assert torch.equal(sums.long(), expected)
    assert sums.max() > 15
    assert layer.area == 6
    assert torch.equal(output, sums * (layer.act_quantizer.scale / 6))


def test_windows_may_overlap():
    layer = QuantAvgPool2d(2, act_bits=8, stride=(1, 2))
    codes, sums, _ = capture(layer, values(1, 2, 3, 4).abs())
    c = codes.long()
    rows = c[:, :, :-1] + c[:, :, 1:]
    assert torch.equal(sums.long(), rows[..., 0::2] + rows[..., 1::2])


def test_a_pool_has_the_gradient_of_an_average():
    layer = QuantAvgPool2d(2, act_bits=8)
    x = (0.1 + values(1, 2, 4, 4).abs()).requires_grad_()
    layer(x)
    with torch.no_grad():
        layer.act_quantizer.step.fill_(0.05)  # nothing is clipped
    layer(x).sum().backward()
    torch.testing.assert_close(x.grad, torch.full_like(x, 0.25))


def test_autocast_does_not_touch_the_sums():
    """bfloat16 would hold integers up to 256 only."""
    add, pool = QuantAdd(8), QuantAvgPool2d(8, act_bits=8)
    a, b = values(2, 3, 8, 8).abs(), values(2, 3, 8, 8, seed=1).abs()
    plain = (*capture(add, a, b), *capture(pool, a))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = (*capture(add, a, b), *capture(pool, a))
    assert all(torch.equal(one, other) for one, other in zip(plain, cast, strict=True))
    assert all(tensor.dtype == torch.float32 for tensor in cast)
    assert plain[-2].max() > 256


@pytest.mark.parametrize("bits", [1, 9])
def test_other_widths_are_refused(bits):
    with pytest.raises(ConfigError, match=rf"^bits must be 2\.\.8, not {bits}$"):
        QuantAdd(bits)
    with pytest.raises(ConfigError, match=rf"^act_bits must be 2\.\.8, not {bits}$"):
        QuantAvgPool2d(2, act_bits=bits)
