"""Things by name, from the house and from other packages."""

from importlib.metadata import EntryPoint
from types import SimpleNamespace

import pytest

from tilewright import registry
from tilewright.errors import ConfigError, UnknownNameError
from tilewright.registry import Registry


def test_names_come_in_the_order_of_registration():
    things = Registry[int]("thing")
    things.add("b", 1)
    things.add("a", 2)
    assert things.names() == ("b", "a")
    assert list(things) == [1, 2]
    assert "a" in things


def test_an_unknown_name_lists_the_names():
    things = Registry[int]("thing")
    things.add("b", 1)
    with pytest.raises(UnknownNameError, match=r"thing.*'c'.*b"):
        things.get("c")


def test_a_name_is_taken_once():
    things = Registry[list]("thing")
    first = things.add("a", [])
    assert things.add("a", first) is first
    with pytest.raises(ConfigError, match="'a' is registered already"):
        things.add("a", [])


def test_an_installed_package_declares_things(monkeypatch):
    point = EntryPoint("tau", "math:tau", "tilewright.odd_thing")
    monkeypatch.setattr(registry, "entry_points", lambda *, group: [point] * (group == point.group))
    things = Registry[float]("odd thing")
    things.add("one", 1.0)
    assert things.names() == ("one", "tau")
    assert things.get("tau") == pytest.approx(6.2831853)


def test_an_entry_point_of_another_type_is_one(monkeypatch):
    """importlib_metadata, once a package loads it, finds packages for the standard library too."""
    point = SimpleNamespace(name="tau", value="math:tau", group="tilewright.thing", load=lambda: 0)
    monkeypatch.setattr(registry, "entry_points", lambda **_: [point])
    assert Registry[float]("thing").get("tau") == pytest.approx(6.2831853)


def test_our_things_are_loaded_when_asked_for_and_keep_their_names():
    things = Registry[float]("thing", ours={"tau": "math:tau", "none": "no_such_module:x"})
    things.add("one", 1.0)
    assert things.names() == ("tau", "none", "one")
    assert things.get("tau") == pytest.approx(6.2831853)
    with pytest.raises(ModuleNotFoundError):
        things.get("none")
    with pytest.raises(ConfigError, match="'none' is registered already"):
        things.add("none", 2.0)


def test_a_package_may_register_what_it_declares(monkeypatch):
    point = EntryPoint("tau", "math:tau", "tilewright.thing")
    monkeypatch.setattr(registry, "entry_points", lambda **_: [point])
    things = Registry[float]("thing")
    assert things.names() == ("tau",)
    assert things.add("tau", 6.5) == things.get("tau") == 6.5
