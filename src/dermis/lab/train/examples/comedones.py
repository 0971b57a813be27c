"""The trees that tell comedones, as `dermis train comedones` fits them.

Two kinds of pictures teach, each weighing as much: portraits of people who do not exist (openpeople, MIT) with closed
and open comedones of true size drawn by the physical model; and clean crops of ACNE04, one a person, with what its
second team marked outside of all boxes and what is not red there. What lies in a box is left out. The figures are of
the number of candidates on the crops, in folds by person, without the network's counts that join it in fine photos.
Photos that judge (close-ups of other people, outlined comedones) teach nothing.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dermis.core import Face, Photo, Sample, Skin
from dermis.face.find import find_face
from dermis.formats.files import write_arrays
from dermis.formats.images.photo import read_photo
from dermis.formats.tables import read_table
from dermis.lab.datasets import find_dataset
from dermis.lab.synth.head.uv import coarse
from dermis.lab.synth.lesions.draw import draw_marks
from dermis.lab.synth.lesions.kinds import MarkKind
from dermis.lab.synth.portrait import CHEEKS_MM, middle_tone, portrait_of, with_marks
from dermis.lab.train.recipe import Recipe
from dermis.lab.train.tone_posterior import arrays_of_trees
from dermis.metrics.ordinal import spearman
from dermis.pipeline.analyse import analyse
from dermis.tasks.acne.comedones import CALLED_FROM, CLUES, FILE, Candidates, comedo_candidates

__all__ = [
    "Lesson",
    "crop_lessons",
    "drawn_comedones",
    "drawn_lessons",
    "fit_comedones",
    "fit_table",
    "labels_of",
    "teaching_crops",
    "told_in_folds",
]

_Floats = NDArray[np.float64]

SEED, FOLDS, ROUNDS = 0, 4, 60
CROPS = 55
"""Crops of ACNE04 that teach, one a person."""
TIMES, CLOSED, OPEN, LONGEST_PX = 2, (10, 80), (5, 35), 1300
"""How often each portrait is drawn on, how many comedones, and its longer side at most."""
CLEAR_SHOWS = 5.0
"""Candidates called on clear skin: 4 on clear adults, 6 on portraits (docs/concepts/acne.md)."""
NOT_RED = 4.0
"""Below this erythema index above the skin around a mark of the second team is no inflamed lesion."""
_KEPT = 0.15
_LEAST_MM, _LEAST_PX, _ROOM = 0.5, 4.0, 1.3
_LEVEL = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One picture: clues (n, k) of its candidates, and whether each is a comedo: 1, 0, or -1 where nobody knows.

    true: how many comedones were drawn or marked and not red.
    """

    group: str
    clues: _Floats
    labels: NDArray[np.int64]
    true: int


def labels_of(seen: Candidates, circles: _Floats, boxes: _Floats, *, not_red: float) -> NDArray[np.int64]:
    """Return whether each candidate is a comedo, for circles (m, 3), x, y, radius, and boxes (k, 4) of other lesions.

    In a circle the clearest candidate is one where it is not red, others there are not known; nor are those in a box.
    """
    labels = np.zeros(len(seen.places_px), np.int64)
    labels[_inside(seen.places_px, boxes)] = -1
    clear, red = (seen.clues[:, CLUES.index(name)] for name in ("clear", "red"))
    in_box = _inside(circles[:, :2], boxes)
    for (x, y, radius), known in zip(circles, in_box, strict=True):
        near = np.flatnonzero(np.hypot(seen.places_px[:, 0] - x, seen.places_px[:, 1] - y) < max(radius, _LEAST_PX))
        if not len(near):
            continue
        labels[near] = np.where(labels[near] == 1, 1, -1)
        best = near[np.argmax(clear[near])]
        if not known and red[best] < not_red:
            labels[best] = 1
    return labels


def _inside(places: _Floats, boxes: _Floats) -> NDArray[np.bool_]:
    low, high = boxes[None, :, :2], boxes[None, :, 2:]
    inside: NDArray[np.bool_] = np.all((places[:, None] > low) & (places[:, None] < high), axis=2)
    within: NDArray[np.bool_] = np.any(inside, axis=1)
    return within


