"""Teach, judge and ship the network of acne lesions: the tables of docs/concepts/acne-learning.md.

    python benchmarks/acne.py collect WORK --acne04 DATA/acne04 --people DIR --made DIR
    python benchmarks/acne.py fold    WORK --fold 0 [--threads 2]     teach on the rest, inner tenth kept aside
    python benchmarks/acne.py fold    WORK --fold all                 on all but an inner tenth: what ships

WORK keeps examples and weights; it holds pictures of people and stays out of the repository. `--people` is the folder
`data/curated` of the package openpeople; `--made` what `dermis synth acne04` wrote with the settings of the docs.
"""

from __future__ import annotations

import argparse
import math
import pickle
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from dermis.core import HAYASHI_LIMITS, Box, Encoding, Photo, Sample, SegmentationClass
from dermis.face import segmentation_model
from dermis.face.detection import detect_faces
from dermis.face.find import find_face
from dermis.formats.images.photo import read_photo
from dermis.formats.tables import read_table
from dermis.lab.datasets import acne04
from dermis.lab.datasets.splits import folds_of
from dermis.lab.networks.lesions import STRIDE, LesionNetwork
from dermis.lab.synth.head.uv import coarse
from dermis.lab.synth.lesions.draw import draw_marks
from dermis.lab.synth.lesions.kinds import INFLAMMATORY, MarkKind, MarkSpec
from dermis.lab.synth.portrait import portrait_of, with_marks
from dermis.lab.synth.skin.maps import Tone
from dermis.lab.train.lesion_views import Example, boxes_in_view
from dermis.lab.train.lesions import TrainState, answers_for, begin, fit
from dermis.lab.train.recipe import find_recipe, read_recipe
from dermis.metrics.agreement import cohen_kappa
from dermis.metrics.detection import Found, average_precision
from dermis.metrics.ordinal import accuracy, to_grades
from dermis.tasks.acne.decode import (
    boxes_at_peaks,
    expected_grade,
    grade_probabilities,
    mirrored_back,
    presence_features,
)

USUAL_ASPECT = 3112 / 3456
LARGEST = {"graded": 640, "marked": 896, "made": 512, "people": 640, "drawn": 1024}
FOLDS, INNER, SEED = 5, 10, 0
ALL = -1
"""The fold in which nobody judges."""
FACE = (
    SegmentationClass.FACE_SKIN,
    SegmentationClass.NOSE,
    SegmentationClass.LIPS,
    SegmentationClass.EYES,
    SegmentationClass.FACIAL_HAIR,
)
SKIN = (
    SegmentationClass.FACE_SKIN,
    SegmentationClass.OTHER_SKIN,
    SegmentationClass.NOSE,
    SegmentationClass.FACIAL_HAIR,
)
SHARES = {"marked": 0.25, "made": 0.1, "people": 0.05, "drawn": 0.08}
SIZES_PX = ((384, 0.5), (448, 0.25))
"""Sizes of the views before the recipe's, and their shares of the epochs."""
DRAWN_A_PICTURE = 3
LESIONS = (MarkKind.PAPULE, MarkKind.PUSTULE, MarkKind.NODULE, MarkKind.OPEN_COMEDO, MarkKind.CLOSED_COMEDO)
OTHER_MARKS = (MarkKind.FRECKLE, MarkKind.LENTIGO, MarkKind.NAEVUS, MarkKind.PIH, MarkKind.PIE)
HELD_BACK = ("P008", "P009", "P010")
"""People of openpeople that nothing is taught with."""


def collect(work: Path, roots: argparse.Namespace) -> None:
    samples = acne04.index(roots.acne04)
    pools = {"graded": list(graded(samples)), "marked": list(marked(roots.acne04, samples))}
    if roots.made:
        pools["made"] = list(made(roots.made))
    if roots.people:
        pools["people"] = list(people(roots.people, LARGEST["people"]))
        pools["drawn"] = [seen for one in people(roots.people, LARGEST["drawn"]) for seen in drawn(one)]
    for name, pool in pools.items():
        (work / f"{name}.pkl").write_bytes(pickle.dumps(pool, protocol=5))
        print(name, len(pool), flush=True)


def graded(samples: list[Sample]) -> Iterator[Example]:
    """The squeezed photos, with boxes, grade and the second team's number."""
    for sample in samples:
        said = sample.traits
        width, height = said.get("original_width_px"), said.get("original_height_px")
        known = isinstance(width, float) and isinstance(height, float)
        pixels = bytes_of(sample.read())
        labels = {(label.task, label.grader): label.value for label in sample.labels}
        seen = example(sample.key.view, sample.key.subject, pixels)
        yield replace(
            seen,
            stretch=(width / height if known else USUAL_ASPECT) * pixels.shape[0] / pixels.shape[1],
            boxes=corners([item.box for item in sample.items]),
            grade=float(labels[("acne_grade", "reference")]),
            count_all=float(labels.get(("acne_lesions", "second team"), np.nan)),
        )


