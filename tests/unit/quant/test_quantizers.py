import pytest
import torch

from tilewright.errors import ConfigError
from tilewright.quant import ActQuantizer, PixelQuantizer, WeightQuantizer
from tilewright.spec import NumberFormat


def test_the_first_batch_sets_step_and_gradient_scale():
    """Mean |x| is 1.5, 2 values an image: step 2 * 1.5 / sqrt(15), gradient scale 1 / sqrt(2 * 15)."""
    quantizer = ActQuantizer(4)
    quantizer(torch.tensor([[0.0, 1.0], [2.0, 3.0]]))
    assert quantizer.scale.item() == pytest.approx(3 / 15**0.5)
    assert quantizer.gradient_scale.item() == pytest.approx(30**-0.5)
    quantizer(torch.tensor([100.0]))
    assert quantizer.scale.item() == pytest.approx(3 / 15**0.5)


def test_each_output_channel_has_its_own_step():
    weight = torch.tensor([1.0, -1.0, 3.0, 5.0]).reshape(2, 2, 1, 1)
    quantizer = WeightQuantizer(4, (2, 1, 1, 1))
    quantizer(weight)
    expected = torch.tensor([2 / 7**0.5, 8 / 7**0.5]).reshape(2, 1, 1, 1)
    torch.testing.assert_close(quantizer.scale, expected)
    assert quantizer.gradient_scale.item() == pytest.approx(14**-0.5)


def test_a_batch_of_zeros_leaves_the_step_positive():
    quantizer = ActQuantizer(4)
    assert quantizer(torch.zeros(3)).tolist() == [0, 0, 0]
    assert quantizer.scale.item() > 0


def test_a_loaded_step_is_not_initialized_again():
    trained, fresh = ActQuantizer(3), ActQuantizer(3)
    trained(torch.ones(5))
    fresh.load_state_dict(trained.state_dict())
    fresh(torch.full((5,), 9.0))
    assert fresh.scale.item() == trained.scale.item()


def test_loading_a_fresh_state_makes_the_next_batch_the_first():
    fresh, used = ActQuantizer(3), ActQuantizer(3)
    state = {name: tensor.clone() for name, tensor in fresh.state_dict().items()}
    used(torch.ones(5))
    used.load_state_dict(state)
    used(torch.full((5,), 9.0))
    assert used.scale.item() == pytest.approx(18 / 7**0.5)


@pytest.mark.parametrize("bits", range(2, 9))
def test_formats_are_unsigned_activations_and_narrow_weights(bits):
    weights = WeightQuantizer(bits, (1, 1))
    assert ActQuantizer(bits).number_format == NumberFormat(bits, is_signed=False)
    assert weights.number_format == NumberFormat(bits, is_signed=True, is_narrow=True)
    weights(torch.ones(1, 3))
    codes = weights(torch.linspace(-1e3, 1e3, 101).reshape(1, -1))
    largest = 2 ** (bits - 1) - 1
    assert (codes.min().item(), codes.max().item()) == (-largest, largest)


@pytest.mark.parametrize("bits", [1, 9, 0, -4])
def test_other_widths_are_refused(bits):
    with pytest.raises(ConfigError, match=rf"^act_bits must be 2\.\.8, not {bits}$"):
        ActQuantizer(bits)
    with pytest.raises(ConfigError, match=rf"^weight_bits must be 2\.\.8, not {bits}$"):
        WeightQuantizer(bits, (1, 1))


def test_pixels_are_their_own_codes_in_bytes_and_in_floats():
    pixels = torch.arange(256, dtype=torch.uint8)
    quantizer = PixelQuantizer()
    assert quantizer(pixels).tolist() == list(range(256))
    assert quantizer(pixels.float()).tolist() == list(range(256))
    assert quantizer(torch.tensor([-3.0, 300.0])).tolist() == [0, 255]
    assert quantizer.scale.item() == torch.tensor(1 / 255).item()
    assert not list(quantizer.parameters())
