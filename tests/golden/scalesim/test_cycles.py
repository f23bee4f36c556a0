"""The plain dataflows take exactly the cycles that SCALE-Sim 3.0.0 counted, on every committed line."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from pathlib import Path

import pytest

from tilewright.sim import dataflow_cycles
from tilewright.spec import ConvShape

TABLE = Path(__file__).parent / "cycles.csv"
SHA256 = "af25bfd5b57d20a09aa747c580c78d9483e2c0ecea0f1082855da14bcdeeed94"


def _lines():
    with TABLE.open(newline="") as file:
        return list(csv.DictReader(file))


def _differences(lines):
    """Every line whose cycles are not those of the closed form; the report counts from 0."""
    found = []
    for line in lines:
        n = {key: int(line[key]) for key in line if key not in ("layer", "dataflow")}
        shape = ConvShape(
            n["ic"], n["ih"], n["iw"], n["oc"], n["kh"], n["kw"], (n["stride"], n["stride"])
        )
        cycles = dataflow_cycles(shape, rows=n["rows"], cols=n["cols"], dataflow=line["dataflow"])
        if cycles - 1 != n["total_cycles"]:
            found.append((line["layer"], n["rows"], n["cols"], line["dataflow"], cycles - 1))
    return found


def test_the_table_is_the_committed_one():
    assert hashlib.sha256(TABLE.read_bytes()).hexdigest() == SHA256


def test_every_cycle_count_is_the_closed_forms():
    lines = _lines()
    assert _differences(lines) == []
    assert Counter(line["dataflow"] for line in lines) == {"ws": 48, "os": 48, "is": 48}
    assert {line["stall_cycles"] for line in lines} == {"0"}


@pytest.mark.parametrize("place", [0, 77, 143])
def test_a_count_that_is_one_off_is_found(place):
    lines = _lines()
    line = lines[place]
    line["total_cycles"] = str(int(line["total_cycles"]) + 1)
    (found,) = _differences(lines)
    assert found[:4] == (line["layer"], int(line["rows"]), int(line["cols"]), line["dataflow"])
