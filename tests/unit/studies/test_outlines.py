"""What can be planned: every named model, a topology of SCALE-Sim, and grouped layers for what they are."""

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from tests.chain import tilewright
from tilewright.config import ModelConfig
from tilewright.cost import LayerOutline, MemoryDepths, network_cost
from tilewright.errors import ConfigError
from tilewright.models import ModelSpec, quantized_layers
from tilewright.spec import ArrayShape, ConvShape, IntegerLayer, NumberFormat, PackedNetwork
from tilewright.studies.outlines import _groups, find_outlines

PACKED = Path(__file__).parents[3] / "models" / "vgg16-choke8-w4a4"
MODELS = get_args(ModelConfig.model_fields["name"].annotation)
ACT, WEIGHT = NumberFormat(4, is_signed=False), NumberFormat(4, is_signed=True, is_narrow=True)


@pytest.mark.parametrize("model", MODELS)
def test_every_model_that_has_a_name_is_planned(model):
    outlines, config = find_outlines(model)
    bits = config.model.weight_bits, config.model.act_bits
    assert [one.name for one in outlines] == [
        layer.name for layer in quantized_layers(ModelSpec(model, *bits))
    ]
    cost = network_cost(outlines, ArrayShape(8, 8, 20), MemoryDepths())
    assert sum(layer.macs for layer in cost.layers) == sum(one.shape.macs for one in outlines) > 0


def test_the_models_are_planned_on_the_command_line():
    done = tilewright("plan", "resnet8", "--csv")
    assert done.returncode == 0, done.stderr
    assert "layer3.0.shortcut.0" in done.stdout


def test_a_packed_network_is_planned_with_its_weights():
    outlines, _ = find_outlines(str(PACKED))
    layers = PackedNetwork.load(PACKED).network.layers
    assert [one.name for one in outlines] == [layer.name for layer in layers]
    assert all((a.weight == b.weight).all() for a, b in zip(outlines, layers, strict=True))
    with pytest.raises(ConfigError, match="is a trained network, which --set cannot change"):
        find_outlines(f"{PACKED}.json", ("model.act_bits=2",))


def test_own_sizes_are_planned_from_a_topology(tmp_path):
    path = tmp_path / "net.csv"
    path.write_text("Layer name, h, w, kh, kw, c, n, s,\nConv1, 17, 17, 3, 3, 16, 32, 2,\n")
    (outline,), config = find_outlines(str(path), ("model.weight_bits=8", "model.act_bits=6"))
    assert outline.shape == ConvShape(16, 17, 17, 32, 3, 3, (2, 2))
    assert (outline.weight_format.bits, outline.act_format.bits) == (8, 6)
    assert config.model.weight_bits == 8
    done = tilewright("plan", path, "--json")
    assert done.returncode == 0, done.stderr
    assert '"macs": 294912' in done.stdout  # 8 * 8 * 32 * 16 * 9
    with pytest.raises(ConfigError, match=r"a \.csv of SCALE-Sim or a model's name"):
        find_outlines("no/such/thing")


@pytest.mark.parametrize("groups", [1, 2, 4, 8])
def test_a_grouped_layer_is_known_by_its_weights_and_counted_for_what_it_needs(groups):
    shape = ConvShape(8, 6, 6, 16, 3, 3, groups=groups)
    weight = np.random.default_rng(0).integers(1, 8, shape.weight_sizes).astype(np.int8)
    layer = IntegerLayer("deep", shape, weight, WEIGHT, ACT, np.ones(1), 1.0).as_dense()
    assert _groups(layer.weight) == groups
    outline = LayerOutline("deep", layer.shape, ACT, WEIGHT, layer.weight, None, groups)
    cost = network_cost((outline,), ArrayShape(8, 8, 20), MemoryDepths())
    assert cost.layers[0].macs == shape.macs == layer.shape.macs // groups
    assert cost.to_facts()["total"]["macs"] == shape.macs
    said = [
        text for text in cost.warnings if f"its {groups} groups are computed as a dense" in text
    ]
    assert len(said) == (groups > 1)


def test_a_layer_of_zeros_or_with_one_weight_between_parts_is_no_grouped_one():
    assert _groups(np.zeros((4, 4, 1, 1), np.int8)) == 1
    weight = np.eye(4, dtype=np.int8)[:, :, None, None].copy()
    assert _groups(weight) == 4
    weight[0, 1] = 1
    assert _groups(weight) == 2
    weight[0, 3] = 1
    assert _groups(weight) == 1
