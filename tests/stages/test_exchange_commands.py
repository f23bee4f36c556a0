"""The commands for other tools' formats, in the tests' process."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from tests import brevitas_networks, course_checkpoint
from tests.rtl.layers import require_simulator
from tests.unit.interchange.networks import residual
from tilewright.cli import main
from tilewright.spec import DataClaim, PackedNetwork

pytest.importorskip("onnx", reason="needs the extra 'onnx'")
pytest.importorskip("qonnx", reason="needs the extra 'onnx'")
pytest.importorskip("onnxruntime", reason="needs the extra 'onnx'")


@pytest.fixture
def stem(tmp_path) -> Path:
    """A saved network."""
    residual().network.save(tmp_path / "network")
    return tmp_path / "network"


@pytest.fixture
def command(monkeypatch, capsys):
    """Run a command; its exit status, stdout and stderr."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["tilewright", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return ended.value.code, captured.out, captured.err

    return run


@pytest.mark.parametrize("form", ["onnx", "qonnx", "qcdq"])
def test_export_writes_and_proves(form, stem, tmp_path, command):
    status, out, err = command("export-network", stem, "--format", form, "--out", tmp_path / "n")
    assert (status, err) == (0, "")
    assert f"11 nodes as {form}" in out or f"nodes as {form}" in out
    assert " 0 differ" in out
    assert (tmp_path / "n").stat().st_size > 1000


def test_export_says_it_in_json(stem, tmp_path, command):
    arguments = ("--format", "qonnx", "--scales", "unit", "--batch", 3, "--check", 4, "--json")
    status, out, _ = command("export-network", stem, "--out", tmp_path / "n", *arguments)
    facts = json.loads(out)
    assert status == 0
    assert facts["format"] == "qonnx"
    assert [check["engine"] for check in facts["checks"]] == ["qonnx"]
    assert facts["checks"][0]["passed"]
    assert facts["checks"][0]["compared"] % 6 == 0  # four images asked for, two batches of three


def test_export_of_sizes_alone(stem, tmp_path, command):
    status, out, _ = command(
        "export-network", f"{stem}.json", "--format", "scalesim", "--out", tmp_path / "n.csv"
    )
    assert status == 0
    assert "differ" not in out
    assert (tmp_path / "n.csv").read_text().splitlines()[1] == "stem, 10, 8, 3, 3, 3, 6, 1,"


def test_a_packed_network_is_exported(tmp_path, command):
    network = residual().network
    claim = DataClaim("digits", 2, "0" * 64)
    packed = PackedNetwork(network, ("a", "b", "c"), claim, np.zeros(2, np.int64), {})
    packed.save(tmp_path / "packed")
    for name in ("packed", "packed.npz"):
        status, out, _ = command(
            "export-network", tmp_path / name, "--format", "onnx", "--out", tmp_path / "n"
        )
        assert status == 0
        assert " 0 differ" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--format", "onxx"), "error: there is no format 'onxx': did you mean 'onnx'?"),
        (("--format", "onnx", "--scales", "one"), "error: there is no kind of scales 'one'"),
        (("--format", "onnx", "--batch", 0), "error: Invalid value for '--batch'"),
    ],
)
def test_bad_arguments_are_one_line(arguments, message, stem, tmp_path, command):
    status, _, err = command("export-network", stem, "--out", tmp_path / "n", *arguments)
    assert status == 2
    assert err.startswith(message)
    assert err.count("\n") == 1
    assert not (tmp_path / "n").exists()


def test_a_missing_network_is_one_line(tmp_path, command):
    status, _, err = command(
        "export-network", tmp_path, "--format", "onnx", "--out", tmp_path / "n"
    )
    assert status == 2
    assert err.startswith("error: cannot read ")
    status, _, err = command(
        "export-network", "no/such", "--format", "onnx", "--out", tmp_path / "n"
    )
    assert status == 2
    assert err.startswith("error: no/such must be a run folder, a packed network or")


