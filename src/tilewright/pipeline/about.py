"""What was run, in words: for the head of the report."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import UTC, datetime

from tilewright.config import Config
from tilewright.facts import RunFacts
from tilewright.pipeline.inventory import CONFIG
from tilewright.pipeline.run_folder import RunFolder
from tilewright.report import About
from tilewright.tile import DATAFLOWS


def about(run: RunFolder, found: RunFacts) -> About:
    """The head of the report; an imported network is called as its file is."""
    config = run.config()
    recover = found.recover.facts if found.recover else None
    imported = recover.imported if recover else None
    return About(
        title=_title(config, imported),
        network=_network(config, found, is_imported=imported is not None),
        array=_array(config),
        when=_when(run, found),
        commands=tuple(_commands(run, found, is_imported=imported is not None)),
    )


def _title(config: Config, imported: str | None) -> str:
    array = f"{config.array.rows}x{config.array.cols}"
    return f"{imported or config.model.name} on an array of {array} PEs"


def _network(config: Config, found: RunFacts, *, is_imported: bool) -> str:
    layers = len(found.recover.facts.layers) if found.recover else None
    count = f"{layers} layers, " if layers else ""
    if is_imported:
        return f"{count}imported"
    model = config.model
    choke = f", chokepoint of {model.choke_width} channels" if model.choke_width else ""
    return f"{config.data.name}, {count}W{model.weight_bits} A{model.act_bits}{choke}"


def _array(config: Config) -> str:
    array = config.array
    return f"{DATAFLOWS.get(array.mode).title}, {array.schedule}, {array.psum_bits}-bit psums"


def _when(run: RunFolder, found: RunFacts) -> str:
    """When the last stage ended, in UTC: a report that is made again says the same."""
    paths = [run.facts_path(result.stage) for result in found.results]
    ended = max((path.stat().st_mtime for path in paths if path.is_file()), default=None)
    return "" if ended is None else f"{datetime.fromtimestamp(ended, UTC):%Y-%m-%d %H:%M} UTC"


def _commands(run: RunFolder, found: RunFacts, *, is_imported: bool) -> Iterator[str]:
    """Commands that make these results again, as typed where the run folder lies."""
    name = shlex.quote(run.root.absolute().name)
    if is_imported:
        yield from (f"tilewright {stage} {name}" for stage in ("export", "simulate", "cosim"))
    else:
        yield f"tilewright run {name}/{CONFIG} --out again"
    if found.certify is not None:
        yield f"tilewright certify --check {name}/08_certify/certify.json"
    yield f"tilewright report {name}"
