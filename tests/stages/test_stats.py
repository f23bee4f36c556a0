"""`tilewright stats`: counts of a real sample, as table, JSON and CSV; bad input."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.chain import read, tilewright

TABLE = Path(__file__).parents[2] / "configs/energy/45nm.toml"


def test_counts_of_a_real_sample(finished, tmp_path):
    done = tilewright(
        *("stats", finished, "--layer", "features.15", "--sample", "1", "--energy", TABLE),
        *("--csv", tmp_path / "csv", "--json"),
    )
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    (layer,) = facts["layers"]
    simulated = {
        entry["layer"]: entry for entry in read(finished / "06_sim/simulate.json")["layers"]
    }
    assert layer["cycles"] == simulated["features.15"]["cycles"]
    assert layer["operations"] == 9 * 36 * 64
    assert 0 < layer["zero_operands"] <= layer["zero_acts"] + layer["zero_weights"]
    assert "Horowitz" in facts["energy_table"]["source"]
    assert layer["energy_total_pj"] > layer["energy_pe_pj"] > 0
    with (tmp_path / "csv/toggles.csv").open() as file:
        toggles = list(csv.DictReader(file))
    assert len(toggles) == 64 * (4 + 4 + 4 + 20)
    for register in ("act", "shadow", "weight", "psum"):
        lines = [int(line["toggles"]) for line in toggles if line["register"] == register]
        assert sum(lines) == layer[f"{register}_toggles"]
    with (tmp_path / "csv/statistics.csv").open() as file:
        assert [line["layer"] for line in csv.DictReader(file)] == ["features.15"]


@pytest.mark.parametrize(
    ("mode", "dataflow", "operations"), [("ws", "ws", 9 * 16 * 64), ("os", "os", 2 * 72 * 64)]
)
def test_another_mode_and_schedule_of_the_same_run(finished, mode, dataflow, operations):
    """Skipped pixels are not streamed: 16 of 36, or 72 steps in two passes of 8 rows."""
    options = (f"array.mode={mode}", "array.schedule=overlapped", "array.job=layer")
    done = tilewright(
        *("stats", finished, "--layer", "features.15", "--json"),
        *(word for option in options for word in ("--set", option)),
    )
    assert done.returncode == 0, done.stderr
    (layer,) = json.loads(done.stdout)["layers"]
    assert (layer["dataflow"], layer["schedule"], layer["job"]) == (dataflow, "overlapped", "layer")
    assert layer["operations"] == operations
    assert layer["cycles"] >= layer["stream_cycles"] == layer["xmem_reads"] == operations / 64


def test_a_table_without_energy(finished):
    done = tilewright("stats", finished, "--layer", "features.15", "--layer", "features.12")
    assert done.returncode == 0, done.stderr
    assert "features.12" in done.stdout
    assert "energy" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--layer", "features.16"), "error: no quantized layer is called 'features.16'"),
        (
            ("--set", "array.mode=is"),
            "error: --set: array.mode: input should be 'ws', 'simd' or 'os'",
        ),
        (("--sample", "2"), "error: --sample must be 0..1, one of the recovered ones, not 2"),
        (("--energy", "absent.toml"), "error: cannot read absent.toml: No such file"),
    ],
)
def test_bad_input_is_one_line(run_command, finished, arguments, message):
    status, printed, told = run_command("stats", finished, *arguments)
    assert (status, printed) == (2, "")
    assert told.startswith(message)
    assert told.count("\n") == 1
