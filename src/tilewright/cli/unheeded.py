"""Options that say nothing beside others: they are refused, so that nobody takes them for heeded."""

from __future__ import annotations

from collections.abc import Iterable

import typer

from tilewright.errors import ConfigError


def refuse_given(context: typer.Context, names: Iterable[str], meant_for: str) -> None:
    """Refuse the options of `names`, parameters of the command, that were typed.

    Raises `ConfigError`, which names them as typed and says that they are for `meant_for`.
    """
    typed = [
        "/".join([parameter.opts[0], *parameter.secondary_opts])
        for parameter in context.command.params
        if parameter.name in names and _is_typed(context, parameter.name)
    ]
    if typed:
        verb, them = ("are", "them") if len(typed) > 1 else ("is", "it")
        raise ConfigError(f"{', '.join(typed)} {verb} for {meant_for}: leave {them} out")


def _is_typed(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