def marked(root: Path, samples: list[Sample]) -> Iterator[Example]:
    """The clean square crops with boxes and circles; nothing says their grade."""
    boxes, circles = (by_image(root / name) for name in ("boxes_hires.csv", "circles_hires.csv"))
    for sample in samples:
        name = sample.key.view
        if name not in circles or "hires" not in sample.traits:
            continue
        pixels = np.asarray(Image.open(str(sample.traits["hires"])).convert("RGB"))
        own = [[float(row[key]) for key in ("xmin_px", "ymin_px", "xmax_px", "ymax_px")] for row in boxes.get(name, [])]
        drawn = [[float(row[key]) for key in ("x_px", "y_px", "radius_px")] for row in circles[name]]
        yield replace(
            example(name, sample.key.subject, pixels),
            boxes=np.array(own, np.float32).reshape(-1, 4),
            circles=np.array(drawn, np.float32).reshape(-1, 3),
        )


def made(root: Path) -> Iterator[Example]:
    """Synthetic people; a clear one has the grade 0, of the others only the lesions teach."""
    for sample in acne04.index(root):
        boxes = corners([item.box for item in sample.items])
        seen = example(sample.key.subject, f"made-{sample.key.subject}", bytes_of(sample.read()))
        yield replace(seen, boxes=boxes, circles=None if len(boxes) else np.zeros((0, 3), np.float32),
                      grade=np.nan if len(boxes) else 0.0, count_all=np.nan if len(boxes) else 0.0)  # fmt: skip


def people(root: Path, longest_px: int) -> Iterator[Example]:
    """Portraits of people who do not exist and have no acne."""
    for path in sorted(root.glob("*/assets/*.jpg")):
        photo = read_photo(path)
        for place, face in enumerate(detect_faces(photo)[:6]):
            side = face.square.side_px
            if side < 180:
                continue
            x, y, reach = face.square.x_px, face.square.y_px, 0.95 * side
            box = [max(0, int(value)) for value in (x - reach, y - reach, x + reach, y + reach)]
            cut = Image.fromarray(bytes_of(photo)).crop(
                (box[0], box[1], min(box[2], photo.width_px), min(box[3], photo.height_px))
            )
            cut.thumbnail((longest_px, longest_px), Image.Resampling.LANCZOS)
            yield replace(
                example(f"{path.parts[-3]}-{path.stem}-{place}", path.parts[-3], np.asarray(cut)),
                boxes=np.zeros((0, 4), np.float32), circles=np.zeros((0, 3), np.float32), grade=0.0, count_all=0.0,
            )  # fmt: skip


def drawn(clear: Example) -> Iterator[Example]:
    """Portraits with lesions drawn on them, and with marks that are none: the same person before and after."""
    photo = Photo(pixels=clear.pixels.astype(np.float32) / 255, encoding=Encoding.SRGB)
    face = find_face(photo)
    if face is None or not face.skin.any():
        return
    portrait = portrait_of(photo, face)
    grid, skin = coarse(portrait.atlas), portrait.atlas.skin
    melanin, blood = (
        float(np.median(getattr(portrait.maps, name)[skin])) for name in ("melanosome_fraction", "blood_fraction")
    )
    tone = Tone(melanosome_fraction=melanin, blood_fraction=blood, oxygen_saturation=0.7)
    for turn in range(DRAWN_A_PICTURE):
        rng = np.random.default_rng([zlib.crc32(clear.name.encode()), turn])
        specs: tuple[MarkSpec, ...] = ()
        for kind in rng.choice(np.array(OTHER_MARKS, object), 2, replace=False):
            specs += draw_marks(rng, kind, int(rng.integers(0, 8)), tone, grid, first=len(specs), taken=specs)
        for kind in rng.choice(np.array(LESIONS, object), 3, replace=False) if turn else ():
            specs += draw_marks(rng, kind, int(np.exp(rng.uniform(0, 2.3))), tone, grid, first=len(specs), taken=specs)
        after, marks = with_marks(portrait, specs)
        boxed = np.array([grown(mark.box) for mark in marks if mark.kind in INFLAMMATORY], np.float32).reshape(-1, 4)
        every = [(box[0] + box[2], box[1] + box[3], box[2] - box[0])
                 for box in (grown(mark.box) for mark in marks if mark.kind in LESIONS)]  # fmt: skip
        yield replace(
            clear, name=f"{clear.name}-{turn}", pixels=bytes_of(after), boxes=boxed,
            circles=np.array(every, np.float32).reshape(-1, 3) / 2,
            grade=math.nan if every else 0.0, count_all=float(len(every)),
        )  # fmt: skip


