"""`export`: write the files that a testbench reads, of a run or of a fresh layer."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tilewright.cli.app import GeometryOption, JsonOption, SetOption, app
from tilewright.cli.console import Console
from tilewright.cli.run_folder import hold_folder, open_run, run_stages
from tilewright.cli.unheeded import refuse_given
from tilewright.errors import ConfigError

if TYPE_CHECKING:
    from tilewright.trials.fresh import Fresh


@app.command()
def export(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(metavar="RUN", help="A run folder; none with --random.")
    ] = None,
    overrides: SetOption = None,
    stimulus: Annotated[
        str | None,
        typer.Option(
            "--stimulus",
            metavar="real|random|max|bound",
            help="Input codes: of samples, random, all at maximum, or such that every output "
            "channel reaches its extreme psums. The same as --set vectors.stimulus=...",
        ),
    ] = None,
    is_random: Annotated[
        bool, typer.Option("--random", help="A fresh layer of random codes, without a training.")
    ] = False,
    layout: Annotated[
        str | None,
        typer.Option("--layout", metavar="NAME|FILE.toml", help="Of the files, with --random."),
    ] = None,
    geometry: GeometryOption = None,
    has_corners: Annotated[
        bool, typer.Option("--corners", help="With --random: its corner cases too, DIR/SET/NUMBER.")
    ] = False,
    has_other_sizes: Annotated[
        bool,
        typer.Option("--other-sizes", help="With --corners: a layer of other sizes, too."),
    ] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="With --random: of its codes.")] = 0,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Where --random writes.")
    ] = None,
    covering: Annotated[
        str | None,
        typer.Option(
            "--covering",
            metavar="RxC",
            help="Into --out: the fewest runs of our array that show each fault of a PE that can show.",
        ),
    ] = None,
    is_json: JsonOption = False,
) -> None:
    """Cut the layers into tiles and write the files that a testbench reads."""
    if covering is not None:
        others = (folder, overrides, stimulus, is_random, layout, geometry, has_corners)
        if any(others) or out is None:
            raise ConfigError("--covering RxC needs --out DIR, and nothing else")
        refuse_given(context, ["has_other_sizes", "seed"], "--random")
        from tilewright.trials.fresh import write_fewest

        hold_folder(out)
        _print(write_fewest(out, covering), out, is_json=is_json)
        return
    if not is_random:
        if folder is None or layout or geometry or out or has_corners:
            raise ConfigError(
                "export takes a run folder, or --random --layout NAME --geometry ... --out DIR "
                "for a fresh layer"
            )
        refuse_given(context, ["has_other_sizes", "seed"], "--random")
        chosen = [] if stimulus is None else [f"vectors.stimulus={stimulus}"]
        opened = open_run(folder, "export", [*(overrides or ()), *chosen])
        run_stages(opened, ("tile", "export"), is_json=is_json)
    if folder is not None or overrides or stimulus or not (layout and geometry and out):
        raise _not_random({"--layout": layout, "--geometry": geometry, "--out": out})
    if not has_corners:
        refuse_given(context, ["has_other_sizes"], "--corners")
    fresh = _fresh(out, layout, geometry, seed, corners=(has_corners, has_other_sizes))
    _print(fresh, out, is_json=is_json)


def _not_random(needed: dict[str, object]) -> ConfigError:
    missing = [name for name, value in needed.items() if not value]
    found = f"{' and '.join(missing)} missing" if missing else "one of these is given"
    return ConfigError(
        f"--random needs {', '.join(needed)}, and neither a run nor its settings: {found}"
    )


def _fresh(
    out: Path, layout: str, geometry: str, seed: int, *, corners: tuple[bool, bool]
) -> Fresh:
    from tilewright.bundles import Geometry
    from tilewright.trials.fresh import write_corners, write_random
    from tilewright.vectors import load_layout

    sizes, form = Geometry.parse(geometry), load_layout(layout)
    has_corners, has_other_sizes = corners
    if not has_corners:
        return write_random(out, sizes, layout=form, seed=seed)
    hold_folder(out)
    return write_corners(out, sizes, layout=form, seed=seed, has_other_sizes=has_other_sizes)


def _print(fresh: Fresh, out: Path, *, is_json: bool) -> None:
    if is_json:
        facts = [
            {
                "folder": str(bundle.folder),
                "shape": bundle.shape.to_facts(),
                "files": len(bundle.files),
            }
            for bundle in fresh.bundles
        ]
        print(json.dumps({"bundles": facts, "notes": fresh.notes}, indent=2))
        return
    if Console.is_quiet:
        return
    for note in fresh.notes:
        print(f"  {note}")
    for bundle in fresh.bundles:
        shape, array = bundle.shape, bundle.array
        print(
            f"{bundle.folder}: {shape.ic} -> {shape.oc} channels on {array.rows}x{array.cols} PEs, "
            f"{len(bundle.files)} files in layout {bundle.layout.name}"
        )
    where = shlex.quote(str(out))
    print(f"run a core on them: tilewright try {where} --dump FILE -- COMMAND")
