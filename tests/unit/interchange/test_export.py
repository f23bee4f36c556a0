"""Written files compute, in engines of others, what the naive reference computes."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from tests import networks
from tests.networks import shifted
from tests.unit.interchange.networks import Known, residual
from tilewright.errors import ConfigError, FormatError, ShapeError, ToolError, UnknownNameError
from tilewright.interchange import export_network, extras, read_onnx
from tilewright.interchange.float_graph import worst_error
from tilewright.spec import ConvShape, IntegerLayer, IntegerNetwork, NumberFormat, Requantization
from tilewright.studies.exchange import check_export
from tilewright.verify import reference_trace

onnx = pytest.importorskip("onnx", reason="needs the extra 'onnx'")
pytest.importorskip("qonnx", reason="needs the extra 'onnx'")
pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")

RUNS = [
    ("onnx", False, 2),
    ("qonnx", False, 1),
    ("qonnx", True, 1),
    ("qcdq", False, 2),
    ("qcdq", True, 2),
]
"""Format, unit scales, engines that run it."""


@pytest.mark.parametrize(("form", "is_unit", "engines"), RUNS)
@pytest.mark.parametrize("name", ["digits", "vgg16"])
def test_outside_engines_compute_what_the_reference_computes(
    name, form, is_unit, engines, request, tmp_path
):
    known: Known = request.getfixturevalue(name)
    exported = export_network(known.network, tmp_path / "net.onnx", form=form, is_unit=is_unit)
    checks = check_export(known.network, exported, known.pixels)
    assert len(checks) == engines
    trace = reference_trace(known.network, known.pixels)
    values = [*trace.sums.values(), *(trace.codes.values() if form != "onnx" else ())]
    for check in checks:
        assert check.passed, str(check)
        assert check.compared == sum(value.size for value in values) > 150_000
        assert check.farthest < 0.01
        assert not (check.farthest and (is_unit or form == "onnx"))


@pytest.mark.parametrize(("form", "is_unit", "engines"), RUNS)
def test_zeros_below_and_right_alone(form, is_unit, engines, tmp_path):
    """Four pads that differ; read back, they are the same network again."""
    network = networks.uneven(networks.chain(np.random.default_rng(2)))
    pixels = np.random.default_rng(1).integers(0, 256, (2, 3, 9, 7), np.uint8)
    path = tmp_path / "net.onnx"
    exported = export_network(network, path, form=form, is_unit=is_unit)
    checks = check_export(network, exported, pixels)
    assert [str(check) for check in checks if not check.passed] == []
    assert len(checks) == engines
    if form == "qonnx":
        found = read_onnx(path).network
        shapes = [one.shape for one in network.layers]
        assert [one.shape for one in found.layers] == shapes


@pytest.mark.parametrize(("form", "is_unit", "engines"), RUNS)
def test_strides_pools_flips_and_scales_per_channel(form, is_unit, engines, tmp_path):
    """A network that is square nowhere; pooling overlaps and is padded; some scales are negative."""
    network = odd_network()
    pixels = np.random.default_rng(1).integers(0, 256, (3, 2, 9, 7), np.uint8)
    exported = export_network(network, tmp_path / "net.onnx", form=form, is_unit=is_unit, batch=3)
    for check in check_export(network, exported, pixels):
        assert check.passed, str(check)


@pytest.mark.parametrize(("form", "is_unit", "engines"), RUNS)
@pytest.mark.parametrize("pool", [(4, 3), (2, 3)])
def test_additions_and_average_pools(form, is_unit, engines, pool, tmp_path):
    known = residual(pool)
    exported = export_network(known.network, tmp_path / "net.onnx", form=form, is_unit=is_unit)
    checks = check_export(known.network, exported, known.pixels)
    for check in checks:
        assert check.passed, str(check)
    ports = {comparison.layer for comparison in checks[0].comparisons}
    assert {"add", "second_add", "pool"} <= ports


@pytest.mark.parametrize(
    "make",
    [
        lambda rng: shifted(rng, networks.chain(rng, bits=8)),
        lambda rng: shifted(rng, networks.residual(rng), act_format=NumberFormat(8, True)),
    ],
)
def test_zero_points_and_biases_are_stated_in_integers_alone(make, tmp_path):
    rng = np.random.default_rng(7)
    network = make(rng)
    pixels = networks.images(rng, network, 3)
    exported = export_network(network, tmp_path / "net.onnx", form="onnx")
    for check in check_export(network, exported, pixels):
        assert check.passed, str(check)
    for form in ("qonnx", "qcdq"):
        with pytest.raises(
            FormatError, match=r": a zero-point or a bias in integers is not written"
        ):
            export_network(network, tmp_path / "net.onnx", form=form)


@pytest.mark.parametrize(("form", "is_unit", "engines"), RUNS[1:])
def test_signed_codes_of_images_and_layers(form, is_unit, engines, tmp_path):
    rng = np.random.default_rng(7)
    network = networks.chain(rng, is_signed=True)
    pixels = networks.images(rng, network, 3)
    assert pixels.min() == -128
    exported = export_network(network, tmp_path / "net.onnx", form=form, is_unit=is_unit)
    checks = check_export(network, exported, pixels)
    assert len(checks) == engines
    for check in checks:
        assert check.passed, str(check)


def odd_network(bits: int = 3) -> IntegerNetwork:
    random = np.random.default_rng(0)
    layers, codes = [], NumberFormat(8, is_signed=False)
    shapes = {
        "stem": ConvShape(2, 9, 7, 5, 3, 2, stride=(2, 1), padding=(1, 0)),
        "body": ConvShape(5, 3, 4, 4, 1, 3),
        "head": ConvShape(4 * 3 * 2, 1, 1, 6, 1, 1),
        "tail": ConvShape(6, 1, 1, 3, 1, 1),
    }
    links = {
        "stem": {"pools": ((3, 3), (2, 1), (1, 0)), "consumer": "body"},
        "body": {"is_flattened": True, "consumer": "head"},
        "head": {"consumer": "tail"},
    }
    for name, shape in shapes.items():
        weight_format = NumberFormat(4, is_signed=True, is_narrow=True)
        sizes = (shape.oc, shape.ic, shape.kh, shape.kw)
        layer = IntegerLayer(
            name=name,
            shape=shape,
            weight=random.integers(-7, 8, sizes, np.int8),
            weight_format=weight_format,
            act_format=codes,
            weight_scale=random.uniform(0.01, 1, shape.oc) * random.choice([-1, 1], shape.oc),
            act_scale=float(random.uniform(0.01, 1)),
        )
        codes = NumberFormat(bits, is_signed=False)
        layers.append(_linked(layer, links.get(name), codes, random))
    return IntegerNetwork(tuple(layers))


def _linked(layer, link, codes, random):
    if link is None:
        return layer
    from tilewright.spec import NEVER, MaxPool

    low, high = layer.psum_range()
    thresholds = np.sort(random.integers(low, high, (layer.shape.oc, codes.max_code)), axis=1)
    thresholds[0, -1] = NEVER
    thresholds[1, 0] = -layer.psum_bound()
    pools = (MaxPool(*link["pools"]),) if "pools" in link else ()
    return replace(
        layer,
        requantizations=(
            Requantization(
                thresholds,
                random.choice([-1, 1], layer.shape.oc),
                link["consumer"],
                pools,
                link.get("is_flattened", False),
            ),
        ),
    )


def test_names_are_those_of_the_network(digits, tmp_path):
    for form, names in {
        "onnx": {"pixels", "features.4.weight", "features.4.psum", "features.4.thresholds"},
        "qonnx": {"features.4.act", "features.4.weight", "features.4.output", "features.4.stepped"},
        "qcdq": {"features.4.codes", "features.4.act", "features.4.weight", "classifier.output"},
    }.items():
        export_network(digits.network, tmp_path / "net.onnx", form=form)
        graph = onnx.load(tmp_path / "net.onnx").graph
        found = {name for node in graph.node for name in (*node.input, *node.output)}
        assert names <= found
        assert all(node.name for node in graph.node)


def test_the_integer_file_holds_no_float(digits, tmp_path):
    export_network(digits.network, tmp_path / "net.onnx", form="onnx")
    graph = onnx.load(tmp_path / "net.onnx").graph
    kinds = {info.type.tensor_type.elem_type for info in (*graph.value_info, *graph.output)}
    kinds |= {constant.data_type for constant in graph.initializer}
    assert not kinds & {onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE}
    assert {node.op_type for node in graph.node} >= {"ConvInteger", "MatMulInteger", "MaxPool"}


def test_quant_nodes_state_everything(digits, tmp_path):
    export_network(digits.network, tmp_path / "net.onnx", form="qonnx")
    graph = onnx.load(tmp_path / "net.onnx").graph
    nodes = [node for node in graph.node if node.op_type == "Quant"]
    assert len(nodes) == 2 * len(digits.network.layers)
    constants = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    for layer in digits.network.layers:
        for part, fmt, scale in (
            ("act", layer.act_format, layer.act_scale),
            ("weight", layer.weight_format, layer.weight_scale[0]),
        ):
            node = next(node for node in nodes if node.output[0] == f"{layer.name}.{part}")
            stated = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
            assert stated == {
                "signed": int(fmt.is_signed),
                "narrow": int(fmt.is_narrow),
                "rounding_mode": b"ROUND",
            }
            _, step, zero, bits = node.input
            assert constants[step].ravel()[0] == np.float32(scale)
            assert constants[zero] == 0
            assert constants[bits] == fmt.bits


def test_the_worst_error_is_stated_where_it_is_half_a_step(digits, vgg16, tmp_path):
    assert export_network(digits.network, tmp_path / "a", form="qonnx").doubts == ()
    exported = export_network(vgg16.network, tmp_path / "b", form="qcdq")
    assert exported.doubts[0].startswith("features.10: the worst-case float32 error is 1.")
    assert export_network(vgg16.network, tmp_path / "c", form="qcdq", is_unit=True).doubts == ()
    layer = vgg16.network.layer("features.27")  # 72 products of at most 15 * 7: 7560 * 77 / 2**24
    assert 0 < worst_error(layer) < 0.035


def test_scalesim_topology(digits, tmp_path):
    export_network(digits.network, tmp_path / "net.csv", form="scalesim")
    lines = (tmp_path / "net.csv").read_text().splitlines()
    assert lines[0].startswith("Layer name, IFMAP Height,")
    assert lines[1:] == [
        "features.0, 34, 34, 3, 3, 3, 16, 1,",
        "features.4, 18, 18, 3, 3, 16, 32, 1,",
        "features.8, 10, 10, 3, 3, 32, 32, 1,",
        "features.12, 6, 6, 3, 3, 32, 8, 1,",
        "features.15, 6, 6, 3, 3, 8, 8, 1,",
        "features.18, 6, 6, 3, 3, 8, 32, 1,",
        "classifier, 1, 1, 1, 1, 128, 10, 1,",
    ]


def test_scalesim_refuses_what_it_would_misread(digits, tmp_path):
    odd, layer = odd_network(), digits.network.layers[0]
    with pytest.raises(FormatError, match=r"^layer stem: SCALE-Sim has one stride .* \(2, 1\)$"):
        export_network(odd, tmp_path / "net.csv", form="scalesim")
    for name in ("DPconv", "a,b"):
        network = IntegerNetwork((replace(layer, name=name, requantizations=()),))
        with pytest.raises(FormatError, match=rf"^layer '{name}': a name for SCALE-Sim must hold"):
            export_network(network, tmp_path / "net.csv", form="scalesim")
    assert not (tmp_path / "net.csv").exists()


def test_what_a_format_cannot_state_is_refused(digits, vgg16, tmp_path):
    target = tmp_path / "net.onnx"
    with pytest.raises(UnknownNameError, match=r"^there is no format 'qonx': did you mean 'qonnx'"):
        export_network(digits.network, target, form="qonx")
    layers = digits.network.layers
    broken = IntegerNetwork((replace(layers[0], requantizations=(), unlinked="add"), *layers[1:]))
    with pytest.raises(
        ShapeError, match=r"^the network does not run on integers .*: features.0: add$"
    ):
        export_network(broken, target, form="onnx")
    wide = single_layer(ConvShape(512, 3, 3, 1, 3, 3), fill=127)  # 4,608 * 255 * 127
    with pytest.raises(FormatError, match=r"^wide: sums must stay below 4194304 .*--format onnx"):
        export_network(wide, target, form="qonnx")
    bit = NumberFormat(1, is_signed=True)
    binary = replace(layers[-1], weight_format=bit, weight=np.full_like(layers[-1].weight, -1))
    with pytest.raises(FormatError, match=r"^layer classifier: 1-bit weights are -1 and \+1"):
        export_network(IntegerNetwork((*layers[:-1], binary)), target, form="qonnx")
    assert not target.exists()


def single_layer(shape, fill):
    layer = IntegerLayer(
        name="wide",
        shape=shape,
        weight=np.full((shape.oc, shape.ic, shape.kh, shape.kw), fill, np.int8),
        weight_format=NumberFormat(8, is_signed=True),
        act_format=NumberFormat(8, is_signed=False),
        weight_scale=np.ones(1),
        act_scale=1.0,
    )
    return IntegerNetwork((layer,))


def test_psums_beyond_int32_are_refused(tmp_path):
    wide = single_layer(ConvShape(65_535, 1, 1, 1, 2, 2, padding=(1, 1)), fill=0)
    with pytest.raises(FormatError, match=r"^wide: its sums must fit int32"):
        export_network(wide, tmp_path / "net.onnx", form="onnx")


def test_a_topology_cannot_be_run(digits, tmp_path):
    exported = export_network(digits.network, tmp_path / "net.csv", form="scalesim")
    with pytest.raises(ConfigError, match=r"^a scalesim file states sizes only"):
        check_export(digits.network, exported, digits.pixels)


def test_a_batch_that_does_not_fit_is_refused(digits, tmp_path):
    exported = export_network(digits.network, tmp_path / "net.onnx", form="onnx", batch=4)
    with pytest.raises(ShapeError, match=r"takes 4 images at a time, so 6 do not fit$"):
        check_export(digits.network, exported, digits.pixels)


def test_a_missing_package_is_named_with_the_command(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "qonnx"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "qonnx", None)
    with pytest.raises(ToolError, match=r"^this needs the package qonnx, .*'tilewright\[onnx\]'$"):
        extras.require("qonnx.core.modelwrapper", extra="onnx")
