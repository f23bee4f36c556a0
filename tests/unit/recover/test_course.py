"""Course checkpoints become integer layers, and say what cannot."""

import argparse
import os
import pickle

import numpy as np
import pytest
import torch

from tests import course_checkpoint as course
from tilewright.errors import (
    ArtifactError,
    ConfigError,
    RecoveryError,
    ShapeError,
    UnknownNameError,
)
from tilewright.recover.course import Widths, import_course, read_state
from tilewright.spec import MaxPool
from tilewright.verify import check_node, compare, reference_trace

POOLS = (
    "max-pools are taken to stand behind features.3, where the names leave room: --pools 6,13,23,33 says "
    "otherwise"
)
NAMES = ["features.3", "features.7", "features.10", "features.13"]


@pytest.fixture(scope="module")
def net():
    return course.train()


def load(path, count=6, **options):
    widths = options.pop("widths", Widths(4, 4))
    return import_course(
        path, course.images(count, 5), widths=widths, samples=np.arange(count), **options
    )


@pytest.fixture
def path(net, tmp_path):
    course.save(net, tmp_path / "model_best.pth.tar")
    return tmp_path / "model_best.pth.tar"


@pytest.mark.parametrize(("weight_bits", "act_bits"), [(4, 4), (4, 2), (2, 8), (8, 4)])
def test_codes_and_psums_are_those_of_the_source(weight_bits, act_bits, tmp_path):
    """Against the forward of the script that made the file: codes and psums of every layer."""
    net = course.train(weight_bits, act_bits)
    course.save(net, tmp_path / "net.pth.tar")
    found = load(tmp_path / "net.pth.tar", widths=Widths(weight_bits, act_bits))
    with torch.no_grad():
        net(course.images(6, 5))
    source = {name: part.seen for name, part in course.convolutions(net).items()}
    trace = reference_trace(found.network, source["features.3"]["codes"].numpy().astype(np.int64))
    assert [node.name for node in found.network.nodes] == NAMES
    compared = 0
    for name in NAMES:
        codes = source[name]["codes"].numpy().astype(np.int64)
        psums = source[name]["psums"].round().numpy().astype(np.int64)
        assert float((source[name]["psums"] - source[name]["psums"].round()).abs().max()) < 0.01
        for expected, actual in ((trace.codes[name], codes), (trace.sums[name], psums)):
            comparison = compare(np.asarray(expected), actual, what="source", layer=name)
            assert comparison.passed, str(comparison)
            compared += comparison.compared
    assert compared > 20_000
    assert found.doubtful_codes <= found.codes // 100


def test_the_judge_accepts_the_stimulus(path, net):
    found = load(path)
    for node in found.network.nodes:
        verdict = check_node(node, found.stimulus, psum_bits=20)
        assert verdict.passed
    assert found.network.layer("features.3").requantizations[0].pools == (MaxPool((2, 2), (2, 2)),)
    assert found.network.layer("features.7").requantizations[0].pools == ()
    assert (found.network.layer("features.3").requantizations[0].direction == -1).any()
    assert found.network.output.unlinked == "what follows it is float"
    assert found.thresholds == 15 * (12 + 5 + 5)
    assert found.codes == 6 * (12 * 192 + 5 * 48 + 5 * 48)


def test_a_bias_is_part_of_the_step(net, path):
    bias = torch.linspace(-1, 1, 5)
    state = net.state_dict() | {"features.7.bias": bias}
    del state["features.7.weight_q"]
    torch.save({"state_dict": state}, path)
    found = load(path)
    assert all(
        check_node(node, found.stimulus, psum_bits=20).passed for node in found.network.nodes
    )
    with torch.no_grad():
        net.features[7].bias = torch.nn.Parameter(bias)
        try:
            values = net.features[7](net.features[:7](course.images(6, 5))) + bias[:, None, None]
            net.features[10](torch.relu(net.features[8](values)))
        finally:
            net.features[7].bias = None
    codes = net.features[10].seen["codes"].numpy().astype(np.int64)
    assert (found.stimulus.codes["features.10"] == codes).all()


def test_what_is_not_represented_is_named(path, net):
    notes = load(path).notes
    assert len(notes) == 3
    assert notes[2].startswith("features.0 is not represented: its input codes are signed (-")
    assert notes[0] == "classifier is not represented: it is float"
    assert notes[1] == POOLS
    assert POOLS not in load(path, pools=[6]).notes


