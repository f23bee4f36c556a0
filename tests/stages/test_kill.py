"""A slice of ``benchmarks/kill.py``: a run killed while it writes, and taken up again, has the same bytes."""

import importlib.util
import os
import signal
from pathlib import Path

import pytest

from tests.chain import OVERRIDES, tilewright

pytestmark = [pytest.mark.rtl, pytest.mark.xdist_group("chain")]


@pytest.fixture(scope="module")
def kill():
    path = Path(__file__).parents[2] / "benchmarks" / "kill.py"
    spec = importlib.util.spec_from_file_location("kill", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def die_at(method, count, *arguments):
    """Run a command in a copy of this process, killed at its `count`-th call of ``Path.method``."""
    child = os.fork()
    if not child:
        honest, left = getattr(Path, method), [count]

        def deadly(*values):
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            return honest(*values)

        setattr(Path, method, deadly)
        tilewright(*arguments)
        os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1]), "it must be killed"


@pytest.mark.parametrize(
    ("method", "count"),
    [("replace", 8), ("rename", 3)],
    ids=["between two files of recover", "while vectors are exchanged"],
)
def test_a_run_that_is_killed_and_taken_up_again_has_the_same_bytes(
    run, finished, kill, method, count
):
    command = ("run", "--out", run, *OVERRIDES)
    die_at(method, count, *command)
    assert kill.differences(kill.contents(run), kill.contents(finished))
    done = tilewright(*command)
    assert done.returncode == 0, done.stderr
    assert kill.differences(kill.contents(run), kill.contents(finished)) == []


def test_a_byte_that_is_not_the_same_is_a_difference(run, finished, kill):
    wanted = kill.contents(finished)
    path = run / "05_vectors/features.15/sample0/psum.txt"
    path.write_bytes(path.read_bytes() + b"\n")
    (run / "more.txt").write_text("")
    (run / "summary.json").unlink()
    assert kill.differences(kill.contents(run), wanted) == [
        "05_vectors/features.15/sample0/psum.txt",
        "more.txt",
        "summary.json",
    ]
