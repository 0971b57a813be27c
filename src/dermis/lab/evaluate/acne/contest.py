"""Two networks of lesions on the same photos: the figures of both, and what the second gains, paired."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dermis.errors import UsageError
from dermis.lab.evaluate.evaluate import ALL
from dermis.lab.train.lesion_calibration import LesionAnswer, tell_by, tell_lesions
from dermis.lab.train.lesion_views import Example, boxes_in_view, plain_view
from dermis.lab.train.objectives.lesions import open_network
from dermis.lab.train.objectives.pooled import Pools, parts_of_pools
from dermis.lab.train.run import Run
from dermis.metrics.agreement import cohen_kappa
from dermis.metrics.bootstrap import Interval, bootstrap_all
from dermis.metrics.detection import Found, average_precision
from dermis.metrics.ordinal import spearman, to_grades
from dermis.models.weights import Weights

__all__ = ["contest_table", "lesions_beside"]

FIGURES = (
    ("grade, quadratic kappa", True), ("grade, accuracy", True), ("grade, RMSE", False),
    ("lesions, Spearman", True), ("lesions, MAE", False), ("boxes, AP at IoU 0.3", True),
)  # fmt: skip
"""Each figure, and whether more is better."""
_DRAWS, _LEVEL, _OVERLAP = 400, 0.95, 0.3


def lesions_beside(run: Run, weights: Weights, pools: Pools, *, part: str) -> str:
    """Return the figures of the weights, of a run and what the run gains, on the graded photos of `part` of the run.

    part: "all" is every one. Raises UsageError where the run kept nobody aside for that part.
    """
    size_px = run.recipe.input.size_px
    first = next(iter(run.recipe.pool))
    examples = [
        one
        for name, held in parts_of_pools(run.recipe, pools).items()
        if part in (ALL, name)
        for one in held.get(first, ())
    ]
    if not examples:
        raise UsageError(
            f"{run.folder.name} kept nobody aside of {part}.",
            advice="--part validate has those who chose nothing; train with --set split.test=0.2 for others.",
        )
    own = json.loads((run.folder / "calibration.json").read_text())["count_factor"]
    table = contest_table(
        examples,
        (tell_weights(weights, examples), float(weights.meta["calibration"]["count_factor"])),
        (tell_lesions(open_network(run), examples, size_px), float(own)),
        size_px,
        names=(weights.name, run.folder.name),
    )
    people = len({one.person for one in examples})
    return f"{table}\n\n{len(examples)} photos of {people} people; 95 % intervals over people."


def tell_weights(weights: Weights, examples: Sequence[Example]) -> list[LesionAnswer]:
    """Return what exported weights tell of each."""

    def answers(shown: Sequence[Example], flip: bool) -> list[Mapping[str, NDArray[np.float32]]]:
        return [_asked(weights, one, flip=flip) for one in shown]

    return tell_by(answers, examples)


def _asked(weights: Weights, example: Example, *, flip: bool) -> Mapping[str, NDArray[np.float32]]:
    view = plain_view(example, weights.shown.size_px, flip=flip)
    picture = np.moveaxis(view.picture, -1, 0)[None].astype(np.float32) / 255
    said = {name: held[0] for name, held in weights.network.run(image=picture, skin=view.skin[None, None]).items()}
    chance = np.clip(said["centres"], 1e-7, 1 - 1e-7)
    return {**said, "centres": np.log(chance / (1 - chance)).astype(np.float32)}  # weights that ship answer chances


def contest_table(
    examples: Sequence[Example],
    first: tuple[Sequence[LesionAnswer], float],
    second: tuple[Sequence[LesionAnswer], float],
    size_px: int,
    *,
    names: tuple[str, ...],
) -> str:
    """Return the figures of both on the same photos and what the second gains, as Markdown.

    first, second: what each says of every photo, and the factor of its count. names: of both.
    """
    truth = np.array([one.grade for one in examples])
    marked = [_sides(boxes_in_view(one, size_px)) for one in examples]
    counts = np.array([len(boxes) for boxes in marked], np.float64)

    def figures(side: tuple[Sequence[LesionAnswer], float], places: NDArray[np.int64]) -> list[float]:
        said = [side[0][place] for place in places]
        real, number = np.array([one.grade for one in said]), np.array([one.count for one in said]) * side[1]
        called = to_grades(real, range(4))
        found = [Found(boxes=_sides(one.boxes), scores=np.asarray(one.scores, np.float64)) for one in said]
        return [
            cohen_kappa(truth[places], called, weights="quadratic"),
            float(np.mean(called == truth[places])),
            float(np.sqrt(np.mean((real - truth[places]) ** 2))),
            spearman(counts[places], number),
            float(np.abs(number - counts[places]).mean()),
            average_precision([marked[place] for place in places], found, iou=_OVERLAP),
        ]

    def both(places: NDArray[np.int64]) -> list[float]:
        one, other = figures(first, places), figures(second, places)
        gains = [(b - a) if more else (a - b) for (_, more), a, b in zip(FIGURES, one, other, strict=True)]
        return [*one, *other, *gains]

    groups = np.array([one.person for one in examples])
    held = bootstrap_all(both, groups, level=_LEVEL, resamples=_DRAWS, method="percentile")
    count = len(FIGURES)
    lines = [f"| figure | {' | '.join(names)} | gain of the second |", "|---|---|---|---|"]
    for place, (name, _) in enumerate(FIGURES):
        cells = " | ".join(_words(held[place + part * count]) for part in range(3))
        lines.append(f"| {name} | {cells} |")
    return "\n".join(lines)


def _sides(boxes: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return left, top, width, height (n, 4) of left, top, right, bottom."""
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1).astype(np.float64)


def _words(one: Interval) -> str:
    return f"{one.value:.3f} [{one.low:.3f}, {one.high:.3f}]"
