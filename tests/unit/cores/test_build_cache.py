"""A build happens once, and again whenever anything that it is made from changes."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.unit.cores.fakes import FakeSimulator
from tilewright.cores import build_cache
from tilewright.cores.build_cache import cached_build, default_cache_dir
from tilewright.cores.probe import probe
from tilewright.cores.simulator import Build, SharesParts
from tilewright.errors import ToolError

SOURCES = {"a.sv": b"module a; endmodule\n"}


def build(simulator: FakeSimulator, cache: Path, **changes: Any) -> Path:
    facts: dict[str, Any] = {"sources": SOURCES, "top": "a", "parameters": {"Rows": 4}} | changes
    return cached_build(simulator, facts.pop("sources"), cache_dir=cache, timeout_s=10, **facts)


def test_second_build_is_the_first_one(tmp_path: Path) -> None:
    simulator = FakeSimulator()
    first, second = build(simulator, tmp_path), build(simulator, tmp_path)
    assert first == second
    assert first.read_text() == simulator.script
    assert simulator.builds == [{"Rows": 4}]
    assert [path.name for path in tmp_path.iterdir()] == [first.name]  # nothing left over


def test_every_ingredient_counts(tmp_path: Path) -> None:
    entries = [
        build(FakeSimulator(), tmp_path),
        build(FakeSimulator(), tmp_path, sources={"a.sv": b"module a; endmodule \n"}),
        build(FakeSimulator(), tmp_path, sources={"b.sv": SOURCES["a.sv"]}),
        build(FakeSimulator(), tmp_path, parameters={"Rows": 5}),
        build(FakeSimulator(), tmp_path, top="b"),
        build(FakeSimulator(version="1.1"), tmp_path),
        build(FakeSimulator(options=("-O3",)), tmp_path),
        build(FakeSimulator(name="other"), tmp_path),
    ]
    assert all(one != other for one, other in itertools.combinations(entries, 2))


def test_the_code_that_builds_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A flag that is not among the options of a simulator stands there."""
    before = build(FakeSimulator(), tmp_path)
    monkeypatch.setattr(build_cache, "_how", lambda: "otherwise")
    assert build(FakeSimulator(), tmp_path) != before


def test_what_nobody_used_for_long_goes_when_something_is_built(tmp_path: Path) -> None:
    """What was used stays, however old it is, and so does what is no build."""
    used, unused = (build(FakeSimulator(), tmp_path, top=top) for top in ("used", "unused"))
    download = tmp_path / "data.tar.gz"
    download.write_text("bytes")
    for path in (used, unused, download):
        os.utime(path, (0, 0))
    assert build(FakeSimulator(), tmp_path, top="used") == used
    assert unused.exists()  # nothing was built
    new = build(FakeSimulator(), tmp_path, top="new")
    assert set(tmp_path.iterdir()) == {used, new, download}


@dataclass
class Sharing(FakeSimulator):
    """Compiles a runtime unless it is there already; `compiled` counts how often."""

    compiler: str = "12.2"
    compiled: int = 0

    def shared_parts(self) -> dict[str, str]:
        return {"objects/runtime.o": self.compiler}

    def build(self, build: Build) -> None:
        super().build(build)
        part = build.folder / "objects" / "runtime.o"
        if not part.exists():
            part.parent.mkdir()
            part.write_text("compiled")
            self.compiled += 1
        assert part.read_text() == "compiled"


def test_what_all_builds_share_is_made_once(tmp_path: Path) -> None:
    assert isinstance(Sharing(), SharesParts)
    assert not isinstance(FakeSimulator(), SharesParts)
    simulator = Sharing()
    for rows in (1, 2, 3):
        build(simulator, tmp_path, parameters={"Rows": rows})
    assert (len(simulator.builds), simulator.compiled) == (3, 1)
    assert len(list(tmp_path.glob("part-fake-*"))) == 1


