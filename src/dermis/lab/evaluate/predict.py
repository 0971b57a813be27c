"""Predictions of a run on samples, in the units of the task."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from dermis.colour.difference import delta_e_00
from dermis.core import Sample
from dermis.errors import UsageError
from dermis.lab.networks.model import Model
from dermis.lab.networks.settings import Head
from dermis.lab.train.build import load_model
from dermis.lab.train.cache import Decoded, decode, kept_in, with_cameras
from dermis.lab.train.objectives.frozen_features import is_frozen, said_of, without_pictures
from dermis.lab.train.objectives.samples import drawn
from dermis.lab.train.pools import in_order
from dermis.lab.train.recipe import Recipe
from dermis.lab.train.run import Run
from dermis.lab.train.spectra import spectra_scored
from dermis.lab.train.trainer import device_for
from dermis.metrics.arrays import Floats
from dermis.metrics.calibration import conformal_levels, conformal_quantile
from dermis.metrics.registry import Answers, MetricKind
from dermis.metrics.spectral import SpectralScores
from dermis.models.weights import Weights

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Question",
    "answers_of",
    "known",
    "predict",
    "predict_weights",
    "predictions",
    "questions_of",
    "subjects",
    "targets",
    "with_intervals",
]

_LAB = ("tone_lightness", "tone_a", "tone_b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question that a run answers; `columns` are the ends of its columns' names in the table, one a target."""

    name: str
    kind: MetricKind
    unit: str
    columns: tuple[str, ...]
    grades: tuple[float, ...] = ()
    classes: int = 0


def questions_of(recipe: Recipe) -> tuple[Question, ...]:
    """Return the questions of a recipe: one a head; a measure of several things that are no colour, one a target."""
    return tuple(question for name, head in recipe.head.items() for question in _questions(name, head, recipe))


def _questions(name: str, head: Head, recipe: Recipe) -> Iterable[Question]:
    if head.kind == "measure":
        if len(head.targets) == 3 and (head.targets == _LAB or recipe.loss[name].name == "delta_e_00"):
            columns = tuple(f"{name}.{target}" for target in head.targets)
            yield Question(name=name, kind="colour", unit="ΔE00", columns=columns)
            return
        for target in head.targets:
            column = name if len(head.targets) == 1 else f"{name}.{target}"
            yield Question(name=column, kind="measure", unit=head.unit, columns=(column,))
    elif head.kind == "ordinal":
        count = round((head.highest - head.lowest) / head.step) + 1
        grades = tuple(head.lowest + head.step * place for place in range(count))
        yield Question(name=name, kind="ordinal", unit="grades", columns=(name,), grades=grades)
    elif head.kind == "spectrum":
        columns = tuple(f"{name}.{field.name}" for field in fields(SpectralScores))
        yield Question(name=name, kind="spectrum", unit="rad", columns=columns)
    elif head.kind == "map" and head.classes:
        yield Question(name=name, kind="classes", unit="", columns=(), classes=head.classes)
    elif head.kind == "presence":
        yield Question(name=name, kind="presence", unit="", columns=(name,))
    else:
        yield Question(name=name, kind="count", unit=head.unit, columns=(name,))


def targets(table: pd.DataFrame, question: Question) -> Floats:
    """Return what is right, (n, k); NaN where nobody knows. For maps of classes the pixels that both call so.

    For spectra the pixels that are judged, (n, 1).
    """
    if question.kind == "spectrum":
        return _columns(table, (f"pixels.{question.name}",))
    if question.kind == "classes":
        return _columns(table, (f"common.{question.name}.{place}" for place in range(question.classes)))
    return _columns(table, (f"target.{column}" for column in question.columns))


def predictions(table: pd.DataFrame, question: Question) -> Floats:
    """Return what the model says, (n, k). For maps of classes the pixels that either calls so, for spectra how well."""
    if question.kind == "classes":
        return _columns(table, (f"either.{question.name}.{place}" for place in range(question.classes)))
    return _columns(table, (f"predicted.{column}" for column in question.columns))


def known(table: pd.DataFrame, question: Question) -> NDArray[np.bool_]:
    """Return which samples can be judged: the answer is known and the model gave one, (n,)."""
    both = np.hstack([targets(table, question), predictions(table, question)])
    return np.asarray(np.isfinite(both).all(axis=1))


def subjects(table: pd.DataFrame) -> NDArray[Any]:
    """Return who each sample belongs to, (n,) of text."""
    return np.asarray(table["dataset"].astype(str) + "/" + table["subject"].astype(str))


def answers_of(table: pd.DataFrame, question: Question, predicted: Floats | None = None) -> Answers:
    """Return the answers in the rows of `table`, all of them known; `predicted` (n, k) for another answerer.

    Only the model has shares and intervals.
    """
    own = predicted is None
    said = predictions(table, question) if predicted is None else predicted
    right = targets(table, question)
    covered, width = _intervals(table, question) if own else (None, None)
    return Answers(
        kind=question.kind,
        target=right,
        predicted=said,
        errors=errors(question, right, said),
        grades=np.array(question.grades) if question.grades else None,
        shares=_shares(table, question) if own else None,
        covered=covered,
        width=width,
        level=table[f"level.{question.name}"].to_numpy(np.float64)
        if own and f"level.{question.name}" in table
        else None,
    )


