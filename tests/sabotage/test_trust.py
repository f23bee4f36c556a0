"""The rules of docs/why/trust.md are broken one after the other, and each time it is noticed."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.chain import read, tilewright
from tests.sabotage.test_rtl_core import patched_core
from tests.stages.test_bad_input import expect_error
from tilewright.errors import ArtifactError, TilewrightError
from tilewright.pipeline import ORDER, make_report, run_stage
from tilewright.pipeline.run_folder import RunFolder, Silent
from tilewright.pipeline.stages import report as report_stage
from tilewright.pipeline.stages import simulate as simulate_stage
from tilewright.pipeline.stages import verify as verify_stage

pytestmark = pytest.mark.rtl

REPORTED = {"summary.json", "junit.xml", "report.html", "timeline.json"}

MADE_AGAIN = {*REPORTED, "stdout.txt", "config.toml"}
"""What the report makes anew, what a test wrote, and what a user may edit (then results are stale)."""


def files_of(run: Path) -> list[Path]:
    return [path for path in sorted(run.rglob("*")) if path.is_file()]


def tree(run: Path) -> dict[str, bytes]:
    return {str(path.relative_to(run)): path.read_bytes() for path in files_of(run)}


def failures(run: Path) -> list[str]:
    root = ElementTree.parse(run / "junit.xml").getroot()
    return [one.get("message", "") for one in root.iter("failure")]


# 1. A verdict is about what is on disk now


def damaged(content: bytes) -> dict[str, bytes | None]:
    """What may become of a file; None: it is gone."""
    flipped = [
        (f"byte {at} flipped", content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        for at in (0, len(content) - 1)
    ]
    return dict(flipped) | {"cut": content[: len(content) // 2], "gone": None}


def test_every_file_of_a_run_is_missed_when_it_is_altered(run: Path) -> None:
    """Exit status 2 and the file's name; a result that is gone has not run."""
    paths = [path for path in files_of(run) if path.name not in MADE_AGAIN]
    assert len(paths) > 30
    bundle = run / "05_vectors/features.12/sample0"
    kept = [p for p in paths if p.parent != bundle or p.name in ("manifest.json", "psum.txt")]
    wrong = []
    for path in kept:
        content = path.read_bytes()
        for how, changed in damaged(content).items():
            path.unlink() if changed is None else path.write_bytes(changed)
            status, said = report(run)
            is_result = path.suffix == ".json" and path.stem in ORDER
            expected = 1 if changed is None and is_result else 2
            if status != expected or (expected == 2 and path.name not in said):
                wrong.append((path.relative_to(run), how, status, said))
        path.write_bytes(content)
    assert not wrong
    assert report(run)[0] == 0