def test_a_float_convolution_in_front_is_computed_but_not_represented(net, path):
    quantizer = ("features.0.weight_quant.wgt_alpha", "features.0.act_alpha", "features.0.weight_q")
    state = {name: value for name, value in net.state_dict().items() if name not in quantizer}
    torch.save({"state_dict": state}, path)
    found = load(path)
    plain = ("features.0", "features.1", "classifier")
    assert found.notes == (*(f"{name} is not represented: it is float" for name in plain), POOLS)
    assert [node.name for node in found.network.nodes] == NAMES
    with torch.no_grad():
        values = torch.nn.functional.conv2d(course.images(6, 5), net.features[0].weight, padding=1)
        net.features[3](torch.relu(net.features[1](values)))
    codes = net.features[3].seen["codes"].numpy().astype(np.int64)
    assert (found.stimulus.codes["features.3"] == codes).all()
    assert all(
        check_node(node, found.stimulus, psum_bits=20).passed for node in found.network.nodes
    )


def test_a_float_convolution_further_on_is_refused(net, path):
    quantizer = ("features.7.weight_quant.wgt_alpha", "features.7.act_alpha", "features.7.weight_q")
    state = {name: value for name, value in net.state_dict().items() if name not in quantizer}
    torch.save({"state_dict": state}, path)
    with pytest.raises(RecoveryError, match=r"^features.7: a float convolution after a quantized"):
        load(path)
    lonely = {
        name: value for name, value in net.state_dict().items() if name.startswith("features.0.")
    }
    torch.save({"state_dict": lonely}, path)
    with pytest.raises(RecoveryError, match=r"^features.0: it is the only quantized convolution"):
        load(path)


def test_a_stale_quantized_weight_is_counted_and_not_used(net, path):
    fresh = load(path)
    stored = net.state_dict()["features.7.weight_q"].clone()
    stored[0, 0] += 0.4
    course.save(net, path, **{"features.7.weight_q": stored})
    found = load(path)
    assert found.notes[-1] == (
        "features.7: weight_q is stale: 9 of 540 values are not those of weight, which is used"
    )
    ours, theirs = (one.network.layer("features.7").weight for one in (found, fresh))
    assert (ours == theirs).all()
    course.save(net, path, **{"features.7.weight_q": torch.zeros(5, 12, 3, 3)})
    assert "features.7: weight_q is stale: " in load(path).notes[-1]


def test_a_step_on_a_whole_psum_is_doubtful(net, path):
    """Gains and scales of powers of two put every step of the choke layer on a tie or a whole psum."""
    changes = {
        "features.10.act_alpha": torch.tensor(15.0),  # a step of 1
        "features.10.weight_quant.wgt_alpha": torch.tensor(7.0),  # a step of 1
        "features.13.act_alpha": torch.tensor(30.0),  # a step of 2: ties at odd psums
    }
    course.save(net, path, **changes)
    found = load(path)
    plain = load_without(net, path)
    assert found.doubtful - plain.doubtful >= 5 * 15
    assert found.doubtful_codes > 0
    link = found.network.layer("features.10").requantizations[0]
    assert link.thresholds[0].tolist()[:4] == [2, 3, 6, 7]  # 1 -> 0, 3 -> 2, 5 -> 2: half to even


def load_without(net, path):
    course.save(net, path)
    return load(path)


def test_pools_that_the_names_leave_open_can_be_stated(net, path):
    found = load(path, pools=[12])
    assert found.network.layer("features.10").requantizations[0].pools == (MaxPool((2, 2), (2, 2)),)
    assert found.network.layer("features.3").requantizations[0].pools == ()
    with pytest.raises(
        RecoveryError, match=r"^features.7: before features.10 .* 1 pools are stated$"
    ):
        load(path, pools=[9])


def test_widths_of_single_layers():
    widths = Widths.parse(4, 2, ["features.27=4/4"])
    assert widths.of("features.27") == (4, 4)
    assert widths.of("features.24") == (4, 2)
    for text in ("features.27", "features.27=4", "=4/4", "features.27=x/4"):
        with pytest.raises(ConfigError, match=r"^widths of a layer are given as NAME=WEIGHT/ACT"):
            Widths.parse(4, 4, [text])
    for weight_bits, act_bits in ((1, 4), (9, 4), (4, 9), (4, 1)):
        with pytest.raises(ConfigError, match=r"must be 2\.\.8, not \d$"):
            Widths(weight_bits, act_bits)


def test_a_width_for_an_unknown_layer_is_refused(net, path):
    widths = Widths.parse(4, 4, ["features.11=4/4"])
    with pytest.raises(UnknownNameError, match=r"^there is no quantized layer 'features.11'"):
        load(path, widths=widths)


