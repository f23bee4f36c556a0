import json
from dataclasses import replace

import pytest
import torch

from tests.unit.train.digits_subset import RECIPE, SPEC, few_digits
from tilewright.errors import ArtifactError
from tilewright.models import build
from tilewright.quant import WeightQuantizer
from tilewright.train import Notice, load_trained, train_network
from tilewright.train.start import take_weights

FLOAT = replace(SPEC, weight_bits=32, act_bits=32)
ONE = replace(RECIPE, epochs=1)


@pytest.fixture(scope="module")
def data():
    return few_digits()


@pytest.fixture(scope="module")
def start(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("float")
    train_network(FLOAT, data, folder=folder, recipe=ONE)
    return folder


def by_name(fates):
    return {fate.name: fate for fate in fates}


def initialized(spec, seed=0):
    torch.manual_seed(seed)
    model = build(spec)
    model(torch.randint(0, 256, (4, 3, 32, 32), dtype=torch.uint8))  # sets the steps
    return model


def test_a_float_network_gives_all_but_the_steps(data, start, tmp_path):
    events = []
    train_network(
        SPEC,
        data,
        folder=tmp_path,
        recipe=replace(ONE, lr=1e-12, step_lr=0.0, weight_decay=0.0),
        start=start,
        listener=events.append,
    )
    there, here = load_trained(start).state_dict(), load_trained(tmp_path).state_dict()
    assert torch.allclose(there["features.4.weight"], here["features.4.weight"], atol=1e-9)
    (notice,) = [event for event in events if isinstance(event, Notice)]
    listed = json.loads((tmp_path / "start.json").read_text())["tensors"]
    fates = {entry["name"]: entry["fate"] for entry in listed}
    assert set(fates) == set(here) | set(there)
    assert fates["features.0.weight"] == fates["features.1.running_mean"] == "loaded"
    steps = [name for name in fates if name.endswith(".step")]
    assert steps
    assert all(fates[name] == "fresh" for name in steps)
    count = sum(fate == "loaded" for fate in fates.values())
    assert f"{count} loaded" in notice.message


def test_steps_of_another_number_format_are_set_anew():
    source, model = initialized(SPEC), build(replace(SPEC, act_bits=2))
    fates = by_name(take_weights(model, source, origin="W4A4"))
    act = fates["features.4.act_quantizer.step"]
    weight = fates["features.4.weight_quantizer.step"]
    assert act.fate == "fresh"
    assert act.reason == "u4 (0..15) there, u2 (0..3) here"
    assert weight.fate == "loaded"
    assert not bool(model.features[4].act_quantizer.is_initialized)


def test_steps_are_fitted_to_the_weights_that_are_taken():
    """The learned step is far too coarse; the fitted one is as good as the best of a fine grid."""
    source, model = initialized(SPEC), initialized(SPEC, seed=1)
    with torch.no_grad():
        source.get_parameter("features.4.weight_quantizer.step").mul_(8)
    fates = by_name(take_weights(model, source, origin="there", fits_steps=True))
    assert fates["features.4.weight_quantizer.step"].fate == "fitted"
    assert fates["features.4.act_quantizer.step"].fate == "loaded"
    weight = model.get_parameter("features.4.weight").detach()

    def error(step):
        return float(((weight / step).round().clamp(-7, 7) * step - weight).square().sum())

    step = model.get_parameter("features.4.weight_quantizer.step").item()
    tried = [step * 2 ** (place / 40) for place in range(-120, 121)]
    assert error(step) <= 1.01 * min(map(error, tried))  # the search has eight steps an octave
    assert step < source.get_parameter("features.4.weight_quantizer.step").item() / 4


def test_weights_on_a_coarse_grid_stay_as_they_are_on_a_finer_one():
    quantizer = WeightQuantizer(4, (2, 1))
    codes = torch.tensor([[3.0, -1, 0, 2], [0, 0, 0, 0]])
    quantizer.fit(codes * torch.tensor([[0.25], [1.0]]))
    torch.testing.assert_close(quantizer.scale[0], torch.tensor([0.125]))
    assert quantizer(codes * 0.25).tolist() == (2 * codes).tolist()
    assert (quantizer.scale > 0).all()


def test_a_wider_chokepoint_computes_what_the_narrow_one_did():
    narrow = initialized(replace(SPEC, choke_width=8))
    torch.manual_seed(1)
    wide = build(replace(SPEC, choke_width=12))
    fates = by_name(take_weights(wide, narrow, origin="8 channels"))
    layer = wide.spec.choke_layer
    fate = fates[f"{layer}.weight"]
    assert fate.fate == "resized"
    assert fate.reason == "(8, 8, 3, 3) there, (12, 12, 3, 3) here"
    old, new = narrow.state_dict()[fate.name], wide.state_dict()[fate.name]
    assert torch.equal(new[:8, :8], old)
    assert not new[:8, 8:].any()
    assert new[8:].all()
    pixels = torch.randint(0, 256, (4, 3, 32, 32), dtype=torch.uint8)
    assert torch.equal(narrow.eval()(pixels), wide.eval()(pixels))


def test_what_a_network_has_no_place_for_is_listed():
    fates = by_name(take_weights(build(FLOAT), initialized(SPEC), origin="W4A4"))
    assert {fate.fate for fate in fates.values()} == {"loaded", "unused"}
    assert fates["classifier.weight_quantizer.step"].fate == "unused"


def test_a_start_without_a_trained_network_is_refused(data, tmp_path):
    with pytest.raises(ArtifactError, match=r"nothing holds no trained network: run the training"):
        train_network(SPEC, data, folder=tmp_path / "run", recipe=ONE, start=tmp_path / "nothing")


def test_another_start_or_teacher_is_another_training(data, start, tmp_path):
    train_network(SPEC, data, folder=tmp_path, recipe=ONE, start=start, teachers=[start])
    with pytest.raises(ArtifactError, match=r"origin teacher = '[0-9a-f]{64}', but None is asked"):
        train_network(SPEC, data, folder=tmp_path, recipe=ONE, start=start)