def grown(box: Box) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of a box with the room that annotators leave."""
    middle = (box.x_px + box.width_px / 2, box.y_px + box.height_px / 2)
    reach = [max(0.7 * length, length / 2 + 1) for length in (box.width_px, box.height_px)]
    return middle[0] - reach[0], middle[1] - reach[1], middle[0] + reach[0], middle[1] + reach[1]


def example(name: str, person: str, pixels: np.ndarray) -> Example:
    """Return a picture with its face and skin, as our parser sees them, and nothing marked."""
    view = np.asarray(
        Image.fromarray(pixels).resize(
            (segmentation_model.SIZE, segmentation_model.SIZE), Image.Resampling.BILINEAR, reducing_gap=2.0
        )
    )
    shares = segmentation_model.class_probabilities(view)
    skin = np.uint8(np.rint(255 * shares[..., list(SKIN)].sum(axis=-1).clip(0, 1)))
    face = face_box(shares[..., list(FACE)].sum(axis=-1) > 0.5, pixels.shape[1], pixels.shape[0])
    height, width = (round(length / 4) for length in pixels.shape[:2])
    small = np.asarray(Image.fromarray(skin).resize((width, height), Image.Resampling.BILINEAR))
    return Example(name=name, person=person, pixels=pixels, skin=small, face=face)


def face_box(mask: np.ndarray, width: int, height: int) -> tuple[float, float, float, float]:
    """Return the box of all but the outermost hundredths of `mask`, or the whole picture where there is no face."""
    if mask.mean() < 0.04:
        return 0.0, 0.0, float(width), float(height)
    ends = []
    for axis, length in ((0, width), (1, height)):
        share = np.cumsum(mask.sum(axis=axis)) / mask.sum()
        first, last = np.searchsorted(share, (0.01, 0.99))
        ends.append((first * length / mask.shape[1 - axis], (last + 1) * length / mask.shape[1 - axis]))
    return ends[0][0], ends[1][0], ends[0][1], ends[1][1]


def load(work: Path) -> dict[str, list[Example]]:
    return {name: pickle.loads((work / f"{name}.pkl").read_bytes())
            for name in LARGEST if (work / f"{name}.pkl").is_file()}  # fmt: skip


def parts_of(pools: dict[str, list[Example]], fold: int) -> dict[str, np.ndarray]:
    """Return the graded pictures that teach, that choose (limits, factors, intervals) and that judge."""
    graded_pool = pools["graded"]
    groups, grades = [one.person for one in graded_pool], [one.grade for one in graded_pool]
    part = np.where(folds_of(groups, FOLDS, labels=grades, seed=SEED) == fold, 2, 0)
    rest = np.flatnonzero(part == 0)
    inner = folds_of([groups[place] for place in rest], INNER, labels=[grades[place] for place in rest], seed=SEED)
    part[rest[inner == max(fold, 0)]] = 1
    return {name: np.flatnonzero(part == place) for place, name in enumerate(("train", "inner", "test"))}


def teaching(pools: dict[str, list[Example]], fold: int) -> dict[str, list[Example]]:
    """Return what teaches: nobody of the inner and the test part, in no pool."""
    parts = parts_of(pools, fold)
    kept = {pools["graded"][place].person for place in parts["train"]}
    taught = {"graded": [pools["graded"][place] for place in parts["train"]]}
    taught["marked"] = [one for one in pools["marked"] if one.person in kept]
    taught["made"] = [one for one in pools.get("made", []) if not hash_fold(one.person)]
    for name in ("people", "drawn"):
        taught[name] = [one for one in pools.get(name, []) if one.person not in HELD_BACK]
    return taught


def hash_fold(person: str) -> bool:
    """Return whether a synthetic person is only looked at: every sixth."""
    return number_of(person) % 6 == 0


def number_of(person: str) -> int:
    return int("".join(letter for letter in person if letter.isdigit()) or 0)


def fold(work: Path, number: int, threads: int) -> None:
    """Teach on all but the inner and the test part of a fold; a run that was stopped goes on."""
    torch.set_num_threads(threads)
    recipe = read_recipe(find_recipe("acne-ours"))
    pools = teaching(load(work), number)
    print({name: len(pool) for name, pool in pools.items()}, flush=True)
    course, path = begin(recipe), work / f"{fold_name(number)}.ckpt"
    if path.is_file():
        course.go_on(path)
    began = time.time()

    def tell(now: TrainState) -> None:
        now.keep(path)
        print(f"{time.time() - began:.0f} s", {key: round(held, 3) for key, held in now.told[-1].items()}, flush=True)

    sizes = [size for size, share in SIZES_PX for _ in range(round(share * recipe.train.epochs))]
    mean = fit(course, recipe, pools, SHARES, sizes_px=[*sizes, recipe.input.size_px], tell=tell)
    torch.save(mean.state_dict(), path.with_suffix(".pt"))


def fold_name(number: int) -> str:
    return "all" if number == ALL else f"fold{number}"


def fold_number(said: str) -> int:
    return ALL if said == "all" else int(said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the network tells of one picture: counts by two habits, whether any, logits of the grade, boxes, scores."""

    count: float
    count_all: float
    presence: tuple[float, ...]
    grade: np.ndarray
    boxes: np.ndarray
    scores: np.ndarray


