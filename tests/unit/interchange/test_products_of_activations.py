"""Products of two activations in files: as many multiplications as torch counts, and their cycles."""

from __future__ import annotations

import math
import os
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from benchmarks.scalesim_cycles import run_scalesim
from onnx import helper
from torch import nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from tests.tflite_files import TfliteFile
from tests.unit.interchange.test_file_topology import written
from tilewright.cost import (
    HardwareAxes,
    MemoryDepths,
    hardware_points,
    layer_cost,
    network_cost,
)
from tilewright.interchange import read_file_topology
from tilewright.interchange.products import einsum_products, matmul_products
from tilewright.pipeline.run_folder import Silent
from tilewright.sim import dataflow_cycles, simulate
from tilewright.spec import ArrayShape, ConvShape, LayerSizes
from tilewright.studies.outlines import find_outlines
from tilewright.studies.sweep.candidate import open_candidate
from tilewright.studies.sweep.simulated import simulate_point
from tilewright.tile import Execution, TilePlan, plan_words, untile_psums

STEPS, WIDTH, HEADS = 10, 32, 4


class Attention(nn.Module):
    """As its exporters write it: projections, scores, mixtures. shared: heads of keys and values."""

    def __init__(self, shared=HEADS, *, has_einsum=False):
        super().__init__()
        self.depth, self.shared, self.has_einsum = WIDTH // HEADS, shared, has_einsum
        self.query = nn.Linear(WIDTH, WIDTH)
        self.key, self.value = (nn.Linear(WIDTH, shared * self.depth) for _ in range(2))
        self.out = nn.Linear(WIDTH, WIDTH)

    def forward(self, x):
        query, key, value = (
            part(x).unflatten(2, (-1, self.depth)) for part in (self.query, self.key, self.value)
        )
        if self.has_einsum:
            shares = torch.einsum("bihd,bjhd->bhij", query, key).softmax(3)
            return self.out(torch.einsum("bhij,bjhd->bihd", shares, value).flatten(2))
        query, key, value = (one.transpose(1, 2) for one in (query, key, value))
        is_shared = self.shared < HEADS
        found = functional.scaled_dot_product_attention(query, key, value, enable_gqa=is_shared)
        return self.out(found.transpose(1, 2).flatten(2))


NETWORKS = {
    "attention": Attention,
    "einsum": lambda: Attention(has_einsum=True),
    "grouped queries": lambda: Attention(2),
    "module": lambda: nn.Sequential(nn.TransformerEncoderLayer(WIDTH, HEADS, 64, batch_first=True)),
}


def exported(module, path, *, opset, is_open):
    """The file of torch's old exporter (opset 17) or of its newer one."""
    is_new = opset > 17
    options = {"dynamo": is_new, "opset_version": opset, "input_names": ["x"], "verbose": False}
    if is_open and is_new:
        options["dynamic_shapes"] = ({0: torch.export.Dim("n")},)
    elif is_open:
        options["dynamic_axes"] = {"x": {0: "n"}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, (torch.zeros(1 + is_open, STEPS, WIDTH),), path, **options)
    return path


def multiplications(module):
    """Those of one sample, as torch counts them while it runs the module."""
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH), torch.no_grad():
        module(torch.zeros(1, STEPS, WIDTH))
    return counter.get_total_flops() // 2


