"""Bad input and bad luck: one clear line, exit status 2, nothing half written."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.chain import OVERRIDES, read, tilewright
from tests.forgery import reseal
from tilewright import cli
from tilewright.rtl import RTL_DIR

pytestmark = pytest.mark.rtl


def expect_error(done, *words, status=2):
    """One line on stderr with all of `words`, and status 2 or `status`."""
    assert done.returncode == status, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("train.epoch=3", ("train.epoch is no key; did you mean epochs?", "warmup_epochs")),
        ("model.weight_bits=9", ("model.weight_bits", "less than or equal to 8, found 9")),
        ("model.choke_stage=5", ("choke_stage must be 1..4 for vgg_tiny, not 5",)),
        ("data.dir=/nowhere", ("digits are bundled",)),
        ("vectors.layout=ece284-wz", ("ece284-wz", "ece284-ws")),
        ("vectors.layout=readmemh", ("that the RTL testbench reads (ece284-ws,", "not readmemh")),
        ("vectors.samples=17", ("vectors.samples must be at most recover.samples = 16, not 17",)),
    ],
)
def test_a_bad_configuration(tmp_path, override, words):
    out = tmp_path / "run"
    expect_error(tilewright("run", "--out", out, "--set", override), *words)
    assert not list(out.glob("0*"))


def test_a_missing_configuration_file(tmp_path):
    done = tilewright("run", tmp_path / "none.toml", "--out", tmp_path / "run")
    expect_error(done, "cannot read", "none.toml")
    assert not (tmp_path / "run").exists()


def test_a_folder_that_holds_something_else(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    expect_error(tilewright("run", "--out", tmp_path), "holds other files and no run")
    expect_error(tilewright("run", "--out", tmp_path, "--restart"), "is no run folder")
    assert (tmp_path / "letter.txt").read_text() == "dear"


def test_cifar10_that_is_not_there(tmp_path):
    overrides = ("--set", "data.name=cifar10", "--set", f"data.dir={tmp_path}")
    expect_error(tilewright("run", "--out", tmp_path / "run", *overrides), "data_batch_1.bin")


@pytest.mark.parametrize("command", ["verify", "report", "export"])
def test_a_folder_that_is_no_run(tmp_path, command):
    expect_error(tilewright(command, tmp_path), "is no run folder")


def test_a_stage_before_its_time(run):
    shutil.rmtree(run / "02_recover")
    expect_error(tilewright("verify", run), "cannot read", "run the stage that writes it")
    shutil.rmtree(run / "01_train")
    expect_error(tilewright("recover", run), "01_train")


def test_a_layer_that_does_not_exist_gives_near_names(run):
    before = sorted((run / "05_vectors").rglob("*"))
    done = tilewright("export", run, "--set", "vectors.layers=['feature.15']")
    expect_error(done, "no quantized layer is called 'feature.15'", "features.15")
    assert sorted((run / "05_vectors").rglob("*")) == before


def test_a_layout_that_does_not_exist_gives_near_names(run):
    done = tilewright("export", run, "--set", "vectors.layout=ece284-wz")
    expect_error(done, "ece284-wz", "ece284-ws")


def test_files_for_another_bench_are_refused_once_and_are_no_finding_of_the_core(run):
    done = tilewright("export", run, "--set", "vectors.layout=readmemh")
    assert done.returncode == 0, done.stderr
    done = tilewright("cosim", run)
    expect_error(
        done, "the RTL testbench reads layout ece284-ws,", "has layout readmemh: export it"
    )
    assert done.stderr.count("readmemh") == 1
    assert "readmemh" not in done.stdout


def test_more_samples_than_were_recovered(run):
    expect_error(
        tilewright("simulate", run, "--set", "sim.samples=9"),
        "sim.samples must be at most recover.samples = 2, not 9",
    )


def test_a_key_of_an_earlier_stage(run):
    done = tilewright("cosim", run, "--set", "model.act_bits=2")
    expect_error(done, "--set model: 'cosim' may change cosim")


@pytest.mark.parametrize("damage", ["flip", "truncate"])
def test_a_corrupt_checkpoint(run, damage):
    (path,) = (run / "01_train").glob("best-*.safetensors")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content if damage == "flip" else content[:-100])
    expect_error(tilewright("evaluate", run), path.name, "sha256")


def test_a_corrupt_network(run):
    path = run / "02_recover/network.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    expect_error(tilewright("verify", run), "network.safetensors must have sha256")


def test_results_of_another_array_are_not_compared(run):
    done = tilewright("export", run, "--set", "array.rows=5")
    assert done.returncode == 0, done.stderr
    expect_error(tilewright("cosim", run), "simulate", "stale", "run 'tilewright simulate")


def test_an_older_result_does_not_outlive_rtl_that_cannot_be_built(run, tmp_path):
    (tmp_path / "tw_core.sv").write_text(f"{(RTL_DIR / 'tw_core.sv').read_text()} syntax")
    assert tilewright("report", run).returncode == 0
    done = tilewright("cosim", run, "--set", f"cosim.rtl_dir={tmp_path}")
    expect_error(done, "cannot build the design")
    assert not (run / "summary.json").exists()
    assert tilewright("report", run).returncode == 1
    assert read(run / "summary.json")["reasons"] == ["cosim has not run"]


def test_damaged_metrics(run):
    (run / "01_train/metrics.jsonl").write_text('{"epoch"\n')
    expect_error(tilewright("report", run), "metrics.jsonl must hold a JSON object in every line")


def test_metrics_without_a_number(run):
    path = run / "01_train/metrics.jsonl"
    path.write_text(path.read_text().replace('"loss"', '"lost"', 1))
    expect_error(tilewright("report", run), "metrics.jsonl:1 must have the key loss, but has not")


READERS = (
    ("02_recover/recover.json", "report", "layer"),
    ("03_verify/verify.json", "report", "psums_compared"),
    ("06_sim/simulate.json", "report", "mismatches"),
    ("05_vectors/export.json", "cosim", "folder"),
    ("04_tile/tile.json", "simulate", "rows"),
    ("02_recover/stimulus.json", "verify", "ports"),
)
"""A file, a command that reads it and a key of it."""


@pytest.mark.parametrize(("file", "command", "key"), READERS)
def test_a_truncated_result_is_named(run, file, command, key):
    content = (run / file).read_bytes()
    (run / file).write_bytes(content[: len(content) // 2])
    expect_error(tilewright(command, run), f"{file} must be JSON, but is damaged")


@pytest.mark.parametrize(("file", "command", "key"), READERS)
def test_a_result_with_another_key_is_named(run, file, command, key):
    """What reads the results of a stage asks first whether they are stale; here that is not so."""
    text = (run / file).read_text()
    (run / file).write_text(text.replace(f'"{key}":', f'"{key}_":', 1))
    expect_error(tilewright(command, run), file, key, "it was altered")


@pytest.mark.parametrize("key", ["ports", "nodes"])
def test_a_stimulus_that_names_other_arrays_is_named(run, key):
    path = run / "02_recover/stimulus.json"
    stated = read(path)
    stated[key][0] += "x"
    path.write_text(json.dumps(stated))
    expect_error(tilewright("verify", run), "stimulus.json must name what its arrays hold")


def test_a_bundle_of_a_layer_that_the_model_did_not_run_is_named(run):
    path = run / "05_vectors/export.json"
    bundles = read(path)["bundles"]
    bundles[0]["layer"] = "features.99"
    reseal(path, bundles=bundles)
    expect_error(tilewright("cosim", run), "export.json must list bundles of layers that", "99")


def test_a_report_without_the_facts_of_recover(run):
    (run / "02_recover/recover.json").unlink()
    assert tilewright("report", run).returncode == 1
    assert read(run / "summary.json")["reasons"] == ["recover has not run"]


def test_a_path_that_the_terminal_cannot_show(run, tmp_path):
    done = tilewright("report", run.rename(tmp_path / "caf\u00e9"), PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "caf\\xe9/report.html" in done.stdout


def test_no_compiler(run, tmp_path):
    done = tilewright(
        "cosim", run, "--set", "cosim.simulator=verilator", PATH=str(tmp_path), CXX=""
    )
    expect_error(done, "Verilator needs a C++ compiler", "apt install g++ make")


def test_no_simulator_at_all(run, tmp_path):
    done = tilewright("cosim", run, "--set", "cosim.simulator=icarus", PATH=str(tmp_path), CXX="")
    expect_error(done, "iverilog and vvp must be on PATH", "apt install iverilog")


def test_rtl_that_is_not_there(run, tmp_path):
    done = tilewright("cosim", run, "--set", f"cosim.rtl_dir={tmp_path}")
    expect_error(done, "must hold the core to simulate, module tw_core in Verilog")


def test_a_usage_error():
    expect_error(tilewright("verify"), "Missing argument 'RUN'")
    expect_error(tilewright("verfy", "x"), "No such command 'verfy'")


def test_a_full_disk_while_training(tmp_path):
    """A limit on the size of files stands in for a disk without space."""
    overrides = [
        word for value in ("train.epochs=1", "train.warmup_epochs=0") for word in ("--set", value)
    ]
    done = subprocess.run(
        [sys.executable, "-m", "tilewright", "train", "--out", str(tmp_path / "run"), *overrides],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},  # Python would leave cut byte code
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
    )
    expect_error(done, "cannot write", "nothing was changed")
    assert not list((tmp_path / "run/01_train").glob("*.safetensors"))


def stop_once(begun, number, *arguments, timeout_s, **environment):
    """Start a command, send it the signal `number` once `begun()` holds, and expect one line in time."""
    with subprocess.Popen(
        [sys.executable, "-m", "tilewright", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
    ) as process:
        deadline = time.monotonic() + 120
        while not begun() and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(number)
        try:
            stdout, stderr = process.communicate(timeout=timeout_s)
        finally:
            process.kill()  # if it did not end by itself
    done = subprocess.CompletedProcess([], process.returncode, stdout, stderr)
    expect_error(done, "interrupted", status=130)


def test_control_c_in_training_leaves_a_run_that_goes_on(tmp_path, finished):
    """The weights after the interruption are those of the run that was not interrupted."""
    folder = tmp_path / "run"
    metrics = folder / "01_train/metrics.jsonl"
    stop_once(metrics.exists, signal.SIGINT, "run", "--out", folder, *OVERRIDES, timeout_s=120)
    done = tilewright("run", "--out", folder, *OVERRIDES)
    assert done.returncode == 0, done.stderr
    assert best_weights(folder) == best_weights(finished)
    assert read(folder / "summary.json")["verdict"] == "pass"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_cosim_that_is_stopped_stops_its_simulations(tmp_path, run, number):
    """Ctrl-C, or a scheduler that takes the machine back: the simulations would take a minute."""
    tools = tmp_path / "tools"
    tools.mkdir()
    slow = tools / "vvp"
    slow.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/$$.started\nexec sleep 60\n")
    slow.chmod(0o755)

    def started():
        return list(tmp_path.glob("*.started"))

    command = ("cosim", run, "--set", "cosim.simulator=icarus")
    stop_once(started, number, *command, timeout_s=30, PATH=f"{tools}:{os.environ['PATH']}")
    assert started()
    assert not [one for one in started() if Path(f"/proc/{one.stem}").exists()]
    assert tilewright("cosim", run).returncode == 0


def test_an_interrupt_that_python_drops_in_a_callback_comes_again():
    """As in the callback of an import's lock, which is a weak reference."""
    script = """
import signal, sys, time, weakref
from tilewright import cli

class Thing:
    pass

def app(*_, **__):
    thing = Thing()
    watched = weakref.ref(thing, lambda _: signal.raise_signal(signal.SIGINT))
    del thing
    for _ in range(600):
        time.sleep(0.05)

cli.app = app
sys.argv = ["tilewright", "plan"]
cli.main()
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    expect_error(done, "interrupted", status=130)


def best_weights(folder: Path) -> bytes:
    (path,) = (folder / "01_train").glob("best-*.safetensors")
    return path.read_bytes()


def test_an_end_of_file_within_the_program_is_no_interrupt(monkeypatch):
    """typer calls it an abort; cut byte code of Python raises it, for one."""

    def cut(*_arguments: object) -> None:
        raise EOFError("marshal data too short")

    monkeypatch.setattr("tilewright.vectors.load_layout", cut)
    done = tilewright("layouts", "readmemh")
    assert (done.returncode, "interrupted" in done.stderr) == (3, False)
    assert "marshal data too short" in done.stderr


@pytest.mark.parametrize(
    ("words", "is_kept"),
    [
        (["run", "configs/digits_w4a4.toml"], True),
        (["-v", "sweep"], True),
        (["mutate", "run", "--log=a.jsonl"], True),
        (["mutate", "run"], False),
        (["advise", "run", "--images", "5"], False),
    ],
)
def test_an_interrupted_command_says_what_is_kept(monkeypatch, capsys, words, is_kept):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "app", interrupted)
    monkeypatch.setattr(sys, "argv", ["tilewright", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 130
    told = "what is finished is kept; give the same command again to go on"
    assert (told in capsys.readouterr().err) == is_kept


def test_an_interrupted_sweep_of_arrays_says_that_it_begins_anew(monkeypatch, capsys, tmp_path):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("tilewright.studies.sweep.run.sweep", interrupted)
    words = ["sweep", "resnet8", "--axis", "array.rows=4,8", "--out", str(tmp_path / "study")]
    monkeypatch.setattr(sys, "argv", ["tilewright", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 130
    assert "interrupted: this command begins anew" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["certify", "requantize", "psum-width", "evaluate"])
def test_what_is_no_network_is_refused_before_torch_is_loaded(command):
    program = (
        "import sys\n"
        "from tilewright.cli import main\n"
        "try:\n    main()\nfinally:\n    print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, command, "nosuch"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout.strip()) == (2, "False")
    assert "nosuch must be a run folder or a packed network" in done.stderr
