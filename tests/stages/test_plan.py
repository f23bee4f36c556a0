"""`tilewright plan`: from a name, a configuration and a run; its three forms; bad input."""

from __future__ import annotations

import csv
import io
import json
import shutil

import onnx
import pytest
from onnx import TensorProto, helper

from tests.chain import read, tilewright


def _facts(*arguments):
    done = tilewright("plan", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["arrays"]


def test_a_model_by_name_without_training():
    """The choke layer: 9 folds of 63 cycles; its type bound is 8 * 9 * 15 * 7 = 7,560."""
    (cost,) = _facts("vgg16", "--set", "model.choke_width=8")
    layers = {layer["layer"]: layer for layer in cost["layers"]}
    assert len(layers) == 14
    choke = layers["features.27"]
    assert (choke["folds"], choke["cycles"], choke["plain_ws_cycles"]) == (9, 567, 342)
    assert (choke["psum_bits_by_type"], choke["psum_bits_by_weights"]) == (14, None)
    assert layers["features.0"]["psum_bits_by_type"] == 17  # 27 * 255 * 7 = 48,195
    assert cost["total"]["macs"] == 219_723_776  # summed by hand
    assert cost["total"]["cycles"] == sum(layer["cycles"] for layer in cost["layers"])


@pytest.mark.parametrize("model", ["vgg_tiny", "vgg16", "resnet8", "resnet20"])
def test_every_model_of_the_readme_is_planned(model):
    (cost,) = _facts(model)
    assert len(cost["layers"]) >= 7


def test_several_arrays_as_csv():
    done = tilewright("plan", "vgg_tiny", "--csv", "--array", "4x8", "--array", "16x5")
    assert done.returncode == 0, done.stderr
    lines = list(csv.DictReader(io.StringIO(done.stdout)))
    assert {(line["rows"], line["cols"]) for line in lines} == {("4", "8"), ("16", "5")}
    assert len(lines) == 2 * len({line["layer"] for line in lines})
    for line in lines:
        words = int(line["nij"]) + 2 * int(line["cols"]) + int(line["rows"]) + 3
        assert int(line["cycles"]) == int(line["folds"]) * words


def test_a_configuration_as_a_table(tmp_path):
    config = tmp_path / "mine.toml"
    config.write_text("[model]\nact_bits = 2\n[array]\nrows = 16\ncols = 8\npsum_bits = 15\n")
    done = tilewright("plan", config, "--memories", "xmem=100,wmem=1000", "--array", "8x8")
    assert done.returncode == 0, done.stderr
    assert "8 rows x 8 cols, 15-bit psums" in done.stdout
    assert "WARNING 8x8: features.0: XMEM needs 1,156 words, but has 100" in done.stdout
    assert "psums need 17 bits for any weights of the format, but have 15" in done.stdout


def test_a_recovered_run_knows_its_weights_and_psums(finished):
    (cost,) = _facts(finished)
    verified = {
        entry["layer"]: entry for entry in read(finished / "03_verify/verify.json")["layers"]
    }
    simulated = {
        entry["layer"]: entry for entry in read(finished / "06_sim/simulate.json")["layers"]
    }
    assert [layer["layer"] for layer in cost["layers"]] == list(verified)
    for layer in cost["layers"]:
        name = layer["layer"]
        assert layer["psum_bits_by_weights"] == verified[name]["psum_bits_needed"]
        assert layer["psum_bits_by_type"] == verified[name]["psum_bits_by_type"]
        assert layer["psum_bits_observed"] <= layer["psum_bits_by_weights"]
        assert layer["cycles"] == simulated[name]["cycles"]
        assert layer["utilization"] == pytest.approx(simulated[name]["utilization"], rel=1e-12)
    assert [layer["layer"] for layer in _facts()[0]["layers"]] == list(verified)  # from the config


def test_a_float_network_of_another_tool(tmp_path):
    """A product of activations is counted and marked, and what is not counted is said, in all three forms."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], name="stem", pads=[1, 1, 1, 1]),
        helper.make_node("MatMul", ["c", "c"], ["m"], name="square"),
        helper.make_node("Einsum", ["m", "m", "m"], ["y"], equation="abcd,abde,abef->abcf"),
    ]
    tensors = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, sizes)
        for name, sizes in (("x", ["n", 3, 8, 8]), ("y", None))
    ]
    weight = helper.make_tensor("w", TensorProto.FLOAT, [8, 3, 3, 3], [0.0] * 216)
    path = tmp_path / "net.onnx"
    onnx.save(
        helper.make_model(helper.make_graph(nodes, "g", *[[t] for t in tensors], [weight])), path
    )
    note = "not counted: 1 Einsum of more than two operands"
    done = tilewright("plan", path, "--json", "--set", "model.act_bits=8")
    facts = json.loads(done.stdout)
    layer, square = facts["arrays"][0]["layers"]
    assert (layer["layer"], layer["macs"], layer["folds"]) == ("stem", 8 * 8 * 216, 9)
    assert layer["psum_bits_by_type"] == 17  # 27 * 255 * 7 = 48,195
    assert (layer["times"], layer["is_of_activations"]) == (1, False)
    assert (square["times"], square["is_of_activations"]) == (8, True)
    assert (square["macs"], square["folds"]) == (8 * 8**3, 8)  # one fold for each of the 8 channels
    fold = 8 + 2 * 8 + 8 + 3
    assert square["cycles"] == 8 * fold
    total = facts["arrays"][0]["total"]
    assert total["cycles"] == layer["cycles"] + square["cycles"]
    part = {"products": 8, "folds": 8, "cycles": 8 * fold, "macs": 8**4, "wmem_host_words": 64}
    assert total["products_of_activations"] == part
    printed = tilewright("plan", path).stdout
    assert f"note: {note}\n" in printed
    assert "8 times 8x8 by 8x8, no weights" in printed
    assert (
        f"8x8: products of two activations (no weights above): 8, {8 * fold:,} of {total['cycles']:,}"
        " cycles; nothing of them is stored" in printed
    )
    assert "so that 64 words are written to WMEM for every sample" in printed
    done = tilewright("plan", path, "--csv")
    assert (done.stdout.count("\n"), done.stderr) == (3, f"note: {note}\n")


def test_what_was_observed_is_left_out_once_it_is_stale(run):
    shutil.rmtree(run / "03_verify")
    assert {layer["psum_bits_observed"] for layer in _facts(run)[0]["layers"]} == {None}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("vgg61",), "error: there is no model 'vgg61': did you mean 'vgg16'?"),
        (
            ("no/such",),
            "error: no/such must be a run folder, a .toml configuration, a .csv of SCALE-Sim, an .onnx or "
            ".tflite file or a model's name",
        ),
        (("--array", "8"), "error: --array is ROWSxCOLS, for example 8x16, not '8'"),
        (("--array", "0x4"), "error: an array has 1..256 rows and cols, not 0x4"),
        (("--psum-bits", "99"), "error: a psum has 4..48 bits, not 99"),
        (("--memories", "dram=1"), "error: memories are xmem=WORDS,wmem=WORDS,pmem=WORDS"),
        (("--json", "--csv"), "error: --json and --csv are two forms of one answer"),
        (("--set", "model.act_bits=9"), "error: --set: model.act_bits: "),
    ],
)
def test_bad_input_is_one_line(run_command, arguments, message):
    status, printed, told = run_command("plan", *arguments)
    assert (status, printed) == (2, "")
    assert told.startswith(message)
    assert told.count("\n") == 1


def test_a_recovered_network_cannot_be_overridden(finished):
    done = tilewright("plan", finished, "--set", "model.act_bits=2")
    assert done.returncode == 2
    assert "holds a recovered network, which --set cannot change" in done.stderr