def test_a_probe_shares_them_with_builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that `doctor` is quick after a build, and the first build after `doctor`."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    simulator = Sharing()
    assert probe(simulator).is_ready
    assert probe(simulator).is_ready
    build(simulator, tmp_path / "tilewright")
    assert (len(simulator.builds), simulator.compiled) == (3, 1)


@pytest.mark.parametrize(
    "other", [Sharing(version="1.1"), Sharing(options=("-O3",)), Sharing(compiler="13.1")]
)
def test_another_runtime_is_not_taken(tmp_path: Path, other: Sharing) -> None:
    build(Sharing(), tmp_path)
    build(other, tmp_path, parameters={"Rows": 5})
    assert other.compiled == 1
    assert len(list(tmp_path.glob("part-fake-*"))) == 2


@pytest.mark.parametrize("damage", ["altered", "writable by others"])
def test_a_damaged_part_is_made_again(tmp_path: Path, damage: str) -> None:
    simulator = Sharing()
    build(simulator, tmp_path)
    (part,) = tmp_path.glob("part-fake-*")
    part.chmod(0o666) if damage == "writable by others" else part.write_text("altered")
    build(simulator, tmp_path, parameters={"Rows": 5})
    assert simulator.compiled == 2
    (part,) = tmp_path.glob("part-fake-*")
    assert part.read_text() == "compiled"


@pytest.mark.parametrize("damage", ["altered", "empty", "writable by others", "a link"])
def test_a_damaged_entry_is_built_again(tmp_path: Path, damage: str) -> None:
    """It would fail the core that it simulates, or run what somebody else put there."""
    simulator = FakeSimulator()
    entry = build(simulator, tmp_path)
    if damage == "writable by others":
        entry.chmod(0o777)
    elif damage == "a link":
        entry.rename(tmp_path / "elsewhere")
        entry.symlink_to(tmp_path / "elsewhere")
    else:
        entry.write_text("" if damage == "empty" else simulator.script + "# other\n")
    assert build(simulator, tmp_path) == entry
    assert len(simulator.builds) == 2
    assert entry.read_text() == simulator.script
    assert not entry.is_symlink()
    assert not entry.stat().st_mode & 0o022


def test_the_cache_is_this_users_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    cache.mkdir(mode=0o777)
    cache.chmod(0o777)
    build(FakeSimulator(), cache)
    assert cache.stat().st_mode & 0o777 == 0o700
    monkeypatch.setattr(os, "geteuid", lambda: cache.stat().st_uid + 1)
    with pytest.raises(ToolError, match=r"must belong to this user, .* but belongs to user"):
        build(FakeSimulator(), cache)


def test_an_entry_of_another_user_is_built_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator = FakeSimulator()
    entry, honest = build(simulator, tmp_path), Path.lstat

    def of_another(path: Path) -> object:
        found = honest(path)
        return SimpleNamespace(st_mode=found.st_mode, st_uid=found.st_uid + (path == entry))

    monkeypatch.setattr(Path, "lstat", of_another)
    build(simulator, tmp_path)
    assert len(simulator.builds) == 2


def test_failed_build_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ToolError("no")

    monkeypatch.setattr(FakeSimulator, "build", fail)
    with pytest.raises(ToolError, match=r"^no$"):
        build(FakeSimulator(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(ToolError, match=r"^the cache folder .*file must be writable: .*another"):
        build(FakeSimulator(), tmp_path / "file")


def test_default_is_the_users_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/some/cache")
    assert default_cache_dir() == Path("/some/cache/tilewright")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/some/home")
    assert default_cache_dir() == Path("/some/home/.cache/tilewright")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # which counts as not set: we change folders
    assert default_cache_dir() == Path("/some/home/.cache/tilewright")


def test_a_user_without_a_home_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    with pytest.raises(ToolError, match=r"this user has none: set XDG_CACHE_HOME"):
        default_cache_dir()
