"""Classes as pyslang sees them: which there are, their methods, and what belongs to an object."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from tilewright.verilog.paths import path_of

_BUILT_IN, _MADE_BY_THE_PARSER, _IS_STATIC, _IS_PURE = 512, 2, 4, 2
"""Of pyslang's flags of subroutines and variables."""


def is_property(expression: Any) -> bool:
    """Whether an expression names a variable that each object has of its own."""
    kind = expression.kind.name
    symbol = expression.member if kind == "MemberAccess" else getattr(expression, "symbol", None)
    is_name = kind in ("MemberAccess", "NamedValue") and symbol is not None
    return is_name and is_own(symbol)


def has_lifetime_of_its_own(symbol: Any) -> bool:
    """Whether a variable is one that each object or each call has of its own."""
    lifetime = getattr(symbol, "lifetime", None)
    return lifetime is not None and lifetime.name == "Automatic"


def is_own(symbol: Any) -> bool:
    """Whether each object has a variable of its own."""
    return bool(symbol.kind.name == "ClassProperty" and symbol.lifetime.name != "Static")


def is_member(expression: Any) -> bool:
    """Whether an expression reaches a property through a handle."""
    is_access = expression.kind.name == "MemberAccess"
    return bool(is_access and expression.member.kind.name == "ClassProperty")


def is_this(symbol: Any) -> bool:
    """Whether a variable is the handle `this`."""
    is_made = symbol.kind.name == "Variable" and int(symbol.flags) & _MADE_BY_THE_PARSER
    return bool(is_made and symbol.name == "this")


def has_object(subroutine: Any) -> bool:
    """Whether a subroutine is a method that an object runs."""
    flags = int(subroutine.flags)
    return (subroutine.thisVar is not None or bool(flags & _IS_PURE)) and not flags & _IS_STATIC


def is_built_in(subroutine: Any) -> bool:
    """Whether a method is one of the language's own, as `randomize`, or of a mailbox or semaphore."""
    return bool(int(subroutine.flags) & _BUILT_IN)


def is_automatic(subroutine: Any) -> bool:
    """Whether each call of a subroutine has variables of its own."""
    is_said = subroutine.defaultLifetime.name == "Automatic"
    return bool(is_said or subroutine.thisVar is not None)


def is_super_call(call: Any) -> bool:
    """Whether a method is called as that of the base class, ``super.method()``."""
    return str(call.syntax or "").strip().startswith("super.")


def with_bases(class_: Any) -> Iterator[Any]:
    """A class and those that it extends, the nearest first."""
    while class_ is not None and class_.kind.name == "ClassType":
        yield class_
        base = class_.baseClass
        class_ = None if base is None else base.canonicalType


def class_around(symbol: Any) -> Any:
    """The class that declares a method or property; None where it is no member of a class."""
    if symbol.kind.name == "Subroutine" and symbol.thisVar is not None:
        return symbol.thisVar.type.canonicalType
    members = [] if symbol.parentScope is None else symbol.parentScope
    return next((class_around(one) for one in members if one.kind.name == "Subroutine"
                 and one.thisVar is not None), None)  # fmt: skip


def find_method(class_: Any, name: str) -> Any:
    """The method of that name that objects of a class run; None if there is none."""
    named = (one for class_ in with_bases(class_) for one in _methods(class_) if one.name == name)
    return next(named, None)


def _methods(class_: Any) -> Iterator[Any]:
    """Those of a class itself; of one that is declared ``extern``, what stands elsewhere."""
    for member in class_:
        kind = member.kind.name
        if kind == "MethodPrototype" and member.subroutine is not None:
            yield member.subroutine
        elif kind == "Subroutine":
            yield member


def own_properties(class_: Any) -> list[Any]:
    """The properties that a class itself declares and each object has."""
    return [member for member in class_ if is_own(member)]


def is_kind_of(class_: Any, base: Any) -> bool:
    """Whether a class is another one, or extends it."""
    path = str(base.hierarchicalPath)
    return any(str(one.hierarchicalPath) == path for one in with_bases(class_))


@lru_cache(maxsize=2)
def classes_of(compilation: Any) -> tuple[Any, ...]:
    """Classes of which the testbench makes objects or calls static methods, and what they extend."""
    found: dict[str, Any] = {}
    waiting = list(_bodies(compilation))

    def add(type_: Any) -> None:
        for class_ in with_bases(type_):
            path = str(class_.hierarchicalPath)
            if path not in found:
                found[path] = class_
                waiting.extend(_inside(class_))

    def visit(node: Any) -> None:
        kind = node.kind.name
        if kind == "NewClass" and not node.isSuperClass:
            add(node.type.canonicalType)
        elif kind == "Call" and not node.isSystemCall:
            add(class_around(node.subroutine))
        elif kind == "NamedValue" and node.symbol.kind.name == "ClassProperty":
            add(class_around(node.symbol))

    while waiting:
        waiting.pop().visit(visit)
    return tuple(found.values())


def methods_of(compilation: Any) -> Iterator[Any]:
    """The methods of those classes that somebody wrote."""
    for class_ in classes_of(compilation):
        for method in _methods(class_):
            if not is_built_in(method):
                yield method


def static_properties(compilation: Any) -> Iterator[Any]:
    """The properties that are there once for a whole class."""
    for class_ in classes_of(compilation):
        for member in class_:
            if member.kind.name == "ClassProperty" and not is_own(member):
                yield member


def overriders(subroutine: Any) -> Iterator[Any]:
    """The methods that may run where a virtual one is called, but for that one itself."""
    if not subroutine.isVirtual:
        return
    wanted = path_of(subroutine)
    for other in methods_of(subroutine.compilation):
        over = other.override
        while over is not None and path_of(over) != wanted:
            over = over.override
        if over is not None or (other.name == subroutine.name and _implements(other)):
            yield other


def _implements(method: Any) -> bool:
    """Whether the class of a method promises the methods of interface classes."""
    class_ = class_around(method)
    return class_ is not None and any(len(one.implementedInterfaces) for one in with_bases(class_))


def _inside(class_: Any) -> Iterator[Any]:
    for method in _methods(class_):
        yield method.body
    for member in class_:
        if member.kind.name == "ClassProperty" and member.initializer is not None:
            yield member.initializer


def outer_scopes(compilation: Any) -> list[Any]:
    """The packages and the text outside of modules."""
    packages = [one for one in compilation.getPackages() if one.name != "std"]
    return [*packages, *compilation.getRoot().compilationUnits]


def _bodies(compilation: Any) -> Iterator[Any]:
    """What runs in modules, packages and outside of them, initial values included."""
    waiting = [*outer_scopes(compilation), *compilation.getRoot().topInstances]
    while waiting:
        scope = waiting.pop()
        kind = scope.kind.name
        members = scope.body if kind == "Instance" else scope
        for member in members:
            name = member.kind.name
            if name in ("ProceduralBlock", "Subroutine"):
                yield member.body
            elif name == "Variable" and member.initializer is not None:
                yield member.initializer
            elif name in ("Instance", "GenerateBlock", "GenerateBlockArray"):
                waiting.append(member)
