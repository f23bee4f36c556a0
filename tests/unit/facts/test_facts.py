"""The file of a stage, altered in whatever way, is read as it is or named: no traceback, no guess."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.report.test_report import KINDS, STAGES
from tilewright.errors import ArtifactError
from tilewright.facts import CosimFacts, ExportFacts, TileFacts, read_result

SCHEDULE = {"is_overlapped": False, "is_skipping": False, "is_whole_layer": False}
RULE = {"overflow": "error", "column_bits": None}
EXTREME = {
    "oc": 0,
    "oh": 0,
    "ow": 0,
    "is_highest": True,
    "psum": 3,
    "bound": 3,
    "reference": 3,
}
BUNDLE = {"layer": "conv", "sample": 0, "folder": "05_vectors/conv/sample0", "files": 5}
CORNERS = {
    "name": "stalls",
    "how": "--set cosim.stall_level=64",
    "needs_modes": False,
    "setup": {
        "schedule": SCHEDULE,
        "rule": RULE,
        "stall_level": 64,
        "stall_seed": 1,
        "reset_at": 0,
        "waves": None,
    },
    "bundles": [{"folder": "05_vectors/corner-vectors/random", "manifest": "1"}],
}
COUNTS = {
    "simulators": ["icarus"],
    "sets": 1,
    "bundles": 1,
    "psums_compared": 1,
    "outputs_compared": 1,
    "mismatches": 0,
    "cycles": 17,
}
FULL = copy.deepcopy(STAGES)
FULL["train"]["phases"] = [
    {
        "name": "",
        "weight_bits": 4,
        "act_bits": 4,
        "epochs": 1,
        "holdout_accuracy": 0.5,
        "seconds": 1.0,
    }
]
FULL["verify"]["sums"] = [
    {
        "layer": "add",
        "psums_compared": 4,
        "psum_mismatches": 0,
        "next_codes_compared": 0,
        "next_code_mismatches": 0,
        "unlinked": "nobody reads it",
    }
]
FULL["tile"]["layers"][0]["shape"] |= {"stride": [1, 1], "padding": [0, 0]}
FULL["tile"]["mode"] = {
    "mode": "ws",
    "schedule": "serial",
    "job": "tile",
    "overflow": "error",
    "column_bits": 0,
}
FULL["export"] |= {
    "weights": "trained",
    "bundles": [{**BUNDLE, "manifest": "0", "extremes": [EXTREME]}],
    "corners": [CORNERS],
}
SPLIT = {"output_mismatches": 0, "stored_mismatches": 0, "unused_lane_mismatches": 0}
FULL["cosim"] |= {"corners": COUNTS} | SPLIT
FULL["cosim"]["bundles"][0] |= SPLIT
STORED = [
    (kind, {"stage": kind.STAGE, "passed": True, "seconds": 1, "checks": [], **FULL[kind.STAGE]})
    for kind in KINDS
    if kind.STAGE in FULL
]
IDS = [kind.STAGE for kind, _ in STORED]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value in a JSON value, the whole left out."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        yield (*path, key)
        if isinstance(item, dict | list):
            yield from places(item, (*path, key))


def altered(stored: Any, path: tuple[Any, ...]) -> Iterator[Any]:
    """The JSON without the value at `path`, under another name, and with values of other types."""
    for value in ("delete", "rename", None, "text", -3, 1.5, True, [], {}, [{}], {"x": 1}):
        copied = copy.deepcopy(stored)
        inner = copied
        for key in path[:-1]:
            inner = inner[key]
        if value == "delete":
            del inner[path[-1]]
        elif value == "rename" and isinstance(inner, dict):
            inner[f"{path[-1]}_x"] = inner.pop(path[-1])
        else:
            inner[path[-1]] = value
        yield copied


@pytest.mark.parametrize(("kind", "stored"), STORED, ids=IDS)
def test_facts_come_back_as_they_were_written(kind, stored):
    result = read_result(kind, stored, file="f.json")
    written = json.loads(json.dumps(result.to_json()))
    assert written == stored | {"fingerprint": ""}
    assert read_result(kind, written, file="f.json") == result


def message_of(kind, facts):
    """What is said of refused facts; empty if they are read."""
    try:
        read_result(kind, facts, file="f.json")
    except ArtifactError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(("kind", "stored"), STORED, ids=IDS)
def test_an_altered_file_is_named_or_read(kind, stored):
    messages = [
        message_of(kind, facts) for path in places(stored) for facts in altered(stored, path)
    ]
    refused = [message for message in messages if message]
    assert len(refused) > 50
    assert all(message.startswith("f.json") for message in refused)


@pytest.mark.parametrize(("kind", "stored"), STORED, ids=IDS)
def test_a_renamed_key_is_never_a_blank(kind, stored):
    for path in places(stored):
        if isinstance(path[-1], str) and path[:2] != ("provenance", "versions"):
            _, renamed, *_ = altered(stored, path)
            with pytest.raises(ArtifactError, match=r"^f\.json must "):
                read_result(kind, renamed, file="f.json")


def test_facts_of_an_earlier_version_are_read():
    """Without the keys that were added since."""
    stored = dict(STORED[IDS.index("tile")][1])
    del stored["mode"]
    mode = read_result(TileFacts, stored, file="f.json").facts.mode
    assert (mode.mode, mode.schedule, mode.job, mode.overflow) == ("ws", "serial", "tile", "error")
    stored = STORED[IDS.index("cosim")][1] | {"corners": {}}
    assert read_result(CosimFacts, stored, file="f.json").facts.corners is None


@pytest.mark.parametrize("folder", ["/etc", "../other", "05_vectors/../../other"])
def test_a_bundle_lies_in_its_run(folder):
    stored = copy.deepcopy(STORED[IDS.index("export")][1])
    stored["bundles"][0]["folder"] = folder
    with pytest.raises(
        ArtifactError, match=r"^f\.json: the folder of a bundle must lie in the run"
    ):
        read_result(ExportFacts, stored, file="f.json")
