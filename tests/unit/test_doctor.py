"""The doctor tries things out, says what is missing and how to mend it."""

import json

import pytest

from tests.chain import tilewright
from tilewright import doctor
from tilewright.cores import Probe
from tilewright.doctor import examine


@pytest.fixture
def answers(monkeypatch):
    """What the two simulators' probes answer; tests change it."""
    found = {"verilator": True, "icarus": True}

    def probe(name):
        return Probe(
            name, found[name], "1.0", "built and ran" if found[name] else "install it", 0.1
        )

    monkeypatch.setattr(doctor, "probe", probe)
    return found


def findings(**options):
    return {finding.name: finding for finding in examine(**options)}


def test_every_part_is_named(answers):
    found = findings()
    assert list(found) == [
        *("machine", "numpy", "pyslang", "numba", "torch", "jinja2", "onnx", "qonnx", "pyosys"),
        *("GPU", "C++ compiler", "verilator", "icarus", "CIFAR-10"),
    ]
    assert found["numpy"].is_present
    assert "built and ran" in found["icarus"].detail


def test_one_simulator_is_enough(answers):
    answers["verilator"] = False
    found = findings()
    assert not found["verilator"].is_present
    assert not found["verilator"].is_needed
    assert found["verilator"].remedy == "install it"


def test_without_any_simulator_both_are_needed(answers):
    answers["verilator"] = answers["icarus"] = False
    found = findings()
    assert found["verilator"].is_needed
    assert found["icarus"].is_needed


def test_missing_files_of_cifar10_are_named(answers, tmp_path):
    for name in ("data_batch_1.bin", "data_batch_2.bin.xz", "test_batch.bin"):
        (tmp_path / name).touch()
    found = findings(data_dir=tmp_path)["CIFAR-10"]
    assert not found.is_present
    assert found.detail.endswith("lacks data_batch_3.bin, data_batch_4.bin, data_batch_5.bin")
    for n in (3, 4, 5):
        (tmp_path / f"data_batch_{n}.bin.xz").touch()
    assert findings(data_dir=tmp_path)["CIFAR-10"].is_present


def test_a_package_that_is_not_installed_is_needed(answers, monkeypatch):
    real = doctor.version
    monkeypatch.setattr(
        doctor, "version", lambda name: real("no-such-thing" if name == "numba" else name)
    )
    found = findings()["numba"]
    assert (found.is_present, found.is_needed) == (False, True)
    assert found.remedy == "pip install 'tilewright[sim]'"


def test_a_package_that_only_some_commands_need_is_named_with_them(answers, monkeypatch):
    real = doctor.version
    monkeypatch.setattr(
        doctor, "version", lambda name: real("no-such-thing" if name == "qonnx" else name)
    )
    found = findings()["qonnx"]
    assert (found.is_present, found.is_needed) == (False, False)
    assert found.remedy == "for import-network of QONNX files: pip install 'tilewright[onnx]'"


def test_a_machine_without_tools_is_not_ready_and_says_why(tmp_path):
    done = tilewright("doctor", "--json", PATH=str(tmp_path), CXX="")
    assert done.returncode == 1
    facts = json.loads(done.stdout)
    assert (facts["ready"], facts["passed"]) == (False, False)
    remedies = {item["name"]: item["remedy"] for item in facts["findings"]}
    assert "apt install g++ make" in remedies["C++ compiler"]
    assert "apt install iverilog" in remedies["icarus"]
