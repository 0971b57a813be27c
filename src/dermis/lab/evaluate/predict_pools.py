"""What runs on pools of examples answer, as the tables that evaluations work on."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dermis.lab.evaluate.predict import Question, questions_of
from dermis.lab.train.build import load_model
from dermis.lab.train.lesion_calibration import tell_lesions
from dermis.lab.train.objectives.face_parts import Shares, face_area, shares_of
from dermis.lab.train.objectives.lesions import open_network as open_lesions
from dermis.lab.train.objectives.pooled import Pools, parts_of_pools
from dermis.lab.train.objectives.tone import ask, rows_of
from dermis.lab.train.objectives.tone import open_network as open_tone
from dermis.lab.train.recipe import Recipe
from dermis.lab.train.run import Run
from dermis.tasks.acne.detect import calibrated

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["face_overlaps", "pictures_of", "predict_pools", "questions_of_pools"]

_LOOK_PX = 64
_AREA = "face_area"


def questions_of_pools(recipe: Recipe) -> tuple[Question, ...]:
    """Return the questions of a recipe on pools: those of its heads; of the face parser the face as one area."""
    if recipe.learner == "face_parts":
        return (Question(name=_AREA, kind="classes", unit="", columns=(), classes=2),)
    return questions_of(recipe)


def predict_pools(run: Run, pools: Pools) -> tuple[pd.DataFrame, list[Any]]:
    """Return a table like that of `predict`, and the example of each row.

    Rows: the examples of the parts train, validate and test that are judged (those of the first dataset); what teaches
    has no answer, since it judges nothing.
    """
    import pandas as pd  # late: half a second

    parts = parts_of_pools(run.recipe, pools)
    names = _judged_pools(run.recipe)
    rows = [
        (part, one) for part in ("train", "validate", "test") for name in names for one in parts[part].get(name, ())
    ]
    examples = [one for _, one in rows]
    part = np.array([one for one, _ in rows])
    columns: dict[str, NDArray[Any]] = {
        "key": np.array([f"{run.recipe.pool[names[0]].data or 'made'}/{one.person}/{one.name}" for one in examples]),
        "dataset": np.array([run.recipe.pool[names[0]].data or "made"] * len(rows)),
        "subject": np.array([one.person for one in examples]),
        "visit": np.array([""] * len(rows)),
        "view": np.array([one.name for one in examples]),
        "part": part,
    }
    columns |= _ANSWERS[run.recipe.learner](run, examples, part != "train")
    return pd.DataFrame(columns), examples


def pictures_of(examples: Sequence[Any]) -> NDArray[np.uint8]:
    """Return each example's picture small, (n, 64, 64, 3), for baselines that look at colours."""
    size = (_LOOK_PX, _LOOK_PX)
    return np.stack([np.asarray(Image.fromarray(one.pixels).resize(size, Image.Resampling.BOX)) for one in examples])


def _judged_pools(recipe: Recipe) -> list[str]:
    first = next(iter(recipe.pool))
    if recipe.learner == "face_parts":
        return [name for name, pool in recipe.pool.items() if pool.data == recipe.pool[first].data]
    if recipe.learner == "skin_tone":
        return list(recipe.pool)
    return [first]


def _lesions(run: Run, examples: Sequence[Any], asked: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
    said = json.loads((run.folder / "calibration.json").read_text())
    places = np.flatnonzero(asked).tolist()
    told = tell_lesions(open_lesions(run), [examples[place] for place in places], run.recipe.input.size_px)
    count, grade = np.full(len(examples), np.nan), np.full(len(examples), np.nan)
    shares = np.full((len(examples), 4), np.nan)
    for place, one in zip(places, told, strict=True):
        count[place] = one.count * said["count_factor"]
        grade[place] = calibrated(one.grade, said["grade_limits"])
        shares[place] = one.grade_probabilities
    marked = [np.nan if one.boxes is None else float(len(one.boxes)) for one in examples]
    return {
        "target.acne_grade": np.array([one.grade for one in examples]),
        "predicted.acne_grade": grade,
        "target.acne_lesions": np.array(marked),
        "predicted.acne_lesions": count,
        **{f"share.acne_grade.{place}": shares[:, place] for place in range(4)},
    }


def _parts(run: Run, examples: Sequence[Any], asked: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
    model, shown = load_model(run)
    return face_overlaps(shares_of(model), examples, asked, shown.size_px)


def face_overlaps(
    shares: Shares, examples: Sequence[Any], asked: NDArray[np.bool_], size_px: int
) -> dict[str, NDArray[Any]]:
    """Return the pixels that the found and the true face have in common and that either has, and how heads turn."""
    both = np.full((2, 2, len(examples)), np.nan)  # common and either, of all else and of the face
    for place in np.flatnonzero(asked).tolist():
        found, true = face_area(shares, examples[place], size_px)
        for which, (mine, theirs) in enumerate(((~found, ~true), (found, true))):
            both[:, which, place] = (mine & theirs).sum(), (mine | theirs).sum()
    yaw = [one.name.split("/")[-1].removesuffix(" deg") for one in examples]
    return {
        **{f"common.{_AREA}.{which}": both[0, which] for which in range(2)},
        **{f"either.{_AREA}.{which}": both[1, which] for which in range(2)},
        "trait.yaw_deg": np.array([_turned(one) for one in yaw]),
    }


def _turned(word: str) -> str:
    try:
        yaw = abs(float(word))
    except ValueError:
        return "unknown"
    return "0-15" if yaw <= 15 else "30-45" if yaw <= 45 else "60-90"


def _tone(run: Run, examples: Sequence[Any], asked: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
    clues = np.array([one.pixels for one in examples])
    lab = np.array([one.lab for one in examples])
    said = np.full((len(examples), 3), np.nan)
    known = [place for place in np.flatnonzero(asked).tolist() if np.isfinite(clues[place, :3]).all()]
    rows = rows_of([examples[place] for place in known], run.recipe, seed=2)
    said[known] = ask(open_tone(run), rows.clues)[0]
    names = ("tone_lightness", "tone_a", "tone_b")
    return {
        **{f"target.tone.{name}": lab[:, place] for place, name in enumerate(names)},
        **{f"predicted.tone.{name}": said[:, place] for place, name in enumerate(names)},
        **{f"photographed.tone.{name}": clues[:, place] for place, name in enumerate(names)},
        "trait.light": np.array([one.light for one in examples]),
    }


_ANSWERS: Mapping[str, Callable[[Run, Sequence[Any], NDArray[np.bool_]], dict[str, NDArray[Any]]]] = {
    "lesions": _lesions,
    "face_parts": _parts,
    "skin_tone": _tone,
}
