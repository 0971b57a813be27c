"""How good a run's answers are: figures with intervals, beside what anyone could say, and for whom they hold.

evaluation/samples.parquet   one row a sample: answers, what is right, errors, baselines, intervals
evaluation/metrics.json      all figures, with the seeds and the fingerprint of the data
evaluation/evaluation.md     the figures as tables
evaluation/evaluation.html   the same with drawings, for people
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dermis.core import Sample
from dermis.core.arrays import FloatMap
from dermis.errors import UsageError
from dermis.formats.files import write_bytes
from dermis.lab.datasets import find_dataset, splits
from dermis.lab.datasets.check import PerceptualHash, find_duplicates
from dermis.lab.evaluate.baselines import BASELINES, LOOKS, baseline_answers, looks_of
from dermis.lab.evaluate.predict import (
    Question,
    answers_of,
    errors,
    known,
    predictions,
    questions_of,
    subjects,
    targets,
    with_intervals,
)
from dermis.lab.evaluate.subgroups import seen_in_training, subgroups_of
from dermis.lab.train.cache import Decoded, decode, fingerprint
from dermis.lab.train.recipe import recipe_hash
from dermis.lab.train.run import Run, find_run
from dermis.metrics.arrays import Floats
from dermis.metrics.bootstrap import Interval
from dermis.metrics.evaluation import (
    FEWEST_GROUPS,
    BootstrapConfig,
    Evaluation,
    SubgroupResult,
    gain_of,
    metrics_of,
    slices_of,
)
from dermis.metrics.registry import LEADING, MetricKind
from dermis.tasks import TASKS

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "as_json",
    "evaluate",
    "evaluate_folder",
    "evaluate_run",
    "judge",
    "metrics_of_task",
    "with_looks",
    "write_evaluation",
]

SCHEMA = "dermis.evaluation/1"
NEW, ALL = "new", "all"
LEARNT = ("train", "validate")
PARTS = (*LEARNT, "test", NEW)


def evaluate_folder(
    folder: Path, data: Path, *, out: Path | None = None, part: str = "", draws: BootstrapConfig | None = None
) -> Evaluation:
    """Evaluate the run in `folder` on the dataset in `data`; see `evaluate_run`."""
    run = find_run(folder)
    samples = find_dataset(run.recipe.data.dataset).index(data)
    return evaluate_run(run, samples, root=data, out=out, part=part, draws=draws)


def evaluate_run(
    run: Run,
    samples: Sequence[Sample],
    *,
    root: Path | None = None,
    out: Path | None = None,
    part: str = "",
    draws: BootstrapConfig | None = None,
) -> Evaluation:
    """Evaluate a run on samples, write what came out to `out`, and return it.

    root: folder of the dataset. out: by default the folder `evaluation` of the run. part: train, validate or test as
    the run had them, "new" for samples that it had not, or "all"; by default test, and new where nothing is of test.
    Raises UsageError where there is no trained model or nothing to judge, InputError for samples that cannot be read.
    """
    from dermis.lab.evaluate.predict import predict
    from dermis.lab.train.objectives.samples import drawn  # late, as is the next: torch

    samples = drawn(samples, run.recipe)
    decoded = decode(samples, run.recipe, root=root)
    table = with_looks(predict(run, samples, root=root), decoded.pictures[..., :3])
    table["part"] = table["part"].replace("", NEW)
    part = part or ("test" if (table["part"] == "test").any() else NEW)
    if "trait.camera" not in table:
        table["trait.camera"] = list(decoded.camera)
    found, table = evaluate(
        _remembering(run, table),
        questions_of(run.recipe),
        part=part,
        draws=draws,
        facts=_facts(run, root, fingerprint(samples, decoded.sha256)),
        leaks=_leaks(samples, decoded, table["part"].to_numpy(), part, run.recipe.split.by),
    )
    write_evaluation(found, table, run.folder / "evaluation" if out is None else out)
    return found


def evaluate(
    table: pd.DataFrame,
    questions: Sequence[Question],
    *,
    part: str = "test",
    draws: BootstrapConfig | None = None,
    level: float = 0.9,
    facts: Mapping[str, str] | None = None,
    leaks: Sequence[str] = (),
) -> tuple[Evaluation, pd.DataFrame]:
    """Return how good the answers in `table` are beside the trivial baselines, and the table with both, all parts.

    table: as `lab.evaluate.predict` makes it; where `with_looks` added them, baselines use looks too. part: the rows
    that are judged. level: of the intervals of single answers, made from the errors of the part validate; `draws` makes
    those of the figures. leaks: told in the report. Raises UsageError where the part has no known answer.
    """
    draws = draws or BootstrapConfig()
    table = with_intervals(table.reset_index(drop=True), questions, level=level)
    judged = []
    for question in questions:
        others = baselines_of(table, question)
        judged.append(judge(table, question, others, part=part, draws=draws))
        table = add_answers(table, question, others)
    found = Evaluation(
        judgements=tuple(one for one in judged if one is not None),
        part=part,
        level=level,
        draws=draws,
        facts=dict(facts or {}),
        baselines=BASELINES,
        seen=seen_in_training(table, part),
        leaks=tuple(leaks),
    )
    if not found.judgements:
        there = ", ".join(sorted(set(table["part"]) - {""})) or "none"
        raise UsageError(f"The part {part!r} has no known answers.", advice=f"Parts with samples: {there}.")
    return found, table


def judge(
    table: pd.DataFrame, question: Question, others: Mapping[str, Floats], *, part: str, draws: BootstrapConfig
) -> SubgroupResult | None:
    """Return the judgement on one question in the rows of `part`; None where nothing is known there.

    others: by name what other answerers say about every row, (n, k).
    """
    rows = known(table, question) if part == ALL else known(table, question) & (table["part"] == part).to_numpy()
    if not rows.any():
        return None
    held = table[rows].reset_index(drop=True)
    groups = subjects(held)
    answers = {
        "model": answers_of(held, question),
        **{name: answers_of(held, question, said[rows]) for name, said in others.items()},
    }
    return SubgroupResult(
        question=question.name,
        unit=question.unit,
        keys=tuple(held["key"]),
        groups=groups,
        answers=answers,
        figures={
            name: metrics_of(one, groups, draws, names=metrics_of_task(question.name, one.kind))
            for name, one in answers.items()
        },
        gains={name: gain_of(answers["model"], one, groups, draws) for name, one in answers.items() if name != "model"},
        slices={
            name: slices_of(answers["model"], groups, values, draws, order=order)
            for name, (values, order) in subgroups_of(held, question).items()
        },
    )


def metrics_of_task(name: str, kind: MetricKind) -> tuple[str, ...]:
    """Return the names of what is computed for a question: what its task names, the leading ones, and intervals.

    A question that is no task gets all that its kind has, (): nothing is named.
    """
    task = TASKS.get(name)
    if task is None:
        return ()
    return tuple(dict.fromkeys((*task.metrics, *LEADING[kind], "coverage", "width")))


def write_evaluation(found: Evaluation, table: pd.DataFrame, out: Path) -> None:
    """Write the four files of an evaluation into the folder `out`."""
    from dermis.lab.evaluate.report import evaluation_markdown, evaluation_page  # late: the page machinery

    out.mkdir(parents=True, exist_ok=True)
    held = io.BytesIO()
    table.to_parquet(held)
    figures = json.dumps(as_json(found, table), indent=1, ensure_ascii=False) + "\n"
    write_bytes(out / "samples.parquet", held.getvalue())
    write_bytes(out / "metrics.json", figures.encode())
    write_bytes(out / "evaluation.md", evaluation_markdown(found).encode())
    write_bytes(out / "evaluation.html", evaluation_page(found).encode())


def as_json(found: Evaluation, table: pd.DataFrame) -> dict[str, Any]:
    """Return the figures as plain objects; what is not defined is None."""
    return {
        "schema": SCHEMA,
        **found.facts,
        "part": found.part,
        "samples": {part: int((table["part"] == part).sum()) for part in PARTS},
        "bootstrap": {**asdict(found.draws), "groups": "subject", "method": "bca"},
        "interval_level": found.level,
        "fewest_subjects": FEWEST_GROUPS,
        "seen_in_training": {name: {"values": all_, "seen": seen} for name, (all_, seen) in found.seen.items()},
        "leaks": list(found.leaks),
        "questions": {one.question: _judgement_json(one) for one in found.judgements},
    }


def _judgement_json(one: SubgroupResult) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "unit": one.unit,
        "leading": one.leading,
        "samples": len(one.keys),
        "subjects": len(np.unique(one.groups)),
        "figures": {name: _intervals_json(figures) for name, figures in one.figures.items()},
        "better_than": _intervals_json(one.gains),
        "by": {
            trait: {
                each.value: {
                    "samples": each.samples,
                    "subjects": each.groups,
                    "judged": each.judged,
                    "figures": _intervals_json(each.figures),
                }
                for each in slices
            }
            for trait, slices in one.slices.items()
        },
    }


def _intervals_json(figures: Mapping[str, Interval]) -> dict[str, dict[str, float | None]]:
    return {name: {end: _plain(getattr(one, end)) for end in ("value", "low", "high")} for name, one in figures.items()}


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _facts(run: Run, root: Path | None, fingerprint: str) -> dict[str, str]:
    noted, versions = (json.loads((run.folder / name).read_text()) for name in ("data.json", "versions.json"))
    same = fingerprint == noted["fingerprint"]
    return {
        "run": run.folder.name,
        "recipe": run.recipe.name,
        "recipe_hash": recipe_hash(run.recipe),
        "seed": str(run.recipe.seed),
        "split_seed": str(run.recipe.split.seed),
        "split_by": ", ".join(run.recipe.split.by),
        "dataset": run.recipe.data.dataset,
        "data": "" if root is None else root.name,
        "data_fingerprint": fingerprint,
        "same_data_as_learnt_with": "yes" if same else "no",
        **{f"version_{name}": str(version) for name, version in versions.items()},
    }


def _leaks(
    samples: Sequence[Sample], decoded: Decoded, part: NDArray[Any], judged: str, by: Sequence[str]
) -> list[str]:
    """Return in words what was learnt with and is judged too: what the split kept together, and duplicates."""
    if decoded.grey is None or judged not in ("test", NEW):
        return []
    held = [
        PerceptualHash(sha256=sha256, grey=grey) for sha256, grey in zip(decoded.sha256, _grey(decoded), strict=True)
    ]
    places = splits.Parts(
        train=np.flatnonzero(part == "train"),
        validate=np.flatnonzero(part == "validate"),
        test=np.flatnonzero(part == judged),
    )
    found = splits.overlaps(samples, places, by=by, duplicates=find_duplicates(held))
    return [splits.overlap_words(one) for one in found if "test" in one.keys]


def _grey(decoded: Decoded) -> FloatMap:
    return np.asarray(decoded.grey, np.float32)


def with_looks(table: pd.DataFrame, pictures: NDArray[Any]) -> pd.DataFrame:
    """Return the table with what is seen of each row's picture, (n, h, w, 3), as columns `look.NAME`."""
    seen = looks_of(pictures)
    return table.assign(**{f"look.{name}": seen[:, place] for place, name in enumerate(LOOKS)})


