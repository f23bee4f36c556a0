"""The plugin in a project of its own: bundles become tests, and a failure shows the finding."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.unit.trials.conftest import TINY
from tilewright.bundles import Geometry
from tilewright.trials.fresh import write_random
from tilewright.vectors import load_layout

pytest_plugins = ["pytester"]

TESTS = """
import numpy as np, pytest

def test_right(bundle, judge):
    assert judge(bundle.folder / "psum.txt").differ == 0

def test_wrong(bundle, judge, tmp_path):
    words = (bundle.folder / "psum.txt").read_text().splitlines(True)
    (tmp_path / "dump.txt").write_text("".join([*words[:3], "0" * 48 + "\\n", *words[4:]]))
    judge(tmp_path / "dump.txt")

def test_array(bundle, judge):
    judge(np.ma.masked_equal(np.zeros((2, 2, 2), int), 1))

def test_array_of_another_layer(judge):
    judge(np.zeros((3, 2, 2), int))

def test_run(judge):
    trial = judge.run(["cp", "psum.txt", "dump.txt"], dumps=["dump.txt"])
    assert trial.compared == 8

def test_run_that_leaves_nothing(judge):
    judge.run(["echo", "Good morning"], dumps=["dump.txt"])
"""

CALLS = """
import numpy as np, pytest

def test_words_in_one_text(judge):
    judge.run("cp psum.txt dump.txt", dumps="dump.txt", build="echo built", project=".", layout="ece284-ws")

def test_nested_lists(bundle, judge):
    judge(bundle_psums(bundle).tolist())

def bundle_psums(bundle):
    from tilewright.vectors import decode_bundle
    return decode_bundle(bundle).psums

@pytest.mark.parametrize(("call", "said"), [
    (lambda judge: judge.run(["true"], dump=["x"]), "no keyword of judge 'dump': did you mean 'dumps'"),
    (lambda judge: judge("x", kinds="psum"), "no keyword of judge 'kinds': did you mean 'kind'"),
    (lambda judge: judge.run("sh '", dumps="x"), "must be the words of a command: No closing quotation"),
    (lambda judge: judge.run("true", layout="ece284-w"), "no layout is called 'ece284-w'; did you mean"),
    (lambda judge: judge([[0.5]]), "numbers must be integers, not float64"),
    (lambda judge: judge([[1], [1, 2]]), "numbers must be an array, with the axes of psum: "),
])
def test_a_call_that_cannot_be_meant(judge, call, said):
    with pytest.raises(AssertionError) as error:
        call(judge)
    assert said in str(error.value)
"""


@pytest.fixture
def project(pytester, monkeypatch):
    """A project with two bundles and some tests."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(test_core=TESTS)
    for seed in (1, 2):
        write_random(
            pytester.path / "vectors" / str(seed),
            Geometry.parse(TINY),
            layout=load_layout("ece284-ws"),
            seed=seed,
        )
    return pytester


def _run(project, *words):
    return project.runpytest_inprocess("-p", "tilewright.pytest_plugin", *words)


def test_every_bundle_is_a_test_and_a_failure_shows_the_finding(project):
    done = _run(project, "--tilewright-bundles", "vectors")
    done.assert_outcomes(passed=4, failed=8)
    done.stdout.fnmatch_lines(
        [
            "*test_wrong?vectors/1?*",
            "E*AssertionError: random: psum: 8 compared, * differ",
            "E*psum at (oc=*, oh=*, ow=*), that is otile=0 onij=0 col=*dump.txt line 4 lane *: expected *",
            "E*cause: *",
            "E*more: tilewright explain *vectors/1 *dump.txt",
        ]
    )
    done.stdout.fnmatch_lines(
        ["E*AssertionError: *must be (oc, oh, ow) = (2, 2, 2), not (3, 2, 2)*"]
    )
    done.stdout.fnmatch_lines(
        ["E*AssertionError: the command must write dump.txt*it said: Good morning"]
    )


def test_calls_take_texts_and_lists_and_name_what_is_misspelled(project):
    project.makepyfile(test_calls=CALLS)
    done = _run(project, "--tilewright-bundles", "vectors/1", "test_calls.py")
    done.assert_outcomes(passed=8)


def test_a_mark_names_bundles_beside_the_file(project):
    project.makepyfile(
        test_marked="import pytest\n"
        "@pytest.mark.tilewright_bundles('vectors/2')\n"
        "def test(bundle): assert bundle.folder.name == '2'\n"
    )
    _run(project, "--strict-markers", "test_marked.py").assert_outcomes(passed=1)


def test_without_bundles_a_test_does_not_pass(project):
    done = _run(project, "-k", "right")
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["no bundles are given: say --tilewright-bundles PATH*"])
    assert "Error" not in done.stdout.str()


def test_a_path_without_bundles_is_named(project):
    done = _run(project, "--tilewright-bundles", "nowhere", "-k", "right")
    assert done.ret == pytest.ExitCode.INTERRUPTED
    done.stdout.fnmatch_lines(["/*nowhere must be a folder of vector files: there is none"])
    assert ".py:" not in done.stdout.str()


def test_a_project_that_does_not_use_it_loads_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    (tmp_path / "test_other.py").write_text(
        "import sys\n"
        "def test():\n"
        "    assert 'tilewright.pytest_plugin' in sys.modules\n"
        "    assert not {'numpy', 'pydantic', 'tilewright.trials', 'tilewright.vectors'} & set(sys.modules)\n"
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "tilewright.pytest_plugin",
        str(tmp_path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