def test_names_of_a_parallel_module_are_understood(net, path):
    state = {f"module.{name}": value for name, value in net.state_dict().items()}
    torch.save({"state_dict": state}, path)
    assert [node.name for node in load(path).network.nodes] == NAMES
    torch.save(net.state_dict(), path)
    assert [node.name for node in load(path).network.nodes] == NAMES


@pytest.mark.parametrize("bits", [2, 3, 8])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_widths_that_the_stored_weights_deny_are_refused(bits, dtype, tmp_path):
    """All layers, one layer, and the widths that they show; float16 is less exact, and shows them too."""
    net, path = course.train(bits, 4), tmp_path / "net.pth.tar"
    state = {
        name: value.to(dtype) if value.is_floating_point() else value
        for name, value in net.state_dict().items()
    }
    torch.save({"state_dict": state}, path)
    with pytest.raises(
        RecoveryError,
        match=rf"^features.0: .* but 4 are stated, and 5 of 5 .* give --weight-bits {bits}$",
    ):
        load(path)
    assert load(path, widths=Widths(bits, 4)).network.layers[0].weight_format.bits == bits
    with pytest.raises(RecoveryError, match=rf"give --layer-bits features.7={bits}/2$"):
        load(path, widths=Widths.parse(bits, 4, ["features.7=4/2"]))


def test_stored_weights_that_are_zeros_show_no_width(tmp_path):
    """`nn.DataParallel` writes them in copies alone; most codes are 0 where alpha is large."""
    net = course.train()
    for part in course.convolutions(net).values():
        part.weight_quant.wgt_alpha.data.fill_(10.0)
    zeros = {k: torch.zeros_like(v) for k, v in net.state_dict().items() if "weight_q" in k[-8:]}
    course.save(net, tmp_path / "net.pth.tar", **zeros)
    assert load(tmp_path / "net.pth.tar").network.layer("features.3").weight_format.bits == 4


def test_float16_does_not_make_weights_stale(tmp_path):
    net, path = course.train(8, 4), tmp_path / "net.pth.tar"
    state = {
        name: value.half() if name.endswith(("weight", "weight_q", "alpha")) else value
        for name, value in net.state_dict().items()
    }
    fresh = course.train(8, 4)
    fresh.load_state_dict({name: value.float() for name, value in state.items()})
    for name, part in course.convolutions(fresh).items():
        state[f"{name}.weight_q"] = part.weight_quant(part.weight).detach().half()
    torch.save({"state_dict": state}, path)
    assert not [note for note in load(path, widths=Widths(8, 4)).notes if "stale" in note]


def test_pools_must_leave_what_the_classifier_reads(net, path):
    """Images of 16x12, one pool before the last convolution: 8x6 there, 4x3 behind the last pool."""
    course.save(net, path, **{"classifier.weight": torch.zeros(4, 16 * 5)})
    with pytest.raises(
        RecoveryError,
        match=r"^classifier.weight: its 80 inputs must be .* 16 channels of 8x6 .*--pools",
    ):
        load(path)
    course.save(net, path, **{"classifier.weight": torch.zeros(4, 16 * 8 * 6)})
    with pytest.raises(RecoveryError, match=r"^classifier.weight: it reads all 8x6 pixels .*Ident"):
        load(path)
    assert load(path, pools=[6]).network.layers
    course.save(net, path, **{"classifier.weight": torch.zeros(4, 16)})  # a mean over the map
    assert load(path).network.layers


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {"net": state, "acc": 91.5, "optimizer": {"state": {}}},
        lambda state: {"model_state_dict": state, "best": torch.tensor(3.0)},
        lambda state: {"state_dict": state, "best_prec": np.float64(91.5), "epoch": np.int64(3)},
        lambda state: {"state_dict": state, "args": argparse.Namespace(lr=0.1)},
        lambda state: {"_orig_mod.module." + name: value for name, value in state.items()},
        lambda state: {"state_dict": {"model." + name: value for name, value in state.items()}},
    ],
)
def test_what_training_scripts_wrap_around_weights_is_read(wrap, net, path):
    torch.save(wrap(net.state_dict()), path)
    assert [node.name for node in load(path).network.nodes] == NAMES


