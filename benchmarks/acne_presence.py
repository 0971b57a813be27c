"""Acne, yes or no: in patches of the clean crops, and in portraits before and after lesions were drawn on them.

    python benchmarks/acne_presence.py patches   WORK --fold 0 1 2 3 4
    python benchmarks/acne_presence.py portraits WORK --fold all      also writes WORK/presence.json, which ships

WORK is that of `benchmarks/acne.py`. A patch is judged where at least 60 % of it is skin: yes holds a box's middle, no
meets neither box nor circle; the limit of the density's sum comes from the people of the inner part. Portraits are of
people who taught nothing; their formula is fitted on all but the person that is judged, in turn.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from acne import HELD_BACK, fold_number, hash_fold, load, number_of, parts_of, told
from acne_judge import opened

from dermis.lab.networks.lesions import STRIDE, LesionNetwork
from dermis.lab.train.lesion_views import Example, in_picture
from dermis.lab.train.lesions import answers_for
from dermis.metrics.bootstrap import bootstrap
from dermis.metrics.ordinal import auroc, f1

SKIN_SHARE = 0.6
SIDES_PX = (128, 256)
STRENGTH = 1.0


def patches(work: Path, folds: list[int]) -> None:
    pools = load(work)
    rows: dict[int, list[tuple[str, bool, bool]]] = {side: [] for side in SIDES_PX}
    for fold in folds:
        network, size_px = opened(work / f"fold{fold}.pt")
        parts = parts_of(pools, fold)
        seen = {}
        for part in ("inner", "test"):
            people = {pools["graded"][place].person for place in parts[part]}
            seen[part] = patches_of(network, [one for one in pools["marked"] if one.person in people], size_px)
        for side in SIDES_PX:
            inner, test = (seen[part][side] for part in ("inner", "test"))
            limit = best_limit(inner)
            rows[side] += [(person, yes, total >= limit) for person, yes, total in test]
            print(fold, side, f"from {limit:.3f}", f"F1 {f1_of(rows[side][-len(test) :]):.3f}", flush=True)
    for side in SIDES_PX:
        all_rows = rows[side]
        said = bootstrap(lambda at, of=all_rows: f1_of([of[place] for place in at]), [row[0] for row in all_rows],
                         resamples=300, method="percentile")  # fmt: skip
        yes = np.mean([row[1] for row in all_rows])
        print(f"{side} px: {len(all_rows)} patches, {yes:.3f} yes,",
              f"F1 {said.value:.3f} [{said.low:.3f}, {said.high:.3f}],",
              f"always yes {2 * yes / (1 + yes):.3f}")  # fmt: skip


def f1_of(rows: list[tuple[str, bool, bool]]) -> float:
    return f1(np.array([row[1] for row in rows]), np.array([row[2] for row in rows]))


def best_limit(rows: list[tuple[str, bool, float]]) -> float:
    yes, total = np.array([row[1] for row in rows]), np.array([row[2] for row in rows])
    limits = np.unique(np.quantile(total, np.linspace(0, 1, 200)))
    return float(max(limits, key=lambda limit: f1(yes, total >= limit)))


def patches_of(
    network: LesionNetwork, examples: list[Example], size_px: int
) -> dict[int, list[tuple[str, bool, float]]]:
    """Return by side each patch that is plainly yes or no: person, yes, sum of the density in it."""
    rows: dict[int, list[tuple[str, bool, float]]] = {side: [] for side in SIDES_PX}
    for one, answers in zip(examples, answers_for(network, examples, size_px), strict=True):
        cells = answers["density"].shape[0]
        down, across = np.mgrid[:cells, :cells]
        middles = np.stack([across.ravel(), down.ravel()], axis=1) * STRIDE + STRIDE / 2
        at = in_picture(one, middles, size_px)
        for side in SIDES_PX:
            for top in range(0, one.pixels.shape[0] - side + 1, side):
                for left in range(0, one.pixels.shape[1] - side + 1, side):
                    yes = has_lesion(one, left, top, side)
                    if yes is not None:
                        inside = np.all((at >= (left, top)) & (at < (left + side, top + side)), axis=1)
                        rows[side].append((one.person, yes, float(answers["density"].ravel()[inside].sum())))
    return rows


def has_lesion(one: Example, left: int, top: int, side: int) -> bool | None:
    """Return whether the patch holds a box's middle; None where it is not skin, or neither yes nor no."""
    assert one.boxes is not None
    assert one.circles is not None
    scale = one.skin.shape[0] / one.pixels.shape[0]
    rows, columns = (slice(round(start * scale), round((start + side) * scale)) for start in (top, left))
    if np.mean(one.skin[rows, columns] > 127) < SKIN_SHARE:
        return None
    start, end = np.array([left, top]), np.array([left + side, top + side])
    middles = (one.boxes[:, :2] + one.boxes[:, 2:]) / 2
    if np.any(np.all((middles >= start) & (middles < end), axis=1)):
        return True
    reach = one.circles[:, 2:]
    low = np.concatenate([one.boxes[:, :2], one.circles[:, :2] - reach])
    high = np.concatenate([one.boxes[:, 2:], one.circles[:, :2] + reach])
    return None if np.any(np.all((high > start) & (low < end), axis=1)) else False


