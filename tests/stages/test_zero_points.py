"""Zero-points and biases through the stages: the array computes plain products, to the same psums."""

import numpy as np
import pytest

from tests.chain import read, tilewright
from tests.networks import chain, images, shifted
from tilewright.config import load_config
from tilewright.facts import RecoverFacts, StageResult
from tilewright.pipeline.layer_facts import layer_facts
from tilewright.pipeline.run_folder import RunFolder
from tilewright.spec import IntegerLayer, Stimulus
from tilewright.vectors import decode_bundle, read_bundle
from tilewright.verify import reference_trace

SIZES = ("--set", "array.rows=4", "--set", "array.cols=3", "--set", "array.psum_bits=20")
SMALL = ("--set", "vectors.corners=false", "--set", "vectors.samples=1")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of a network of signed codes, each layer with a zero-point and biases."""
    rng = np.random.default_rng(4)
    network = shifted(rng, chain(rng, is_signed=True, edge=5))
    trace = reference_trace(network, images(rng, network, 2))
    made = RunFolder(tmp_path_factory.mktemp("zero") / "run")
    made.start(load_config(None, ("recover.samples=2",)))
    inputs = made.fingerprint("recover")
    made.begin("recover")
    network.save(made.network_stem)
    codes = {
        name: values.astype(network.layer(name).act_format.dtype)
        for name, values in trace.codes.items()
    }
    Stimulus(np.arange(2), codes, trace.sums).save(made.stimulus_stem)
    layers = tuple(layer_facts(layer) for layer in network.layers)
    facts = RecoverFacts(imported="made", samples=2, layers=layers, nodes=len(layers))
    made.record(StageResult(facts), since=0.0, inputs=inputs)
    return made


@pytest.mark.rtl
def test_every_stage_is_exact(run):
    for words in (
        ("verify", run.root, *SIZES),
        ("export", run.root, *SMALL),
        ("simulate", run.root),
        ("cosim", run.root, "--set", "cosim.simulator=icarus"),
        ("stats", run.root),
        ("plan", run.root),
    ):
        done = tilewright(*words)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
    values = sum(np.prod(layer.output_shape) for layer in run.network().layers)
    cosim = read(run.root / "07_cosim" / "cosim.json")
    assert (cosim["psums_compared"], cosim["mismatches"]) == (values, 0)


def test_files_hold_the_border_and_plain_sums(run):
    assert tilewright("export", run.root, *SMALL, *SIZES).returncode == 0
    stimulus = run.stimulus()
    for layer in run.network().layers:
        (folder,) = (run.root / "05_vectors" / layer.name).iterdir()
        tensors = decode_bundle(read_bundle(folder))
        shape = layer.shape
        assert tensors.codes.shape == (shape.ic, shape.padded_h, shape.padded_w)
        border = np.ones_like(tensors.codes, bool)
        (pad_h, pad_w) = shape.padding
        border[:, pad_h : pad_h + shape.ih, pad_w : pad_w + shape.iw] = False
        assert (tensors.codes[border] == layer.zero_point).all()
        started = tensors.psums + layer.start()[:, None, None]
        assert (started == stimulus.psums[layer.name][0]).all()
        assert (tensors.psums != started).any()


def test_a_start_value_that_is_wrong_is_found(run, monkeypatch):
    """One more for the last channel, wherever start values are taken."""
    honest = IntegerLayer.start

    def wrong(layer):
        start = honest(layer)
        start[-1] += 1
        return start

    monkeypatch.setattr(IntegerLayer, "start", wrong)
    done = tilewright("simulate", run.root)
    assert done.returncode == 1
    assert "psums of the model" in done.stdout
    monkeypatch.undo()
    assert tilewright("simulate", run.root).returncode == 0