def _remembering(run: Run, table: pd.DataFrame) -> pd.DataFrame:
    """Return the table; of other data, with the rows that an earlier evaluation knows the run to have learnt with."""
    import pandas as pd  # late: half a second

    earlier = run.folder / "evaluation" / "samples.parquet"
    if table["part"].isin(LEARNT).any() or not earlier.is_file():
        return table
    known_rows = pd.read_parquet(earlier)
    columns = [name for name in known_rows if name in table or str(name).startswith("trait.")]
    return pd.concat([table, known_rows.loc[known_rows["part"].isin(LEARNT), columns]], ignore_index=True)


def baselines_of(table: pd.DataFrame, question: Question) -> dict[str, Floats]:
    if question.kind == "spectrum":  # what the mean spectrum does was judged beside the model
        return {"mean": table[[f"mean.{column}" for column in question.columns]].to_numpy(np.float64)}
    names = [f"look.{name}" for name in LOOKS]
    looks = table[names].to_numpy(np.float64) if set(names) <= set(table) else None
    teaching = (table["part"] == "train").to_numpy()
    return baseline_answers(question, targets(table, question), teaching, subjects(table), looks)


def add_answers(table: pd.DataFrame, question: Question, others: Mapping[str, Floats]) -> pd.DataFrame:
    """Return the table with what the baselines say, and how far each answerer is off."""
    right = targets(table, question)
    new = {f"error.{question.name}": errors(question, right, predictions(table, question))}
    for name, said in others.items():
        word = name.replace(" ", "_")
        new |= {f"{word}.{column}": said[:, place] for place, column in enumerate(question.columns)}
        new[f"error_{word}.{question.name}"] = errors(question, right, said)
    return table.assign(**new)
