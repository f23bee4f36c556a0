"""The list of sources: what Icarus does with it, and what lint says."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.rtl.layers import require_simulator
from tilewright.lint.filelist import check_filelists


@pytest.mark.rtl
@pytest.mark.parametrize(
    ("text", "kinds", "compiled"),
    [
        ("a.v\nB.v\n", [], {"a", "b"}),
        ("a.v\nB.v", ["filelist-end"], {"a"}),
        ("a.v\nb.v\n", ["letter-case"], {"a"}),
        ("a.v\nc.v\n", ["missing"], {"a"}),
    ],
)
def test_a_list_is_judged_as_icarus_takes_it(
    text: str, kinds: list[str], compiled: set[str], tmp_path: Path
) -> None:
    """The last line without its end is dropped; a source that is not found is left out."""
    require_simulator("icarus")
    (tmp_path / "a.v").write_text('module a; initial $display("a"); endmodule\n')
    (tmp_path / "B.v").write_text('module b; initial $display("b"); endmodule\n')
    (tmp_path / "filelist").write_text(text)
    assert [finding.kind for finding in check_filelists((tmp_path,))] == kinds
    command = "iverilog -g2012 -o t.vvp -c filelist; vvp -n t.vvp"
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True)
    assert set(done.stdout.split()) == compiled
