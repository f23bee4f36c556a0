"""Attention on integers: by hand, over all codes, in every engine, and noticed where it is wrong."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import tilewright as tw
from tilewright.engine import Engine
from tilewright.errors import FormatError, QuantizationError, ShapeError
from tilewright.models.zoo import VisionTransformer
from tilewright.quant import AttentionMix, AttentionScores, AttentionSoftmax, PixelNorm
from tilewright.quant.attention import IntegerNorm, IntegerSoftmax
from tilewright.quant.quantizers import SignedActQuantizer
from tilewright.recover import recover, trace_forward
from tilewright.recover.entries import input_codes
from tilewright.spec import (
    CodeMatmul,
    CodeNorm,
    CodeSoftmax,
    IntegerNetwork,
    NumberFormat,
    op_of,
)
from tilewright.verify import compare_traces, reference_sums, reference_trace

CODES = NumberFormat(8, is_signed=True, is_narrow=True)
PLANE = (6, 2, 3)
"""Not square, and with two heads of three channels."""


def scores(**rest):
    values = {"heads": 2, "is_mix": False, "act_scale": 0.5, "other_scale": 0.25}
    return CodeMatmul("scores", (PLANE, PLANE), act_format=CODES, **(values | rest))


def mix(**rest):
    planes = ((2, 6, 6), PLANE)
    values = {"heads": 2, "is_mix": True, "act_scale": 0.5, "other_scale": 0.25}
    return CodeMatmul("mix", planes, act_format=CODES, **(values | rest))


def softmax(scale=0.125):
    table = np.rint(np.exp(-scale * np.arange(255)) * 2**15).astype(np.int32)
    return CodeSoftmax("softmax", ((2, 3, 5),), table, CODES, scale, 1 / (256 * scale))


def norm(plane=PLANE):
    return CodeNorm("norm", (plane,), CODES, 0.5, 1 / 32)


def engine_sums(node, *operands):
    """As the engine computes it, of codes with their channels last."""
    found = op_of(node).operation(node)(*(codes.transpose(0, 2, 3, 1) for codes in operands))
    return found.transpose(0, 3, 1, 2)


def test_scores_are_sums_over_the_channels_of_a_head():
    node = CodeMatmul("s", ((2, 1, 2), (2, 1, 2)), 2, False, CODES, 1.0, 1.0)
    first, second = np.array([[[[1, 2]], [[3, -4]]]]), np.array([[[[5, 6]], [[7, 8]]]])
    expected = [[[[5, 6], [10, 12]], [[21, 24], [-28, -32]]]]
    assert reference_sums(node, first, second).tolist() == expected
    one_head = replace(node, heads=1)
    assert reference_sums(one_head, first, second).tolist() == [[[[26, 30], [-18, -20]]]]
    assert (node.sum_range(), one_head.sum_range()) == ((-16129, 16129), (-32258, 32258))


def test_mixtures_are_sums_over_the_pixels():
    node = CodeMatmul("m", ((1, 2, 2), (2, 1, 2)), 1, True, CODES, 1.0, 1.0)
    shares, values = np.array([[[[1, 2], [3, 0]]]]), np.array([[[[5, -6]], [[7, 8]]]])
    assert reference_sums(node, shares, values).tolist() == [[[[-7, 15]], [[23, 21]]]]
    assert node.terms == 2


def test_shares_are_rounded_down_of_256():
    table = np.zeros(255, np.int32)
    table[:3] = 4, 2, 1
    node = CodeSoftmax("x", ((1, 1, 4),), table, CODES, 1.0, 1 / 256)
    found = reference_sums(node, np.array([[[[5, 4, 3, -9]]]]))
    assert found.tolist() == [[[[146, 73, 36, 0]]]]  # 256 * (4, 2, 1, 0) / 7
    assert node.sum_range() == (0, 256)


def test_norms_are_in_64ths_of_a_deviation():
    node = CodeNorm("x", ((4, 1, 1),), CODES, 1.0, 1 / 64)
    found = reference_sums(node, np.array([1, 2, 3, 8]).reshape(1, 4, 1, 1))
    # 4 * codes - 14 = -10, -6, -2, 18; the root of 464 / 4 is 10
    assert found.reshape(-1).tolist() == [-64, -39, -13, 115]
    same = reference_sums(node, np.full((1, 4, 1, 1), 7))
    assert not same.any()


NODES = {
    "scores": (scores(), (PLANE, PLANE)),
    "mix": (mix(), ((2, 6, 6), PLANE)),
    "softmax": (softmax(), ((2, 3, 5),)),
    "steep softmax": (softmax(2.0), ((2, 3, 5),)),
    "flat softmax": (softmax(1e-6), ((2, 3, 5),)),
    "norm": (norm(), (PLANE,)),
    "norm of one channel": (norm((1, 2, 3)), ((1, 2, 3),)),
    "norm of many": (norm((193, 1, 1)), ((193, 1, 1),)),
}


@pytest.mark.parametrize("name", NODES)
def test_the_engine_computes_what_the_reference_does(name):
    node, planes = NODES[name]
    rng = np.random.default_rng(0)
    low, high = node.sum_range()
    for kind in ("random", "ends", "equal"):
        operands = []
        for plane in planes:
            codes = rng.integers(-127, 127, (3, *plane), endpoint=True)
            if kind == "ends":
                codes = np.where(codes < 0, -127, 127)
            operands.append((codes * 0 + 127 if kind == "equal" else codes).astype(np.int8))
        expected = reference_sums(node, *operands)
        assert (engine_sums(node, *operands) == expected).all()
        assert low <= expected.min()
        assert expected.max() <= high


def test_the_reference_and_torch_take_the_same_roots():
    rng = np.random.default_rng(1)
    codes = rng.integers(-127, 127, (50, 24, 1, 1), endpoint=True)
    node = norm((24, 1, 1))
    found = IntegerNorm()(torch.from_numpy(codes).float())
    assert (found.detach().numpy() == reference_sums(node, codes)).all()


def test_gradients_are_those_of_the_real_functions():
    grid = SignedActQuantizer(8)
    torch.manual_seed(0)
    codes = torch.randint(-127, 128, (2, 2, 3, 5)).float().requires_grad_()
    weight = torch.randn(2, 2, 3, 5)
    (IntegerSoftmax(grid)(codes) * weight).sum().backward()
    other = codes.detach().double().requires_grad_()
    (torch.softmax(other * grid.scale, 3) * 256 * weight).sum().backward()
    assert torch.allclose(codes.grad, other.grad.float(), atol=1e-6)


def test_float_parts_are_what_torch_has():
    torch.manual_seed(0)
    q, k, v = torch.randn(3, 2, 6, 2, 3)
    shares = AttentionSoftmax()(AttentionScores(2)(q, k))
    found = AttentionMix(2)(shares, v)
    tokens = [x.reshape(2, 2, 3, 6).transpose(2, 3) for x in (q, k, v)]
    expected = functional.scaled_dot_product_attention(*tokens)
    assert torch.allclose(found.reshape(2, 2, 3, 6).transpose(2, 3), expected, atol=1e-6)
    part, own = PixelNorm(6), nn.LayerNorm(6)
    part.weight.data = own.weight.data = torch.rand(6)
    part.bias.data = own.bias.data = torch.rand(6)
    assert torch.allclose(part(q).permute(0, 2, 3, 1), own(q.permute(0, 2, 3, 1)), atol=1e-6)


@pytest.fixture(scope="module")
def transformer():
    """A small one, trained for two steps, and images that are not square."""
    torch.manual_seed(0)
    images = torch.rand(3, 3, 12, 8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net = tw.quantize(
            VisionTransformer(width=12, heads=3, depth=1, factor=2),
            weight_bits=4,
            act_bits=4,
            example=images,
        )
    steps = torch.optim.SGD(net.parameters(), lr=0.05)
    before = {name: value.detach().clone() for name, value in net.named_parameters()}
    for _ in range(2):
        loss = functional.cross_entropy(net(images), torch.arange(3))
        steps.zero_grad()
        loss.backward()
        steps.step()
    unmoved = [name for name, value in net.named_parameters() if (value == before[name]).all()]
    assert set(unmoved) <= {
        "blocks.0.key_bias.bias"
    }  # the same in all scores of a row: no share sees it
    return net.eval(), images


@pytest.fixture(scope="module")
def network(transformer):
    net, images = transformer
    return recover(net, images, np.arange(3))[0]


def codes_of(network, transformer):
    return input_codes(network, trace_forward(*transformer))


def test_a_transformer_is_whole_and_exact(transformer, network):
    assert tw.link_report(transformer[0]).is_whole
    codes = codes_of(network, transformer)
    expected = reference_trace(network, codes)
    for found in (trace_forward(*transformer), Engine(network).trace(codes)):
        compared = compare_traces(expected, found, what="transformer")
        assert sum(one.compared for one in compared) > 1000
        assert [str(one) for one in compared if one.mismatches] == []


@pytest.mark.parametrize("kind", [CodeMatmul, CodeSoftmax, CodeNorm])
def test_a_wrong_node_of_attention_is_noticed(kind, transformer, network):
    """The sabotage: heads exchanged, an entry of the table, a channel's code."""
    codes = codes_of(network, transformer)
    expected = reference_trace(network, codes)
    node = next(one for one in network.nodes if isinstance(one, kind))
    operands = [expected.codes[port] for port in ports(node)]
    if kind is CodeSoftmax:
        table = node.table.copy()
        table[0] += 100
        wrong = reference_sums(replace(node, table=table), *operands)
    else:
        wrong = reference_sums(
            node, *(np.roll(one, 1, axis=1) for one in operands[:1]), *operands[1:]
        )
    assert (wrong != expected.sums[node.name]).any()


