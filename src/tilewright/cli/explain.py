"""`explain`: where a core's numbers differ from the reference, and why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tilewright.cli.app import FAILED, GeometryOption, JsonOption, app, given_geometry, given_layout
from tilewright.cli.explain_files import explain_files
from tilewright.cli.option_groups import takes_groups
from tilewright.cli.reading import ReadingOptions
from tilewright.errors import ConfigError

if TYPE_CHECKING:
    from tilewright.judge import Explanation
    from tilewright.vectors import Bundle

SHOWN = 3
"""Differences, causes of one effect, and products that are printed."""


@app.command()
@takes_groups
def explain(
    folder: Annotated[
        Path | None, typer.Argument(metavar="BUNDLE", help="What the core was given.")
    ] = None,
    dump: Annotated[
        Path | None,
        typer.Argument(metavar="DUMP", help="What it computed: a folder, a file or a log."),
    ] = None,
    *,
    expected: Annotated[
        Path | None,
        typer.Option(
            "--expected", metavar="FILE", help="Without a BUNDLE: the numbers that it should be,"
        ),
    ] = None,
    actual: Annotated[
        Path | None, typer.Option("--actual", metavar="FILE", help="... and those that it is.")
    ] = None,
    reading: ReadingOptions,
    is_partial: Annotated[
        bool, typer.Option("--partial", help="What is missing is unknown.")
    ] = False,
    layout: Annotated[
        str | None,
        typer.Option("--layout", metavar="LAYOUT", help="Layout of a BUNDLE without a manifest."),
    ] = None,
    geometry: GeometryOption = None,
    probe: Annotated[
        Path | None,
        typer.Option(
            "--make-probe", metavar="DIR", help="Write an input that tells tied causes apart."
        ),
    ] = None,
    page: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the maps as a page.")
    ] = None,
    is_json: JsonOption = False,
) -> None:
    """Say where a core's numbers differ from the reference, and which mistake gives every one of them."""
    from tilewright.judge import explain as find_causes
    from tilewright.judge import read_dumps, write_page, write_probe

    if expected is not None or actual is not None:
        explain_files(
            folder,
            expected,
            actual,
            radix=reading.radix,
            array=reading.array,
            is_json=is_json,
        )
    if folder is None or dump is None:
        raise ConfigError("explain needs BUNDLE and DUMP, or --expected FILE and --actual FILE")
    bundle = _open(folder, layout, geometry)
    how = reading.reading(is_partial=is_partial)
    dumps = (
        read_dumps(bundle, dump, layout=how.layout, is_partial=is_partial)
        if dump.is_dir() and how.kind is None
        else (how.dump(bundle, dump),)
    )
    found = find_causes(bundle, dumps)
    if page is not None:
        write_page(bundle, found, page)
    if probe is not None and found.problem is not None and len(found.groups) > 1:
        write_probe(bundle, found.problem, found.groups, probe)
    if is_json:
        print(json.dumps(found.to_json(), indent=2))
    else:
        for line in _report(bundle, found, probe):
            print(line)
    raise typer.Exit(0 if found.passed else FAILED)


def _open(folder: Path, layout: str | None, geometry: str | None) -> Bundle:
    from tilewright.bundles import expect_layout, open_bundle
    from tilewright.vectors import MANIFEST, read_bundle

    if (folder / MANIFEST).is_file() and geometry is None:
        bundle = read_bundle(folder, check_hashes=False)
        expect_layout(bundle, given_layout(layout))
        return bundle
    return open_bundle(
        folder,
        layout=given_layout(layout),
        geometry=given_geometry(geometry),
    )


def _report(bundle: Bundle, found: Explanation, probe: Path | None) -> Iterator[str]:
    for comparison in found.comparisons:
        unknown = f", {comparison.unknown:,} unknown" if comparison.unknown else ""
        yield (
            f"{comparison.layer}: {comparison.kind}: {comparison.compared:,} compared, "
            f"{comparison.differ:,} differ{unknown}"
        )
        for note in comparison.dump.notes:
            yield f"  {note}"
    if found.judged is not None:
        yield from _where(bundle, found)
        yield from _why(bundle, found, probe)
    yield f"verdict: {found.verdict}"


def _where(bundle: Bundle, found: Explanation) -> Iterator[str]:
    from tilewright.judge import heat_maps

    judged = found.judged
    assert judged is not None  # noqa: S101
    yield f"where: {judged.kind} is the first stage that differs; . none, 1 to 9 tenths, # more"
    for difference in judged.first[:SHOWN]:
        yield f"  {difference}"
    for heat in heat_maps(bundle, judged):
        lines = heat.lines()
        names = f"{heat.across} across" + (f", {heat.down} down" if heat.down else "")
        yield f"  {heat.title} ({names}): {lines[0] if len(lines) == 1 else ''}".rstrip()
        if len(lines) > 1:
            yield from (f"    {line}" for line in lines)


def _why(bundle: Bundle, found: Explanation, probe: Path | None) -> Iterator[str]:
    yield "why:"
    for number, group in enumerate(found.groups):
        for at, causes in enumerate(group[:SHOWN]):
            lead = f"  {number + 1}." if at == 0 else "     or, for every input the same:"
            yield f"{lead} {' and '.join(cause.text for cause in causes)}"
            if at == 0:
                yield from (
                    f"       {hint}" for hint in dict.fromkeys(c.hint for c in causes if c.hint)
                )
        if len(group) > SHOWN:
            yield f"     and {len(group) - SHOWN} more that no input tells apart (--json)"
    if len(found.groups) > 1:
        made = (
            f"written to {probe}: run it and explain its dump"
            if probe
            else "--make-probe DIR writes it"
        )
        which = "every number" if not found.fitting else "every number that is not free"
        yield f"  each of these {len(found.groups)} reproduces {which}; an input tells them apart:"
        yield f"    {made}"
    if found.fitting:
        yield from _not_fitting(bundle, found)
    for change in found.products[: 3 * SHOWN]:
        yield f"  {change}"
    if len(found.products) > 3 * SHOWN:
        yield f"  and {len(found.products) - 3 * SHOWN} more (--json)"
    yield from _nearest(bundle, found)


def _nearest(bundle: Bundle, found: Explanation) -> Iterator[str]:
    """Of the cause that comes nearest, how near, where it fails first, and where to look."""
    judged = found.judged
    if not found.near or judged is None:
        return
    near = found.near[0]
    yield f"  nearest: {near.cause.text}: {near.reproduced:,} of {judged.compared:,} numbers;"
    fold, oc, pixel = near.place
    oh, ow = divmod(pixel, bundle.shape.ow)
    tap = "" if judged.kind in ("psum", "output") else f"fold {fold}, "
    yield f"    it fails first at {tap}oc={oc}, oh={oh}, ow={ow}: {near.predicted}, found {near.found}"
    if near.cause.hint and near.reproduced > judged.compared - judged.differ:
        yield f"    {near.cause.hint}"


def _not_fitting(bundle: Bundle, found: Explanation) -> Iterator[str]:
    """How many numbers fit, and the first of those that do not."""
    yield f"  {found.fitting}"
    width = bundle.shape.ow
    places = [f"(oc={oc}, oh={p // width}, ow={p % width})" for _, oc, p in found.misses]
    more = f" and {len(places) - SHOWN} more (--json)" if len(places) > SHOWN else ""
    if places:
        yield f"    these do not fit: {', '.join(places[:SHOWN])}{more}"