def test_two_dicts_of_weights_leave_the_choice(net, path):
    torch.save({"model": net.state_dict(), "ema": net.state_dict()}, path)
    with pytest.raises(ArtifactError, match=r"one dict of weights, but holds 2, model, ema: save"):
        load(path)
    torch.save(net, path)
    with pytest.raises(
        ArtifactError, match=r"holds \S+, which is not executed: save net.state_dict\(\) alone$"
    ):
        load(path)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("features.3.act_alpha", torch.tensor(0.0), r"^features.3: act_alpha must be one positive"),
        ("features.3.act_alpha", torch.tensor(-2.0), r"^features.3: act_alpha .* but is -2.0"),
        (
            "features.7.weight_quant.wgt_alpha",
            torch.tensor([1.0, 2.0]),
            r"^features.7: wgt_alpha must be one positive number, but is \[1.0, 2.0\]",
        ),
        (
            "features.7.weight",
            torch.ones(5, 12, 3, 3),
            r"^features.7: the weight must be .* constant",
        ),
    ],
)
def test_values_that_cannot_be_trained_ones_are_refused(name, value, message, net, path):
    course.save(net, path, **{name: value})
    with pytest.raises(RecoveryError, match=message):
        load(path)


def test_nan_is_refused(net, path):
    course.save(net, path, **{"features.3.act_alpha": torch.tensor(float("nan"))})
    with pytest.raises(ArtifactError, match=r"features.3.act_alpha must be finite"):
        load(path)


@pytest.mark.parametrize(
    ("drop", "message"),
    [
        ("features.7.weight", r"^the checkpoint must hold features.7.weight, but does not"),
        ("features.7.act_alpha", r"^the checkpoint must hold features.7.act_alpha"),
        ("features.8.running_var", r"^the checkpoint must hold features.8.running_var"),
        (
            "features.10.weight_quant.wgt_alpha",
            r"^features.10: a float convolution after a quantized one",
        ),
    ],
)
def test_missing_tensors_are_named(drop, message, net, path):
    state = {name: value for name, value in net.state_dict().items() if name != drop}
    torch.save({"state_dict": state}, path)
    with pytest.raises(RecoveryError, match=message):
        load(path)


def test_other_networks_are_refused(net, path):
    weights = {"layer1.0.conv1.weight_quant.wgt_alpha": torch.ones(())}
    torch.save({"state_dict": weights}, path)
    with pytest.raises(RecoveryError, match=r"^layer1.0.conv1: only a sequence features.N"):
        load(path)
    torch.save({"state_dict": {"fc.weight": torch.ones(2, 2)}}, path)
    with pytest.raises(RecoveryError, match=r"^the checkpoint has no quantized convolution"):
        load(path)
    course.save(net, path)
    with pytest.raises(ShapeError, match=r"^features.0: its input must be \(n, 3, h, w\)"):
        import_course(path, torch.zeros(1, 4, 8, 8), widths=Widths(4, 4), samples=np.arange(1))


class Malice:
    """Unpickling this would run a command."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.system, (f"touch {self.target}",)


@pytest.mark.parametrize("form", ["torch", "legacy", "pickle"])
def test_a_malicious_file_is_refused_and_never_executed(form, tmp_path):
    path, trace = tmp_path / "model.pth.tar", tmp_path / "executed"
    content = {"state_dict": {"features.0.weight": Malice(trace)}}
    if form == "pickle":
        path.write_bytes(pickle.dumps(content))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=form == "torch")
    with pytest.raises(
        ArtifactError, match=r"must hold tensors and plain values only, .* not exec"
    ):
        read_state(path)
    assert not trace.exists()
    assert "\n" not in _message(path)


def _message(path):
    with pytest.raises(ArtifactError) as caught:
        read_state(path)
    return str(caught.value)


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04 broken"])
def test_a_damaged_file_is_one_line(content, tmp_path):
    (tmp_path / "net.pth.tar").write_bytes(content)
    assert "\n" not in _message(tmp_path / "net.pth.tar")


def test_files_without_tensors_are_refused(tmp_path):
    path = tmp_path / "net.pth.tar"
    with pytest.raises(ArtifactError, match=r"there is no such file$"):
        read_state(path)
    for content, message in (([1, 2], "holds list"), ({"state_dict": {"epoch": 3}}, "has none")):
        torch.save(content, path)
        with pytest.raises(ArtifactError, match=message):
            read_state(path)


def test_mutated_files_are_refused_or_read(net, path):
    """Sixty damaged copies: an error of ours, or the same network, never another exception."""
    good, random = path.read_bytes(), np.random.default_rng(0)
    messages = []
    for _ in range(60):
        damaged = bytearray(good)
        for place in random.integers(0, len(good), 3):
            damaged[place] = int(random.integers(0, 256))
        path.write_bytes(bytes(damaged))
        try:
            state = read_state(path)
        except ArtifactError as error:
            messages.append(str(error))
        else:
            assert state
    assert len(messages) > 10
    assert not any("\n" in message for message in messages)
