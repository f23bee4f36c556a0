"""Which layers compute codes from psums in one function, and that all else is as it is without."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from tilewright.loops.compiled import compiled
from tilewright.models import ModelSpec, build
from tilewright.quant import chain, compiled_loops, engines, integer_layers
from tilewright.quant.bfloat16 import like, wide
from tilewright.quant.compiled_loops import share

IMAGES = 16


def pixels():
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (IMAGES, 3, 32, 32), generator=generator, dtype=torch.uint8)


def a_model(**values):
    """In training, its steps fitted; the path that is taken depends on them."""
    torch.manual_seed(0)
    model = build(ModelSpec("vgg_tiny", 4, 4, choke_width=8, **values)).train()
    with torch.no_grad():
        model(pixels())
    return model


def counted(monkeypatch, name="normalize_to_codes"):
    seen = []
    function = getattr(chain, name)
    monkeypatch.setattr(chain, name, lambda *a: seen.append(1) or function(*a))
    return seen


def trained_on(model, images=None):
    """Logits, gradients and buffers of one batch, of a copy."""
    model = copy.deepcopy(model)
    logits = model(pixels() if images is None else images)
    nn.functional.cross_entropy(logits, torch.arange(IMAGES) % 10).backward()
    gradients = {f"to {name}": value.grad for name, value in model.named_parameters()}
    return {"logits": logits.detach(), **gradients, **model.state_dict()}


def test_layers_with_batch_norm_are_joined_and_the_others_not(monkeypatch):
    """Of six convolutions the choked one has no BatchNorm, and no convolution reads the last."""
    model = a_model()
    seen = counted(monkeypatch)
    trained_on(model)
    assert len([m for m in model.features if isinstance(m, nn.BatchNorm2d)]) == 5
    assert len(seen) == 4


def test_the_network_learns_what_it_learns_apart(monkeypatch):
    """In float32: BatchNorm rounds otherwise, and gradients follow; see `test_norm_codes` for each."""
    monkeypatch.setattr(integer_layers, "has_fast_bfloat16", lambda: False)
    model = a_model()
    together = trained_on(model)
    monkeypatch.setattr(chain, "has_kernels", lambda: False)
    apart = trained_on(model)
    assert together.keys() == apart.keys()
    assert torch.equal(together["logits"], apart["logits"])  # no value is so near to a half
    for name, value in together.items():
        error = (value.double() - apart[name].double()).norm()
        # the gradient of a step is the small difference of two large sums
        tolerance = 1e-3 if name.endswith("step") else 2e-5
        assert error <= tolerance * apart[name].double().norm() + 1e-12, name


def test_in_bfloat16_gradients_differ_by_its_roundings(monkeypatch):
    """A gradient that float32 rounds otherwise becomes another bfloat16 now and then, 0.004 apart.

    The network is too narrow for Winograd's algorithm.
    """
    if not engines.has_fast_bfloat16():
        pytest.skip("this processor has no bfloat16")
    model = a_model()
    together = trained_on(model)
    monkeypatch.setattr(chain, "has_kernels", lambda: False)
    apart = trained_on(model)
    for name, value in together.items():
        if name.endswith("weight"):
            error = (value.double() - apart[name].double()).norm()
            assert error <= 1e-2 * apart[name].double().norm(), name


def test_a_wide_network_learns_the_same_with_fewer_products(monkeypatch):
    """Winograd's algorithm takes part; the gradients point where they did: see `test_winograd_gradients`."""
    if not engines.has_fast_bfloat16():
        pytest.skip("this processor has no bfloat16")
    torch.manual_seed(0)
    model = build(ModelSpec("vgg16", 4, 4, choke_width=8)).train()
    with torch.no_grad():
        model(pixels())
    together = trained_on(model)
    monkeypatch.setattr(integer_layers, "has_fast_bfloat16", lambda: False)
    exact = trained_on(model)
    for name, value in together.items():
        if name.startswith("to ") and value.ndim == 4 and value.numel() > 1:
            cosine = nn.functional.cosine_similarity(value.flatten(), exact[name].flatten(), dim=0)
            assert cosine > 0.995, name


def hook(find):
    def change(model):
        find(model).register_forward_hook(lambda *_: None)

    return change


def evaluate_norms(model):
    for module in model.features:
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


@pytest.mark.parametrize(
    ("change", "left"),
    [
        (hook(lambda m: m.features[4]), 2),  # neither written as bytes, nor read
        (hook(lambda m: m.features[4].integer), 2),
        (hook(lambda m: m.features[4].act_quantizer), 3),
        (hook(lambda m: m.features[4].weight_quantizer), 4),
        (hook(lambda m: m.features[1]), 3),
        (hook(lambda m: m.features[2]), 3),
        (hook(lambda m: m.features[3]), 3),
        (evaluate_norms, 0),
        (lambda m: m.features[4].act_quantizer.is_initialized.fill_(False), 4),
    ],
)
def test_hooks_and_what_is_not_as_usual_runs_apart(monkeypatch, change, left):
    model = a_model()
    change(model)
    seen = counted(monkeypatch)
    together = trained_on(model)
    assert len(seen) == left
    monkeypatch.setattr(chain, "has_kernels", lambda: False)
    apart = trained_on(model)
    torch.testing.assert_close(together["logits"], apart["logits"], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    "values", [{"is_per_channel": True}, {"quantizer": "pact"}, {"quantizer": "binary"}]
)
def test_other_quantizers_have_their_own_way(monkeypatch, values):
    if values.get("quantizer") == "binary":
        spec = ModelSpec("vgg_tiny", 2, 4, choke_width=8, **values)
    else:
        spec = ModelSpec("vgg_tiny", 4, 4, choke_width=8, **values)
    torch.manual_seed(0)
    model = build(spec).train()
    model(pixels())
    seen = counted(monkeypatch)
    together = trained_on(model)
    monkeypatch.setattr(chain, "has_kernels", lambda: False)
    torch.testing.assert_close(
        together["logits"], trained_on(model)["logits"], rtol=1e-3, atol=1e-3
    )
    assert len(seen) == (4 if values.get("quantizer") == "binary" else 0)


