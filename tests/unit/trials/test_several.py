"""Many bundles: found, run some at a time, counted, and written as JUnit."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.chain import tilewright
from tests.unit.programs.test_process import has_ended
from tests.unit.trials.conftest import SIZES
from tests.unit.trials.test_trial import COPY, WRONG
from tilewright.bundles import Geometry
from tilewright.errors import ConfigError
from tilewright.store.folder_lock import LOCK, locked_folder
from tilewright.trials.command import RESULTS, Command
from tilewright.trials.junit import trials_junit
from tilewright.trials.several import find_bundles, try_bundles
from tilewright.trials.trial import Expected
from tilewright.vectors import load_layout

NUMBERS = Expected(("dump.txt",))


@pytest.fixture
def tree(bundle, tmp_path):
    """Three bundles in a tree, beside what is none."""
    for name in ("a", "b/0", "b/1"):
        shutil.copytree(bundle.folder, tmp_path / "tree" / name)
    (tmp_path / "tree" / "other").mkdir()
    (tmp_path / "tree" / "other" / "manifest.json").write_text("{}")
    return tmp_path / "tree"


def _sh(script, here):
    return Command(("sh", "-c", script), here=here)


def test_a_tree_gives_its_bundles_each_once(tree):
    found = find_bundles([tree / "b" / "1", tree])
    assert list(found) == ["1", "tree/a", "tree/b/0"]


def test_names_that_match_are_left_out(tree):
    assert list(find_bundles([tree], skipped=["*/b/*"])) == ["tree/a"]
    with pytest.raises(ConfigError, match=r"no bundle is left: \*, x leaves all out"):
        find_bundles([tree], skipped=["*", "x"])


def test_files_without_a_manifest_are_a_bundle_if_their_layout_is_given(tree):
    (tree / "a" / "manifest.json").unlink()
    layout, geometry = load_layout("ece284-ws"), Geometry.parse(SIZES)
    found = find_bundles([tree / "a"], layout=layout, geometry=geometry)
    assert found["a"].shape == geometry.shape
    with pytest.raises(ConfigError, match=r"must be a bundle or hold some, .* need --layout"):
        find_bundles([tree / "a"])


def test_every_bundle_is_judged_in_a_folder_of_its_own(tree, tmp_path):
    script = f"case {{out}} in */b/0) {WRONG};; */b/1) exit 3;; *) {COPY};; esac"
    told = []
    found = try_bundles(
        find_bundles([tree]),
        _sh(script, tmp_path),
        NUMBERS,
        out=tmp_path / "out",
        jobs=3,
        listener=lambda name, trial: told.append((name, trial.status)),
    )
    assert told == [("tree/a", "pass"), ("tree/b/0", "fail"), ("tree/b/1", "error")]
    assert not found.passed
    assert [found.count(status) for status in ("pass", "fail", "error")] == [1, 1, 1]
    assert not (tmp_path / "out" / "tree" / "a").exists()
    assert (tmp_path / "out" / "tree" / "b" / "0" / "dump.txt").exists()
    facts = json.loads((tmp_path / "out" / RESULTS).read_text())
    assert [one["status"] for one in facts["trials"]] == ["pass", "fail", "error"]


def test_nothing_but_an_earlier_call_is_removed(tree, tmp_path):
    bundles, out = find_bundles([tree / "a"]), tmp_path / "out"
    try_bundles(bundles, _sh("exit 1", tmp_path), Expected(), out=out)
    (out / "mine.txt").write_text("x")
    found = try_bundles(bundles, _sh(COPY, tmp_path), NUMBERS, out=out, is_kept=True)
    assert found.passed
    assert (out / "mine.txt").exists()
    assert (out / "a" / "dump.txt").exists()
    (out / RESULTS).unlink()
    with pytest.raises(ConfigError, match="must be empty or of an earlier call"):
        try_bundles(bundles, _sh(COPY, tmp_path), NUMBERS, out=out)


def test_a_bundle_takes_the_place_of_a_tree_of_its_name(tree, tmp_path):
    """`vectors` held many bundles, which failed, and is one bundle now."""
    out, many = tmp_path / "out", find_bundles([tree])
    try_bundles(many, _sh("exit 1", tmp_path), Expected(), out=out)
    place = next(iter(many)).split("/")[0]
    assert (out / place).is_dir()
    one = {place: next(iter(many.values()))}
    assert try_bundles(one, _sh(COPY, tmp_path), NUMBERS, out=out, is_kept=True).passed
    shutil.rmtree(out / place)
    try_bundles(many, _sh("exit 1", tmp_path), Expected(), out=out)
    (out / place / "mine.txt").write_text("x")
    with pytest.raises(ConfigError, match=f"{place} must be of an earlier call, but holds other"):
        try_bundles(one, _sh(COPY, tmp_path), NUMBERS, out=out)
    assert (out / place / "mine.txt").read_text() == "x"


def test_an_altered_list_of_folders_leads_to_no_other_place(tree, tmp_path):
    bundles, out = find_bundles([tree / "a"]), tmp_path / "out"
    try_bundles(bundles, _sh(COPY, tmp_path), NUMBERS, out=out)
    (tmp_path / "precious").mkdir()
    facts = {"kind": "tilewright-trials", "folders": ["../precious", str(tree), ".", "a/.."]}
    (out / RESULTS).write_text(json.dumps(facts))
    (out / "mine.txt").write_text("x")
    try_bundles(bundles, _sh(COPY, tmp_path), NUMBERS, out=out)
    assert (tmp_path / "precious").exists()
    assert tree.exists()
    assert (out / "mine.txt").exists()


def test_junit_holds_every_trial_and_legal_characters_only(tree, tmp_path):
    bundles = find_bundles([tree / "a"])
    odd = {name: replace(one, layer_name="<&\"'>") for name, one in bundles.items()}
    found = try_bundles(
        odd, _sh("echo '<]]>\x02'; exit 1", tmp_path), Expected(), out=tmp_path / "o"
    )
    root = ElementTree.fromstring(trials_junit("sh", found.trials, {str(tree / "a"): "why: <&>"}))
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("1", "1", "0")
    failure = root.find("testsuite/testcase/failure")
    assert failure.get("message").endswith("it said: <]]>\\x02")
    assert failure.text == failure.get("message") + "\nwhy: <&>"


class TestCommand:
    def test_the_verdict_is_the_exit_status(self, tree, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        words = ("try", tree, "--dump", "dump.txt", "--jobs", 2)
        done = tilewright(*words, "--", "sh", "-c", COPY)
        assert (done.returncode, done.stderr) == (0, "")
        assert "3 bundles: 3 pass, 0 fail, 0 error" in done.stdout
        assert done.stdout.endswith("verdict: pass\n")
        done = tilewright(*words, "--causes", 0, "--junit", "j.xml", "--", "sh", "-c", WRONG)
        assert done.returncode == 1
        assert f"more: tilewright explain {tree}/a tilewright-try/tree/a/dump.txt" in done.stdout
        assert done.stderr.count("FAILED ") == 3
        assert ElementTree.parse("j.xml").getroot().get("failures") == "3"

    def test_trials_that_are_refused_delete_nothing(self, tree, tmp_path):
        file = tmp_path / "j.xml"
        file.write_text("<testsuites/>")
        words = ("try", tree / "absent", "--junit", file, "--out", tmp_path / "o", "--", "true")
        assert (tilewright(*words).returncode, file.read_text()) == (2, "<testsuites/>")

    def test_what_was_judged_before_an_interrupt_is_in_junit(self, tree, tmp_path):
        """As where CI's own time limit ends it; a bundle that was not come to is no pass."""
        script = f"case $PWD in *b/0) kill -TERM {os.getpid()}; sleep 60;; esac; {COPY}"
        file = tmp_path / "j.xml"
        words = ("try", tree, "--dump", "dump.txt", "--junit", file, "--out", tmp_path / "o")
        done = tilewright(*words, "--", "sh", "-c", script)
        assert done.returncode == 130
        root = ElementTree.parse(file).getroot()
        assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("3", "0", "2")
        assert [case.find("error") is None for case in root.iter("testcase")] == [
            True,
            False,
            False,
        ]

    def test_a_second_command_in_the_same_folder_is_told_who_writes(self, tree, tmp_path):
        """It would remove what the first one is judging."""
        words = ("--dump", "dump.txt", "--out", tmp_path / "o", "--", "sh", "-c", COPY)
        for command, other in (("try", "reduce"), ("reduce", "try")):
            with locked_folder(tmp_path / "o", command):
                done = tilewright(other, tree / "a", *words)
            assert (done.returncode, done.stderr.count("\n")) == (2, 1)
            assert f"is held by 'tilewright {command}' (process" in done.stderr
        assert tilewright("try", tree / "a", *words).returncode == 0
        assert not (tmp_path / "o" / LOCK).exists()

    def test_json_has_the_facts(self, tree, tmp_path):
        words = ("try", tree / "a", "--dump", "dump.txt", "--json", "--out", tmp_path / "o")
        facts = json.loads(tilewright(*words, "--", "sh", "-c", WRONG).stdout)
        assert (facts["passed"], facts["fail"], facts["trials"][0]["differ"]) == (False, 1, 1)
        assert facts["causes"][str(tree / "a")].startswith("cause: ")

    @pytest.mark.parametrize(
        ("words", "line"),
        [
            ((), "give the command that runs your core after --"),
            (("--",), "give the command that runs your core after --"),
            (("--", "no-such-simulator"), "cannot start no-such-simulator: no such program"),
            (("--geometry", SIZES, "--", "true"), "give their --layout, too"),
            (("--build", "'", "--", "true"), "--build must be the words of a command"),
            (("--pattern", "(", "--", "true"), "regular expression"),
            (("--nothing", "--", "true"), "No such option"),
            (("--dump", "x", "vvp", "-n", "sim"), "words of your own command stand after --"),
        ],
    )
    def test_bad_usage_is_one_line(self, tree, tmp_path, words, line):
        done = tilewright("try", tree / "a", "--out", tmp_path / "o", *words)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert line in done.stderr

    @pytest.mark.parametrize(
        ("name", "line"),
        [
            ("o", "is a folder: name the file in it"),
            ("f/j.xml", "f is no folder that can be written"),
        ],
    )
    def test_a_report_that_cannot_be_written_is_refused_before_the_runs(
        self, tree, tmp_path, name, line
    ):
        (tmp_path / "o").mkdir()
        (tmp_path / "f").write_text("a file")
        words = ("--junit", tmp_path / name, "--out", tmp_path / "o")
        done = tilewright("try", tree / "a", *words, "--dump", "dump.txt", "--", "sh", "-c", COPY)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
        assert line in done.stderr
        assert list((tmp_path / "o").iterdir()) == []

    def test_an_interrupt_ends_every_program(self, tree, tmp_path):
        script = "import signal; signal.signal(2, signal.default_int_handler); import runpy, sys;"
        script += "sys.argv[0] = 'tilewright'; runpy.run_module('tilewright', run_name='__main__')"
        words = ["try", str(tree / "a"), "--out", str(tmp_path / "o"), "--"]
        words += ["sh", "-c", "echo $$ > pid; sleep 60"]
        process = subprocess.Popen([sys.executable, "-c", script, *words], stderr=subprocess.PIPE)
        pid = tmp_path / "o" / "a" / "pid"
        while not (pid.exists() and pid.read_text().endswith("\n")):
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=30)
        assert process.returncode == 130
        assert told.startswith(b"interrupted")
        assert has_ended(int(Path(pid).read_text()))
