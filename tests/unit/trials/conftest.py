"""A small bundle, written once."""

from __future__ import annotations

import pytest

from tilewright.bundles import Geometry
from tilewright.trials.fresh import write_random
from tilewright.vectors import load_layout

SIZES = "ic=3,oc=5,size=3x4,kernel=2x3,padding=0x1,bits=4/3/16,rows=2,cols=3"


TINY = "ic=2,oc=2,size=2x3,kernel=1x2,bits=4/3/16,rows=2,cols=3"


def _write(folder, sizes):
    layout = load_layout("ece284-ws")
    return write_random(folder, Geometry.parse(sizes), layout=layout, seed=7).bundles[0]


@pytest.fixture(scope="session")
def bundle(tmp_path_factory):
    """A random layer in ece284-ws, on 2x3 PEs; its expected psums are in psum.txt."""
    return _write(tmp_path_factory.mktemp("trials") / "layer", SIZES)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """A smaller one."""
    return _write(tmp_path_factory.mktemp("trials") / "tiny", TINY)
