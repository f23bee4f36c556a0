"""What goes into the exported layers, and what is said of it; the run folder is made by hand."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from tests.naive import convolve
from tilewright.cli import main
from tilewright.config import load_config
from tilewright.errors import ConfigError
from tilewright.facts import ExportFacts, ModeFacts, StageResult, TileFacts
from tilewright.pipeline import corner_vectors, run_stage
from tilewright.pipeline.run_folder import RunFolder
from tilewright.pipeline.stages import export as stage
from tilewright.spec import (
    ArrayShape,
    ConvShape,
    IntegerLayer,
    IntegerNetwork,
    NumberFormat,
    Stimulus,
)
from tilewright.vectors import dataflow_of, decode_bundle, read_bundle

SHAPE = ConvShape(ic=3, ih=5, iw=4, oc=4, kh=3, kw=2, padding=(1, 0))


class Ear:
    """Remembers what is said."""

    def __init__(self):
        self.said, self.shown = [], []

    def say(self, line):
        self.said.append(line)

    def progress(self, line):
        self.shown.append(line)


@pytest.fixture
def layer():
    rng = np.random.default_rng(3)
    return IntegerLayer(
        name="conv",
        shape=SHAPE,
        weight=rng.integers(-7, 8, (4, 3, 3, 2), np.int8),
        weight_format=NumberFormat(4, is_signed=True, is_narrow=True),
        act_format=NumberFormat(4, is_signed=False),
        weight_scale=np.ones(1),
        act_scale=1.0,
    )


@pytest.fixture
def folder(tmp_path, layer):
    """A run with one layer and two recovered samples, of test images 4 and 9."""
    run = RunFolder(tmp_path / "run")
    run.start(load_config(None, ("vectors.corners=false",)))
    IntegerNetwork((layer,)).save(run.network_stem)
    codes = np.random.default_rng(5).integers(0, 16, (2, 3, 5, 4), np.uint8)
    psums = np.zeros((2, 4, SHAPE.oh, SHAPE.ow), np.int64)  # a claim that export must not use
    Stimulus(np.array([4, 9]), {"conv": codes}, {"conv": psums}).save(run.stimulus_stem)
    _plan(run, TileFacts(array=ArrayShape(2, 3, 20), layers=()))
    return run


def _plan(run, facts):
    run.record(StageResult(facts), since=0.0, inputs=run.fingerprint("tile"))


def _export(folder, *overrides):
    folder.reconfigure("export", overrides)
    ear = Ear()
    return run_stage("export", folder, ear), ear


def _tensors(folder, result):
    return [decode_bundle(read_bundle(folder.root / b.folder)) for b in result.facts.bundles]


def test_real_samples_are_the_recovered_ones(folder, layer):
    result, ear = _export(folder, "vectors.samples=2")
    assert [b.folder for b in result.facts.bundles] == [
        "05_vectors/conv/sample4",
        "05_vectors/conv/sample9",
    ]
    assert result.facts.stimulus == "real"
    for position, tensors in enumerate(_tensors(folder, result)):
        codes = folder.stimulus().codes["conv"][position]
        np.testing.assert_array_equal(tensors.codes, codes)
        np.testing.assert_array_equal(tensors.psums, convolve(layer.weight, codes, SHAPE))
    assert ear.said == [f"conv: {result.facts.files} files in 2 bundles"]
    assert len(ear.shown) == 2
    assert ear.shown[0].startswith("1 of 2 bundles, ")


def test_corner_cases_are_not_made_of_a_layer_with_too_many_files(folder, monkeypatch):
    small, _ = _export(folder, "vectors.corners=true")
    monkeypatch.setattr(corner_vectors, "MOST_FILES", small.facts.files - 1)
    large, ear = _export(folder, "vectors.corners=true")
    names = [[one.name for one in result.facts.corners] for result in (small, large)]
    assert names[0][:2] == ["random", "max"]
    assert names[1] == names[0][8:]
    assert names[1][0] == "os"
    assert (
        "corner cases of a layer are left out: conv, the smallest exported, has "
        f"{small.facts.files} files for each; export a smaller layer too"
    ) in ear.said


def test_random_codes_are_seeded_and_use_the_whole_range(folder):
    options = ("vectors.stimulus=random", "vectors.samples=5")
    first = [t.codes for t in _tensors(folder, _export(folder, *options)[0])]
    again = [t.codes for t in _tensors(folder, _export(folder, *options)[0])]
    other = [t.codes for t in _tensors(folder, _export(folder, *options, "vectors.seed=1")[0])]
    assert len(first) == 5  # more than were recovered
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first[0], first[1])
    assert (np.min(first), np.max(first)) == (0, 15)


def test_max_is_one_sample_of_maximal_codes(folder, layer):
    result, _ = _export(folder, "vectors.stimulus=max", "vectors.samples=2")
    (tensors,) = _tensors(folder, result)
    assert (tensors.codes == 15).all()
    np.testing.assert_array_equal(tensors.psums, convolve(layer.weight, tensors.codes, SHAPE))


def test_bound_reaches_both_extremes_of_every_channel(folder, layer):
    """2 x 2 windows of 3x2 fit 5x4 once and twice: 2 in a plane, so 8 extremes take 4 planes."""
    result, ear = _export(folder, "vectors.stimulus=bound")
    assert len(result.facts.bundles) == 4
    lows, highs = np.zeros(4, int), np.zeros(4, int)
    for tensors in _tensors(folder, result):
        psums = convolve(layer.weight, tensors.codes, SHAPE).reshape(4, -1)
        lows, highs = np.minimum(lows, psums.min(axis=1)), np.maximum(highs, psums.max(axis=1))
    weight = layer.weight.reshape(4, -1).astype(int)
    np.testing.assert_array_equal(highs, 15 * np.maximum(weight, 0).sum(axis=1))
    np.testing.assert_array_equal(lows, 15 * np.minimum(weight, 0).sum(axis=1))
    (check,) = result.checks
    assert check.passed
    assert check.evidence == (
        "conv: 8 extreme psums aimed at, 0 missed, 8 equal to the bound of their channel; "
        f"reached {lows.min():,}..{highs.max():,}, bounds of the layer {lows.min():,}..{highs.max():,}"
    )
    assert ear.said[-1] == check.evidence
    stated = [e for b in result.facts.bundles for e in b.extremes]
    assert {(e.oc, e.is_highest) for e in stated} == {
        (oc, high) for oc in range(4) for high in (True, False)
    }
    assert all(e.reference == e.psum == e.bound for e in stated)


def test_extreme_weights_reach_the_bound_of_the_number_formats(folder, layer):
    """3 channels x 6 taps x 15 x 7 = 1,890, upwards in even output channels and downwards in odd."""
    result, _ = _export(folder, "vectors.weights=extreme", "vectors.stimulus=max")
    (tensors,) = _tensors(folder, result)
    assert (tensors.weight[::2] == 7).all()
    assert (tensors.weight[1::2] == -7).all()
    assert tensors.psums.max(axis=(1, 2)).tolist() == [1890, -1260, 1890, -1260]
    assert tensors.psums.min(axis=(1, 2)).tolist() == [1260, -1890, 1260, -1890]
    assert layer.psum_bound() == 1890
    assert result.facts.weights == "extreme"
    result, _ = _export(folder, "vectors.weights=extreme", "vectors.stimulus=bound")
    assert result.passed


def test_an_extreme_that_is_missed_fails_and_is_named(folder, monkeypatch):
    honest = stage.reference_tap_psums

    def wrong(*arguments):
        taps = honest(*arguments)
        taps[0, 0, 2] -= 1  # every psum of oc=2
        return taps

    monkeypatch.setattr(stage, "reference_tap_psums", wrong)
    (check,) = _export(folder, "vectors.stimulus=bound")[0].checks
    assert not check.passed
    assert "8 extreme psums aimed at, 2 missed" in check.evidence
    assert "; first missed at oc=2 oh=1 ow=" in check.evidence


def test_words_come_in_other_containers(folder):
    result, _ = _export(folder, "vectors.container=mif")
    place = folder.root / result.facts.bundles[0].folder
    assert {path.suffix for path in place.iterdir()} == {".mif", ".json"}
    assert result.facts.layout == "ece284-ws-mif"
    decode_bundle(read_bundle(place))


def test_a_flood_of_files_is_refused_before_the_first(folder, monkeypatch):
    _export(folder)
    before = sorted(folder.folder("export").rglob("*"))
    monkeypatch.setattr(stage, "MOST_FILES", 99)
    message = r"would write 112 files, more than 99: choose fewer layers with vectors\.layers"
    with pytest.raises(ConfigError, match=message):
        _export(folder, "vectors.stimulus=bound")
    assert sorted(folder.folder("export").rglob("*")) == before


def test_more_real_samples_than_were_recovered_are_refused(folder):
    with pytest.raises(ConfigError, match=r"vectors\.samples must be at most the 2 recovered"):
        _export(folder, "vectors.samples=3")


@pytest.mark.parametrize("stimulus", ["worst", "3"])
def test_an_unknown_stimulus_is_refused(stimulus):
    with pytest.raises(ConfigError, match=r"vectors\.stimulus: input should be 'real', 'random'"):
        load_config(None, (f"vectors.stimulus={stimulus}",))


def test_the_facts_are_stored(folder):
    result, _ = _export(folder, "vectors.stimulus=max")
    stored = json.loads(folder.facts_path("export").read_text())
    assert stored["bundles"] == result.facts.to_json()["bundles"]
    assert folder.facts(ExportFacts) == result.facts


def _command(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["tilewright", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_the_command_takes_the_stimulus_as_an_option(folder, monkeypatch, capsys):
    assert _command(monkeypatch, "export", folder.root, "--stimulus", "bound", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["stimulus"] == "bound"
    assert all(bundle["extremes"] for bundle in facts["bundles"])
    assert folder.config().vectors.stimulus == "bound"


def test_the_command_refuses_another_stimulus_in_one_line(folder, monkeypatch, capsys):
    assert _command(monkeypatch, "export", folder.root, "--stimulus", "worst") == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert "vectors.stimulus: input should be 'real', 'random', 'max' or 'bound'" in told.err


@pytest.mark.parametrize(
    ("mode", "bits", "layout"),
    [
        ("ws", 4, "ece284-ws"),
        ("simd", 4, "ece284-2b"),
        ("simd", 8, "ece284-ws"),  # two are too wide for a PE: the layer runs with one
        ("os", 8, "ece284-os"),
    ],
)
def test_files_are_those_of_the_dataflow_in_which_the_layer_runs(folder, layer, mode, bits, layout):
    wide = replace(layer, act_format=NumberFormat(bits, is_signed=False))
    IntegerNetwork((wide,)).save(folder.network_stem)
    facts = TileFacts(array=ArrayShape(2, 3, 20), mode=ModeFacts(mode), layers=())
    folder.reconfigure("export", (f"array.mode={mode}",))
    _plan(folder, facts)
    result, _ = _export(folder)
    assert result.facts.layout == layout
    bundle = read_bundle(folder.root / result.facts.bundles[0].folder)
    assert bundle.layout.name == layout
    execution = folder.array().execution(SHAPE, act_bits=bits)
    assert dataflow_of(bundle.layout) == execution.plan.dataflow
