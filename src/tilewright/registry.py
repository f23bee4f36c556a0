"""What can be added from outside: things by name, ours and those of installed packages."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import Generic, TypeVar

from tilewright.errors import ConfigError, UnknownNameError

Thing = TypeVar("Thing")


class Registry(Generic[Thing]):
    """Things of one kind by name: those that the house registers, then those of other packages.

    Another package declares an entry point in group ``tilewright.KIND`` (spaces become underscores), whose
    name is the thing's name and whose value is the thing, or registers it with `add` when it is imported.

    >>> colors = Registry[int]("color")
    >>> colors.add("red", 1)
    1
    >>> colors.get("red"), colors.names()
    (1, ('red',))
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._things: dict[str, Thing] = {}
        self._is_complete = False

    @property
    def group(self) -> str:
        """The group of entry points in which other packages declare things of this kind."""
        return f"tilewright.{self.kind.replace(' ', '_')}"

    def add(self, name: str, thing: Thing) -> Thing:
        """Register `thing` and return it; raises `ConfigError` if the name is taken by another one."""
        if self._things.setdefault(name, thing) is not thing:
            raise ConfigError(
                f"a {self.kind} must have a name of its own, but {name!r} is registered already"
            )
        return thing

    def get(self, name: str) -> Thing:
        """The thing called `name`; raises `UnknownNameError` that lists the names."""
        things = self._complete()
        if name not in things:
            raise UnknownNameError.among(self.kind, name, tuple(things))
        return things[name]

    def names(self) -> tuple[str, ...]:
        """All names, ours first, in the order of registration."""
        return tuple(self._complete())

    def __iter__(self) -> Iterator[Thing]:
        return iter(tuple(self._complete().values()))

    def __contains__(self, name: object) -> bool:
        return name in self._complete()

    def _complete(self) -> dict[str, Thing]:
        if not self._is_complete:
            self._is_complete = True
            for point in entry_points(group=self.group):
                self.add(point.name, point.load())
        return self._things
