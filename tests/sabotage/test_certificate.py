"""A certificate that would lie is refused: every fault is found, and named with its place."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from tests.networks import chain, images, residual
from tilewright.config.array import ArrayConfig
from tilewright.data import Split
from tilewright.engine import Engine
from tilewright.engine.requantize import Requantizer
from tilewright.facts import CertifyFacts
from tilewright.quant import QuantConv2d, QuantLinear
from tilewright.recover import recover
from tilewright.spec import MaxPool
from tilewright.studies import oracles
from tilewright.studies.certify import Effort, Subject, certify
from tilewright.verify import reference_trace

SMALL = Effort(images=6, naive=2, onnx=0)


class Silent:
    def say(self, line):
        pass

    def progress(self, line):
        pass


def subject_of(network, *, seed=1, count=6, predictions=None, model=None, path="tiny"):
    pixels = images(np.random.default_rng(seed), network, count)
    labels = np.zeros(count, np.int64)
    if predictions is None:
        predictions = network.classes(reference_trace(network, pixels).sums[network.output.name])
    return Subject(path, network, "digits", Split(pixels, labels), predictions, model)


def certificate(subject, effort=SMALL):
    return certify(subject, effort, Silent(), threads=1)


def read_back(made):
    return CertifyFacts.from_json(CertifyFacts(made, "run").to_json(), file="here").certificate


@pytest.mark.parametrize("make", [chain, residual])
def test_a_true_network_is_exact_and_its_certificate_comes_back(make):
    subject = subject_of(make(np.random.default_rng(3)))
    made = certificate(subject)
    assert [str(check) for check in made.checks() if not check.passed] == []
    assert made.passed
    assert made.to_json()["verdict"] == "exact"
    again = read_back(made)
    assert list(made.differences(again)) == []
    names = {oracle.name.partition(" (")[0] for oracle in made.oracles}
    assert names >= {
        *("naive int64 reference", "engine 'blas'", "trained network", "cycle-level model, 8x8")
    }
    assert set(made.absent) >= {"torch forward", "RTL"}
    assert any("accuracy" in sentence for sentence in made.not_proved)


def network_with(node, **changes):
    """The chain, with other thresholds after `node`."""
    network = chain(np.random.default_rng(3))
    place = [one.name for one in network.nodes].index(node)
    (link,) = network.nodes[place].requantizations
    values = {key: change(getattr(link, key)) for key, change in changes.items()}
    nodes = list(network.nodes)
    nodes[place] = replace(nodes[place], requantizations=(replace(link, **values),))
    return replace(network, nodes=tuple(nodes))


def small_model():
    """conv, norm of both signs, ReLU, pool, conv, norm, ReLU, pool, classifier; its images."""
    torch.manual_seed(2)
    model = nn.Sequential(
        QuantConv2d(3, 6, 3, weight_bits=4, act_bits=4, is_pixel_input=True),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.MaxPool2d(2),
        QuantConv2d(6, 5, 2, weight_bits=4, act_bits=4),
        nn.BatchNorm2d(5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        QuantLinear(5 * 2 * 1, 3, weight_bits=4, act_bits=4),
    )
    for part in model:
        if isinstance(part, nn.BatchNorm2d):
            nn.init.normal_(part.weight)
            nn.init.normal_(part.bias)
    pixels = torch.randint(0, 256, (40, 3, 12, 8), dtype=torch.uint8)
    model.train()(pixels)
    return model.eval(), pixels


@pytest.fixture(scope="module")
def trained():
    model, pixels = small_model()
    network, _ = recover(model, pixels, np.arange(len(pixels)))
    return model, network, pixels.numpy()


def with_link(network, node, **changes):
    nodes = tuple(
        replace(
            one, requantizations=tuple(replace(link, **changes) for link in one.requantizations)
        )
        if one.name == node
        else one
        for one in network.nodes
    )
    return replace(network, nodes=nodes)


def test_the_trained_modules_agree(trained):
    model, network, pixels = trained
    found = oracles.ask_torch(network, pixels, Engine(network, kind="blas"), model)
    assert found.agrees
    assert (found.samples, found.compared > 20_000) == (40, True)


def test_one_threshold_off_by_one_is_named(trained):
    model, network, pixels = trained
    (link,) = network.node("0").requantizations
    sums = reference_trace(network, pixels).sums["0"] * link.direction[:, None, None]
    # a threshold that one of the sums just reaches, and no larger one in its window hides it
    places = [
        (oc, level)
        for oc, level in np.ndindex(*link.thresholds.shape)
        if (sums[:, oc] == link.thresholds[oc, level]).any()
    ]
    named = 0
    for oc, level in places[:60]:
        thresholds = link.thresholds.copy()
        thresholds[oc, level] += 1
        if thresholds[oc, level] > thresholds[oc, min(level + 1, 14)]:
            continue
        wrong = with_link(network, "0", thresholds=thresholds)
        found = oracles.ask_torch(wrong, pixels, Engine(wrong, kind="blas"), model)
        if found.agrees:  # the pool hides it: no code of these images depends on it
            continue
        named += 1
        assert any(
            line.startswith(f"0 to 4: oc={oc}: the threshold of code {level + 1} is ")
            for line in found.first
        ), found.first
    assert named >= 2


def test_a_flipped_gamma_sign_is_named(trained):
    model, network, pixels = trained
    (link,) = network.node("4").requantizations
    direction = link.direction.copy()
    direction[3] *= -1
    wrong = with_link(network, "4", direction=direction)
    found = oracles.ask_torch(wrong, pixels, Engine(wrong, kind="blas"), model)
    assert found.differ > 0
    assert any(
        line.startswith(f"4 to 9: oc=3: the direction is {direction[3]}, but the codes follow")
        for line in found.first
    ), found.first
    assert not any(line.startswith("0 to 4") for line in found.first)


def test_a_pool_before_the_thresholds_is_named(trained, monkeypatch):
    """The engine pools sums, as hardware might: wrong where gamma is negative."""
    _, network, pixels = trained
    assert (network.node("0").requantizations[0].direction < 0).any()
    honest = Requantizer.__call__

    def pooled_first(self, sums):
        (pool,) = self._link.pools
        assert pool == MaxPool((2, 2), (2, 2))
        n, height, width, oc = sums.shape
        even = sums[:, : height // 2 * 2, : width // 2 * 2]
        pooled = even.reshape(n, height // 2, 2, width // 2, 2, oc).max(axis=(2, 4))
        mine = Requantizer(replace(self._link, pools=()), limit=2**20, dtype=sums.dtype)
        return honest(mine, np.ascontiguousarray(pooled))

    monkeypatch.setattr(Requantizer, "__call__", pooled_first)
    engine = Engine(network, kind="blas")
    found = oracles.ask_reference(network, reference_trace(network, pixels), engine.trace(pixels))
    assert found.differ > 0
    assert any(
        line.startswith("0 to 4: the codes are those of max-pooling before the thresholds")
        for line in found.first
    ), found.first


def test_other_predictions_of_the_trained_network_are_found():
    network = chain(np.random.default_rng(3))
    subject = subject_of(network)
    subject.predictions[4] = (subject.predictions[4] + 1) % 5
    made = certificate(subject)
    assert not made.passed
    (wrong,) = (oracle for oracle in made.oracles if not oracle.agrees)
    assert str(wrong).startswith(
        "trained network against the engine: 6 classes of 6 samples compared, 1 differ; "
        "output: classes: 6 compared, 1 differ; first at sample=4"
    )


def test_a_model_of_the_array_that_errs_is_found(monkeypatch):
    subject = subject_of(chain(np.random.default_rng(3)))
    import tilewright.sim as sim

    honest = sim.simulate

    def wrong(plan, weights, activations):
        result = honest(plan, weights, activations)
        result.psums.reshape(-1)[0] += 1
        return result

    monkeypatch.setattr(sim, "simulate", wrong)
    made = certificate(subject)
    (found,) = (oracle for oracle in made.oracles if not oracle.agrees)
    assert found.name == "cycle-level model, 8x8"
    assert found.differ == 3
    assert "first: sums of the model" in str(found) or "first at sample=0 oc=0 oh=0" in str(found)


@pytest.mark.parametrize(
    ("array", "name"),
    [
        (ArrayConfig(rows=4, cols=16, mode="os", psum_bits=32), "4x16 os"),
        (ArrayConfig(rows=3, cols=2, mode="simd", psum_bits=32), "3x2 simd"),
    ],
)
def test_the_model_and_the_rtl_are_of_the_array_of_the_run(array, name, monkeypatch):
    network = chain(np.random.default_rng(3))
    subject = replace(subject_of(network), array=array)
    layer = network.layers[1].name
    made = certificate(subject, replace(SMALL, rtl=(layer,)))
    found = {oracle.name: oracle for oracle in made.oracles}
    model, rtl = (found[f"{what}, {name}"] for what in ("cycle-level model", f"RTL of {layer}"))
    assert made.passed
    assert model.compared == sum(
        sums[0].size for sums in reference_trace(network, subject.test.images[:1]).sums.values()
    )
    assert rtl.compared > 0

    honest = oracles.reference_tap_psums
    monkeypatch.setattr(oracles, "reference_tap_psums", lambda *facts: honest(*facts) + 1)
    made = certificate(subject, replace(SMALL, rtl=(layer,)))
    (wrong,) = (oracle for oracle in made.oracles if not oracle.agrees)
    assert wrong.name == f"RTL of {layer}, {name}"


def test_sums_that_float32_cannot_hold_break_the_obligation():
    from tilewright.verify import find_obligations

    network = chain(np.random.default_rng(3), bits=8, weight_bits=8)
    node = network.nodes[1]
    fine = find_obligations(network, {}, {})
    assert fine[2].holds
    wide = replace(node, weight=np.full_like(node.weight, 127))
    _, high = wide.psum_range()
    network = replace(network, nodes=(network.nodes[0], wide, network.nodes[2]))
    arithmetic = {"first": "float32", "second": "float32", "head": "float32"}
    assert find_obligations(network, arithmetic, {})[2].holds
    from tilewright.verify import obligations

    tight = obligations.EXACT_BELOW | {"float32": high}
    original, obligations.EXACT_BELOW = obligations.EXACT_BELOW, tight
    try:
        duty = find_obligations(network, arithmetic, {})[2]
    finally:
        obligations.EXACT_BELOW = original
    assert not duty.holds
    assert duty.evidence.startswith(f"second: |sum| reaches {high:,} over all inputs, in float32")


def test_several_scales_of_the_classifier_break_the_order():
    network = chain(np.random.default_rng(3))
    head = replace(network.output, weight_scale=np.array([1.0, 2.0, 1.0, 1.0, 1.0]))
    network = replace(network, nodes=(*network.nodes[:-1], head))
    made = certificate(subject_of(network))
    (duty,) = (one for one in made.obligations if not one.holds)
    assert duty.evidence.startswith("head: 2 scales, |sum| at most")


def test_a_certificate_about_something_else_is_not_confirmed():
    made = certificate(subject_of(chain(np.random.default_rng(3))))
    changed = network_with("first", thresholds=lambda table: table + 1)
    again = certificate(subject_of(changed))
    found = list(made.differences(again))
    assert found[0].startswith("network: sha256 was '")
    forged = read_back(made)
    oracle = replace(forged.oracles[0], compared=forged.oracles[0].compared + 1)
    forged = replace(forged, oracles=(oracle, *forged.oracles[1:]))
    (difference,) = forged.differences(made)
    assert difference.startswith("oracle: was: naive int64 reference against the engine: ")
    less = replace(made, obligations=made.obligations[1:])
    assert next(made.differences(less)).endswith("is: not there")