def errors(question: Question, right: Floats, said: Floats) -> Floats:
    """Return how far each answer is off, (n,): ΔE00, the share of pixels wrong, or the absolute difference."""
    off: Floats
    match question.kind:
        case "colour":
            off = np.asarray(delta_e_00(right, said))
        case "spectrum":
            off = said[:, 0]
        case "classes":
            either = said.sum(axis=1)
            # Each wrong pixel is in two unions, in that of its class and of the one it was called.
            wrong = either - right.sum(axis=1)
            off = np.divide(wrong, either + right.sum(axis=1), out=np.zeros_like(wrong), where=either > 0)
        case _:
            off = np.abs(said - right)[:, 0]
    return off


def with_intervals(table: pd.DataFrame, questions: Iterable[Question], *, level: float = 0.9) -> pd.DataFrame:
    """Return the table with `radius.NAME`: how far off an answer may be, with probability `level`.

    And with `level.NAME`, the level from which on this radius reaches what is right. By split-conformal prediction from
    the errors of the part validate, subjects counting alike; in units of the spread where the model says one.
    Questions that have `low.NAME` and `high.NAME`, classes and presence are left alone, and so are those for which the
    part has too few subjects to promise the level.
    """
    table = table.copy()
    for question in questions:
        done = f"low.{question.columns[0]}" in table if question.columns else True
        rows = (table["part"] == "validate").to_numpy() & known(table, question)
        if done or question.kind in ("classes", "presence", "spectrum") or not rows.any():
            continue
        scale = _spread(table, question)
        score = errors(question, targets(table, question), predictions(table, question)) / scale
        groups = subjects(table)[rows]
        reach = conformal_quantile(score[rows], level, groups=groups)
        if not np.isfinite(reach):
            continue
        told = known(table, question)
        table[f"radius.{question.name}"] = scale * reach
        table.loc[told, f"level.{question.name}"] = conformal_levels(score[rows], score[told], groups=groups)
    return table


def _intervals(table: pd.DataFrame, question: Question) -> tuple[Floats | None, Floats | None]:
    """Return whether each interval holds, and its width; for a colour its radius."""
    right, radius = targets(table, question), f"radius.{question.name}"
    if question.columns and f"low.{question.columns[0]}" in table:
        low = _columns(table, (f"low.{column}" for column in question.columns))
        high = _columns(table, (f"high.{column}" for column in question.columns))
        covered = ((low <= right) & (right <= high)).all(axis=1)
        return np.asarray(covered, np.float64), np.asarray((high - low).mean(axis=1))
    if radius not in table:
        return None, None
    reach = table[radius].to_numpy(np.float64)
    off = errors(question, right, predictions(table, question))
    return (off <= reach).astype(np.float64), reach if question.kind == "colour" else 2 * reach


def _spread(table: pd.DataFrame, question: Question) -> Floats:
    names = [f"spread.{column}" for column in question.columns]
    if not all(name in table for name in names):
        return np.ones(len(table))
    together: Floats = np.square(_columns(table, names)).mean(axis=1)
    return np.sqrt(np.clip(together, 1e-12, None))


def _shares(table: pd.DataFrame, question: Question) -> Floats | None:
    names = [f"share.{question.name}.{grade:g}" for grade in question.grades]
    return _columns(table, names) if names and all(name in table for name in names) else None


def _columns(table: pd.DataFrame, names: Iterable[str]) -> Floats:
    held: Floats = table[list(names)].to_numpy(np.float64)
    return held


def predict(run: Run, samples: Sequence[Sample], *, root: Path | None = None) -> pd.DataFrame:
    """Return what the best model of `run` answers for every sample, beside what is right.

    Columns: key, dataset, subject, visit, view; part (train, validate or test of that run, "" for what it never saw);
    `trait.NAME` for each trait; and

    - a head of numbers: `target.NAME`, `predicted.NAME`; with several targets `target.HEAD.TARGET`; with spread also
      `spread.NAME`, the expected absolute error
    - grades: also `share.NAME.GRADE`, the probability of each; presence: predicted is a probability
    - a map of classes: `common.NAME.CLASS`, `either.NAME.CLASS`, pixels that both and that any call so, whose
      quotient is the IoU; a density: target and predicted are its sums
    - spectra: `pixels.NAME` of the mask beside the sample (all where there is none), and on them `predicted.NAME.SCORE`
      for each field of `SpectralScores`; `mean.NAME.SCORE`: what the mean spectrum of the training part scores. Only of
      samples that did not teach

    What is not known is NaN.
    """
    import pandas as pd  # late: half a second

    samples = drawn(samples, run.recipe)
    model, shown = load_model(run)
    decoded = with_cameras(decode(samples, run.recipe, root=root), shown.cameras)
    columns = _who(samples) | {"part": _part(run, samples)}
    for name in sorted({trait for sample in samples for trait in sample.traits}):
        columns[f"trait.{name}"] = np.array([sample.traits.get(name) for sample in samples], dtype=object)
    if any(head.kind == "spectrum" for head in run.recipe.head.values()):
        columns |= spectra_scored(model, decoded, run, samples, columns["part"])
    else:
        columns |= _answers(model, decoded, run, folder=kept_in(samples, run.recipe, root, targets=False))
    return pd.DataFrame(columns).infer_objects()