def test_powers_of_two_are_joined(monkeypatch):
    model = a_model(quantizer="power-of-two")
    seen = counted(monkeypatch)
    together = trained_on(model)
    assert len(seen) == 4
    monkeypatch.setattr(chain, "has_kernels", lambda: False)
    torch.testing.assert_close(
        together["logits"], trained_on(model)["logits"], rtol=1e-3, atol=1e-3
    )


def test_autocast_evaluation_and_the_first_batch_run_apart(monkeypatch):
    model = a_model()
    seen = counted(monkeypatch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        copy.deepcopy(model)(pixels())
    copy.deepcopy(model).eval()(pixels())
    build(ModelSpec("vgg_tiny", 4, 4, choke_width=8)).train()(pixels())
    assert not seen


def test_a_network_that_was_loaded_goes_on_in_one_function(monkeypatch):
    """So that a training taken up again has the bits of one that was not interrupted."""
    model = a_model()
    loaded = build(model.spec).train()
    loaded.load_state_dict(model.state_dict())
    one, other = trained_on(model), trained_on(loaded)
    assert all(torch.equal(value, other[name]) for name, value in one.items())
    seen = counted(monkeypatch)
    loaded(pixels())
    assert len(seen) == 4


def test_a_changed_code_would_be_seen(monkeypatch):
    """The comparison of logits fails where one code of each layer is another."""
    model = a_model()
    right = trained_on(model)["logits"]
    function = chain.normalize_to_codes

    def wrong(*arguments):
        codes = function(*arguments)
        codes.numbers[0, 0, 0, 0] ^= 15
        return codes

    monkeypatch.setattr(chain, "normalize_to_codes", wrong)
    assert not torch.equal(trained_on(model)["logits"], right)


def test_psums_between_joined_layers_are_exact(monkeypatch):
    """Those of codes and weights that travel as bytes, against a float64 convolution of the same."""
    function, compared = chain.convolve_carried, []

    def checked(x, w, case):
        psums = function(x, w, case)
        operands = (x.numbers.double(), w.numbers.double())
        expected = nn.functional.conv2d(*operands, None, case.stride, case.padding)
        assert torch.equal(psums.numbers.double(), expected)
        compared.append((x.numbers.dtype, w.numbers.dtype))
        return psums

    monkeypatch.setattr(chain, "convolve_carried", checked)
    trained_on(a_model())
    assert compared[-6:].count((torch.uint8, torch.int8)) == 4


@pytest.mark.parametrize("threads", [1, 2, 3, 7])
def test_threads_share_every_part_once(threads):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found = share(lambda first, last: list(range(first, last)), 5)
    finally:
        torch.set_num_threads(before)
    assert len(found) == min(threads, 5)
    assert [part for parts in found for part in parts] == [0, 1, 2, 3, 4]


def test_an_error_in_a_thread_is_raised():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(ZeroDivisionError):
            share(lambda first, _last: 1 // (1 - first), 2)
    finally:
        torch.set_num_threads(before)


def test_without_numba_there_are_no_loops(monkeypatch):
    compiled_loops.has_kernels.cache_clear()
    monkeypatch.setattr(compiled_loops.importlib.util, "find_spec", lambda _name: None)
    assert not compiled_loops.has_kernels()
    compiled_loops.has_kernels.cache_clear()
    monkeypatch.undo()
    assert compiled_loops.has_kernels()


@compiled
def _there_and_back(numbers, halves, back):
    zero = halves[0] - halves[0]
    for place in range(len(numbers)):
        halves[place] = like(np.uint16(zero), numbers[place])
        back[place] = wide(halves[place])


def test_bfloat16_is_rounded_as_torch_rounds():
    """Every upper half of a float32, with lower halves about a half of the last place."""
    upper = np.arange(2**16, dtype=np.uint32) << 16
    lower = np.array([0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF], np.uint32)
    numbers = (upper[:, None] | lower).reshape(-1).view(np.float32)
    halves, back = np.zeros(len(numbers), np.uint16), np.zeros(len(numbers), np.float32)
    _there_and_back(numbers, halves, back)
    expected = torch.from_numpy(numbers).bfloat16()
    is_number = ~expected.isnan()
    assert torch.equal(torch.from_numpy(back)[is_number], expected.float()[is_number])
    assert np.isnan(back[~is_number.numpy()]).all()
    assert (~is_number).sum() > 1000
