"""`examples/extension`, installed for a while as pip leaves a package: a folder with entry points."""

from __future__ import annotations

import importlib
import shutil
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.chain import tilewright
from tests.rtl.layers import require_simulator
from tilewright import config
from tilewright.cores import SIMULATORS
from tilewright.quant.node_modules import NODE_MODULES
from tilewright.recover.nodes import RECOVERIES
from tilewright.spec import FORMATS, OPS
from tilewright.spec.quantizer import QUANTIZERS
from tilewright.tile import DATAFLOWS
from tilewright.vectors import LAYOUTS, presets
from tilewright.verify import REFERENCES

EXTENSION = Path(__file__).parents[2] / "examples" / "extension"
PACKAGE = "systolic_extras"
REGISTRIES = (
    *(DATAFLOWS, LAYOUTS, SIMULATORS, QUANTIZERS, FORMATS),
    *(OPS, REFERENCES, NODE_MODULES, RECOVERIES),
)


def entry_points() -> dict[str, dict[str, str]]:
    """Name to object, by group, as the package's pyproject has them."""
    project = tomllib.loads((EXTENSION / "pyproject.toml").read_text())["project"]
    return project["entry-points"]


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """A folder with the installed package; not to be changed."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(
        EXTENSION / PACKAGE, folder / PACKAGE, ignore=shutil.ignore_patterns("__pycache__")
    )
    facts = folder / f"{PACKAGE}-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: systolic-extras\nVersion: 1.0\n")
    lines = []
    for group, points in entry_points().items():
        lines += [f"[{group}]", *(f"{name} = {at}" for name, at in points.items()), ""]
    (facts / "entry_points.txt").write_text("\n".join(lines))
    return folder


@contextmanager
def installed(folder: Path) -> Iterator[None]:
    """This process with `folder` among its packages; afterwards nobody knows of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        for registry in REGISTRIES:
            patch.setattr(registry, "_things", dict(registry._things))
            patch.setattr(registry, "_is_complete", False)
        _forget()
        yield
    _forget()


def _forget() -> None:
    presets._named.cache_clear()
    config._parsed.cache_clear()
    for module in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[module]
    importlib.invalidate_caches()


@pytest.fixture
def extras(site: Path) -> Iterator[Path]:
    """The package, installed for one test."""
    with installed(site):
        yield site


@pytest.fixture(scope="session")
def extended(site: Path, tmp_path_factory) -> Path:
    """A finished run whose quantizer and simulator are the package's; not to be changed."""
    require_simulator("icarus")
    folder = tmp_path_factory.mktemp("extended") / "run"
    settings = (
        *("model.quantizer=bounded", "cosim.simulator=polite-icarus"),
        *("train.epochs=1", "train.warmup_epochs=1", "recover.samples=1"),
        *('vectors.layers=["features.15"]', "vectors.corners=false", "cosim.modes=no"),
    )
    words = [word for setting in settings for word in ("--set", setting)]
    with installed(site):
        done = tilewright("run", "--out", folder, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def run(extended: Path, tmp_path: Path) -> Path:
    """A copy of that run, to work on."""
    return Path(shutil.copytree(extended, tmp_path / "run"))