def predict_weights(
    weights: Weights, recipe: Recipe, samples: Sequence[Sample], *, root: Path | None = None
) -> pd.DataFrame:
    """Return a table like that of `predict`, without parts, of what exported weights answer to the heads of `recipe`.

    Raises UsageError where the weights lack one of its heads.
    """
    import pandas as pd  # late: half a second

    lacking = [name for name in recipe.head if name not in weights.answers]
    if lacking:
        raise UsageError(
            f"The weights {weights.name!r} do not answer {lacking[0]!r}.",
            advice=f"They answer {', '.join(weights.answers)}; name others.",
        )
    samples = drawn(samples, recipe)
    decoded = decode(samples, replace(recipe, input=weights.shown), root=root)
    decoded = with_cameras(decoded, weights.shown.cameras)
    answers = weights.run(np.asarray(decoded.pictures), decoded.numbers if weights.number_names else None)
    columns: dict[str, NDArray[Any]] = _who(samples)
    for name, head in recipe.head.items():
        columns |= _predict_columns(name, head, answers, np.asarray(decoded.targets[name]))
    return pd.DataFrame(columns).infer_objects()


def _part(run: Run, samples: Sequence[Sample]) -> NDArray[Any]:
    parts = json.loads((run.folder / "data.json").read_text())["parts"]
    where = {key: part for part, keys in parts.items() for key in keys}
    return np.array([where.get(str(sample.key), "") for sample in samples], dtype=object)


def _who(samples: Sequence[Sample]) -> dict[str, NDArray[Any]]:
    columns = {"key": np.array([str(sample.key) for sample in samples], dtype=object)}
    for name in ("dataset", "subject", "visit", "view"):
        columns[name] = np.array([getattr(sample.key, name) for sample in samples], dtype=object)
    return columns


@torch.inference_mode()
def _answers(model: Model, decoded: Decoded, run: Run, *, folder: Path | None) -> dict[str, NDArray[Any]]:
    device = device_for(run.recipe)
    model, features = model.to(device), None
    if is_frozen(run.recipe):
        features = said_of(model, run.recipe, decoded, looks=0, folder=folder)[0].to(device)
        decoded = without_pictures(decoded)
    told: list[dict[str, NDArray[Any]]] = []
    for batch in in_order(decoded, np.arange(len(decoded.sha256)), 64):
        seen = batch.to(device)
        said = None if features is None else features[torch.from_numpy(batch.places).to(device)]
        raw = model(seen.shown(channels_last=run.recipe.train.channels_last), seen.numbers, said)
        answers = {name: held.float().cpu().numpy() for name, held in model.answer(raw).items()}
        targets = {name: held.numpy() for name, held in batch.targets.items()}
        columns: dict[str, NDArray[Any]] = {}
        for name, head in run.recipe.head.items():
            columns |= _predict_columns(name, head, answers, targets[name])
        told.append(columns)
    return {name: np.concatenate([one[name] for one in told]) for name in told[0]}


def _predict_columns(
    name: str, head: Head, answers: Mapping[str, NDArray[Any]], target: NDArray[Any]
) -> dict[str, NDArray[Any]]:
    answer = answers[name]
    if head.kind == "map":
        return _overlap(name, answer, target) if head.classes else _sums(name, answer, target)
    if head.kind == "measure":
        columns: dict[str, NDArray[Any]] = {}
        for place, one in enumerate(head.targets):
            path = name if len(head.targets) == 1 else f"{name}.{one}"
            columns |= {f"target.{path}": target[:, place], f"predicted.{path}": answer[:, place]}
            if head.spread:
                columns[f"spread.{path}"] = answers[f"{name}_spread"][:, place]
        return columns
    columns = {f"target.{name}": target[:, 0], f"predicted.{name}": answer}
    for place, share in enumerate(answers.get(f"{name}_shares", np.empty((0, 0))).T):
        columns[f"share.{name}.{head.lowest + place * head.step:g}"] = share
    return columns


def _overlap(name: str, shares: NDArray[Any], target: NDArray[Any]) -> dict[str, NDArray[Any]]:
    found, known = shares.argmax(axis=1), target != 255
    columns = {}
    for one in range(shares.shape[1]):
        mine, true = (found == one) & known, (target == one) & known
        columns[f"common.{name}.{one}"] = (mine & true).sum(axis=(1, 2))
        columns[f"either.{name}.{one}"] = (mine | true).sum(axis=(1, 2))
    return columns


def _sums(name: str, density: NDArray[Any], target: NDArray[Any]) -> dict[str, NDArray[Any]]:
    return {f"target.{name}": target.sum(axis=(1, 2)), f"predicted.{name}": density.sum(axis=(1, 2))}
