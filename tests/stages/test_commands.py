"""The commands: one module each, named as it is typed."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tilewright
from tilewright import cli
from tilewright.cli.app import Commands


@pytest.fixture(scope="module")
def commands():
    """Name to the function behind it, of each command that --help lists."""
    return {name: command.callback for name, command in Commands().items()}


def test_each_command_has_a_module_of_its_name(commands):
    found = {name: inspect.unwrap(one).__module__ for name, one in commands.items()}
    shared = {"recover", "verify", "simulate", "cosim"}  # stages, which are all run in one way
    usual = {name: "stages" if name in shared else name.replace("-", "_") for name in found}
    assert found == {
        name: f"tilewright.cli.{module}"
        for name, module in (usual | {"try": "try_core"}).items()  # a keyword is no module's name
    }


def test_help_lists_every_command_with_its_first_sentence(commands):
    """The list is made without loading them; a sentence that is not a command's would be seen here."""
    told = {name: text for group in cli.GROUPS.values() for name, text in group.items()}
    sentences = {
        name: inspect.getdoc(one).partition("\n\n")[0].replace("\n", " ")
        for name, one in commands.items()
    }
    assert told == sentences
    assert list(told) == list(cli.MODULES)
    registered = {one.name or one.callback.__name__ for one in cli.app.registered_commands}
    assert registered == told.keys()


@pytest.mark.parametrize(("words", "own"), [(["--help"], set()), (["plan", "-h"], {"plan"})])
def test_a_command_loads_no_module_of_another(words, own):
    code = (
        f"import sys\nsys.argv = ['tilewright', *{words}]\nfrom tilewright.cli import main\n"
        "try: main()\nexcept SystemExit: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(re.findall(r"\btilewright\.cli\.(\w+)", done.stderr))
    assert loaded & set(cli.MODULES.values()) == own


def test_lint_of_a_testbench_loads_nothing_for_layouts(tmp_path):
    """They would take a third of its time. With a layout, they are loaded."""
    bench = tmp_path / "tb.v"
    bench.write_text('module tb; reg [3:0] m [0:1]; initial $readmemh("m.txt", m); endmodule\n')
    (tmp_path / "m.txt").write_text("3\n5\n")
    code = (
        "import sys\nfrom tilewright.cli import main\n"
        "try: main()\nexcept SystemExit: print(*sys.modules, file=sys.stderr)"
    )
    for words, verdict in (
        ([], "verdict: pass"),
        (["--layout", "readmemh"], "the sizes of the layer must be known"),
    ):
        command = [sys.executable, "-c", code, "lint", tmp_path, "--testbench", bench, *words]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert verdict in done.stdout + done.stderr
        loaded = {"numpy", "tilewright.vectors"} & set(done.stderr.split())
        assert bool(loaded) == bool(words)


def test_nothing_asked_for_is_met_with_the_help(run_command):
    assert run_command() == run_command("--help")


def test_verbose_says_when_what_it_took_and_where_an_error_was_raised(run_command, tmp_path):
    status, _, err = run_command("-v", "layouts")
    assert status == 0
    assert re.fullmatch(
        r"took \d+\.\d s, \d+\.\d s of processor time, at most [\d,]+ MiB a process\n", err
    )
    status, out, err = run_command("--verbose", "verify", tmp_path / "none")
    assert (status, out) == (2, "")
    assert err.startswith("Traceback")
    assert err.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in run_command("verify", tmp_path / "none")[2]
    assert run_command("-q", "-v", "layouts") == (
        2, "", "error: --quiet and --verbose say opposite things: give one of them\n",
    )  # fmt: skip


def test_help_groups_every_command_and_loads_no_rich(tmp_path):
    """Plain text with headings; both spellings; the examples' commands exist."""
    found = [
        subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "tilewright", option],
            capture_output=True, text=True, check=True, cwd=tmp_path,
        )
        for option in ("-h", "--help")
    ]  # fmt: skip
    assert found[0].stdout == found[1].stdout
    assert not re.search(r"\| +(rich|pydantic|numpy|torch)\b", found[0].stderr)
    page = found[0].stdout
    places = [page.index(f"\n{title}:\n") for title in cli.GROUPS]
    assert places == sorted(places)
    names = set(cli.MODULES)
    assert set(re.findall(r"^  ([a-z][a-z-]*) {2}", page, re.MULTILINE)) == names
    assert {line.split()[1] for line in page.splitlines() if line[:13] == "  tilewright "} < names


def test_the_version_is_the_package_s(run_command):
    assert run_command("--version") == (0, f"tilewright {tilewright.__version__}\n", "")


def test_a_misspelt_command_is_met_with_the_near_one(run_command):
    status, out, err = run_command("paln")
    assert (status, out) == (2, "")
    assert err == "error: No such command 'paln'. Did you mean 'plan'? (see --help)\n"


def test_other_modules_of_the_room_have_no_command():
    modules = {path.stem for path in Path(cli.__file__).parent.glob("*.py")}
    assert modules - set(cli.MODULES.values()) == {
        *("__init__", "after_dashes", "app", "commands", "console", "examples", "explain_files"),
        *("option_groups", "reading", "unheeded"),
        *("run_folder", "summary"),
    }
