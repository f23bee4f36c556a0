"""Layers with hostile names: every file stays in the run, and the page shows the names as text."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.chain import tilewright
from tests.qonnx_files import File

pytest.importorskip("qonnx", reason="needs the extra 'onnx'")

NAMES = {"conv": "../../../PWNED", "head": "<script>alert(1)</script>"}


def test_a_hostile_name_writes_nothing_beside_the_run(tmp_path: Path) -> None:
    file = File()
    for output, name in NAMES.items():
        file.find(output).name = name
    run = tmp_path / "deep" / "er" / "run"
    before = set(tmp_path.iterdir())
    path = file.save(tmp_path / "net.onnx")
    done = tilewright("import-network", path, "--out", run, "--samples", 1)
    assert done.returncode == 0, done.stderr
    for stage in (("verify",), ("export", "--set", "vectors.corners=false")):
        done = tilewright(stage[0], run, *stage[1:])
        assert done.returncode == 0, done.stderr
    assert set(tmp_path.iterdir()) == before | {path, tmp_path / "deep"}
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["er"]
    assert [p.name for p in (tmp_path / "deep" / "er").iterdir()] == ["run"]
    folders = sorted(p.name for p in (run / "05_vectors").iterdir() if p.is_dir())
    assert [name.rpartition("-")[0] for name in folders] == ["PWNED", "script_alert_1_script"]
    assert tilewright("simulate", run).returncode == 0
    tilewright("report", run)
    page = (run / "report.html").read_text()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert ElementTree.parse(run / "junit.xml").getroot().tag == "testsuites"
