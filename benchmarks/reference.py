"""The pages of the reference that follow from the code: every command, configuration key and API name.

``python benchmarks/reference.py`` writes them; a test holds them against what it would write.
"""

import inspect
import json
import re
import types
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from tilewright import _WHERE as WHERE
from tilewright.cli import GROUPS
from tilewright.cli.app import Commands
from tilewright.config import Config

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
MADE = "Made by `python benchmarks/reference.py` from the code itself; do not edit.\n"
WORDS = {int: "integer", float: "number", str: "text", bool: "true or false"}
BOUNDS = {"ge": "at least {}", "gt": "above {}", "le": "at most {}", "lt": "below {}"}


def options_page() -> str:
    """Every command with its arguments and options, by heading of --help."""
    lines = ["# Every command, argument and option", "", MADE]
    lines += [
        "What commands are for: [commands](commands.md). Options of `tilewright` itself go before"
    ]
    lines += [
        "the command: `-q`, `--quiet`: what fails and the verdict alone; `-v`, `--verbose`: when,"
    ]
    lines += [
        "how far, at what cost, and where an error was raised; `--version`; `-h`, `--help`.",
        "",
    ]
    commands = Commands()
    for title, names in GROUPS.items():
        lines += [f"## {title}", ""]
        for name in names:
            lines += [f"### {name}", "", *_command(commands[name]), ""]
    return "\n".join(lines).rstrip() + "\n"


def _command(command: Any) -> Iterator[str]:
    yield from inspect.cleandoc(command.help).splitlines()
    yield ""
    rows = [row for row in map(_parameter, command.params) if row]
    yield "| | |"
    yield "|---|---|"
    yield from rows


def _parameter(param: Any) -> str:
    if param.name == "help":
        return ""
    help_text = _cell(getattr(param, "help", None) or "")
    if param.param_type_name == "argument":
        return f"| `{_cell(param.metavar or param.name)}` | {help_text} |"
    names = ", ".join(f"`{name}`" for name in (*param.opts, *param.secondary_opts))
    kind = "" if param.is_flag or not param.metavar else f" `{_cell(param.metavar)}`"
    default = (
        ""
        if param.is_flag or param.default in (None, (), "", [])
        else f" Default: `{param.default}`."
    )
    return f"| {names}{kind} | {help_text}{default} |"


def configuration_page() -> str:
    """Every key of a configuration, by section."""
    lines = ["# Every configuration key", "", MADE]
    lines += [
        "A configuration is a TOML file of these sections; `--set section.key=value` overrides a key. The"
    ]
    lines += ["digits' own, with remarks: [digits_w4a4.toml](../../configs/digits_w4a4.toml).", ""]
    for name, field in Config.model_fields.items():
        section = next(
            (
                one
                for one in (field.annotation, *get_args(field.annotation))
                if hasattr(one, "model_fields")
            ),
            None,
        )
        if section is None:
            lines += [
                f"`{name}`, above all sections: {_kind(field)}; default `{_value(field)}`.",
                "",
            ]
            continue
        many = get_origin(field.annotation) is not None
        lines += [f"## {name}", "", f"`[[{name}]]`, repeatable." if many else f"`[{name}]`", ""]
        lines += [
            inspect.cleandoc(section.__doc__ or ""),
            "",
            "| key | is | default |",
            "|---|---|---|",
        ]
        for key, one in section.model_fields.items():
            lines.append(f"| `{key}` | {_kind(one)} | {_default(one)} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _kind(field: Any) -> str:
    bounds = [
        text.format(getattr(one, key))
        for one in field.metadata
        for key, text in BOUNDS.items()
        if getattr(one, key, None) is not None
    ]
    return _cell(", ".join((_type(field.annotation), *bounds)))


def _type(of: Any) -> str:
    origin, inner = get_origin(of), get_args(of)
    if origin is Literal:
        return " or ".join(f"`{json.dumps(one)}`" for one in inner)
    if origin is types.UnionType:
        return " or ".join(_type(one) for one in inner)
    if origin in (tuple, list) and inner[-1] is not Ellipsis and len(inner) > 1:
        return f"[{', '.join(map(_type, inner))}]"
    if origin in (tuple, list):
        return f"list of {_type(inner[0])}"
    if hasattr(of, "__metadata__"):
        return _type(inner[0])
    return WORDS.get(of, "table" if origin is dict else str(getattr(of, "__name__", of)))


def _default(field: Any) -> str:
    return "(must be given)" if field.is_required() else f"`{_cell(_value(field))}`"


def _value(field: Any) -> str:
    value = field.get_default(call_default_factory=True)
    return json.dumps(value, default=str)


def api_page() -> str:
    """Every name of ``import tilewright as tw``."""
    lines = ["# Every name of `import tilewright as tw`", "", MADE]
    lines += ["Each is loaded when it is asked for; `help(tw.NAME)` says more. A chain in full:"]
    lines += ["[fifteen lines](../../examples/own_model_in_fifteen_lines.py).", ""]
    for name in WHERE:
        room = import_module(
            f"tilewright.{WHERE[name]}"
        )  # which may have the name of what it offers
        found = getattr(room, name)
        lines += [f"## {name}", "", f"`{_signature(name, found)}`", ""]
        lines += [inspect.cleandoc(found.__doc__ or ""), ""]
    return "\n".join(lines).rstrip() + "\n"


def _signature(name: str, found: Any) -> str:
    if inspect.isclass(found) and issubclass(found, Exception):
        return f"class {name}(Exception)"
    text = re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(inspect.signature(found)))
    text = re.sub(r" -> None$", "", text)
    return f"{'class ' * inspect.isclass(found)}{name}{text}"


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


PAGES = {"options.md": options_page, "configuration.md": configuration_page, "api.md": api_page}

if __name__ == "__main__":
    for file_name, make in PAGES.items():
        (FOLDER / file_name).write_text(make())
