"""How acne is told on a set of photos by what was learnt on other sets, and by what ships where it learnt none of it.

Every set is held out in turn. Ridge regression of log(1 + lesions) on frozen features of a general network learns from
the others, each set weighing as much; it is never shipped, so sets that may judge but not teach what ships teach it
here. Habits of counting differ by team: sets are compared by rank, and by count after one monotone map, fitted to other
people of the same set.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dermis.core import HAYASHI_LIMITS, Encoding, Face, Photo, Region
from dermis.formats.images.photo import read_photo
from dermis.formats.tables import read_table
from dermis.lab.datasets import find_dataset
from dermis.lab.evaluate.acne.elsewhere import interval_in_words
from dermis.lab.evaluate.acne.lookalikes import ACNE
from dermis.lab.train.sources import PORTRAITS_NAME
from dermis.metrics.ordinal import ranks, spearman
from dermis.pipeline.analyse import analyse
from dermis.tasks import choose
from dermis.tasks.acne.detect import crop_face_square

if TYPE_CHECKING:
    from torch import nn

__all__ = [
    "SETS",
    "SetPhoto",
    "boxed_set",
    "drawn_set",
    "frozen_features",
    "graded_set",
    "learnt_elsewhere",
    "learnt_within",
    "outlined_set",
    "photos_of",
    "sets_table",
]

_Floats = NDArray[np.float64]

NETWORK, SIZE_PX = "resnet50_thin", 320
"""Open-NSFW's network of the registry, and the side of the square about the face that it is shown."""
_STRENGTHS = tuple(10.0**place for place in range(2, 7))
_FOLDS, _CLEAR = 5, 0.1
_EVERY = 10
_UNTAUGHT = ("P008", "P009", "P010")


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPhoto:
    """A photo of a set: how many lesions are marked, its frozen features (k,), and what ships tells of it.

    told: all lesions, small and faint ones too; chance: of acne. Both NaN where the set taught what ships.
    """

    data: str
    group: str
    lesions: float
    features: _Floats
    told: float
    chance: float


def boxed_set(data: str, folder: Path) -> Iterator[SetPhoto]:
    """Yield the photos of a folder of counts (`elsewhere`)."""
    for row in read_table(folder / "labels.csv", needs=("file", "group", "n_boxes")):
        yield from _faced(data, row["group"], float(row["n_boxes"]), read_photo(folder / row["file"]), told=True)


def outlined_set(data: str, folder: Path) -> Iterator[SetPhoto]:
    """Yield the photos of a folder of outlines (`elsewhere`); lesions are its outlines of acne."""
    outlined = Counter(
        row["file"] for row in read_table(folder / "polygons.csv", needs=("file", "label")) if row["label"] in ACNE
    )
    for row in read_table(folder / "labels.csv", needs=("file", "group")):
        photo = read_photo(folder / row["file"])
        yield from _faced(data, row["group"], float(outlined[row["file"]]), photo, told=True)


def graded_set(data: str, folder: Path) -> Iterator[SetPhoto]:
    """Yield a photo of every so many people of ACNE04, which taught what ships."""
    chosen = {sample.key.subject: sample for sample in reversed(find_dataset("acne04").index(folder))}
    for person in sorted(chosen)[::_EVERY]:
        photo = chosen[person].read()
        if isinstance(photo, Photo):
            yield from _faced(data, person, float(len(chosen[person].items)), photo, told=False)


def drawn_set(data: str, folder: Path) -> Iterator[SetPhoto]:
    """Yield portraits of people who do not exist with lesions, and marks that are none, drawn on their clear skin.

    Seven of the ten people taught what ships.
    """
    from dermis.lab.train.examples.acne import drawn_lesions  # late: the renderer

    for one in drawn_lesions(folder):
        photo = Photo(pixels=(one.pixels / 255).astype(np.float32), encoding=Encoding.SRGB)
        yield from _faced(f"{data}, drawn on", one.person, one.count_all, photo, told=one.person in _UNTAUGHT)


