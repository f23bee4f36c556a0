"""Registries: things by name, ours and those that installed packages add."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from tilewright.errors import ConfigError, UnknownNameError

Thing = TypeVar("Thing")


class Registry(Generic[Thing]):
    """Things of one kind by name: those of tilewright, then those of other packages.

    Another package declares an entry point in group ``tilewright.KIND`` (spaces become underscores), whose
    name is the thing's name and whose value is the thing, or registers it with `add` when it is imported.

    >>> colors = Registry[int]("color")
    >>> colors.add("red", 1)
    1
    >>> colors.get("red"), colors.names()
    (1, ('red',))
    """

    def __init__(self, kind: str, *, ours: Mapping[str, str] | None = None) -> None:
        """ours: things of tilewright by name, each as ``module:attribute``, loaded when asked for."""
        self.kind = kind
        self._ours = {name: EntryPoint(name, at, self.group) for name, at in (ours or {}).items()}
        self._things: dict[str, Thing | EntryPoint] = dict(self._ours)
        self._is_complete = False

    @property
    def group(self) -> str:
        """The group of entry points in which other packages declare things of this kind."""
        return f"tilewright.{self.kind.replace(' ', '_')}"

    def add(self, name: str, thing: Thing) -> Thing:
        """Register `thing` and return it; raises `ConfigError` if the name is taken by another one."""
        known = self._things.get(name, thing)
        is_announced = isinstance(known, EntryPoint) and name not in self._ours
        if known is not thing and not is_announced:
            raise ConfigError(
                f"a {self.kind} must have a name of its own, but {name!r} is registered already"
            )
        self._things[name] = thing
        return thing

    def get(self, name: str) -> Thing:
        """The thing called `name`; raises `UnknownNameError` that lists the names.

        Raises `ConfigError` if another package declares it, but it cannot be loaded.
        """
        things = self._complete()
        if name not in things:
            raise UnknownNameError.among(self.kind, name, tuple(things))
        thing = things[name]
        if isinstance(thing, EntryPoint):
            thing = self._things[name] = self._load(thing)
        return thing

    def names(self) -> tuple[str, ...]:
        """All names, ours first, in the order of registration; nothing is loaded for them."""
        return tuple(self._complete())

    def __iter__(self) -> Iterator[Thing]:
        return (self.get(name) for name in self.names())

    def __contains__(self, name: object) -> bool:
        return name in self._complete()

    def _complete(self) -> dict[str, Thing | EntryPoint]:
        if not self._is_complete:
            self._is_complete = True
            for found in entry_points(group=self.group):
                # Of this type: the backport importlib_metadata, once loaded, finds others.
                point = EntryPoint(found.name, found.value, found.group)
                if point.name in self._things:
                    self.add(point.name, self._load(point))
                self._things.setdefault(point.name, point)
        return self._things

    def _load(self, point: EntryPoint) -> Thing:
        try:
            thing: Thing = point.load()
        except (ImportError, AttributeError) as error:
            if point is self._ours.get(point.name):
                raise
            raise ConfigError(
                f"{self.kind} {point.name!r} must be {point.value}, as its package declares, but that "
                f"cannot be loaded: {error}: mend the package or uninstall it"
            ) from error
        return thing
