"""`explain`: what it prints, its exit status, and docs/how-to/explain.md, whose every command is executed."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.golden import regenerate as golden
from tests.rtl.layers import edit_file

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "how-to" / "explain.md").read_text(encoding="utf-8")
COMMANDS = re.findall(
    r"^\$ (.*)\n((?:[^$].*\n)*)",
    "".join(re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)),
    re.MULTILINE,
)


def test_the_page_prints_what_it_says(run_command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("core.py").write_text(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0])
    assert len(COMMANDS) > 10
    for command, told in COMMANDS:
        words = shlex.split(command)
        if words[0] == "tilewright":
            status, out, err = run_command(*words[1:])
            assert (out, err) == (told, ""), command
            assert status == (1 if "why:" in told else 0), command
        else:
            words[0] = sys.executable if words[0] == "python" else words[0]
            subprocess.run(words, check=True, timeout=60)


def test_every_option_of_the_page_exists_and_is_there(run_command):
    _, out, _ = run_command("explain", "--help")
    described = out.partition("Options")[2]
    options = set(re.findall(r"(?<![\w-])(--[a-z-]+)\b", described)) - {"--help"}
    assert options <= set(re.findall(r"(--[a-z-]+)", PAGE))


@pytest.fixture
def dump(tmp_path):
    """Psums of the golden bundle, in a file of their own."""
    path = tmp_path / "psum.npy"
    np.save(path, golden.psums())
    return path


def test_a_right_dump_passes(run_command, dump):
    status, out, err = run_command("explain", golden.FOLDER, dump)
    assert (status, err) == (0, "")
    assert out == "golden: psum: 24 compared, 0 differ\nverdict: every number is as expected\n"


def test_json_and_page_have_the_cause(run_command, dump, tmp_path):
    np.save(dump, golden.psums()[::-1])
    status, out, _ = run_command(
        "explain", golden.FOLDER, dump, "--json", "--html", tmp_path / "a.html"
    )
    facts = json.loads(out)
    assert status == 1
    keys = [cause["key"] for group in facts["causes"] for causes in group for cause in causes]
    assert "outputs-oc-all-reversed" in keys
    assert "channels stand in reverse order" in (tmp_path / "a.html").read_text()


def test_one_of_several_arrays_is_named(run_command, tmp_path):
    path, values = tmp_path / "dump.json", golden.psums()
    path.write_text(
        json.dumps({"layers": [{"psum": (values + 1).tolist()}, {"psum": values.tolist()}]})
    )
    status, out, err = run_command("explain", golden.FOLDER, path)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "layers.0.psum [4, 2, 3], layers.1.psum [4, 2, 3]: name it with --dump-array" in err
    assert run_command("explain", golden.FOLDER, path, "--dump-array", "layers.1.psum")[0] == 0


def test_ties_are_numbered_and_the_probe_is_written(run_command, dump, tmp_path):
    values = golden.psums()
    known = np.zeros(values.shape, bool)
    known[:, 0] = True
    np.save(dump, np.where(known, values + 5, np.nan))
    status, out, _ = run_command("explain", golden.FOLDER, dump, "--make-probe", tmp_path / "probe")
    assert status == 1
    assert "12 unknown" in out
    assert "  1. 5 is added to every sum" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], r"error: nothing must be a dump, a file or a folder: there is none"),
        (["psum.npy", "--kind", "sum"], r"error: there is no kind of number 'sum'"),
        (["other.npy"], r"psum must be \(oc, oh, ow\) = \(4, 2, 3\), but the array is \(2, 2\)"),
        (["empty.txt"], r"psum\.txt|empty\.txt must hold 12 words.* but is empty"),
        (["empty.txt", "--pattern", "places"], r"but none is there: an empty file"),
        (["psum.npy", "--dump-layout", "nope"], r"no layout is called 'nope'"),
    ],
)
def test_bad_input_says_what_was_expected_and_seen(
    run_command, dump, tmp_path, monkeypatch, arguments, message
):
    monkeypatch.chdir(tmp_path)
    np.save("other.npy", np.zeros((2, 2), int))
    Path("empty.txt").write_text("")
    status, out, err = run_command("explain", golden.FOLDER, *arguments)
    assert (status, out) == (2, "")
    assert re.search(message, err), err
    assert err.count("\n") == 1


def test_a_failing_verify_bundle_ends_in_the_command_that_explains_it(run_command, tmp_path):
    folder = tmp_path / "my bundle"
    golden.write_golden(folder)
    lines = (folder / "out.txt").read_text().splitlines(keepends=True)
    edit_file(folder, "out.txt", lambda _: [*lines[:3], *lines[4:], lines[-1]])
    edit_file(folder, "psum.txt", lambda old: [*old[:3], *old[4:], old[-1]])
    _, out, _ = run_command("verify-bundle", folder)
    command = re.search(r"^  why: tilewright (.*)$", out, re.MULTILINE)[1]
    status, out, _ = run_command(*shlex.split(command))
    assert status == 1
    assert "verdict: lines of all output tiles stand 1 line early" in out


def test_it_starts_without_torch_scipy_or_pyslang(dump):
    code = (
        "import sys\nsys.argv = ['tilewright', 'explain', *sys.argv[1:]]\nfrom tilewright.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "sys.exit(any(name in sys.modules for name in ('torch', 'scipy', 'pyslang', 'numba')))"
    )
    words = [sys.executable, "-c", code, str(golden.FOLDER), str(dump)]
    assert subprocess.run(words, check=False, capture_output=True, timeout=60).returncode == 0
