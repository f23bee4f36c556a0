"""A sweep of arrays on the command line: points, set, simulation, and what is refused."""

import csv
import json

import pytest

from tests.chain import read, tilewright
from tilewright.errors import ConfigError, UnknownNameError
from tilewright.studies.sweep import simulated, study
from tilewright.studies.sweep.axes import parse_axis, read_question

SMALL = (
    "--axis",
    "array.rows=2..6:2",
    "--axis",
    "array.cols=3,5",
    "--axis",
    "array.mode=ws,simd,os",
)


@pytest.fixture
def topology(tmp_path):
    path = tmp_path / "net.csv"
    path.write_text(
        "Layer name, h, w, kh, kw, c, n, s,\nA, 6, 5, 3, 3, 5, 7, 1,\nB, 4, 4, 1, 1, 7, 4, 1,\n"
    )
    return path


def test_all_points_and_the_set_that_the_registers_confirm(topology, tmp_path):
    out = tmp_path / "study"
    done = tilewright(
        "sweep", topology, "--out", out, *SMALL, "--check", 4, "--register-cycles", 20000, "--json"
    )
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert (facts["points"], facts["fit"], facts["passed"]) == (18, 18, True)
    assert [one["register_layers"] for one in facts["simulated"]] == [2, 2, 2, 2]
    assert all(one["found"] == one["register_cycles"] for one in facts["simulated"])
    with (out / "points.csv").open() as file:
        points = list(csv.DictReader(file))
    with (out / "pareto.csv").open() as file:
        best = list(csv.DictReader(file))
    assert (len(points), len(best)) == (18, facts["pareto"])
    fewest = min(int(point["cycles"]) for point in points)
    assert facts["best"]["cycles"]["cycles"] == fewest == int(best[0]["cycles"])
    assert read(out / "study.json")["set"] == facts["set"]


def test_cycles_that_are_wrong_are_found(topology, tmp_path, monkeypatch):
    right = simulated.simulate_point
    monkeypatch.setattr(
        "tilewright.studies.sweep.study.simulate_point",
        lambda outlines, point, *rest, **more: right(
            outlines, point | {"cycles": point["cycles"] + 1}, *rest, **more
        ),
    )
    done = tilewright("sweep", topology, "--out", tmp_path / "study", *SMALL, "--check", 1)
    assert done.returncode == 1
    assert "FAILED sweep: " in done.stderr
    assert "cycles in the model" in done.stderr


