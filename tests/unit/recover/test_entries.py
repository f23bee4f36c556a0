"""Modules with several inputs and outputs: exact on integers in everything that reads a network."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn

import tilewright as tw
from tilewright.engine import Engine
from tilewright.errors import DataError, ShapeError
from tilewright.recover import recover, trace_forward
from tilewright.recover.entries import input_codes
from tilewright.spec import CodeMove, IntegerNetwork
from tilewright.verify import reference_trace

INPUTS = (2, 6, 5), (1, 6, 5)


def block(ic, oc, **sizes):
    return nn.Sequential(
        nn.Conv2d(ic, oc, 3, padding=1, bias=False, **sizes), nn.BatchNorm2d(oc), nn.ReLU()
    )


class Heads(nn.Module):
    """Two inputs, and two outputs of which one is read inside too."""

    def __init__(self):
        super().__init__()
        self.image, self.other = block(2, 4), block(1, 4)
        self.both, self.side = nn.Linear(4 * 30, 5, bias=False), nn.Linear(5, 3, bias=False)

    def forward(self, x, y):
        first = self.both((self.image(x) + self.other(y)).flatten(1))
        return first, {"side": self.side(first.relu())}


class Shortcut(nn.Module):
    """The input is read by a layer and, with another step, by an addition."""

    def __init__(self, is_first):
        super().__init__()
        self.layer, self.head, self.is_first = block(2, 2), nn.Linear(60, 4, bias=False), is_first

    def forward(self, x):
        found = x + self.layer(x) if self.is_first else self.layer(x) + x
        return self.head(found.relu().flatten(1))


@pytest.fixture(scope="module")
def heads():
    torch.manual_seed(0)
    images = tuple(torch.rand(7, *sizes) for sizes in INPUTS)
    net = tw.quantize(Heads(), weight_bits=4, act_bits=4, example=images)
    return trained(net, *images), images


def trained(net, *images):
    net.train()(*images)
    return net.eval()


def same_as_forward(network, module, images):
    """Codes and sums of the reference and the engine are those of the module's forward."""
    seen = trace_forward(module, images)
    codes = input_codes(network, seen)
    expected, found = reference_trace(network, codes), Engine(network, batch=4).trace(codes)
    for name, sums in seen.sums.items():
        assert (expected.sums[name] == sums).all()
        assert (found.sums[name] == sums).all()
    return codes, expected


def test_several_inputs_are_one_of_integers(heads):
    module, images = heads
    assert tw.link_report(module).is_whole
    network, stimulus = recover(module, images, np.arange(7))
    assert network.inputs == ("input", "input2")
    assert network.node("input").planes == ((90, 1, 1),)
    codes, expected = same_as_forward(network, module, images)
    assert (stimulus.codes["input"] == codes).all()
    for name, sums in stimulus.psums.items():
        assert (expected.sums[name] == sums).all()


def test_several_outputs_are_given_in_the_module_s_order(heads, tmp_path):
    module, images = heads
    network, _ = recover(module, images, np.arange(7))
    assert network.outputs == ("both", "side")
    codes, expected = same_as_forward(network, module, images)
    found = Engine(network).outputs(codes)
    assert {name: (found[name] == expected.sums[name]).all() for name in found} == {
        "both": True,
        "side": True,
    }
    assert (Engine(network).sums(codes) == expected.sums["both"]).all()
    network.save(tmp_path / "net")
    again = IntegerNetwork.load(tmp_path / "net")
    assert again.outputs == network.outputs
    assert again.fingerprint() == network.fingerprint()


def test_a_run_folder_of_several_inputs_is_a_run_folder(heads, tmp_path):
    module, images = heads
    classes = module(*images)[0].argmax(dim=1)
    saved = tw.save_run(module, tmp_path / "run", images, classes, samples=2)
    assert (saved.images, saved.correct, saved.differ) == (7, 7, 0)
    assert all(one.passed for one in tw.run_stages(saved.path, "verify").values())
    with pytest.raises(DataError, match=r"there must be a label for each of the 7 images"):
        tw.save_run(module, tmp_path / "run", (images[0], images[1][:3]), classes)


def test_written_files_have_all_outputs(heads, tmp_path):
    onnx = pytest.importorskip("onnx", reason="needs the extra 'onnx'")
    from tilewright.interchange import export_network
    from tilewright.studies.exchange import check_export, random_pixels

    module, images = heads
    network, _ = recover(module, images, np.arange(7))
    pixels = random_pixels(network, 2)
    for form in ("onnx", "qcdq", "qonnx"):
        exported = export_network(network, tmp_path / "net.onnx", form=form)
        assert all(one.passed for one in check_export(network, exported, pixels[:1]))
        tensors = [one.name for one in onnx.load(exported.path).graph.output]
        assert [name.split(".")[0] for name in tensors] == ["both", "side"]


@pytest.mark.parametrize("is_first", [False, True])
def test_readers_of_the_input_with_steps_of_their_own_get_codes_of_their_own(is_first):
    torch.manual_seed(0)
    images = torch.rand(5, 2, 6, 5)
    module = trained(tw.quantize(Shortcut(is_first), weight_bits=4, act_bits=4), images)
    network, _ = recover(module, images, np.arange(5))
    assert sum(isinstance(one, CodeMove) for one in network.nodes) == 2
    same_as_forward(network, module, images)


class Ends(nn.Module):
    """What only leads to an output is no gap."""

    def __init__(self):
        super().__init__()
        self.layer = block(2, 2)
        self.one, self.other = nn.Linear(60, 4, bias=False), nn.Linear(60, 3, bias=False)

    def forward(self, x):
        read = self.layer(x).flatten(1)
        return [self.other(read).softmax(1).argmax(1), self.one(read).softmax(1)]


def test_what_follows_the_last_layers_of_several_outputs_is_no_gap():
    images = torch.rand(5, 2, 6, 5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net = tw.quantize(Ends(), weight_bits=4, act_bits=4)
    network, _ = recover(trained(net, images), images, np.arange(5))
    assert network.outputs == ("other", "one")
    assert not list(network.gaps())


def test_codes_of_another_part_would_be_seen(heads):
    """The sabotage: the second input's codes in the place of the first's."""
    from dataclasses import replace

    module, images = heads
    network, _ = recover(module, images, np.arange(7))
    first, second, *others = network.nodes
    wrong = np.roll(first.index, 1, axis=2)
    network = replace(network, nodes=(replace(first, index=wrong), second, *others))
    with pytest.raises(AssertionError):
        same_as_forward(network, module, images)


def test_outputs_must_be_nodes_of_their_own(heads):
    module, images = heads
    network, _ = recover(module, images, np.arange(7))
    with pytest.raises(
        ShapeError, match=r"the outputs must be nodes of their own, not \['both', 'b"
    ):
        IntegerNetwork(network.nodes, network.inputs, ("both", "both"))
