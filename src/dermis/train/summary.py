"""What a sweep says: its runs, best first, and each varied value beside its rivals; Markdown and CSV."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import mean, median
from typing import Any

from dermis.train.run import write_atomically
from dermis.train.sweep import Outcome

__all__ = ["by_factor", "write_summary"]

_TOP = 20
_MANY = 6

Row = dict[str, Any]


def write_summary(outcomes: Sequence[Outcome], out: Path, name: str) -> Path:
    """Write `name`-runs.csv, `name`-factors.csv and `name`.md to `out`, and return the path of the last.

    The error is that of the part which chose the epoch: good for choosing, too good for a claim.
    """
    runs = [_run_row(one) for one in outcomes]
    stages = list(dict.fromkeys(one.stage for one in outcomes))
    factors = [row for stage in stages for row in by_factor([one for one in outcomes if one.stage == stage])]
    write_atomically(out / f"{name}-runs.csv", _csv(runs))
    write_atomically(out / f"{name}-factors.csv", _csv(factors))
    lines = [
        f"# {name}",
        "",
        f"{len(runs)} runs. The error is that of the part which chose the epoch (smaller is better); "
        "`dermis evaluate` judges the test part.",
        "",
        "## Best runs",
        "",
        *_markdown(runs[:_TOP]),
        "",
        "## By factor",
        "",
        *_markdown(factors),
        "",
    ]
    path = out / f"{name}.md"
    write_atomically(path, "\n".join(lines).encode())
    return path


def by_factor(outcomes: Sequence[Outcome]) -> list[Row]:
    """Return for each value of each factor how its runs did, in the order of their medians."""
    rows: list[Row] = []
    for factor in dict.fromkeys(name for one in outcomes for name in one.point):
        errors: dict[str, list[float]] = defaultdict(list)
        for one, value in zip(outcomes, _values([one.point.get(factor) for one in outcomes]), strict=True):
            errors[value].append(one.error)
        if len(errors) > 1:
            ranked = sorted(errors.items(), key=lambda pair: median(pair[1]))
            rows += [_factor_row(outcomes[0].stage, factor, value, held) for value, held in ranked]
    return rows


def _values(values: Sequence[object]) -> list[str]:
    """Return values as words; many different numbers as the third that they are in."""
    numbers = [float(value) for value in values if isinstance(value, int | float)]
    if len(numbers) < len(values) or len(set(numbers)) <= _MANY:
        return [_short(value) for value in values]
    thirds = [sorted(numbers)[len(numbers) * place // 3 - (place == 3)] for place in range(4)]
    names = [f"{low:.3g} to {high:.3g}" for low, high in pairwise(thirds)]
    return [names[(number >= thirds[1]) + (number >= thirds[2])] for number in numbers]


def _factor_row(stage: str, factor: str, value: str, errors: list[float]) -> Row:
    return {
        "stage": stage,
        "factor": factor,
        "value": value,
        "runs": len(errors),
        "best": min(errors),
        "median": median(errors),
        "mean": mean(errors),
        "worst": max(errors),
    }


def _run_row(one: Outcome) -> Row:
    network = one.recipe.network
    stands_in = f"{network.name} for {network.stands_in_for}" if network.stands_in_for else network.name
    return {
        "stage": one.stage,
        "error": one.error,
        **{name: _short(value) for name, value in one.point.items()},
        "network": stands_in,
        "best_epoch": int(one.result["epoch"]) + 1,
        "epochs": one.result["epochs"],
        "run": one.run,
    }


def _short(value: object) -> str:
    if isinstance(value, list):
        return "+".join(str(one) for one in value) or "none"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _markdown(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[f"{row.get(name, ''):.4g}" if isinstance(row.get(name), float) else str(row.get(name, ""))
              for name in names] for row in rows]  # fmt: skip
    return (
        [f"| {' | '.join(line)} |" for line in (names, ["---"] * len(names), *cells)] if rows else ["Nothing varied."]
    )