def ports(node):
    return [
        node.name if operand == 0 else f"{node.name}:{operand}" for operand in range(node.operands)
    ]


def test_a_transformer_is_saved_and_goes_through_the_stages(transformer, network, tmp_path):
    net, images = transformer
    network.save(tmp_path / "net")
    assert IntegerNetwork.load(tmp_path / "net").fingerprint() == network.fingerprint()
    classes = net(images).argmax(dim=1)
    saved = tw.save_run(net, tmp_path / "run", images, classes, samples=1)
    assert (saved.correct, saved.differ) == (3, 0)
    assert all(one.passed for one in tw.run_stages(saved.path, "verify").values())


def test_a_transformer_is_written_as_integers_and_refused_as_floats(transformer, network, tmp_path):
    pytest.importorskip("onnx", reason="needs the extra 'onnx'")
    from tilewright.interchange import export_network
    from tilewright.studies.exchange import check_export

    exported = export_network(network, tmp_path / "net.onnx", form="onnx")
    checks = check_export(network, exported, codes_of(network, transformer))
    assert [str(check) for check in checks if not check.passed] == []
    with pytest.raises(FormatError, match=r"norm1: op norm has no float operator in ONNX"):
        export_network(network, tmp_path / "net.onnx", form="qonnx")


class Plain(nn.Module):
    """Attention as torch has it."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 3, 1)

    def forward(self, x):
        tokens = self.layer(x).flatten(2)
        return torch.softmax(tokens @ tokens.transpose(1, 2), dim=2)


def test_attention_of_other_parts_is_refused_with_those_to_build_it_of():
    with pytest.raises(
        QuantizationError, match=r"calls matmul, .* build attention of .*AttentionMix"
    ):
        tw.quantize(Plain(), weight_bits=4, act_bits=4)


def test_nodes_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match=r"^scores: 4 heads must divide the channels"):
        scores(heads=4)
    with pytest.raises(ShapeError, match=r"^mix: 2 heads .* the planes fit one another"):
        replace(mix(), planes=((2, 6, 5), PLANE))
    with pytest.raises(ShapeError, match=r"^softmax: .* a table int32 of 255 numbers"):
        replace(softmax(), table=np.zeros(255, np.int32))
    with pytest.raises(ShapeError, match=r"^norm: there must be one operand"):
        replace(norm(), planes=(PLANE, PLANE))