def report(run: Path) -> tuple[int, str]:
    """Status and message of the report, as the command makes them of it; it is not written."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("make_picture", "render_page", "write_bytes", "write_json"):
            patch.setattr(report_stage, name, lambda *_, **__: "")
        try:
            summary = make_report(RunFolder(run))
        except TilewrightError as error:
            return 2, str(error)
    altered = [reason.text for reason in summary.failures if reason.is_damage]
    return (2, altered[0]) if altered else (int(summary.verdict == "fail"), "")


def test_an_altered_file_is_a_reason_in_every_form_of_the_report(run: Path) -> None:
    (run / "06_sim/fold_cycles.safetensors").write_bytes(b"noise")
    done = tilewright("report", run)
    text = "06_sim/fold_cycles.safetensors is not what simulate wrote: it was altered"
    expect_error(done, text)
    summary = read(run / "summary.json")
    assert (summary["verdict"], summary["reasons"][0]) == ("fail", text)
    assert text in failures(run)
    assert text in (run / "report.html").read_text()
    assert failures(run) == summary["reasons"]


def test_vectors_of_a_layer_that_are_gone_are_missed(run: Path) -> None:
    shutil.rmtree(run / "05_vectors/features.15")
    expect_error(tilewright("report", run), "05_vectors/features.15/sample0/manifest.json")


def test_a_flipped_digit_in_a_result_is_noticed(run: Path) -> None:
    path = run / "07_cosim/cosim.json"
    compared = read(path)["psums_compared"]
    path.write_text(path.read_text().replace(f" {compared},", f" {compared + 1},"))
    expect_error(tilewright("report", run), "cosim.json must have the sha256 that it states")


def test_rtl_that_was_edited_after_the_simulation_makes_it_stale(run: Path, tmp_path: Path) -> None:
    rtl = patched_core(tmp_path / "rtl", "tw_pe.sv", "endmodule", "endmodule // the same")
    assert tilewright("cosim", run, "--set", f"cosim.rtl_dir={rtl}").returncode == 0
    assert tilewright("report", run).returncode == 0
    (rtl / "tw_pe.sv").write_text((rtl / "tw_pe.sv").read_text().replace("+", "-"))
    assert tilewright("report", run).returncode == 1
    assert failures(run) == ["cosim is stale: what it read has changed since; run it again"]


def test_another_simulator_or_tilewright_makes_results_stale(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "vvp"
    tool.write_text(f'#!/bin/sh\nexec {shutil.which("vvp")} "$@"\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert tilewright("cosim", run).returncode == 0
    assert str(tool) in read(run / "07_cosim/cosim.json")["programs"]
    assert not RunFolder(run).is_stale("cosim")
    tool.write_text(tool.read_text() + "# another\n")
    assert RunFolder(run).is_stale("cosim")
    assert not RunFolder(run).is_stale("verify")
    monkeypatch.setattr("tilewright.pipeline.evidence.__version__", "99")
    assert RunFolder(run).is_stale("verify")
    assert not RunFolder(run).is_stale("train")


@pytest.mark.parametrize("stage", ["verify", "simulate"])
def test_integers_that_are_swapped_while_a_stage_runs_are_not_recorded(
    run: Path, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = run / "02_recover/stimulus.json"
    module, name = {
        "verify": (verify_stage, "check_node"),
        "simulate": (simulate_stage, "compare"),
    }[stage]
    honest = getattr(module, name)

    def swap(*arguments: object, **options: object) -> object:
        place.write_text(json.dumps(read(place)))
        return honest(*arguments, **options)

    monkeypatch.setattr(module, name, swap)
    with pytest.raises(
        ArtifactError, match=f"what {stage} reads must stay as it is while {stage} runs"
    ):
        run_stage(stage, RunFolder(run), Silent())
    monkeypatch.setattr(module, name, honest)
    assert tilewright("report", run).returncode == 2  # recover did not write this stimulus


# 2. A refused command leaves no trace


@pytest.mark.parametrize(
    ("command", "override", "word"),
    [
        ("export", 'vectors.layers=["nope"]', "nope"),
        ("export", "vectors.layout=/nowhere.toml", "nowhere"),
        ("export", "array.psum_bits=4", "must fit s4"),
        ("cosim", "cosim.rtl_dir=/nowhere", "module tw_core"),
        ("simulate", "sim.samples=9", "sim.samples"),
        ("recover", "recover.samples=99999", "test images"),
        ("run", "train.epochs=1", "holds a run with train.epochs = 2"),
        ("restart", "train.epochs=1", "warmup_epochs"),
    ],
)
def test_a_refused_command_leaves_no_trace(
    run: Path, command: str, override: str, word: str
) -> None:
    (run / "stdout.txt").unlink()  # which is not of the run
    before = tree(run)
    words: list[object] = [command, run]
    if command in ("run", "restart"):
        words = ["run", "--out", run, *(["--restart"] if command == "restart" else [])]
    expect_error(tilewright(*words, "--set", override), word)
    assert tree(run) == before
    assert [path.name for path in run.parent.iterdir()] == ["run"]


def test_a_refused_new_run_leaves_no_folder(tmp_path: Path) -> None:
    done = tilewright("run", "--out", tmp_path / "new", "--set", "train.epochs=1")
    expect_error(done, "warmup_epochs")
    assert not (tmp_path / "new").exists()


def test_export_replaces_its_layers_and_nothing_else(run: Path) -> None:
    mine = run / "05_vectors/my_tb/tb.v"
    mine.parent.mkdir()
    mine.write_text("module tb; endmodule\n")
    other = tree(run / "05_vectors/features.12")
    done = tilewright(
        *("export", run, "--stimulus", "max", "--set", 'vectors.layers=["features.15"]')
    )
    assert done.returncode == 0, done.stderr
    assert mine.read_text() == "module tb; endmodule\n"
    assert tree(run / "05_vectors/features.12") == other
    assert [path.name for path in (run / "05_vectors/features.15").iterdir()] == ["max0"]
    assert not list(run.glob(".*"))


def test_a_bundle_with_a_file_of_a_user_is_not_replaced(run: Path) -> None:
    (run / "05_vectors/features.15/sample0/my_results.txt").write_text("42\n")
    before = tree(run)
    expect_error(tilewright("export", run), "my_results.txt", "must be empty or hold a bundle")
    assert tree(run) == before


@pytest.mark.parametrize("place", ["02_recover/mine.txt", "05_vectors/my_tb/tb.v", "notes.md"])
def test_restart_removes_no_file_of_a_user(run: Path, place: str) -> None:
    (run / "stdout.txt").unlink()
    (run / place).parent.mkdir(exist_ok=True)
    (run / place).write_text("dear\n")
    before = tree(run)
    expect_error(
        tilewright("run", "--out", run, "--restart"), Path(place).name, "move it elsewhere"
    )
    assert tree(run) == before


@pytest.mark.parametrize("lines", [0, 3, 20])
def test_a_configuration_that_was_cut_short_is_refused(run: Path, lines: int) -> None:
    path = run / "config.toml"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:lines]))
    for command in ("verify", "report"):
        expect_error(tilewright(command, run), "config.toml must state every key")


# 3. One run folder, one writer


def test_a_second_command_is_told_who_writes(run: Path) -> None:
    lock = run / ".lock"
    lock.write_text("'tilewright run' (process 7 on there) since noon")
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for command in ("verify", "report", "evaluate"):
            expect_error(
                tilewright(command, run), "is held by 'tilewright run' (process 7 on there)"
            )
    assert tilewright("verify", run).returncode == 0  # what is left of a killed command is no lock
    assert not lock.exists()


def test_what_a_killed_command_was_writing_is_removed(run: Path) -> None:
    left = [run / "03_verify/.verify.json.abcd1234", run / ".config.toml.abcd1234"]
    for path in left:
        path.write_text("half")
    scratch = run / ".05_vectors.abcd1234/05_vectors/conv"
    scratch.mkdir(parents=True)
    mine = run / "03_verify/.notes"
    mine.write_text("dear\n")
    assert tilewright("verify", run).returncode == 0
    assert not [path for path in (*left, scratch.parents[1]) if path.exists()]
    assert mine.read_text() == "dear\n"


# 10. Every command ends as it should


def test_commands_in_messages_can_be_pasted(run: Path, tmp_path: Path) -> None:
    place = run.rename(tmp_path / "my run's")
    assert tilewright("export", place, "--set", "array.rows=5").returncode == 0
    expect_error(
        tilewright("cosim", place), f"""run "tilewright simulate '{tmp_path}/my run'"'"'s'" first"""
    )


