"""Reading and writing certificates; what cannot be one is refused in one line."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.networks import chain
from tests.sabotage.test_certificate import certificate, subject_of
from tests.unit.spec.test_packed_network import packed_of
from tilewright.errors import ArtifactError, ConfigError, ToolError
from tilewright.studies.certify import (
    Effort,
    certificate_path,
    effort_of,
    open_subject,
    read_certificate,
    write_certificate,
)
from tilewright.studies.oracles import ask_onnx


@pytest.fixture
def stem(tmp_path):
    packed_of(chain(np.random.default_rng(3))).save(tmp_path / "tiny")
    return tmp_path / "tiny"


def test_a_certificate_lies_beside_its_network_and_names_it(stem):
    subject = subject_of(chain(np.random.default_rng(3)), path=stem)
    made = certificate(subject)
    result = write_certificate(subject, made, None, since=0.0)
    assert result.passed
    path = stem.with_name("tiny.certificate.json")
    assert certificate_path(stem.with_name("tiny.json")) == path
    read, source = read_certificate(path)
    assert source == stem
    assert list(made.differences(read)) == []
    assert effort_of(read, path) == Effort(images=6, naive=2, onnx=0)
    assert json.loads(path.read_text())["source"] == "tiny"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda facts: facts.update(kind="other"), r"must be an exactness-certificate, version 1$"),
        (lambda facts: facts.pop("oracles"), r"must have the key oracles, but has not: "),
        (lambda facts: facts["oracles"][0].update(x=1), r"must not have the key oracles\[0\]\.x, "),
        (
            lambda facts: facts["network"].update(weights="9"),
            r"certificate\.json must hold an integer at network\.weights, not '9': ",
        ),
        (lambda facts: facts.pop("source"), r"must name its source, but does not: certify again$"),
    ],
)
def test_a_damaged_certificate_is_refused(stem, change, message):
    subject = subject_of(chain(np.random.default_rng(3)), path=stem)
    write_certificate(subject, certificate(subject), None, since=0.0)
    path = certificate_path(stem)
    facts = json.loads(path.read_text())
    change(facts)
    path.write_text(json.dumps(facts))
    with pytest.raises(ArtifactError, match=message):
        read_certificate(path)


@pytest.mark.parametrize("settings", [{"images": "many"}, {"image": 3}, {"naive": 0}])
def test_settings_that_are_none_are_refused(settings):
    made = certificate(subject_of(chain(np.random.default_rng(3))))
    made.settings.update(settings)
    with pytest.raises(ArtifactError, match=r"^here has no valid settings: "):
        effort_of(made, Path("here"))


def test_without_onnx_its_engines_say_what_brings_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(ToolError, match=r"^this needs onnx: pip install 'tilewright\[onnx\]'$"):
        list(ask_onnx(chain(np.random.default_rng(3)), np.zeros((1, 1, 4, 4), np.uint8)))


def test_what_cannot_be_compared_is_refused(tmp_path):
    subject = subject_of(chain(np.random.default_rng(3)))
    with pytest.raises(ConfigError, match=r"^there are 6 test images, so 7 cannot be compared$"):
        certificate(subject, Effort(images=7))
    with pytest.raises(ConfigError, match=r"^a certificate needs 1 image or more"):
        Effort(naive=0)
    with pytest.raises(Exception, match=r"^no quantized layer is called 'secnd'; did you mean"):
        certificate(subject, Effort(images=2, rtl=("secnd",)))
    with pytest.raises(ConfigError, match=r"must be a run folder or a packed network"):
        open_subject(tmp_path / "none", data_dir=None)
