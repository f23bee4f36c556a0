"""The commands for other tools' formats, in the tests' process."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.unit.interchange.networks import residual
from tilewright.cli import main

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
    monkeypatch.setattr("tilewright.pipeline.exchange.run_file", wrong)
    status, _, err = command(
        "export-network", stem, "--format", "qonnx", "--scales", "unit", "--out", tmp_path / "n"
    )
    assert status == 1
    assert err.startswith("FAILED qonnx: stem: sums: ")
    assert "1 differ; first at sample=0 oc=2 oh=1 ow=0" in err
