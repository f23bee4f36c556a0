"""Survivors that behave as the core for every input: proved, or stated with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tilewright.errors import ConfigError, TilewrightError
from tilewright.formal import has_yosys, module_at, parameters_of, prove_equivalent
from tilewright.mutation.mutant import Mutant
from tilewright.mutation.proofs import decide, in_words
from tilewright.store.toml import read_toml

STATED = Path(__file__).with_name("equivalents.toml")
"""What is stated about our core."""
PROOF_TIMEOUT_S = 60.0
_MOST_SIZES = 8
"""Sets of parameters at which a module is compared."""
_NEEDS = " with [[equivalent]] tables of file, before and reason"
_KEYS = {"file", "before", "what", "reason"}


@dataclass(frozen=True, slots=True)
class StatedReason:
    """Why a change of one line of source is no change of behavior.

    A mutant is meant if its file, its line as it was (white space condensed) and, where `what` is not
    empty, its change in words are these. Line numbers play no part.
    """

    file: str
    before: str
    reason: str
    what: str = ""

    def is_about(self, mutant: Mutant) -> bool:
        """Whether this reason is about `mutant`."""
        is_place = (mutant.file, mutant.before) == (self.file, " ".join(self.before.split()))
        return is_place and self.what in ("", mutant.what)


@dataclass(frozen=True, slots=True)
class Judge:
    """Says why a survivor is equivalent: by yosys where `has_proofs`, else by what is stated.

    cores: parameters of ``tw_core`` with which vectors ran. A module is then compared at the parameters that
    its instances have in these; without, at small ones, which is enough for the modules of our core.
    """

    stated: tuple[StatedReason, ...] = ()
    has_proofs: bool = False
    cores: tuple[Mapping[str, int], ...] = ()

    def why_equivalent(self, mutant: Mutant, sources: Mapping[str, str]) -> str | None:
        """The reason, or None. sources: the core's files by name."""
        for reason in self.stated:
            if reason.is_about(mutant):
                return f"stated: {reason.reason}"
        if self.has_proofs and has_yosys():
            return self._prove(mutant, sources)
        return None

    def why_not_killed(self, mutant: Mutant, sources: Mapping[str, str]) -> str:
        """What is proved of a survivor that is not known to be equivalent, in words; or nothing."""
        if not (self.has_proofs and has_yosys()):
            return ""
        return in_words(decide(mutant, sources))

    def _prove(self, mutant: Mutant, sources: Mapping[str, str]) -> str | None:
        top = module_at(sources[mutant.file], mutant.start)
        if top is None:
            return None
        changed = {**sources, mutant.file: mutant.apply(sources[mutant.file])}
        try:
            sizes = self._sizes(top, sources)
            is_proved = bool(sizes) and all(
                prove_equivalent(
                    sources, changed, top=top, timeout_s=PROOF_TIMEOUT_S, parameters=one
                )
                for one in sizes
            )
        except TilewrightError:
            return None  # what yosys cannot read or finish stays a survivor
        return f"proved: {top} is the same for every input, by yosys" if is_proved else None

    def _sizes(self, module: str, sources: Mapping[str, str]) -> Sequence[Mapping[str, int] | None]:
        """Parameters at which a module is compared; None: small ones. None at all if there are too many."""
        if not self.cores:
            return (None,)
        found = [
            one
            for core in self.cores
            for one in parameters_of(sources, module, top="tw_core", parameters=core)
        ]
        different = [one for at, one in enumerate(found) if one not in found[:at]]
        return different if len(different) <= _MOST_SIZES else ()


def load_reasons(path: Path) -> tuple[StatedReason, ...]:
    """Read ``[[equivalent]]`` tables with file, before, reason and perhaps what.

    Raises `ConfigError` if the file is missing or has anything else.
    """
    try:
        entries = read_toml(path, needs=_NEEDS)["equivalent"]
        for entry in entries:
            if not set(entry) <= _KEYS:
                raise ConfigError(
                    f"{path}: an equivalent has the keys {', '.join(sorted(_KEYS))}, not "
                    f"{min(set(entry) - _KEYS)!r}"
                )
        return tuple(StatedReason(**entry) for entry in entries)
    except (KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path} must be TOML{_NEEDS}: {error}") from None