def test_a_run_without_the_extra_names_the_command(stem, tmp_path, command, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    status, _, err = command("export-network", stem, "--format", "onnx", "--out", tmp_path / "n")
    assert status == 2
    assert err == (
        "error: this needs the package onnx, which is not installed: "
        "pip install 'tilewright[onnx]'\n"
    )


def test_a_failed_check_has_status_one(stem, tmp_path, command, monkeypatch):
    from tilewright.interchange import witness

    def wrong(*arguments, **options):
        found = run_file(*arguments, **options)
        found["stem.output"] = found["stem.output"].copy()
        found["stem.output"][0, 2, 1, 0] += np.float32(1)
        return found

    run_file = witness.run_file
    monkeypatch.setattr("tilewright.studies.exchange.run_file", wrong)
    status, _, err = command(
        "export-network", stem, "--format", "qonnx", "--scales", "unit", "--out", tmp_path / "n"
    )
    assert status == 1
    assert err.startswith("FAILED qonnx: stem: sums: ")
    assert "1 differ; first at sample=0 oc=2 oh=1 ow=0" in err


@pytest.fixture(scope="module")
def brevitas_file(tmp_path_factory) -> Path:
    """A residual network of Brevitas."""
    pytest.importorskip("brevitas", reason="needs the extra 'brevitas'")
    path = tmp_path_factory.mktemp("brevitas") / "net.onnx"
    return brevitas_networks.train(brevitas_networks.residual, path, weight_bits=3, act_bits=4).path


def test_a_network_of_brevitas_goes_through_the_rtl(brevitas_file, tmp_path, command):
    require_simulator("icarus")
    run = tmp_path / "run"
    status, out, err = command("import-network", brevitas_file, "--out", run, "--samples", 3)
    assert (status, err) == (0, "")
    assert "5 nodes, 3 of them layers" in out
    assert "head: its bias is not in the integers" in out
    assert " on 3 samples, 0 differ" in out
    for stage in ("verify", "export", "simulate"):
        own = ("--set", "vectors.corners=false") if stage == "export" else ()
        assert command(stage, run, *own)[0] == 0
    status, out, _ = command("cosim", run, "--set", "cosim.simulator=icarus", "--json")
    facts = json.loads(out)
    assert status == 0
    assert facts["mismatches"] == 0
    assert facts["psums_compared"] == 6 * 6 * 4 * 2 + 5


def test_a_course_checkpoint_goes_through_the_rtl(tmp_path, command):
    require_simulator("icarus")
    path, run = tmp_path / "model_best.pth.tar", tmp_path / "run"
    course_checkpoint.save(course_checkpoint.train(), path)
    widths = ("--weight-bits", 4, "--act-bits", 4)
    status, out, _ = command(
        "import-network", path, "--out", run, *widths, "--pools", 6, "--json", "--samples", 2
    )
    facts = json.loads(out)
    assert (status, facts["passed"]) == (0, True)
    assert facts["layers"] == ["features.3", "features.7", "features.10", "features.13"]
    assert facts["mismatches"] == 0
    assert facts["compared"] > 40_000
    assert facts["thresholds"] == 330
    assert facts["notes"][1].startswith("features.0 is not represented: its input codes are signed")
    layer = ("--set", 'vectors.layers=["features.10"]', "--set", "vectors.corners=false")
    for stage, *options in (("verify",), ("export", *layer), ("simulate",)):
        assert command(stage, run, *options)[0] == 0
    status, out, _ = command("cosim", run, "--set", "cosim.simulator=icarus", "--json")
    assert status == 0
    assert json.loads(out)["psums_compared"] == 5 * 16 * 16


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("net.onnx", "--weight-bits", 4),
            "error: a .onnx file states its widths and pools itself",
        ),
        (
            ("net.pth",),
            "error: net.pth is taken for a checkpoint, since it does not end in .onnx or ",
        ),
        (
            ("net.pt2",),
            "error: net.pt2 is an exported program of torch: write it as ONNX, torch.onnx.",
        ),
        (
            ("net.PTE",),
            "error: net.PTE is a program of ExecuTorch, which has no way back: import the",
        ),
        (
            ("net.h5",),
            "error: net.h5 is a model of TensorFlow or Keras: convert it to TFLite with int",
        ),
        (("net.pth", "--weight-bits", 4, "--act-bits", 9), "error: act_bits must be 2..8, not 9"),
        (
            ("net.pth", "--weight-bits", 4, "--act-bits", 4, "--pools", "6,x"),
            "error: indices of max-pools are given as 6,13,23, not '6,x'",
        ),
        (
            ("net.pth", "--weight-bits", 4, "--act-bits", 4, "--data", "digits", "--samples", 4000),
            "error: samples must be at most the ",
        ),
        (
            ("net.pth", "--weight-bits", 4, "--act-bits", 4),
            "error: net.pth must be a checkpoint, but",
        ),
        (("net.onnx",), "error: cannot read net.onnx"),
    ],
)
def test_imports_of_nothing_are_one_line(arguments, message, tmp_path, command, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, _, err = command("import-network", *arguments, "--out", "run")
    assert status == 2
    assert err.startswith(message)
    assert err.count("\n") == 1
    assert not Path("run").exists()


def test_an_import_has_nothing_to_evaluate_or_recover(brevitas_file, tmp_path, command):
    run = tmp_path / "run"
    assert command("import-network", brevitas_file, "--out", run, "--samples", 1)[0] == 0
    status, _, err = command("evaluate", run)
    assert (status, err.count("\n")) == (2, 1)
    assert "which has no images with classes here: tilewright verify compares" in err
    status, _, err = command("recover", run)
    assert (status, err.count("\n")) == (2, 1)
    assert "its integers are recovered already: go on with tilewright verify" in err
    assert command("verify", run)[0] == 0


def test_an_import_leaves_other_folders_alone(brevitas_file, tmp_path, command):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "notes.txt").write_text("mine")
    status, _, err = command("import-network", brevitas_file, "--out", tmp_path / "run")
    assert status == 2
    assert "holds other files and no run" in err
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["notes.txt"]


def test_an_import_that_differs_from_its_source_fails(tmp_path, command, monkeypatch):
    """The source's forward is spoiled, as if the reader had lost a bias."""
    from tests.qonnx_files import File
    from tilewright.interchange import witness

    def wrong(*arguments, **options):
        found = run_file(*arguments, **options)
        return found | {"head": found["head"] + 1}

    run_file = witness.run_file
    monkeypatch.setattr("tilewright.interchange.source.run_file", wrong)
    path = File().save(tmp_path / "net.onnx")
    status, _, err = command("import-network", path, "--out", tmp_path / "run")
    assert status == 1
    assert err.startswith("FAILED head: psums of the training forward: ")
