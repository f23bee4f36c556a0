"""An estimate by hand, and tables that state too little."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit.cost.outlines import ARRAY, SHAPE, outline
from tilewright.cost import EnergyTable, MemoryDepths, Picojoules, layer_cost
from tilewright.errors import ConfigError
from tilewright.sim import Activity

SHIPPED = Path(__file__).parents[3] / "configs/energy/45nm.toml"
GOOD = SHIPPED.read_text()


def _activity():
    toggles = np.ones((3, 2, 4), np.int64)
    return Activity(1000, 300, 200, 100, toggles, toggles, toggles, toggles)


def test_each_part_is_a_count_times_its_energy():
    table = EnergyTable("mine", "measured", Picojoules(4, 1, 2, 0.5, 0.25, 0.125, 3, 0.5))
    cost = layer_cost(outline(), ARRAY, MemoryDepths())
    folds, (rows, cols, psum_bits) = 48, (3, 2, 12)
    assert SHAPE.nij == 36
    host = 2 * 36 * rows * 4 + folds * cols * rows * 4 + 4 * 20 * cols * psum_bits
    parts = {
        "pe": 4 * 600 + 1 * 400,
        "registers": 2 * 4 * 24,
        "clock": 0.5 * folds * 46 * 6,
        "host": 3 * host,
        "xmem": 0.5 * folds * 36 * rows * 4,
        "wmem": 0.25 * folds * cols * rows * 4,
        "pmem": 0.125 * (folds + folds - 4) * 20 * cols * psum_bits,
    }
    assert table.estimate(_activity(), cost.traffic, cost.pe_cycles) == parts | {
        "total": sum(parts.values())
    }


def test_the_shipped_table_says_what_it_is_made_from():
    table = EnergyTable.load(SHIPPED)
    assert "Horowitz" in table.source
    assert table.pj.mac == 0.1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("mac = 0.10", "", r"pj\.mac is missing; needed: host_bit, mac, mac_zero"),
        ("mac = 0.10", "mac = -1", r"pj\.mac must be a number of at least 0, not -1"),
        ("mac = 0.10", "mac = nan", r"pj\.mac must be a number"),
        ("mac = 0.10", "mac = true", r"pj\.mac must be a number"),
        ("mac = 0.10", "mac = 0.1\ndram = 2", r"pj\.dram is no key"),
        ("[pj]", "[joule]", r": joule is no key; needed: name, pj, source"),
        ("[pj]", "[pj", r"must be TOML: "),
        ('name = "45', 'name = " "\nother = "45', r": other is no key"),
    ],
)
def test_a_table_that_cannot_be_used_is_named(tmp_path, old, new, message):
    path = tmp_path / "energy.toml"
    assert GOOD.count(old) == 1
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(ConfigError, match=message):
        EnergyTable.load(path)


def test_who_says_so_must_be_stated(tmp_path):
    path = tmp_path / "energy.toml"
    path.write_text(f'name = "x"\nsource = " "\n{GOOD[GOOD.index("[pj]") :]}')
    with pytest.raises(ConfigError, match=r"source must be text that is not empty: state it$"):
        EnergyTable.load(path)
    path.write_text('name = "x"\nsource = "y"\npj = 3\n')
    with pytest.raises(ConfigError, match=r"pj must be a table of energies, not 3$"):
        EnergyTable.load(path)
    with pytest.raises(ConfigError, match=r"^cannot read .*: No such file"):
        EnergyTable.load(tmp_path / "absent.toml")