@pytest.mark.parametrize(("opset", "is_open"), [(17, True), (18, False), (23, True)])
@pytest.mark.parametrize("name", list(NETWORKS))
def test_a_file_has_the_multiplications_that_torch_counts(name, opset, is_open, tmp_path):
    if (name, opset) == ("grouped queries", 17):
        pytest.skip("torch's old exporter cannot write it")
    module = NETWORKS[name]().train()  # the fused kernel of evaluation is counted as nothing
    for part in module.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0
    expected = multiplications(module)
    path = exported(module.eval(), tmp_path / "net.onnx", opset=opset, is_open=is_open)
    found = read_file_topology(path)
    products = [one for one in found.layers if one.is_of_activations]
    assert [(one.times, one.shape.onij, one.shape.ic, one.shape.oc) for one in products] == [
        (HEADS, STEPS, WIDTH // HEADS, STEPS),
        (HEADS, STEPS, STEPS, WIDTH // HEADS),
    ]
    assert sum(one.times * one.shape.macs for one in found.layers) == expected
    assert found.notes == ()
    fewer = [
        replace(one, times=1) for one in found.layers
    ]  # one head: the count above would differ
    assert sum(one.times * one.shape.macs for one in fewer) != expected


def _fused(kind, inputs, domain="com.microsoft", **attributes):
    return helper.make_node(kind, inputs, ["a"], name="attention", domain=domain, **attributes)


QUERY = ("x", ["n", STEPS, WIDTH])
LINEAR = helper.make_node("MatMul", ["a", "o"], ["y"], name="out")


@pytest.mark.parametrize(
    ("node", "inputs", "weights", "products"),
    [
        (_fused("Attention", ["x", "w"], num_heads=4), [QUERY], [("w", [32, 96])],
         [(1, 10, 32, 96), (4, 10, 8, 10), (4, 10, 10, 8)]),
        (_fused("Attention", ["x", "w"], num_heads=4, qkv_hidden_sizes=[16, 16, 32]), [QUERY],
         [("w", [32, 64])], [(1, 10, 32, 64), (4, 10, 4, 10), (4, 10, 10, 8)]),
        (_fused("QAttention", ["x", "w", "b", "s", "s"], num_heads=4), [QUERY],
         [("w", [32, 96]), ("b", [96]), ("s", [1])],
         [(1, 10, 32, 96), (4, 10, 8, 10), (4, 10, 10, 8)]),
        (_fused("MultiHeadAttention", ["x", "k", "v"], num_heads=4),
         [QUERY, ("k", ["n", 7, 32]), ("v", ["n", 7, 32])], [], [(4, 10, 8, 7), (4, 10, 7, 8)]),
        (_fused("MultiHeadAttention", ["x"], num_heads=4), [("x", ["n", 10, 4, 3, 8])], [],
         [(4, 10, 8, 10), (4, 10, 10, 8)]),
        (_fused("MultiHeadAttention", ["x", "k", "v", "", "", "", "p", "p"], num_heads=4),
         [QUERY, ("k", ["n", 1, 32]), ("v", ["n", 1, 32]), ("p", ["n", 4, 6, 8])], [],
         [(4, 10, 8, 7), (4, 10, 7, 8)]),
        (_fused("GroupQueryAttention", ["x", "k", "v", "p", "p"], num_heads=4, kv_num_heads=2),
         [QUERY, ("k", ["n", 10, 16]), ("v", ["n", 10, 16]), ("p", ["n", 2, 6, 8])], [],
         [(4, 10, 8, 16), (4, 10, 16, 8)]),
        (_fused("GroupQueryAttention", ["x"], num_heads=4, kv_num_heads=2),
         [("x", ["n", 10, 64])], [], [(4, 10, 8, 10), (4, 10, 10, 8)]),
        (_fused("Attention", ["x", "k", "v"], "", q_num_heads=4, kv_num_heads=2),
         [QUERY, ("k", ["n", 7, 16]), ("v", ["n", 7, 16])], [], [(4, 10, 8, 7), (4, 10, 7, 8)]),
    ],
)  # fmt: skip
def test_attention_as_one_operation(node, inputs, weights, products, tmp_path):
    opsets = [helper.make_opsetid("", 23), helper.make_opsetid("com.microsoft", 1)]
    path = written(tmp_path / "net.onnx", [node, LINEAR], inputs, [*weights, ("o", [32, 5])])
    model = onnx.load(path)
    del model.opset_import[:]
    model.opset_import.extend(opsets)
    onnx.save(model, path)
    found = read_file_topology(path).layers
    counted = [(one.times, one.shape.onij, one.shape.ic, one.shape.oc) for one in found]
    assert counted == [*products, (1, 10, 32, 5)]
    names = ["attention.qkv", "attention.scores", "attention.mix", "out"]
    assert [one.name for one in found] == names[-len(found) :]
    marks = [False, True, True, False]
    assert [one.is_of_activations for one in found] == marks[-len(found) :]


def test_attention_of_sizes_that_fit_no_form_is_said(tmp_path):
    node = _fused("MultiHeadAttention", ["x", "k"], num_heads=4)
    stem = helper.make_node("MatMul", ["z", "o"], ["y"])
    inputs = [QUERY, ("k", ["n", 7, 32]), ("z", ["n", 3, 32])]
    path = written(
        tmp_path / "net.onnx", [node, stem], inputs, [("o", [32, 5])], ("com.microsoft",)
    )
    assert read_file_topology(path).notes == ("not counted: 1 MultiHeadAttention",)


SIZES = {"a": 2, "b": 3, "c": 4, "d": 5, "e": 6}


@pytest.mark.parametrize(
    ("equation", "operands"),
    [
        ("bc,cd->bd", ("bc", "cd")),
        ("ab,cb", ("ab", "cb")),
        ("abcd,abed->abce", ("abcd", "abed")),
        ("...cd,...de->...ce", ("abcd", "abde")),
        ("abc,cd->abd", ("abc", "cd")),
        ("abc, bdc -> abd", ("abc", "bdc")),
        ("acd,cde->ae", ("acd", "cde")),
        ("abc,ac->b", ("abc", "ac")),
    ],
)
def test_an_einsum_has_the_terms_of_a_loop_over_all_indices(equation, operands):
    """One multiplication for each choice of all indices that stand in it."""
    first, second = (tuple(SIZES[one] for one in name) for name in operands)
    found = einsum_products(equation, first, second)
    assert found is not None
    indices = set("".join(operands))
    assert found.times * math.prod(found.sizes) == math.prod(SIZES[one] for one in indices)
    result = np.einsum(equation, np.zeros(first), np.zeros(second))
    assert found.times * found.rows * found.columns == result.size


@pytest.mark.parametrize(
    ("equation", "first", "second"),
    [("ab,ab->ab", (2, 3), (2, 3)), ("aab,ab->a", (2, 2, 3), (2, 3)), ("ab,bc->ac", (2, 3), (4, 5)),
     ("ab,c->abc", (2, 3), (4,)), ("abc,bc->a", (2, 3), (3, 4)), ("ab->ba", (2, 3), (2, 3))],
)  # fmt: skip
def test_what_is_no_matrix_product(equation, first, second):
    assert einsum_products(equation, first, second) is None


@pytest.mark.parametrize(
    ("first", "second"),
    [((3, 4), (4, 5)), ((4,), (4, 5)), ((3, 4), (4,)), ((2, 3, 4), (4, 5)), ((3, 4), (2, 4, 5)),
     ((2, 1, 3, 4), (6, 4, 5)), ((4,), (2, 4, 5))],
)  # fmt: skip
def test_a_product_is_as_large_as_that_of_numpy(first, second):
    found = matmul_products(first, second)
    assert found is not None
    result = np.matmul(np.zeros(first), np.zeros(second))
    assert found.times * found.rows * found.columns == result.size
    assert found.terms == first[-1]


@pytest.mark.parametrize(
    ("first", "second"), [((3, 4), (5, 4)), ((2, 3, 4), (3, 4, 5)), ((), (2,))]
)
def test_sizes_that_do_not_fit(first, second):
    assert matmul_products(first, second) is None


def test_weights_for_each_head_are_stored(tmp_path):
    """A product with several weights is as many layers; each has weights of its own."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["a"], name="heads"),
        helper.make_node("Einsum", ["v", "a"], ["y"], name="left", equation="hkd,bhtk->bhtd"),
    ]
    inputs = [("x", ["n", 3, 5, 8])]
    path = written(tmp_path / "net.onnx", nodes, inputs, [("w", [3, 8, 6]), ("v", [3, 6, 2])])
    found = read_file_topology(path).layers
    assert found == (
        LayerSizes("heads", ConvShape(8, 5, 1, 6, 1, 1), 3),
        LayerSizes("left", ConvShape(6, 5, 1, 2, 1, 1), 3),
    )
    candidate, notes = open_candidate(str(path))
    assert candidate.weight_bits == 4 * (3 * 8 * 6 + 3 * 6 * 2)
    assert notes == ()


def test_a_kernel_that_the_sample_makes_is_no_weight(tmp_path):
    nodes = [helper.make_node("Conv", ["x", "k"], ["y"], name="match", pads=[1, 1, 1, 1])]
    inputs = [("x", [1, 3, 8, 8]), ("k", [4, 3, 3, 3])]
    (found,) = read_file_topology(written(tmp_path / "net.onnx", nodes, inputs)).layers
    assert found == LayerSizes(
        "match", ConvShape(3, 8, 8, 4, 3, 3, padding=(1, 1)), is_of_activations=True
    )
    candidate, _ = open_candidate(str(tmp_path / "net.onnx"))
    assert candidate.weight_bits == 0


def test_a_tflite_file(tmp_path):
    file = TfliteFile((1, 6, 8))
    path = file.save(
        tmp_path / "net.tflite", file.batch_matmul(file.input, file.input, is_turned=True)
    )
    (found,) = read_file_topology(path).layers
    assert found == LayerSizes(found.name, ConvShape(8, 6, 1, 6, 1, 1), is_of_activations=True)


ARRAY = ArrayShape(4, 8, 20)


@pytest.fixture
def transformer(tmp_path):
    """Two heads of 6 channels over 5 steps, and what follows."""
    module = nn.Sequential(Attention(), nn.Linear(WIDTH, 3))
    return exported(module.eval(), tmp_path / "net.onnx", opset=18, is_open=True)


def test_cycles_and_folds_are_those_of_each_head_in_the_registers(transformer):
    """Every head runs by itself through the model of the array, register by register, on its own codes."""
    generator = np.random.default_rng(0)
    outlines, *_ = find_outlines(str(transformer), ("model.act_bits=3",))
    for outline in outlines:
        cost = layer_cost(outline, ARRAY, MemoryDepths())
        plan, cycles, folds = TilePlan(outline.shape, ARRAY), 0, 0
        for _ in range(outline.times):
            first = generator.integers(0, 8, (outline.shape.ic, outline.shape.onij, 1), np.uint8)
            sizes = (outline.shape.oc, outline.shape.ic)
            second = generator.integers(-4, 4, sizes, np.int8)
            words = plan_words(plan, second[..., None, None], first)
            result = simulate(Execution(plan), *words, engine="registers")
            expected = second.astype(np.int64) @ first[..., 0].astype(np.int64)
            assert np.array_equal(untile_psums(result.psums, plan)[..., 0], expected)
            cycles += result.cycles
            folds += result.fold_cycles.size
        assert (cost.phases.total, cost.folds) == (cycles, folds)
        assert cost.mode_cycles["ws_serial"] == cycles
        if outline.is_of_activations:
            assert outline.times == HEADS
            assert outline.stored_weights == 0
            assert (outline.weight_format.bits, outline.weight_format.is_signed) == (3, True)
            words = cost.traffic.wmem.host_words
            assert words == HEADS * plan.otiles * plan.dataflow.otile_words(plan)


def test_a_sweep_has_the_same_cycles_and_the_model_confirms_them(transformer, tmp_path):
    outlines, *_ = find_outlines(str(transformer))
    columns = hardware_points(outlines, HardwareAxes((4,), (8,), ("ws", "simd", "os")))
    cost = network_cost(outlines, ARRAY, MemoryDepths())
    modes = ("ws", "simd", "os")
    assert columns["cycles"].tolist() == [cost.mode_cycles(f"{mode}_serial") for mode in modes]
    for place in range(3):
        point = {name: values[place].item() for name, values in columns.items()}
        found = simulate_point(outlines, point, Silent(), seed=1)
        assert (found.passed, found.found) == (True, point["cycles"])


def test_a_plain_array_takes_the_cycles_of_one_head_after_the_other(transformer):
    outlines, *_ = find_outlines(str(transformer))
    for outline in outlines:
        cost = layer_cost(outline, ARRAY, MemoryDepths())
        for name in ("ws", "os", "is"):
            one = dataflow_cycles(outline.shape, rows=4, cols=8, dataflow=name)
            assert cost.plain_cycles[name] == outline.times * one


@pytest.mark.scalesim
@pytest.mark.parametrize("dataflow", ["ws", "os", "is"])
def test_scalesim_counts_as_many_cycles_for_all_heads(dataflow, transformer):
    """One line for each product; its report counts cycles from 0."""
    python = os.environ.get("TILEWRIGHT_SCALESIM", "")
    if not python:
        pytest.skip("TILEWRIGHT_SCALESIM, a Python with scalesim==3.0.0 numpy==2.3.5, is not set")
    outlines, *_ = find_outlines(str(transformer))
    lines = [
        (f"p{number}", one.shape.onij, 1, 1, 1, one.shape.ic, one.shape.oc, 1)
        for number, one in enumerate(outlines)
        for _ in range(one.times)
    ]
    found = list(run_scalesim(str(Path(python)), lines, 4, 8, dataflow))
    cost = network_cost(outlines, ARRAY, MemoryDepths())
    assert sum(line["total_cycles"] + 1 for line in found) == cost.plain_cycles(dataflow)