@pytest.mark.parametrize("lasts", ["kill -9 $$", "exit 3"])
def test_a_simulator_that_dies_fails_in_a_line_and_the_next_command_works(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lasts: str
) -> None:
    tool = tmp_path / "tools" / "vvp"
    tool.parent.mkdir()
    tool.write_text(f"#!/bin/sh\n{lasts}\n")
    tool.chmod(0o755)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")
        done = tilewright("cosim", run)
    assert done.returncode == 1
    assert all(line.startswith("FAILED cosim: features.1") for line in done.stderr.splitlines())
    assert tilewright("cosim", run).returncode == 0


def test_a_disk_that_is_full_while_vectors_are_written_changes_nothing(run: Path) -> None:
    """A limit on the size of files stands in for a disk without space."""
    before = tree(run)
    done = subprocess.run(
        [sys.executable, "-m", "tilewright", "export", str(run), "--set", "vectors.seed=1"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},  # Python would leave cut byte code
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (900, 900)),
    )
    expect_error(done, "nothing was changed")
    assert tree(run) == before


def test_a_folder_that_cannot_be_written_is_named(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise OSError(errno.EROFS, "Read-only file system")

    before = tree(run)
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        expect_error(tilewright("verify", run), f"cannot lock {run}: Read-only file system")
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "mkstemp", refuse)
        expect_error(tilewright("verify", run), "cannot write", "Read-only file system")
    changed = {name for name in before if before[name] != tree(run).get(name)}
    assert changed <= {"03_verify/verify.json", *REPORTED}
    assert tilewright("verify", run).returncode == 0


def test_no_home_and_no_place_for_temporary_files(run: Path, tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere")
    done = tilewright("cosim", run, HOME=nowhere, TMPDIR=nowhere, XDG_CACHE_HOME="")
    assert done.returncode == 0, done.stderr