def _seen(photo: Photo) -> tuple[Face, Skin] | None:
    analysis = analyse(photo, tasks=())
    return None if analysis.face is None or analysis.skin is None else (analysis.face, analysis.skin)


def crop_lessons(folder: Path, samples: Sequence[Sample] | None = None) -> Iterator[Lesson]:
    """Yield what is marked on clean crops of ACNE04; by default on those that teach."""
    circles, boxes = (
        _by_image(folder / name, columns)
        for name, columns in (
            ("circles_hires.csv", ("x_px", "y_px", "radius_px")),
            ("boxes_hires.csv", ("xmin_px", "ymin_px", "xmax_px", "ymax_px")),
        )
    )
    for sample in teaching_crops(folder) if samples is None else samples:
        image = sample.key.view
        found = _seen(read_photo(Path(str(sample.traits["hires"]))))
        if found is not None and image in circles:
            seen = comedo_candidates(*found)
            labels = labels_of(seen, circles[image], boxes.get(image, np.zeros((0, 4))), not_red=NOT_RED)
            true = int(np.count_nonzero(labels == 1))
            yield Lesson(group=sample.key.subject, clues=seen.clues, labels=labels, true=true)


def teaching_crops(folder: Path) -> list[Sample]:
    """Return the clean crops of ACNE04 that teach, the first of each of some people."""
    circled = {row["image"] for row in read_table(folder / "circles_hires.csv", needs=("image",))}
    chosen: dict[str, Sample] = {}
    for sample in find_dataset("acne04").index(folder):
        if "hires" in sample.traits and sample.key.view in circled:
            chosen.setdefault(sample.key.subject, sample)
    samples = list(chosen.values())
    return [samples[place] for place in np.random.default_rng(SEED).permutation(len(samples))[:CROPS].tolist()]


def _by_image(path: Path, columns: Sequence[str]) -> dict[str, _Floats]:
    held = defaultdict(list)
    for row in read_table(path, needs=("image", *columns)):
        held[row["image"]].append([float(row[name]) for name in columns])
    return {image: np.array(rows) for image, rows in held.items()}


def drawn_lessons(folder: Path) -> Iterator[Lesson]:
    """Yield portraits with comedones drawn on their skin."""
    for path in sorted(folder.glob("P0*.jpg")):
        for time in range(TIMES):
            rng = np.random.default_rng(zlib.crc32(f"{path.stem}_{time}".encode()))
            photo, circles = _drawn(rng, read_photo(path))
            found = _seen(photo)
            if found is not None and len(circles):
                seen = comedo_candidates(*found)
                labels = labels_of(seen, circles, np.zeros((0, 4)), not_red=np.inf)
                yield Lesson(group=path.stem[:4], clues=seen.clues, labels=labels, true=len(circles))


def _drawn(rng: np.random.Generator, photo: Photo) -> tuple[Photo, _Floats]:
    """Return a smaller portrait with comedones drawn on it, and their circles (n, 3)."""
    photo = _smaller(photo, LONGEST_PX * rng.uniform(0.45, 1.0) / max(photo.pixels.shape))
    face = find_face(photo)
    return (photo, np.zeros((0, 3))) if face is None else drawn_comedones(rng, photo, face)


def drawn_comedones(rng: np.random.Generator, photo: Photo, face: Face) -> tuple[Photo, _Floats]:
    """Return a photo with closed and open comedones of true size drawn on its skin, and their circles (n, 3)."""
    if face.face_width_px is None:
        return photo, np.zeros((0, 3))
    portrait = portrait_of(photo, face)
    tone = middle_tone(portrait)
    grid = coarse(portrait.atlas)
    closed = draw_marks(rng, MarkKind.CLOSED_COMEDO, int(rng.integers(*CLOSED)), tone, grid)
    opened = draw_marks(
        rng, MarkKind.OPEN_COMEDO, int(rng.integers(*OPEN)), tone, grid, first=len(closed), taken=closed
    )
    painted, marks = with_marks(portrait, (*closed, *opened))
    px_per_mm = face.face_width_px / CHEEKS_MM
    circles = [
        (mark.box.x_px + mark.box.width_px / 2, mark.box.y_px + mark.box.height_px / 2,
         _ROOM * max(mark.radius_mm, _LEAST_MM) * px_per_mm)
        for mark in marks
    ]  # fmt: skip
    return painted, np.array(circles).reshape(-1, 3)


