"""Files against a layout's statement, without a testbench."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tilewright.errors import ConfigError
from tilewright.lint import Finding, lint
from tilewright.vectors import load_layout

GOLDEN = Path(__file__).parents[2] / "golden" / "bundle"


def _findings(folder: Path) -> tuple[Finding, ...]:
    return lint(folder, layout=load_layout("ece284-ws")).findings


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A bundle to damage."""
    return Path(shutil.copytree(GOLDEN, tmp_path / "bundle"))


def test_a_good_bundle_has_no_finding(bundle: Path) -> None:
    """The manifest gives the sizes."""
    assert _findings(bundle) == ()


def test_faults_are_located(bundle: Path) -> None:
    """A missing file, letter case, a wrong header and a damaged word, each with its file."""
    (bundle / "psum.txt").unlink()
    (bundle / "out.txt").rename(bundle / "OUT.txt")
    header = bundle / "activation_tile0.txt"
    header.write_text("#x#\n" + header.read_text().partition("\n")[2])
    words = (bundle / "activation_tile1.txt").read_text().splitlines()
    words[4] = "2" + words[4][1:]
    (bundle / "activation_tile1.txt").write_text("\n".join(words) + "\n")
    found = {(f.kind, f.file, f.file_line) for f in _findings(bundle)}
    assert found == {
        ("missing", "psum.txt", 0),
        ("letter-case", "OUT.txt", 0),
        ("layout", "activation_tile0.txt", 1),
        ("layout", "activation_tile1.txt", 5),
    }


def test_a_psum_that_the_layer_cannot_reach_is_outside_the_range(bundle: Path) -> None:
    """The highest bit of a signed field alone: the least number, too small for this layer."""
    lines = (bundle / "psum.txt").read_text().splitlines()
    lines[3] = "1" + "0" * (len(lines[3]) - 1)
    (bundle / "psum.txt").write_text("\n".join(lines) + "\n")
    (finding,) = _findings(bundle)
    assert (finding.kind, finding.file, finding.file_line) == ("value-range", "psum.txt", 4)
    assert finding.message.startswith("word 0, lane 0 from the left: a value of kind psum must be ")


def test_without_a_manifest_the_sizes_must_be_given(tmp_path: Path) -> None:
    """No guess from the number of lines."""
    with pytest.raises(ConfigError, match=r"^to check files against a layout, the sizes of the"):
        _findings(tmp_path)