def portraits(work: Path, fold: int) -> None:
    network, size_px = opened(work / ("all.pt" if fold < 0 else f"fold{fold}.pt"))
    pools = load(work)
    held = [one for name in ("people", "drawn") for one in pools[name] if one.person in HELD_BACK]
    held += [one for one in pools["made"] if hash_fold(one.person)]
    rows = told(network, held, size_px)
    seen = np.array([row.presence for row in rows])
    yes = np.array([one.count_all > 0 if one.circles is not None else len(one.boxes) > 0 for one in held])
    # Every synthetic head is somebody else; of the portraits one person is left out at a time.
    people = np.array(
        [one.person if one.person in HELD_BACK else f"head {number_of(one.person) // 6 % 5}" for one in held]
    )
    share = np.zeros(len(held))
    for person in sorted(set(people)):
        share[people == person] = chance(seen[people == person], fitted(seen[people != person], yes[people != person]))
    own = np.isin(people, HELD_BACK)
    for name, at in (("portraits", own), ("heads", ~own), ("all", own | ~own)):
        said, truth = share[at] >= 0.5, yes[at]
        print(name, int(at.sum()), f"yes {truth.mean():.3f}, always yes {2 * truth.mean() / (1 + truth.mean()):.3f};",
              f"F1 {f1(truth, said):.3f} AUROC {auroc(truth, share[at]):.3f}",
              f"Brier {np.mean((share[at] - truth) ** 2):.3f}",
              f"missed {int((truth & ~said).sum())} false {int((~truth & said).sum())}")  # fmt: skip
    inflamed = np.array([len(one.boxes) > 0 for one in held]) | ~yes
    portrait = own & inflamed
    print("portraits, only comedones aside", int(portrait.sum()), f"F1 {f1(yes[portrait], share[portrait] >= 0.5):.3f}")
    weights = fitted(seen, yes)
    (work / "presence.json").write_text(json.dumps({"presence": [round(float(value), 4) for value in weights]}))
    print(weights)


def fitted(seen: np.ndarray, yes: np.ndarray) -> np.ndarray:
    """Return intercept and weights (k + 1,) of a logistic regression, yes and no alike in weight, by Newton's steps."""
    design = np.column_stack([np.ones(len(seen)), seen])
    weight = np.where(yes, 0.5 / yes.mean(), 0.5 / (1 - yes.mean()))
    ridge = np.diag([0.0] + [STRENGTH] * seen.shape[1])
    found = np.zeros(design.shape[1])
    for _ in range(50):
        share = 1 / (1 + np.exp(-design @ found))
        slope = design.T @ (weight * (share - yes)) + ridge @ found
        bend = (design * (weight * share * (1 - share))[:, None]).T @ design + ridge + 1e-9 * np.eye(len(found))
        found = found - np.linalg.solve(bend, slope)
    return found


def chance(seen: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-(weights[0] + seen @ weights[1:]))))


def main() -> None:
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("what", choices=("patches", "portraits"))
    said.add_argument("work", type=Path)
    said.add_argument("--fold", type=fold_number, nargs="+", default=[0])
    said.add_argument("--threads", type=int, default=1)
    asked = said.parse_args()
    torch.set_num_threads(asked.threads)
    if asked.what == "patches":
        patches(asked.work, asked.fold)
    else:
        portraits(asked.work, asked.fold[0])


if __name__ == "__main__":
    main()