def _faced(data: str, group: str, lesions: float, photo: Photo, *, told: bool) -> Iterator[SetPhoto]:
    seen = analyse(photo, tasks=choose("acne_lesions") if told else ())
    if seen.face is None or seen.photo is None:
        return
    found = seen.lesions if told else None
    yield SetPhoto(
        data=data,
        group=group,
        lesions=lesions,
        features=frozen_features(seen.photo, seen.face),
        told=np.nan if found is None else found.counts_all[Region.FACE],
        chance=np.nan if found is None else found.found.presence or 0.0,
    )


def frozen_features(photo: Photo, face: Face) -> _Floats:
    """Return what a general network sees in the square about a face: the mean of its deepest features, (k,)."""
    import torch  # late: of the extra `lab`

    network, (mean, spread) = _network()
    picture = crop_face_square(photo, face, SIZE_PX).picture
    shown = (picture.astype(np.float32) / 255 - np.array(mean, np.float32)) / np.array(spread, np.float32)
    with torch.inference_mode():
        deep = network(torch.from_numpy(shown.transpose(2, 0, 1)[None].copy())).deep
    return np.asarray(deep.mean(dim=(2, 3))[0].numpy(), np.float64)


@cache
def _network() -> tuple[nn.Module, tuple[Sequence[float], Sequence[float]]]:
    from dermis.lab.networks.registry import NETWORKS  # late: torch

    entry = NETWORKS[NETWORK]
    assert entry.package is not None
    model = entry.build()
    model.load_state_dict(entry.read(entry.package[0]()), strict=False)
    return model.eval(), entry.scale


def learnt_elsewhere(photos: Sequence[SetPhoto], data: str) -> _Floats:
    """Return log(1 + lesions) of the photos of a set as ridge regression tells it that learnt from all other sets.

    Its strength is the one that orders each of the other sets best when that is left out in its turn.
    """
    others = [one for one in photos if one.data != data]
    names = list(dict.fromkeys(one.data for one in others))

    def ordered(strength: float) -> float:
        held = {name: [one for one in others if one.data == name] for name in names}
        return float(np.mean([
            spearman(_lesions(here), _ridge([one for one in others if one.data != name], here, strength))
            for name, here in held.items()
        ]))  # fmt: skip

    best = max(_STRENGTHS, key=ordered) if len(names) > 1 else _STRENGTHS[1]
    return _ridge(others, [one for one in photos if one.data == data], best)


def learnt_within(here: Sequence[SetPhoto], strength: float = _STRENGTHS[1]) -> _Floats:
    """Return the same for photos of one set, learnt from other people of that set."""
    said = np.zeros(len(here))
    for fold, out in _folds(here):
        said[out] = _ridge([here[place] for place in fold], [here[place] for place in out], strength)
    return said


def _ridge(teach: Sequence[SetPhoto], ask: Sequence[SetPhoto], strength: float) -> _Floats:
    from sklearn.linear_model import Ridge  # late: of the extra `lab`
    from sklearn.preprocessing import StandardScaler

    share = Counter(one.data for one in teach)
    weights = np.array([len(teach) / len(share) / share[one.data] for one in teach])
    scale = StandardScaler().fit(_features(teach), sample_weight=weights)
    model = Ridge(strength).fit(scale.transform(_features(teach)), np.log1p(_lesions(teach)), sample_weight=weights)
    return np.asarray(model.predict(scale.transform(_features(ask))), np.float64)


def _features(photos: Sequence[SetPhoto]) -> _Floats:
    return np.stack([one.features for one in photos])


def _lesions(photos: Sequence[SetPhoto]) -> _Floats:
    return np.array([one.lesions for one in photos])


def _folds(photos: Sequence[SetPhoto]) -> Iterator[tuple[list[int], list[int]]]:
    """Yield places that teach and places that are judged, of other people."""
    people = sorted({one.group for one in photos})
    fold = {person: number % _FOLDS for number, person in enumerate(np.random.default_rng(0).permutation(people))}
    for number in range(_FOLDS):
        out = [place for place, one in enumerate(photos) if fold[one.group] == number]
        if out:
            yield [place for place, one in enumerate(photos) if fold[one.group] != number], out


