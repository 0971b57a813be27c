"""Judge and ship the network of acne lesions: the tables of docs/concepts/acne-learning.md and of its card.

    python benchmarks/acne_judge.py tell   WORK --fold 0                     what it tells of inner and test part
    python benchmarks/acne_judge.py judge  WORK --fold 0 1 2 3 4 --acne04 DATA/acne04   every photo judged once
    python benchmarks/acne_judge.py export WORK --fold all --into FOLDER --version V
    python benchmarks/acne_judge.py probe  WORK                              ridge on frozen features, five folds

WORK is that of `benchmarks/acne.py`. What is chosen (limits, factors, intervals) is chosen on the inner part, whose
people neither teach nor judge. The probe is the floor, and once more with the skin painted out: at chance, or else
borders, resolution and background would give the grade away. Presence: `benchmarks/acne_presence.py`.
"""

from __future__ import annotations

import argparse
import json
import pickle
from dataclasses import dataclass, fields
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from acne import FOLDS, SEED, Told, figures, fold_name, fold_number, load, parts_of, teaching, told, xywh
from PIL import Image, ImageFilter

from dermis.core import HAYASHI_LIMITS
from dermis.formats.tables import read_table
from dermis.lab.datasets.splits import folds_of
from dermis.lab.evaluate.baselines import ridge
from dermis.lab.networks.lesions import LesionNetwork
from dermis.lab.networks.model import IMAGENET
from dermis.lab.networks.registry import backbone
from dermis.lab.train.export import export_lesions
from dermis.lab.train.lesion_views import Example, boxes_in_view
from dermis.lab.train.recipe import describe, find_recipe, read_recipe
from dermis.metrics.agreement import cohen_kappa
from dermis.metrics.bootstrap import bootstrap_all
from dermis.metrics.calibration import conformal_quantile
from dermis.metrics.detection import Found, average_precision
from dermis.metrics.ordinal import accuracy, balanced_accuracy, confusion, to_grades
from dermis.tasks.acne.decode import expected_grade, grade_probabilities
from dermis.tasks.acne.detect import calibrated

GRADES = range(4)
LEVEL = 0.9
PLAIN = [0.5, 1.5, 2.5]
"""Limits between grades; fitted ones, on an inner part of 94 images, were worse on the test part."""


def tell(work: Path, fold: int, **how: bool) -> None:
    network, size_px = opened(work / f"{fold_name(fold)}.pt")
    pools = load(work)
    said = {}
    for part, places in parts_of(pools, fold).items():
        examples = [pools["graded"][place] for place in places]
        if part == "train" or not examples:
            continue
        said[part] = told(network, examples, size_px, **how)
        table = figures(examples, said[part], size_px)
        print(part, len(examples), {key: round(value, 3) for key, value in table.items()}, flush=True)
    (work / f"told-{fold_name(fold)}.pkl").write_bytes(pickle.dumps(said))


def opened(path: Path) -> tuple[LesionNetwork, int]:
    network = LesionNetwork(pretrained="")
    network.load_state_dict(torch.load(path, weights_only=True))
    return network.eval(), read_recipe(find_recipe("acne-ours")).input.size_px


def calibration_of(examples: list[Example], rows: list[Told], size_px: int) -> dict[str, object]:
    """Return what the inner part says about factors, limits and errors."""
    groups = [one.person for one in examples]
    grade = np.array([one.grade for one in examples])
    marked = np.array([len(one.boxes) for one in examples])
    counts, everything = (np.array([getattr(row, name) for row in rows]) for name in ("count", "count_all"))
    both = np.array([one.count_all for one in examples])
    known = np.isfinite(both)
    factor = float(np.exp(np.mean(np.log1p(marked) - np.log1p(counts))))
    factor_all = float(np.exp(np.mean(np.log1p(both[known]) - np.log1p(everything[known]))))
    real = grades_of(rows)
    off = np.abs(np.log1p(marked) - np.log1p(counts * factor))
    scores = np.sort(np.concatenate([row.scores for row in rows]))[::-1]
    return {
        "count_factor": round(factor, 4),
        "count_all_factor": round(factor_all, 4),
        "grade_limits": PLAIN,
        "grade_error": round(conformal_quantile(np.abs(real - grade), LEVEL, groups=groups), 4),
        "count_error_log": round(conformal_quantile(off, LEVEL, groups=groups), 4),
        "score_from": round(float(scores[min(int(marked.sum()), len(scores) - 1)]), 4),
        "level": LEVEL,
        "images": len(examples),
        "people": len(set(groups)),
    }