def told(network: LesionNetwork, examples: list[Example], size_px: int, **how: bool) -> list[Told]:
    """Return what is told of each, the mean of the picture and its mirror image."""
    rows = []
    for plain, mirrored in zip(
        *(answers_for(network, examples, size_px, flip=flip, **how) for flip in (False, True)), strict=True
    ):
        mean = {name: (plain[name] + mirrored_back(name, mirrored[name])) / 2 for name in plain}
        boxes, scores = boxes_at_peaks(1 / (1 + np.exp(-mean["centres"])), mean["reaches"], STRIDE)
        rows.append(Told(count=float(mean["density"].sum()), count_all=float(mean["density_all"].sum()),
                         presence=presence_features(mean["density"], mean["density_all"]),
                         grade=mean["grade"], boxes=boxes, scores=scores))  # fmt: skip
    return rows


def figures(examples: list[Example], rows: list[Told], size_px: int) -> dict[str, float]:
    """Return the figures of docs/concepts/acne-learning.md, before anything is calibrated."""
    grade = np.array([one.grade for one in examples])
    real = np.array([expected_grade(grade_probabilities(row.grade)) for row in rows])
    counts, everything = (np.array([getattr(row, name) for row in rows]) for name in ("count", "count_all"))
    marked_counts = np.array([len(one.boxes) for one in examples])
    by_count = np.searchsorted(HAYASHI_LIMITS, counts)
    both = np.array([one.count_all for one in examples])
    known = np.isfinite(both)
    few = grade <= 1
    return {
        "kappa": cohen_kappa(grade, to_grades(real, range(4)), weights="quadratic"),
        "accuracy": accuracy(grade, to_grades(real, range(4))),
        "rmse": float(np.sqrt(np.mean((grade - real) ** 2))),
        "kappa_by_count": cohen_kappa(grade, by_count, weights="quadratic"),
        "accuracy_by_count": accuracy(grade, by_count),
        "count_mae_few": float(np.abs(counts - marked_counts)[few].mean()),
        "count_mae": float(np.abs(counts - marked_counts).mean()),
        "count_bias_log": float(np.mean(np.log1p(counts) - np.log1p(marked_counts))),
        "ap50": average_precision([xywh(boxes_in_view(one, size_px)) for one in examples],
                                  [Found(boxes=xywh(row.boxes), scores=row.scores) for row in rows], most_a_photo=100),
        "second_log_r": float(np.corrcoef(np.log1p(everything)[known], np.log1p(both[known]))[0, 1]),
    }  # fmt: skip


def xywh(corners: np.ndarray) -> np.ndarray:
    return np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1).astype(float)


def bytes_of(photo: object) -> np.ndarray:
    assert isinstance(photo, Photo)
    return np.uint8(np.rint(np.clip(photo.pixels, 0, 1) * 255))


def corners(boxes: list[Box]) -> np.ndarray:
    rows = [(box.x_px, box.y_px, box.x_px + box.width_px, box.y_px + box.height_px) for box in boxes]
    return np.array(rows, np.float32).reshape(-1, 4)


def by_image(path: Path) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for row in read_table(path, needs=("image",)):
        found.setdefault(row["image"], []).append(dict(row))
    return found


def main() -> None:
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("what", choices=("collect", "fold"))
    said.add_argument("work", type=Path)
    for name in ("acne04", "people", "made", "into"):
        said.add_argument(f"--{name}", type=Path)
    said.add_argument("--fold", type=fold_number, default=0)
    said.add_argument("--threads", type=int, default=2)
    roots = said.parse_args()
    roots.work.mkdir(parents=True, exist_ok=True)
    if roots.what == "collect":
        collect(roots.work, roots)
    else:
        fold(roots.work, roots.fold, roots.threads)


if __name__ == "__main__":
    main()
