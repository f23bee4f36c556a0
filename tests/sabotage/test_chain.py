"""Faults planted in a finished run: the right check turns red, exit status 1, and the place is named."""

import json

import numpy as np
import pytest
from safetensors.numpy import load, save

from tests.chain import read, tilewright
from tests.forgery import repair_hash, state_version_1
from tests.sabotage.test_rtl_core import UNSIGNED, patched_core
from tilewright.pipeline import run_stage
from tilewright.pipeline.run_folder import RunFolder, Silent
from tilewright.store.artifact import sha256

pytestmark = pytest.mark.rtl

CHOKE = "05_vectors/features.15/sample0"


def failed(facts):
    """Names of the failed checks of a stage."""
    return [check["name"] for check in facts["checks"] if not check["passed"]]


def alter(stem, name, change):
    """Change one array of an artifact and make its hash right again: a lie that only a judge can find."""
    path, facts_path = (
        stem.with_name(f"{stem.name}.safetensors"),
        stem.with_name(f"{stem.name}.json"),
    )
    arrays = load(path.read_bytes())
    arrays[name] = np.array(arrays[name])
    change(arrays[name])
    path.write_bytes(save(arrays))
    facts = read(facts_path)
    facts["sha256"] = sha256(path.read_bytes())
    facts_path.write_text(json.dumps(facts))


def add_one(place):
    def change(array):
        array[place] += 1

    return change


@pytest.mark.parametrize(
    ("stem", "array", "place", "check", "where"),
    [
        (
            "stimulus",
            "psums.features.15",
            (1, 3, 2, 0),
            "features.15: psums",
            "first at sample=1 oc=3 oh=2 ow=0: expected ",
        ),
        (
            "network",
            "features.15.thresholds.features.18",
            (slice(None), slice(None)),
            "features.15: next codes",
            "features.15: input codes of features.18: 256 compared, ",
        ),
    ],
)
def test_a_lie_of_the_float_half_is_found(run, stem, array, place, check, where):
    alter(run / "02_recover" / stem, array, add_one(place))
    done = tilewright("verify", run)
    assert done.returncode == 1
    assert failed(read(run / "03_verify/verify.json")) == [check]
    assert where in done.stderr


def test_a_narrowed_psum_register_is_found_by_the_width_check_alone(run):
    done = tilewright("verify", run, "--set", "array.psum_bits=10")
    assert done.returncode == 1
    names = failed(read(run / "03_verify/verify.json"))
    assert names
    assert all(name.endswith("psum width") for name in names)
    assert "the array provides 10" in done.stderr


def test_a_narrowed_psum_overflows_in_the_model_at_a_named_place(run):
    done = tilewright(
        "export", run, "--set", "array.psum_bits=8", "--set", "vectors.layers=['features.0']"
    )
    assert done.returncode == 2  # the expected psums do not fit their fields
    assert "psum" in done.stderr
    narrow = RunFolder(run)
    narrow.reconfigure("export", ("array.psum_bits=8",))
    run_stage("tile", narrow, Silent())
    done = tilewright("simulate", run)
    assert done.returncode == 1
    assert "features.0: sample 0: no psum overflow" in failed(read(run / "06_sim/simulate.json"))


def edit_file(bundle, name, edit, *, is_hash_repaired):
    path = bundle / name
    path.write_text(edit(path.read_text()))
    if is_hash_repaired:
        repair_hash(bundle, name)


def lines_of(text):
    return text.split("\n")


def flip_weight_bit(text):
    lines = lines_of(text)
    lines[3 + 5] = lines[3 + 5][:-1] + str(1 - int(lines[3 + 5][-1]))  # col 5, row 0
    return "\n".join(lines)


def swap_lanes(text):
    head, body = lines_of(text)[:3], lines_of(text)[3:]
    return "\n".join(head + [line[4:8] + line[0:4] + line[8:] for line in body])