def test_a_study_file_says_the_same_as_options(topology, tmp_path):
    study = tmp_path / "study.toml"
    study.write_text(
        f'[study]\nsource = "{topology}"\nobjectives = ["cycles", "pes"]\n'
        '[axes.array]\nrows = "2..6:2"\ncols = [3, 5]\n[within]\npes = 18\n'
    )
    stated = read_question(str(study), (), (), ())
    options = ("array.rows=2..6:2", "array.cols=3,5")
    assert stated == read_question(str(topology), options, ("cycles", "pes"), ("pes=18",))
    done = tilewright("sweep", study, "--out", tmp_path / "out", "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["points"] == 6
    assert all(point["pes"] <= 18 for point in facts["set"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--axis", "array.rosw=1"], "there is no axis 'array.rosw': did you mean 'array.rows'?"),
        (["--axis", "array.rows"], "--axis is KEY=VALUES"),
        (["--axis", "array.rows=9..3"], "a range is FIRST..LAST:STEP, upward"),
        (["--axis", "array.rows=300"], "axis rows has whole numbers of 1..256, not 300"),
        (["--objective", "speed"], "there is no objective 'speed'"),
        (["--within", "pes"], "--within is FIGURE=NUMBER"),
        (
            ["--within", "pes=1"],
            "the Pareto set is empty: no point that fits has pes at most 1; the nearest has 64",
        ),
        (
            ["--axis", "memory.pmem=1"],
            "the Pareto set is empty: none of 1 points fits the network",
        ),
        (["--objective", "accuracy"], "objective accuracy is not known of this network"),
    ],
)
def test_bad_input_is_one_line(topology, tmp_path, arguments, message):
    axes = () if "--axis" in arguments else ("--axis", "array.rows=8")
    done = tilewright("sweep", topology, "--out", tmp_path / "study", *axes, *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "study").exists()


def test_trainings_are_compared_by_accuracy_too():
    assert read_question(None, ("array.rows=2",), (), ()).objectives[0] == "cycles"
    trained = read_question(None, ("array.rows=2", "model.weight_bits=2,3"), (), ())
    assert trained.objectives == ("accuracy", "cycles", "pes", "memory_bits")
    asked = read_question(None, ("model.weight_bits=2,3",), ("cycles",), ())
    assert asked.objectives == ("cycles",)


def test_another_network_and_another_folder_are_refused(topology, tmp_path):
    out = tmp_path / "study"
    assert tilewright("sweep", topology, "--out", out, *SMALL).returncode == 0
    assert tilewright("sweep", topology, "--out", out, "--axis", "array.rows=4").returncode == 0
    done = tilewright("sweep", "vgg_tiny", "--out", out, *SMALL)
    assert done.returncode == 2
    assert "holds a study of another network" in done.stderr
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes").write_text("mine")
    done = tilewright("sweep", topology, "--out", tmp_path / "mine")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "holds other files and no study" in done.stderr
    path = out / "study.json"
    path.write_text(path.read_text().replace('"points"', '"point"'))
    done = tilewright("sweep", topology, "--out", out)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "must be what 'tilewright sweep' wrote" in done.stderr


@pytest.mark.parametrize("moment", ["half written", "while we look"])
def test_a_study_that_another_process_is_making_is_joined(topology, tmp_path, monkeypatch, moment):
    out, alone, is_part = tmp_path / "study", tmp_path / "alone", study._is_part
    assert tilewright("sweep", topology, "--out", alone, *SMALL).returncode == 0
    out.mkdir()
    (out / ".study.json.half").write_text("{")

    def look(path):
        if (
            path.name == "mine"
        ):  # the other process has claimed the folder and written its first file
            (out / "study.json").write_bytes((alone / "study.json").read_bytes())
        return is_part(path)

    if moment == "while we look":
        (out / "mine").write_text("a trial")
        monkeypatch.setattr(study, "_is_part", look)
    done = tilewright("sweep", topology, "--out", out, *SMALL)
    assert done.returncode == 0, done.stderr
    assert (out / "points.csv").read_bytes() == (alone / "points.csv").read_bytes()


def test_a_study_has_a_page(topology, tmp_path):
    out = tmp_path / "study"
    done = tilewright("sweep", topology, "--out", out, *SMALL, "--within", "pes=20", "--page")
    assert done.returncode == 0, done.stderr
    text = (out / "study.html").read_text()
    assert "18 points, 18 fit, " in text
    assert text.count("<svg") == 2
    best = read(out / "study.json")["best"]["cycles"]
    assert f"<td>{best['cycles']:,}</td>" in text
    assert "Best by cycles, at most 16 PEs" in text


def test_parquet_holds_the_same_points(topology, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    out = tmp_path / "study"
    assert tilewright("sweep", topology, "--out", out, *SMALL, "--parquet").returncode == 0
    with (out / "points.csv").open() as file:
        expected = [int(point["cycles"]) for point in csv.DictReader(file)]
    assert parquet.read_table(out / "points.parquet")["cycles"].to_pylist() == expected


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("model.skip", ConfigError),
        ("model.widht=3", UnknownNameError),
        ("phases.x=1", UnknownNameError),
    ],
)
def test_an_axis_is_a_key_and_values(text, error):
    with pytest.raises(error):
        parse_axis(text)


def test_values_are_numbers_names_and_ranges():
    assert parse_axis("model.act_bits=2..4") == ("model.act_bits", (2, 3, 4))
    assert parse_axis("train.lr=0.1, 0.01") == ("train.lr", (0.1, 0.01))
    assert parse_axis("model.choke_norm=true,false") == ("model.choke_norm", (True, False))
    assert parse_axis("model.skip=none,trained") == ("model.skip", ("none", "trained"))
