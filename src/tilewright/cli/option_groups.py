"""Options that several commands take together, as one argument: a dataclass whose fields are the options."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from functools import wraps
from typing import Any, get_type_hints


def takes_groups(command: Callable[..., None]) -> Callable[..., None]:
    """`command` as typer is to see it: where it takes a dataclass, the fields of that one."""
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: kind for name, kind in hints.items() if is_dataclass(kind)}
    fields = {name: list(_options(kind)) for name, kind in groups.items()}

    @wraps(command)
    def with_fields(**values: Any) -> None:
        for name, kind in groups.items():
            values[name] = kind(**{one.name: values.pop(one.name) for one in fields[name]})
        command(**values)

    options = [
        option
        for name, parameter in inspect.signature(command).parameters.items()
        for option in fields.get(name, [_by_name(parameter, hints)])
    ]
    with_fields.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    with_fields.__annotations__ = {option.name: option.annotation for option in options}
    return with_fields


def _options(group: Any) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    for parameter in inspect.signature(group).parameters.values():
        yield _by_name(parameter, hints)


def _by_name(parameter: inspect.Parameter, hints: dict[str, Any]) -> inspect.Parameter:
    """With its type, and given by name, so that one with a default may come before one without."""
    return parameter.replace(kind=parameter.KEYWORD_ONLY, annotation=hints[parameter.name])
