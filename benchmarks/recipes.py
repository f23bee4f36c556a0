"""The page of recipes and its picture: ``python benchmarks/recipes.py`` writes docs/lab/recipes.md.

``benchmarks/recipes.toml`` states the recipes, ``docs/lab/ledger.jsonl`` what their runs counted. A recipe
that is not the file that was fixed is refused, and so is a line of the ledger that belongs to none.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any, NamedTuple

from tilewright.config import load_config
from tilewright.pipeline.ledger import recipe_sha256

ROOT = Path(__file__).parents[1]
RECIPES = Path(__file__).with_name("recipes.toml")
LEDGER = ROOT / "docs" / "lab" / "ledger.jsonl"
PAGE = ROOT / "docs" / "lab" / "recipes.md"
PICTURE = PAGE.with_suffix(".svg")
HEAD = """# Recipes fixed beforehand

A network that is trained until its count on the test set is good proves less than one whose recipe was
fixed first. A recipe of this page is committed with its hash (`sha256sum` of the file) before the first of
its runs; its settings come from earlier runs and the hold-out, never from the test set; each run reads the
test set once, by `tilewright evaluate`, and `tilewright evaluate RUN --ledger docs/lab/ledger.jsonl` enters
its count, whatever it is. `benchmarks/recipes.toml` states the recipes; `python benchmarks/recipes.py`
writes this page from it and from the ledger. Networks that were trained before are on the page of
[results](../results.md).
"""


class Recipe(NamedTuple):
    """One recipe and what its runs counted, by seed."""

    facts: dict[str, Any]
    runs: list[dict[str, Any]]

    @property
    def accuracies(self) -> list[float]:
        """Percent right of the test images, by seed."""
        return [100 * run["correct"] / run["images"] for run in self.runs]


def read_recipes() -> list[Recipe]:
    """All recipes; raises `ValueError` where a file or a line of the ledger is not what it must be."""
    stated = tomllib.loads(RECIPES.read_text(encoding="utf-8"))["recipe"]
    lines = [json.loads(line) for line in LEDGER.read_text(encoding="utf-8").splitlines()]
    recipes = []
    for facts in stated:
        path = ROOT / "configs" / f"{facts['config']}.toml"
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != facts["sha256"]:
            raise ValueError(f"{path} must stay as it was fixed, {facts['sha256']}, not {found}")
        name = recipe_sha256(load_config(path))
        own = [line for line in lines if line["recipe"] == name]
        recipes.append(Recipe(facts, sorted(own, key=lambda line: line["seed"])))
    if sum(len(recipe.runs) for recipe in recipes) != len(lines):
        raise ValueError(f"{LEDGER} must hold runs of {RECIPES.name} only, each of one of them")
    return recipes


def page(recipes: Sequence[Recipe]) -> str:
    """The page in Markdown."""
    lines = [
        HEAD,
        "| recipe | fixed on | sha256 | aim | mean of its seeds |",
        "|---|---|---|---|---|",
        *(_row(recipe) for recipe in recipes),
        "\n## Runs\n",
        "| recipe | seed | test set | hold-out | epochs | hours on one thread | day |",
        "|---|---|---|---|---|---|---|",
        *(_run_row(recipe, run) for recipe in recipes for run in recipe.runs),
        f"\n![hold-out accuracy over the epochs of all phases]({PICTURE.name})",
    ]
    notes = [
        f"\n## {recipe.facts['what']}\n\n{recipe.facts['note']}"
        for recipe in recipes
        if recipe.facts["note"]
    ]
    return "\n".join([*lines, *notes]) + "\n"


def _row(recipe: Recipe) -> str:
    facts, found = recipe.facts, recipe.accuracies
    said = "no run has ended yet"
    if found:
        spread = f" ± {stdev(found):.2f}" if len(found) > 1 else ""
        said = f"**{mean(found):.2f} %**{spread} ({len(found)} {'seed' if len(found) == 1 else 'seeds'})"
    return (
        f"| `configs/{facts['config']}.toml`: {facts['what']} | {facts['fixed']} | `{facts['sha256']}` | "
        f"{facts['aim']} % | {said} |"
    )


def _run_row(recipe: Recipe, run: dict[str, Any]) -> str:
    accuracy = (
        f"{100 * run['correct'] / run['images']:.2f} % ({run['correct']:,} of {run['images']:,})"
    )
    return (
        f"| `{recipe.facts['config']}` | {run['seed']} | {accuracy} | "
        f"{100 * run['holdout_accuracy']:.1f} % | {run['epochs']} | "
        f"{run['seconds'] / 3600:.2f} | {run['day']} |"
    )


def draw(recipes: Sequence[Recipe]) -> None:
    """Hold-out accuracy over epochs, one curve a run."""
    from results import draw_curves  # beside this file, where it is run

    curves = [
        (
            f"{recipe.facts['config']}, seed {run['seed']}: {accuracy:.2f} % on the test set",
            [run["holdout_by_epoch"]],
        )
        for recipe in recipes
        for run, accuracy in zip(recipe.runs, recipe.accuracies, strict=True)
    ]
    draw_curves(curves, PICTURE)


if __name__ == "__main__":
    everything = read_recipes()
    PAGE.write_text(page(everything), encoding="utf-8")
    draw(everything)
