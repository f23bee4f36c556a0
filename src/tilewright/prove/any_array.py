"""Proofs of arrays of anybody: sources, a description of their streams, and one recorded run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tilewright.errors import ConfigError, FormatError
from tilewright.prove.algebra import Algebra
from tilewright.prove.around import design_of
from tilewright.prove.collection import uncollected
from tilewright.prove.confirm import Confirmation
from tilewright.prove.cut_points import CutPoints
from tilewright.prove.elaborate import elaborate
from tilewright.prove.netlist import Netlist, signals_of
from tilewright.prove.proof import Prover
from tilewright.prove.recorded_claim import RecordedClaim, part_of
from tilewright.prove.replay import contradiction
from tilewright.prove.streams import Described, place_words, roles_of
from tilewright.prove.verdict import PROVED, UNDECIDED, Verdict
from tilewright.prove.words import Words
from tilewright.verilog.source_files import named_files, read_source, with_plain_names
from tilewright.waves import Recording


def read_files(paths: Sequence[Path]) -> dict[str, str]:
    """Sources by name, with those beside them that they include or read.

    Raises `ConfigError` if two have one name or one is VHDL, `ToolError` if one cannot be read.
    """
    found: dict[str, str] = {}
    places: dict[str, Path] = {}
    todo = [(path.parent, path.name) for path in paths]
    for folder, name in todo:  # grows while it is walked
        path = folder / name
        if path.suffix.lower() in (".vhd", ".vhdl"):
            raise ConfigError(
                f"a proof reads Verilog and SystemVerilog, but {path} is VHDL: make Verilog of it "
                "(ghdl --synth --out=verilog TOP)"
            )
        if places.setdefault(name, path).resolve() != path.resolve():
            raise ConfigError(
                f"sources must have names of their own, but {places[name]} and {path} share one"
            )
        if name in found:
            continue
        found[name] = read_source(path)
        todo += [
            (folder, one)
            for one in named_files(found[name])
            if ".." not in Path(one).parts
            and not Path(one).is_absolute()
            and (folder / one).is_file()
        ]
    return with_plain_names(found)


@uncollected()
def prove_recorded(
    sources: Mapping[str, str],
    described: Described,
    recording: Path,
    *,
    scope: str = "",
    confirms: bool = True,
) -> Verdict:
    """Whether an array computes what is described, with the control of a recorded run (VCD).

    scope: the module's instance in the recording. Bits of data inputs at which no word is may be anything;
    if that is not proved, it is asked again with these bits as recorded, and the claim says so. A proof that
    the recorded run contradicts is none. A port that is an array of vectors counts as one vector, the element
    of the lowest index lowest. Raises what `design_of`, `elaborate`, `record` and `place_words` raise.
    """
    design = design_of(sources, described.top, described.parameters)
    netlist = elaborate(design.sources, top=design.top, parameters=design.parameters)
    ends = (
        part_of(netlist.ports, is_input=is_input, clock=netlist.clock) for is_input in (True, False)
    )
    roles = roles_of(described, *ends)
    recorded = design.record(recording, roles, scope=scope, is_rising=netlist.is_rising)
    _expect_widths(netlist, recorded, described.top)
    _expect_calm(netlist, recorded)
    placed = place_words(described, recorded)
    confirm = Confirmation(netlist, design.sources, design.parameters) if confirms else None
    for is_idle_free, is_cut in _ways(described):
        words = Words(Algebra())
        cuts = CutPoints(words) if is_cut else None
        claim = RecordedClaim(
            described, recorded, placed, words, roles=roles, is_idle_free=is_idle_free, cuts=cuts
        )
        simulator = None if is_cut else confirm
        verdict = Prover(netlist, claim, words, confirm=simulator, cuts=cuts).run()
        if verdict.answer == PROVED:
            break
    if verdict.answer == PROVED and (why := contradiction(described, recorded, placed)):
        return replace(verdict, answer=UNDECIDED, reason=why)
    return verdict


def _ways(described: Described) -> list[tuple[bool, bool]]:
    """How a proof is tried, one way after the other: whether idle data are anything, and sums are cut."""
    plain = [(True, False), (False, False)]
    return [(True, True), *plain] if described.computes == "saturate each" else plain


def _expect_widths(netlist: Netlist, recording: Recording, top: str) -> None:
    """Raise `FormatError` if a port was recorded with other bits than the sources say."""
    for port, values in (*recording.inputs.items(), *recording.outputs.items()):
        width, recorded = netlist.ports[port].width, len(values[0])
        if width != recorded:
            raise FormatError(
                f"a port must be as wide in the run as in the sources, but {port} of {top} has {recorded} "
                f"{'bit' if recorded == 1 else 'bits'} there and {width} here: other sources or parameters "
                "([parameters]) were run"
            )


def _expect_calm(netlist: Netlist, recording: Recording) -> None:
    """Raise `FormatError` if what clears registers at once changed twice between two edges."""
    clears = {
        signal
        for register in netlist.registers
        if register.is_clear_now and register.clear is not None
        for signal in signals_of(register.clear[0])
    }
    for port, time in recording.restless.items():
        if clears & set(signals_of(netlist.ports[port].source)):
            raise FormatError(
                f"a reset must change at most once between two edges of the clock, but {port} changes again "
                f"at time {time}: what it cleared there is not recorded"
            )
