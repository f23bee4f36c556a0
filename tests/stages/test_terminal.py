"""What the terminal says beside the facts: the next command, the choke by name, and less if quiet."""

from __future__ import annotations

import io
import shlex
import shutil

import pytest

from tests.chain import tilewright
from tilewright.cli.app import Commands
from tilewright.cli.console import Console
from tilewright.cli.examples import EXAMPLES


@pytest.mark.parametrize(
    ("stage", "after"),
    [("verify", "export"), ("export", "simulate"), ("simulate", "cosim")],
)
def test_a_stage_that_went_well_names_the_next_one(run, stage, after):
    done = tilewright(stage, run)
    assert done.stdout.splitlines()[-1] == f"next: tilewright {after} {run}"
    assert "next:" not in tilewright(stage, run, "--json").stdout


def test_the_verdict_names_what_mends_it(run):
    assert tilewright("report", run).stdout.splitlines()[-1] == f"next: tilewright certify {run}"
    shutil.rmtree(run / "06_sim")
    done = tilewright("report", run)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (
        1,
        f"next: tilewright simulate {run}",
    )


def test_a_certified_run_names_how_to_check_it(run):
    assert tilewright("certify", run, "--images", 1, "--onnx", 0).returncode == 0
    *_, last = tilewright("report", run).stdout.splitlines()
    assert last == f"next: tilewright certify --check {run}/08_certify/certify.json"
    assert tilewright(*last.split()[2:]).returncode == 0


def test_quiet_says_the_verdict_and_what_fails(run):
    done = tilewright("--quiet", "verify", run)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = tilewright("-q", "report", run)
    lines = done.stdout.splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "test accuracy",
        "verdict",
        "report",
        "summary",
    ]
    shutil.rmtree(run / "07_cosim")
    assert "FAILED cosim has not run" in tilewright("-q", "report", run).stdout
    assert "next: " in tilewright("report", run).stdout  # it is of one command


@pytest.mark.parametrize(("term", "is_drawn"), [("xterm", True), ("dumb", False)])
def test_a_terminal_that_only_writes_gets_no_control_characters(monkeypatch, term, is_drawn):
    """As those of CI that call themselves terminals."""
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setenv("TERM", term)
    console = Console(is_json=False)
    console.announce("cosim")
    console.progress("1 of 2")
    assert "1 of 2" in screen.getvalue()
    assert ("\x1b[2K" in screen.getvalue()) == is_drawn


def test_the_plan_draws_tiles_and_names_the_choke():
    done = tilewright(
        "plan", "vgg_tiny", "--set", "model.choke_width=8", "--array", "8x8", "--array", "16x5"
    )
    assert done.returncode == 0, done.stderr
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "features.15 1 x 1 x 9 |########| |########| <- the choke" in lines
    assert "features.15 is your 8x8 layer: one tile both ways, and a fold for each tap" in lines
    assert "features.0 2 x 1 x 9 |###.....| |########|" in lines
    assert "features.0 4 x 1 x 9 |###.............| |#....|" in lines  # 16 channels in columns of 5
    assert not any("16x5 layer" in line for line in lines)


@pytest.mark.parametrize("name", list(Commands()))
def test_every_command_shows_examples_that_it_takes(name):
    command = Commands()[name]
    for line in EXAMPLES[name]:
        program, called, *words = shlex.split(line.replace("\\\n", " "))
        assert (program, called) == ("tilewright", name)
        context = command.make_context(name, words)
        assert line.splitlines()[0] in command.get_help(context)


def test_an_example_that_is_none_is_noticed():
    with pytest.raises(Exception, match="No such option"):
        Commands()["plan"].make_context("plan", ["vgg16", "--size", "8x8"])