def drop_padding(text):
    head, body = lines_of(text)[:3], lines_of(text)[3:-1]
    kept = [line for nij, line in enumerate(body) if 1 <= nij // 6 <= 4 and 1 <= nij % 6 <= 4]
    return "\n".join([*head, *kept, ""])


def truncate(text):
    return text[: len(text) // 2]


WEIGHT = "weight_itile0_otile0_kij4.txt"


@pytest.mark.parametrize(
    ("name", "edit"),
    [
        (WEIGHT, flip_weight_bit),
        ("activation_tile0.txt", swap_lanes),
        ("activation_tile0.txt", drop_padding),
        ("psum.txt", truncate),
    ],
)
def test_an_altered_file_fails_its_hash(run, name, edit):
    edit_file(run / CHOKE, name, edit, is_hash_repaired=False)
    done = tilewright("cosim", run)
    assert done.returncode == 1
    assert failed(read(run / "07_cosim/cosim.json")) == ["features.15: sample 0: files"]
    assert f"{name}" in done.stderr
    assert "sha256" in done.stderr


def test_an_altered_hash_fails_the_files_check(run):
    manifest = (run / CHOKE / "manifest.json").read_text()
    digest = read(run / CHOKE / "manifest.json")["files"]["activation"][:64]
    (run / CHOKE / "manifest.json").write_text(manifest.replace(digest, "0" * 64))
    done = tilewright("cosim", run)
    assert done.returncode == 1
    assert failed(read(run / "07_cosim/cosim.json")) == ["features.15: sample 0: files"]


@pytest.mark.parametrize(
    ("name", "edit", "place"),
    [
        (WEIGHT, flip_weight_bit, "psum at (oc=5, "),
        ("activation_tile0.txt", swap_lanes, "psum at (oc="),
    ],
)
def test_a_wrong_value_with_a_right_hash_is_found_by_the_rtl(run, name, edit, place):
    edit_file(run / CHOKE, name, edit, is_hash_repaired=True)
    done = tilewright("cosim", run)
    assert done.returncode == 1
    names = failed(read(run / "07_cosim/cosim.json"))
    assert "features.15: sample 0: psums" in names
    assert all(item.startswith("features.15") for item in names)
    assert "features.15: sample 0: cycles" not in names
    assert place in done.stderr


@pytest.mark.parametrize(
    ("name", "edit"), [("activation_tile0.txt", drop_padding), ("psum.txt", truncate)]
)
def test_missing_lines_with_a_right_hash_stop_the_bench_at_a_named_file(run, name, edit):
    edit_file(run / CHOKE, name, edit, is_hash_repaired=True)
    done = tilewright("cosim", run)
    assert done.returncode == 1
    assert failed(read(run / "07_cosim/cosim.json")) == ["features.15: sample 0: files"]
    assert name in done.stderr


def test_a_bundle_that_export_did_not_write_is_found(run):
    """It is whole, and the RTL computes it; but it is not of this network."""
    manifest = read(run / CHOKE / "manifest.json")
    (run / CHOKE / "manifest.json").write_text(json.dumps(manifest))
    done = tilewright("cosim", run)
    assert done.returncode == 1
    assert failed(read(run / "07_cosim/cosim.json")) == ["features.15: sample 0: files"]
    assert "manifest.json is not the one that export wrote" in done.stderr


def test_a_manifest_that_points_outside_its_folder_is_refused(run):
    state_version_1(run / CHOKE)
    manifest = read(run / CHOKE / "manifest.json")
    manifest["files"][0]["name"] = "../../../config.toml"
    (run / CHOKE / "manifest.json").write_text(json.dumps(manifest))
    done = tilewright("cosim", run)
    assert done.returncode == 1
    assert failed(read(run / "07_cosim/cosim.json")) == ["features.15: sample 0: files"]
    assert "config.toml" in done.stderr


def test_rtl_cycles_that_differ_from_the_model_are_found(run):
    alter(run / "06_sim/fold_cycles", "features.15", add_one((0, 0, 7)))
    done = tilewright("cosim", run)
    assert done.returncode == 1
    assert failed(read(run / "07_cosim/cosim.json")) == ["features.15: sample 0: cycles"]
    assert "first at otile=0 itile=0 kij=7: RTL 63, model 64" in done.stderr


def check_finding(run, *, is_stuck):
    """The report has one finding, about the first bundle that came to its end; psums are of its waves."""
    facts = read(run / "07_cosim/cosim.json")
    if not facts["bundles"]:
        assert "failure" not in facts
        return
    failure, bundle = facts["failure"], facts["bundles"][0]
    others = bundle["output_mismatches"] + bundle["stored_mismatches"]
    assert (failure["layer"], failure["otile"]) == (bundle["layer"], 0)
    unknown = bundle["psums_compared"] - failure["compared"]  # with bits that are x
    wrong = bundle["mismatches"] - others - bundle["unused_lane_mismatches"]
    assert failure["differ"] + unknown == wrong
    assert (
        sum(differ for row in failure["maps"][0]["cells"] for _, differ in row) == failure["differ"]
    )
    page = (run / "report.html").read_text()
    assert "What is wrong with the RTL" in page
    assert 'href="07_cosim/failure.vcd"' in page
    assert (run / failure["waves"]).is_file()
    if is_stuck:
        assert failure["cause"] == "row 2 gets no activations from PE column 5 on"
        assert failure["cause"] in page


@pytest.mark.parametrize(
    ("file", "old", "new", "check"),
    [
        (
            "tw_array.sv",
            ".act_i         (act[r][c])",
            ".act_i(act[r][c] & {ActBits{1'(r != 2 || c != 5)}})",
            "psums",
        ),
        ("tw_pe.sv", *UNSIGNED, "psums"),
        ("tw_l0.sv", "assign is_turn = before_q;", "assign is_turn = 1'b1;", "psums"),
        (
            "tw_l0.sv",
            "assign is_turn = before_q;",
            "logic late_q; always_ff @(posedge clk_i) late_q <= before_q; assign is_turn = late_q;",
            "simulation",
        ),
    ],
    ids=["stuck PE", "unsigned multiply", "no skew", "skew late by one"],
)
def test_a_fault_of_the_rtl_is_found(run, tmp_path, file, old, new, check):
    rtl = patched_core(tmp_path / "rtl", file, old, new)
    done = tilewright("cosim", run, "--set", f"cosim.rtl_dir={rtl}")
    assert done.returncode == 1, done.stderr
    names = failed(read(run / "07_cosim/cosim.json"))
    assert f"features.15: sample 0: {check}" in names
    assert "oc=" in done.stderr or "gen_lane" in done.stderr
    assert tilewright("report", run).returncode == 1
    check_finding(run, is_stuck=file == "tw_array.sv")
