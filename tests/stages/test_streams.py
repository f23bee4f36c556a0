"""Standard output that nobody reads, or that is not there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[1] / "golden/bundle"
COMMAND = f"{sys.executable} -m tilewright"


def shell(script: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", "-c", f"set -o pipefail; {script}"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("reader", ["head -n 1", "true"])
@pytest.mark.parametrize("what", ["decode --show all", "decode --json --show all", "verify-bundle"])
def test_a_reader_that_leaves_is_no_failure(what, reader):
    command, *options = what.split()
    done = shell(f"{COMMAND} {command} {GOLDEN} {' '.join(options)} | {reader}")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_verdict_is_told_though_nobody_reads(tmp_path):
    """A bundle that is at fault; the exit status of the left command is what counts here."""
    for path in GOLDEN.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "psum.txt").write_bytes((GOLDEN / "psum.txt").read_bytes().replace(b"1", b"0"))
    script = f"{COMMAND} verify-bundle {tmp_path} 2>&1 | true; exit ${{PIPESTATUS[0]}}"
    assert shell(script).returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("what", ["decode --json --show all", "verify-bundle", "explain"])
def test_output_that_the_disk_does_not_take_is_no_success(what, tmp_path):
    """Neither the few lines that are written at the end, nor the many before it."""
    command, *options = what.split()
    dump = GOLDEN / "psum.txt" if command == "explain" else ""
    done = shell(f"{COMMAND} {command} {GOLDEN} {dump} {' '.join(options)} > /dev/full")
    assert done.returncode == 2
    assert done.stderr.startswith("error: standard output must take all")
    assert done.stderr.endswith("No space left on device; make room and give the command again\n")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_failed_check_stays_one_where_the_disk_is_full(tmp_path):
    wrong = (GOLDEN / "psum.txt").read_bytes().replace(b"1", b"0")
    (tmp_path / "psum.txt").write_bytes(wrong)
    done = shell(f"{COMMAND} explain {GOLDEN} {tmp_path / 'psum.txt'} > /dev/full")
    assert (done.returncode, "standard output must take all" in done.stderr) == (1, True)
    assert shell(f"{COMMAND} verify-bundle /no/such > /dev/full").returncode == 2
    assert shell(f"{COMMAND} verify-bundle {GOLDEN} 2> /dev/full").returncode == 0


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_streams_that_are_closed_change_nothing(closed):
    for command in (f"verify-bundle {GOLDEN}", "layouts", "plan resnet8"):
        done = shell(f"{COMMAND} {command} {closed}")
        assert (done.returncode, done.stderr) == (0, ""), command
    assert shell(f"{COMMAND} verify-bundle /no/such {closed}").returncode == 2


def test_text_that_the_terminal_cannot_show_is_escaped():
    done = shell(f"PYTHONIOENCODING=ascii {COMMAND} verify-bundle $'/no/s\u00fcch'")
    assert done.returncode == 2
    assert "\\xfc" in done.stderr