def sets_table(photos: Sequence[SetPhoto]) -> str:
    """Return rank, presence and error of the count of each set, by what learnt elsewhere, within it, and what ships."""
    lines = ["| set held out | photos, people | told by | count, Spearman | acne or not, AUC "
             "| median error after a monotone map |", "|---|---|---|---|---|---|"]  # fmt: skip
    for data in dict.fromkeys(one.data for one in photos):
        here = [one for one in photos if one.data == data]
        known = [place for place, one in enumerate(here) if np.isfinite(one.told)]
        ways: dict[str, tuple[list[SetPhoto], _Floats, _Floats]] = {}
        for name, said in (("the other sets", learnt_elsewhere(photos, data)),
                           ("other people of the set", learnt_within(here))):  # fmt: skip
            ways[f"ridge, learnt from {name}"] = here, said, said
        if known:
            some = [here[place] for place in known]
            ours = np.array([one.told for one in some])
            ways["what ships"] = some, ours, np.array([one.chance for one in some])
        nothing = np.zeros(len(here))
        ways["nothing (the median)"] = here, nothing, nothing
        lines += [f"| {data} | {_row(some, name, count, chance)} |" for name, (some, count, chance) in ways.items()]
    return "\n".join(lines)


def _row(photos: Sequence[SetPhoto], name: str, count: _Floats, chance: _Floats) -> str:
    groups, lesions = np.array([one.group for one in photos]), _lesions(photos)
    rank = auc = "-"
    if np.ptp(count):
        rank = interval_in_words(spearman, lesions, count, groups)
        auc = interval_in_words(_auc, 1.0 * _ill(lesions), chance, groups)
    error = _median_error(photos, count)
    return f"{len(photos)}, {len(set(groups))} | {name} | {rank} | {auc} | {error:.0%}"


def _ill(lesions: _Floats) -> NDArray[np.bool_]:
    """Return whether there is acne; of sets without clear faces, more of it than Hayashi calls mild."""
    some = bool(np.mean(lesions == 0) >= _CLEAR)
    ill: NDArray[np.bool_] = lesions > (0 if some else HAYASHI_LIMITS[0])
    return ill


def _auc(ill: NDArray[np.float64], said: _Floats) -> float:
    """Return how often an ill face is told as more so than another, ties counting half; NaN of one kind alone."""
    yes = int(np.count_nonzero(ill))
    no = len(ill) - yes
    return float((ranks(said)[ill > 0].sum() - yes * (yes + 1) / 2) / (yes * no)) if yes and no else float("nan")


def _median_error(photos: Sequence[SetPhoto], said: _Floats) -> float:
    """Return the median error of photos with lesions, as a share of these, after a monotone map by other people."""
    from sklearn.isotonic import IsotonicRegression  # late: of the extra `lab`

    lesions, told = _lesions(photos), np.zeros(len(photos))
    for teach, out in _folds(photos):
        line = IsotonicRegression(out_of_bounds="clip").fit(said[teach], np.log1p(lesions[teach]))
        told[out] = np.expm1(line.predict(said[out]))
    sore = lesions > 0
    return float(np.median(np.abs(told - lesions)[sore] / lesions[sore]))


def photos_of(folders: Mapping[str, Path]) -> list[SetPhoto]:
    """Return the photos of all `SETS`, by the names of their folders."""
    return [one for name in SETS for one in SETS[name](name, folders[name])]


SETS: Mapping[str, Callable[[str, Path], Iterator[SetPhoto]]] = {
    "acne04": graded_set,
    "acne_boxes_uii": boxed_set,
    "skin_problems_seg": outlined_set,
    PORTRAITS_NAME: drawn_set,
}
"""The sets that are held out, by the names of their folders."""
