"""How the numbers that a core leaves are read: options of all commands that read some."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from tilewright.cli.app import given_layout
from tilewright.errors import ConfigError

if TYPE_CHECKING:
    from tilewright.judge import Sampling
    from tilewright.trials.trial import Reading


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """What the numbers of a dump are, and where they stand in it."""

    kind: Annotated[
        str | None,
        typer.Option(
            "--kind", metavar="psum|output|tap_psum|tile_psum", help="What the numbers are."
        ),
    ] = None
    dump_layout: Annotated[
        str | None,
        typer.Option(
            "--dump-layout",
            metavar="NAME|FILE.toml",
            help="Layout of the dump. Default: the bundle's.",
        ),
    ] = None
    order: Annotated[
        str | None,
        typer.Option(
            "--order",
            metavar="'oh ow oc'",
            help="The dump is a list of numbers in this order, the last axis fastest.",
        ),
    ] = None
    radix: Annotated[
        str | None,
        typer.Option("--radix", metavar="decimal|hex|binary", help="Of the numbers of a list."),
    ] = None
    pattern: Annotated[
        str | None,
        typer.Option(
            "--pattern",
            metavar="REGEX|NAME",
            help="The dump is a log: an expression with a group (?P<value>..) and those of its place; "
            "or places, lanes, words.",
        ),
    ] = None
    array: Annotated[
        str | None,
        typer.Option(
            "--dump-array",
            metavar="NAME",
            help="Of a dump with several arrays (npz, an object of JSON), this one: layers.0.psum.",
        ),
    ] = None
    buses: Annotated[
        list[str] | None,
        typer.Option(
            "--bus",
            metavar="NAME",
            help="The dump is a wave file (VCD, FST, GHW), or a capture of Vivado, Quartus or Gowin (CSV): "
            "numbers of this bus; repeat it to join.",
        ),
    ] = None
    clock: Annotated[
        str,
        typer.Option(
            "--clock",
            metavar="NAME",
            help="Buses are read before its rising edges (not of a capture).",
        ),
    ] = ""
    when: Annotated[
        list[str] | None,
        typer.Option(
            "--when",
            metavar="NAME",
            help="... at which this signal is 1, or as it says: state=2, bus[3]=0, bus[7:6]!=1. Repeat "
            "it: all must hold.",
        ),
    ] = None
    address: Annotated[
        str,
        typer.Option("--address", metavar="NAME", help="This bus is named beside each difference."),
    ] = ""
    is_rest_expected: Annotated[
        bool, typer.Option("--rest-expected", help="What a log does not name is as expected.")
    ] = False

    def reading(self, *, is_partial: bool = False, bundle_words: tuple[str, ...] = ()) -> Reading:
        """As `Reading` has it; raises `ConfigError`."""
        from tilewright.trials.trial import Reading

        return Reading(
            kind=self.kind,
            layout=given_layout(self.dump_layout),
            layout_name=self.dump_layout,
            order=self.order,
            radix=self.radix,
            pattern=self.pattern,
            array=self.array,
            is_partial=is_partial,
            is_rest_expected=self.is_rest_expected,
            sampling=self._sampling(),
            bundle_words=bundle_words,
        )

    def _sampling(self) -> Sampling | None:
        """None if no wave file is meant."""
        from tilewright.judge import Sampling

        if self.buses or self.clock:
            return Sampling(
                tuple(self.buses or ()), self.clock, tuple(self.when or ()), self.address
            )
        if self.when or self.address:
            raise ConfigError(
                "--when and --address are of a wave file: name --bus, too, and --clock"
            )
        return None