def _smaller(photo: Photo, share: float) -> Photo:
    from PIL import Image  # late: 20 ms

    if share >= 1:
        return photo
    size = round(photo.width_px * share), round(photo.height_px * share)
    planes = [np.ascontiguousarray(photo.pixels[..., place], np.float32) for place in range(3)]
    small = [np.asarray(Image.fromarray(one).resize(size, Image.Resampling.BOX)) for one in planes]
    return replace(photo, pixels=np.clip(np.stack(small, axis=-1), 0, 1))


def fit_comedones(crops: Sequence[Lesson], drawn: Sequence[Lesson], *, rounds: int = ROUNDS) -> Any:  # noqa: ANN401 -- of scikit-learn
    """Return boosted trees for the log odds of a comedo, both kinds of pictures weighing alike."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # late: a second, and of the extra `lab`

    rng, parts = np.random.default_rng(SEED), []
    for lessons in (crops, drawn):
        clues = np.concatenate([one.clues for one in lessons])
        labels = np.concatenate([one.labels for one in lessons])
        kept = (labels == 1) | ((labels == 0) & (rng.random(len(labels)) < _KEPT))
        weights = np.where(labels[kept] == 1, 1.0, 1 / _KEPT)
        parts.append((clues[kept], labels[kept], weights / weights.sum()))
    clues, labels, weights = (np.concatenate(one) for one in zip(*parts, strict=True))
    booster = HistGradientBoostingClassifier(
        max_iter=rounds, learning_rate=0.1, max_leaf_nodes=8, min_samples_leaf=60, l2_regularization=1.0,
        early_stopping=False, random_state=SEED,
    )  # fmt: skip
    return booster.fit(clues, labels, sample_weight=weights / weights.mean())


def told_in_folds(crops: Sequence[Lesson], drawn: Sequence[Lesson], *, rounds: int = ROUNDS) -> _Floats:
    """Return the number (n,) told of each crop, what clear skin shows taken off, by trees of other people's crops."""
    groups = sorted({one.group for one in crops})
    told = np.zeros(len(crops))
    for fold in range(FOLDS):
        out = set(groups[fold::FOLDS])
        booster = fit_comedones([one for one in crops if one.group not in out], drawn, rounds=rounds)
        for place, one in enumerate(crops):
            if one.group in out:
                chances = booster.predict_proba(one.clues[one.labels >= 0])[:, 1]
                told[place] = max(np.count_nonzero(chances >= CALLED_FROM) - CLEAR_SHOWS, 0)
    return told


def fit_table(recipe: Recipe, folders: Mapping[str, Path], out: Path) -> dict[str, float]:
    """Write the trees to `out`; return how the number goes with what was marked on crops of other people."""
    rounds = int(recipe.fit["rounds"])
    crops, drawn = list(crop_lessons(folders["crops"])), list(drawn_lessons(folders["portraits"]))
    told = told_in_folds(crops, drawn, rounds=rounds)
    true = np.array([one.true for one in crops], np.float64)
    error = float(np.quantile(np.log1p(true) - np.log1p(told), _LEVEL))
    trees = arrays_of_trees(fit_comedones(crops, drawn, rounds=rounds))
    held: dict[str, Any] = {f"comedo_{name}": values for name, values in trees.items()}
    held |= {"clues": np.array(CLUES), "clear": np.array(CLEAR_SHOWS)}
    write_arrays(out / FILE.name, held)
    return {
        "crops": len(crops), "drawn_portraits": len(drawn), "spearman": spearman(true, told), "error_log": error
    }  # fmt: skip
