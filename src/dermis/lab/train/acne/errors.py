"""How far counts of lesions err, as `dermis train acne-errors` reads it off people who taught nothing.

The number of comedones is held against what the second team of ACNE04 marked outside of all boxes and what is not red
there, on clean crops; the count of lesions against the count of the same skin photographed again, by simulation.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.core import FaceLesions, Photo, Region, Sample
from dermis.errors import InputError
from dermis.formats.files import write_text
from dermis.formats.images.photo import read_photo
from dermis.lab.datasets import find_dataset
from dermis.lab.synth.camera.again import photographed_again
from dermis.lab.train.acne.presence import untaught_photos
from dermis.lab.train.examples.comedones import crop_lessons, teaching_crops
from dermis.lab.train.recipe import Recipe
from dermis.metrics.calibration import conformal_quantile
from dermis.metrics.ordinal import spearman
from dermis.pipeline.analyse import analyse
from dermis.tasks import choose
from dermis.tasks.acne.visibility import ERRORS, non_inflammatory

__all__ = ["comedo_error", "count_spread", "fit_table"]

_Floats = NDArray[np.float64]
LEVEL = 0.9
"""Share of true numbers of comedones that lie below the upper end of the interval."""
FEWEST = 9
"""People that a conformal quantile of `LEVEL` needs."""
_HEAD = "error,log1p,is,people,photos,of,judged_by"


def comedo_error(true: _Floats, told: _Floats, groups: Sequence[str]) -> float:
    """Return the upper `LEVEL` quantile, over people, of log(1 + true) - log(1 + told), each (n,); 0 at least."""
    return max(conformal_quantile(np.log1p(true) - np.log1p(told), LEVEL, groups=groups), 0.0)


def count_spread(first: _Floats, again: _Floats) -> float:
    """Return the standard deviation of log(1 + n) of one skin, from counts (n,) of two photos of each."""
    return float(np.sqrt(np.mean((np.log1p(first) - np.log1p(again)) ** 2) / 2))


def fit_table(recipe: Recipe, folders: Mapping[str, Path], out: Path) -> dict[str, float]:
    """Write both errors to `out`; return what they rest on."""
    folder = folders["acne"]
    names = untaught_photos(folder)
    untaught = [one for one in find_dataset("acne04").index(folder) if one.key.view in names]
    groups, true, told = _comedones(folder, untaught)
    pairs = np.array(list(_counted_twice(untaught)), np.float64).reshape(-1, 2)
    people = len(set(groups))
    if min(people, len(pairs)) < FEWEST:
        raise InputError(
            f"{folder} has {people} people with crops and {len(pairs)} with photos who taught nothing; "
            f"{FEWEST} are needed.",
            advice="Hand in ACNE04 as tables, with circles_hires.csv and the crops.",
        )
    upper, spread = comedo_error(true, told, groups), count_spread(*pairs.T)
    rows = (
        f"comedones,{upper:.3g},upper {LEVEL:g} quantile of what is marked over what is told,{people},{len(groups)},"
        "crops of acne04 that taught neither network nor trees,dermis evaluate --table acne-comedones",
        f"count_again,{spread:.3g},standard deviation of one skin from photo to photo,{len(pairs)},{len(pairs)},"
        "photos of acne04 that taught nothing photographed again by simulation,dermis evaluate --table acne-change",
    )
    write_text(out / ERRORS.name, "\n".join((_HEAD, *rows)) + "\n")
    return {
        "comedones": upper, "comedones_spearman": spearman(true, told), "crops": len(groups), "crops_people": people,
        "count_again": spread, "photographed_again": len(pairs),
    }  # fmt: skip


def _comedones(folder: Path, untaught: Sequence[Sample]) -> tuple[list[str], _Floats, _Floats]:
    """Return of each crop of people who did not teach the trees either: whose it is, comedones marked and told."""
    taught = {one.key.subject for one in teaching_crops(folder)}
    samples = [one for one in untaught if "hires" in one.traits and one.key.subject not in taught]
    rows = []
    for sample in samples:
        for lesson in crop_lessons(folder, [sample]):
            lesions = _lesions(read_photo(Path(str(sample.traits["hires"]))))
            told = 0.0 if lesions is None else non_inflammatory(lesions, Region.FACE)
            rows.append((lesson.group, float(lesson.true), told))
    groups, true, told_of = zip(*rows, strict=True) if rows else ((), (), ())
    return list(groups), np.array(true, np.float64), np.array(told_of, np.float64)


def _counted_twice(untaught: Sequence[Sample]) -> Iterator[tuple[float, float]]:
    """Yield the counts of a photo of each person and of the same skin photographed again, where both are told."""
    firsts = {one.key.subject: one for one in reversed(untaught)}
    for sample in firsts.values():
        photo = sample.read()
        if isinstance(photo, Photo):
            again = photographed_again(photo, zlib.crc32(sample.key.view.encode()))
            first, second = _lesions(photo), _lesions(again)
            if first is not None and second is not None:
                yield max(first.counts[Region.FACE], 0.0), max(second.counts[Region.FACE], 0.0)


def _lesions(photo: Photo) -> FaceLesions | None:
    return analyse(photo, tasks=choose("acne_lesions")).lesions
