"""The exceptions. Each message says what must hold, what was found, where, and what to do."""

from __future__ import annotations

from collections.abc import Collection


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

        near = get_close_matches(name, valid, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        return cls(f"there is no {kind} {name!r}: {hint}valid names are {', '.join(valid)}")


class ToolError(TilewrightError):
    """A program that tilewright needs is missing, failed or did not answer in time."""


class SimulationError(ToolError):
    """The simulated design did not come to its end: the design is at fault, or its simulator."""


class TrainingError(TilewrightError):
    """Training cannot go on, for example because the loss is not finite."""


class QuantizationError(TilewrightError):
    """A part of a float module has no form on integers."""


class RecoveryError(TilewrightError):
    """A trained module cannot be stated in integers."""