def grades_of(rows: list[Told]) -> np.ndarray:
    return np.array([expected_grade(grade_probabilities(row.grade)) for row in rows])


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What was said of photos whose people taught nothing, with what was chosen on their fold's inner part applied.

    Each (n,): `grade`, `marked` and `both` as people said, NaN where unknown; `real`, `counts`, `everything` as the
    network said; `grade_covered`, `count_covered`: whether its intervals hold the truth.
    """

    examples: list[Example]
    rows: list[Told]
    grade: np.ndarray
    marked: np.ndarray
    both: np.ndarray
    real: np.ndarray
    counts: np.ndarray
    everything: np.ndarray
    grade_covered: np.ndarray
    count_covered: np.ndarray


def judged(pools: dict[str, list[Example]], work: Path, fold: int, size_px: int) -> Judged:
    said = pickle.loads((work / f"told-{fold_name(fold)}.pkl").read_bytes())
    parts = parts_of(pools, fold)
    inner, test = ([pools["graded"][place] for place in parts[name]] for name in ("inner", "test"))
    held = calibration_of(inner, said["inner"], size_px)
    print(fold_name(fold), json.dumps(held))
    rows = said["test"]
    grade, marked = np.array([one.grade for one in test]), np.array([float(len(one.boxes)) for one in test])
    real = calibrated_grades(rows, held)
    counts = np.array([row.count for row in rows]) * held["count_factor"]
    return Judged(
        examples=test, rows=rows, grade=grade, marked=marked, both=np.array([one.count_all for one in test]), real=real,
        counts=counts, everything=np.array([row.count_all for row in rows]) * held["count_all_factor"],
        grade_covered=np.abs(real - grade) <= held["grade_error"],
        count_covered=np.abs(np.log1p(marked) - np.log1p(counts)) <= held["count_error_log"],
    )  # fmt: skip


def joined(folds: list[Judged]) -> Judged:
    """Return several folds as one."""
    held = {}
    for one in fields(Judged):
        values = [getattr(fold, one.name) for fold in folds]
        held[one.name] = list(chain(*values)) if isinstance(values[0], list) else np.concatenate(values)
    return Judged(**held)


def judge(work: Path, folds: list[int], root: Path | None) -> None:
    pools = load(work)
    size_px = read_recipe(find_recipe("acne-ours")).input.size_px
    each = [judged(pools, work, fold, size_px) for fold in folds]
    for fold, one in zip(folds, each, strict=True):
        called = to_grades(one.real, GRADES)
        print(fold_name(fold), len(one.grade), f"kappa {cohen_kappa(one.grade, called, weights='quadratic'):.3f}",
              f"accuracy {accuracy(one.grade, called):.3f}", f"rmse {rmse(one.grade, one.real):.3f}")  # fmt: skip
    whole = joined(each)
    print(len(whole.grade), "photos of", len({one.person for one in whole.examples}), "people")
    for name, (value, low, high) in metrics_of(whole, size_px).items():
        print(f"{name}: {value:.3f} [{low:.3f}, {high:.3f}]")
    print(confusion(whole.grade, to_grades(whole.real, GRADES), GRADES).tolist())
    if root is not None:
        doctors(root, whole.examples, whole.real)


def rmse(truth: np.ndarray, said: np.ndarray) -> float:
    return float(np.sqrt(np.mean((truth - said) ** 2)))


def calibrated_grades(rows: list[Told], held: dict[str, object]) -> np.ndarray:
    return np.array([calibrated(value, held["grade_limits"]) for value in grades_of(rows)])  # type: ignore[arg-type]


def metrics_of(one: Judged, size_px: int) -> dict[str, tuple[float, float, float]]:
    """Return each figure with its 95 % interval by resampling people."""
    grade, called = one.grade, to_grades(one.real, GRADES)
    by_count = np.searchsorted(HAYASHI_LIMITS, one.counts)
    off = np.abs(one.counts - one.marked)

    def all_of(at: np.ndarray) -> list[float]:
        few, known = at[grade[at] <= 1], at[np.isfinite(one.both[at])]
        second = np.log1p(one.both[known])
        return [
            cohen_kappa(grade[at], called[at], weights="quadratic"),
            accuracy(grade[at], called[at]),
            balanced_accuracy(grade[at], called[at]),
            rmse(grade[at], one.real[at]),
            cohen_kappa(grade[at], by_count[at], weights="quadratic"),
            accuracy(grade[at], by_count[at]),
            float(off[few].mean()),
            float(np.abs(np.median(one.marked[few]) - one.marked[few]).mean()),
            float(off[at].mean()),
            float(np.corrcoef(np.log1p(one.everything[known]), second)[0, 1]),
            float(np.corrcoef(np.log1p(one.marked[known]), second)[0, 1]),
            float(one.grade_covered[at].mean()),
            float(one.count_covered[at].mean()),
        ]

    names = ("kappa", "accuracy", "balanced_accuracy", "rmse", "kappa_by_count", "accuracy_by_count",
             "count_mae_grades_0_1", "count_mae_grades_0_1_of_the_median", "count_mae", "second_team_log_r",
             "second_team_log_r_of_the_boxes", "grade_interval_covers", "count_interval_covers")  # fmt: skip
    groups = [example.person for example in one.examples]
    intervals = bootstrap_all(all_of, groups, resamples=500, method="percentile")
    table = {name: (said.value, said.low, said.high) for name, said in zip(names, intervals, strict=True)}
    truth = [xywh(boxes_in_view(example, size_px)) for example in one.examples]
    found = [Found(boxes=xywh(row.boxes), scores=row.scores) for row in one.rows]

    def ap(at: np.ndarray) -> list[float]:
        return [average_precision([truth[place] for place in at], [found[place] for place in at], iou=iou)
                for iou in (0.5, 0.3)]  # fmt: skip

    for name, said in zip(("ap50", "ap30"), bootstrap_all(ap, groups, resamples=30, method="percentile"), strict=True):
        table[name] = (said.value, said.low, said.high)
    return table


def doctors(root: Path, test: list[Example], real: np.ndarray) -> None:
    """Print each doctor beside the model on the images of the test part that the doctor graded."""
    rows = {row["image"]: row for row in read_table(root / "images.csv", needs=("image",))}
    for name in [key for key in next(iter(rows.values())) if key.startswith("grade_")]:
        given = np.array([float(rows[one.name].get(name) or "nan") for one in test])
        at = np.flatnonzero(np.isfinite(given))
        grade = np.array([one.grade for one in test])

        def both(
            some: np.ndarray, at: np.ndarray = at, given: np.ndarray = given, grade: np.ndarray = grade
        ) -> list[float]:
            here = at[some]
            mine = cohen_kappa(grade[here], to_grades(real[here], GRADES), weights="quadratic")
            theirs = cohen_kappa(grade[here], given[here], weights="quadratic")
            return [mine, theirs, mine - theirs]

        groups = [test[place].person for place in at]
        mine, theirs, more = bootstrap_all(both, groups, resamples=500, method="percentile")
        print(f"{name}: n {len(at)}, model {mine.value:.3f}, doctor {theirs.value:.3f}, "
              f"difference {more.value:.3f} [{more.low:.3f}, {more.high:.3f}]")  # fmt: skip


def export(work: Path, fold: int, into: Path, version: str) -> None:
    network, size_px = opened(work / f"{fold_name(fold)}.pt")
    pools = load(work)
    said = pickle.loads((work / f"told-{fold_name(fold)}.pkl").read_bytes())
    inner = [pools["graded"][place] for place in parts_of(pools, fold)["inner"]]
    recipe = read_recipe(find_recipe("acne-ours"))
    held = calibration_of(inner, said["inner"], size_px) | json.loads((work / "presence.json").read_text())
    card = (work / "card.md").read_text() + f"\n## Recipe\n\n```toml\n{describe(recipe, comments=False)}```\n"
    print({name: len(pool) for name, pool in teaching(pools, fold).items()})
    print(export_lesions(network, recipe, "acne", calibration=held, card=card, version=version, home=into))


def probe(work: Path) -> None:
    """Print what ridge regression on frozen features of whole pictures says, with skin and without.

    Parted by person, and once by picture as published tables are: then people are on both sides, and that is a leak.
    """
    pool = load(work)["graded"]
    grade, people = np.array([one.grade for one in pool]), np.array([one.person for one in pool])
    seen = {painted: frozen_features(pool, painted=painted) for painted in (False, True)}
    pictures = np.arange(len(pool)).astype(str)
    print(f"commonest grade {np.mean(grade == 1):.3f}, rmse of the mean {grade.std():.3f}")
    for title, groups, painted in (
        ("as it is", people, False), ("skin painted out", people, True), ("leaky: parted by picture", pictures, False),
    ):  # fmt: skip
        folds = folds_of(groups.tolist(), FOLDS, labels=grade.tolist(), seed=SEED)
        real = np.zeros(len(pool))
        for fold in range(FOLDS):
            taught = folds != fold
            here = seen[painted]
            real[~taught] = ridge(here[taught], grade[taught, None], groups[taught], here[~taught])[:, 0]
        called = to_grades(real, GRADES)
        print(f"{title}: kappa {cohen_kappa(grade, called, weights='quadratic'):.3f}",
              f"accuracy {accuracy(grade, called):.3f} rmse {rmse(grade, real):.3f}", flush=True)  # fmt: skip


@torch.inference_mode()
def frozen_features(pool: list[Example], *, painted: bool) -> np.ndarray:
    network = backbone("efficientnet_lite0", "package").eval()
    mean, std = (torch.tensor(one)[:, None, None] for one in IMAGENET)
    rows = []
    for one in pool:
        picture = np.asarray(Image.fromarray(one.pixels).resize((260, 260), Image.Resampling.BILINEAR)).copy()
        if painted:
            skin = np.asarray(Image.fromarray(one.skin).filter(ImageFilter.MaxFilter(9)).resize((260, 260))) > 40
            picture[skin] = 128
        seen = (torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255 - mean) / std
        rows.append(network(seen).deep.mean(dim=(2, 3))[0].numpy())
    return np.array(rows)


def main() -> None:
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("what", choices=("tell", "judge", "export", "probe"))
    for name in ("work", "acne04", "into"):
        said.add_argument(name if name == "work" else f"--{name}", type=Path)
    said.add_argument("--version", default="1")
    said.add_argument("--fold", type=fold_number, nargs="+", default=[0])
    said.add_argument("--threads", type=int, default=1)
    asked = said.parse_args()
    torch.set_num_threads(asked.threads)
    if asked.what == "tell":
        for fold in asked.fold:
            tell(asked.work, fold)
    elif asked.what == "probe":
        probe(asked.work)
    elif asked.what == "judge":
        judge(asked.work, asked.fold, asked.acne04)
    else:
        export(asked.work, asked.fold[0], asked.into, asked.version)


if __name__ == "__main__":
    main()
