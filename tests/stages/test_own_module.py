"""A module of one's own becomes a run folder that every command takes."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn

import tilewright as tw
from tests.chain import read, tilewright
from tilewright.errors import ArtifactError, ConfigError, DataError
from tilewright.pipeline.own_images import OwnImages
from tilewright.pipeline.run_folder import RunFolder


def images(n=60):
    return torch.rand(n, 1, 8, 8, generator=torch.Generator().manual_seed(0))


LABELS = torch.arange(60) % 3


def module(*, bias=False):
    torch.manual_seed(0)
    net = nn.Sequential(
        *(nn.Conv2d(1, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(32, 3, bias=bias)),
    )
    quantized = tw.quantize(net, weight_bits=4, act_bits=4)
    quantized(images())
    return quantized.eval()


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own") / "run"
    return tw.save_run(module(), folder, images(), LABELS, samples=2)


def test_the_integers_classify_as_the_module(saved):
    own = OwnImages.load(RunFolder(saved.path))
    expected = module()(images()).argmax(1).numpy()
    assert (own.predictions == expected).all()
    assert (saved.images, saved.differ, saved.layers) == (60, 0, 3)
    assert saved.correct == (expected == LABELS.numpy()).sum()


def test_every_command_takes_it(saved, tmp_path):
    run, packed = saved.path, tmp_path / "net"
    small = ("--set", 'vectors.layers=["4"]', "--set", "vectors.corners=false", "--set")
    for words in (
        ("evaluate", run),
        ("verify", run),
        ("export", run, *small, "vectors.samples=1"),
        ("simulate", run),
        ("plan", run),
        ("certify", run, "--images", 5, "--naive", 1, "--onnx", 0),
        ("psum-width", run, "--images", 5),
        ("requantize", run, "--bits", 16, "--images", 5),
        ("export-network", run, "--format", "scalesim", "--out", tmp_path / "net.csv"),
        ("pack", run, "--out", packed),
        ("evaluate", packed, "--data-dir", run),
        ("report", run),
    ):
        done = tilewright(*words)
        is_report = words[0] == "report"  # cosim has not run
        assert done.returncode == (1 if is_report else 0), (words, done.stdout, done.stderr)
    evaluated = read(run / "01_train" / "evaluate.json")
    assert (evaluated["correct"], evaluated["images"]) == (saved.correct, 60)


def test_nothing_is_chosen_on_its_test_images(saved):
    done = tilewright("advise", saved.path)
    assert done.returncode == 2
    assert (
        "must be a run that was trained here, with a hold-out to choose on, but was made"
        in done.stderr
    )


def test_normalized_images_and_layers_of_both_signs_run_on_the_array(tmp_path):
    """Signed codes from the image on: all classes are the module's, and the RTL computes every psum."""
    torch.manual_seed(0)
    net = nn.Sequential(
        *(nn.Conv2d(1, 5, 3, padding=1), nn.BatchNorm2d(5), nn.LeakyReLU(0.25), nn.MaxPool2d(2)),
        *(nn.Conv2d(5, 4, 3, bias=False), nn.Flatten(), nn.Linear(16, 3, bias=False)),
    )
    net = tw.quantize(net, weight_bits=4, act_bits=4, input_scale=1 / 32)
    normalized = (images() - 0.5) / 0.3
    net(normalized)
    run = tw.save_run(net.eval(), tmp_path / "run", normalized, LABELS, samples=1).path
    assert read(run / "02_recover" / "recover.json")["nodes"] == 3
    sizes = ("--set", "array.rows=4", "--set", "array.cols=3", "--set", "vectors.corners=false")
    for words in (
        ("evaluate", run),
        ("verify", run),
        ("export", run, *sizes, "--set", "vectors.samples=1"),
        ("simulate", run),
        ("cosim", run, "--set", "cosim.simulator=icarus"),
        ("certify", run, "--images", 5, "--naive", 2, "--onnx", 0),
    ):
        done = tilewright(*words)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
    found = read(run / "07_cosim" / "cosim.json")
    assert (found["psums_compared"], found["mismatches"]) == (5 * 64 + 4 * 4 + 3, 0)
    formats = [layer.act_format for layer in RunFolder(run).network().layers]
    assert [str(one) for one in formats] == ["s8 (-127..127)", "s4 (-7..7)", "s4 (-7..7)"]


def test_a_packed_one_needs_its_images(saved, tmp_path):
    tilewright("evaluate", saved.path)
    assert tilewright("pack", saved.path, "--out", tmp_path / "net").returncode == 0
    done = tilewright("evaluate", tmp_path / "net")
    assert (done.returncode, "give --data-dir the run folder" in done.stderr) == (2, True)


def test_changed_images_are_noticed(tmp_path):
    tw.save_run(module(), tmp_path / "run", images(), LABELS, samples=1)
    run = RunFolder(tmp_path / "run")
    assert tilewright("evaluate", run.root).returncode == 0
    assert not run.is_stale("evaluate")
    own = OwnImages.load(run)
    OwnImages(own.test, own.predictions[::-1].copy(), own.module).save(run)
    assert run.is_stale("evaluate")
    path = run.folder("recover") / "images.json"
    path.write_text(path.read_text().replace('"module"', '"modul"'))
    with pytest.raises(ArtifactError):
        OwnImages.load(run)


def test_a_bias_behind_the_last_layer_is_said_to_matter(tmp_path):
    net = module(bias=True)
    with torch.no_grad():
        net.get_submodule("7_bias").bias.copy_(torch.tensor([0.0, 0.0, 100.0]))
    with pytest.warns(UserWarning, match=r"of 60 images get another class .*bias=False there$"):
        saved = tw.save_run(net, tmp_path / "run", images(), LABELS)
    assert saved.differ > 0


def test_a_module_with_gaps_is_saved_layer_by_layer(tmp_path):
    class Gated(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Conv2d(1, 2, 3), nn.Conv2d(2, 3, 6)

        def forward(self, x):
            x = self.a(x).relu()
            return self.b(x.cumsum(1).relu()).flatten(1)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        net = tw.quantize(Gated(), weight_bits=4, act_bits=4)
    net(images())
    tw.save_run(module(), tmp_path / "run", images(), LABELS)  # what it brought along goes
    with pytest.warns(UserWarning, match=r"does not classify on integers: a: "):
        saved = tw.save_run(net, tmp_path / "run", images(), LABELS)
    assert saved.gaps
    assert saved.images == 0
    assert tilewright("verify", tmp_path / "run").returncode == 0
    assert OwnImages.load(RunFolder(tmp_path / "run")) is None


def test_what_does_not_fit_is_refused_and_leaves_nothing(tmp_path):
    with pytest.raises(DataError, match=r"a label for each of the 60 images, .* of \(59,\)"):
        tw.save_run(module(), tmp_path / "run", images(), LABELS[:59])
    assert not (tmp_path / "run").exists()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("mine")
    with pytest.raises(ConfigError, match="holds other files and no run"):
        tw.save_run(module(), tmp_path / "other", images(), np.asarray(LABELS))
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["mine.txt"]


def test_what_the_package_does_not_have_is_said_as_ever():
    with pytest.raises(AttributeError, match="has no attribute 'quantise'"):
        tw.quantise  # noqa: B018
