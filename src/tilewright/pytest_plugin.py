"""pytest: the fixtures `bundle`, one test for each bundle, and `judge`, which asserts what a core left of it.

Loaded by pytest in every project where tilewright is installed, so nothing is imported before it is used.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tilewright.trials.assertion import Judge
    from tilewright.vectors import Bundle

OPTION, MARK = "--tilewright-bundles", "tilewright_bundles"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names bundles."""
    parser.getgroup("tilewright").addoption(
        OPTION,
        action="append",
        default=[],
        metavar="PATH",
        help="Bundles, or folders that hold some, for tests with the fixture `bundle`; repeatable.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Announce the mark that names bundles."""
    config.addinivalue_line(
        "markers", f"{MARK}(*paths): run the test for each of these bundles, paths beside its file."
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each bundle: those of its mark, else those of the command line."""
    if "bundle" not in metafunc.fixturenames:
        return
    mark = metafunc.definition.get_closest_marker(MARK)
    folder = metafunc.definition.path.parent if mark else metafunc.config.invocation_params.dir
    paths = mark.args if mark else metafunc.config.getoption(OPTION)
    if not paths:
        return
    from tilewright.errors import TilewrightError
    from tilewright.trials.several import find_bundles

    try:
        bundles = find_bundles([folder / path for path in paths])
    except TilewrightError as error:
        raise pytest.Collector.CollectError(str(error)) from None
    metafunc.parametrize("bundle", list(bundles.values()), ids=list(bundles), indirect=True)


@pytest.fixture
def bundle(request: pytest.FixtureRequest) -> Bundle:
    """A bundle: its `folder` has the files, `shape`, `array` and `plan` the sizes."""
    if not hasattr(request, "param"):
        pytest.fail(
            f"no bundles are given: say {OPTION} PATH, or mark the test {MARK}(PATH)",
            pytrace=False,
        )
    found: Bundle = request.param
    return found


@pytest.fixture
def judge(bundle: Bundle, tmp_path: Path) -> Judge:
    """Asserts what a core left: ``judge(dump)``, or ``judge.run(command, dumps=[..])`` in `tmp_path`."""
    from tilewright.trials.assertion import Judge

    folder = tmp_path / "core"
    folder.mkdir()
    return Judge(bundle, folder)
