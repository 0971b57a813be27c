"""The link from both photos of one skin to what is new, as `dermis train acne-change` fits it to drawn papules.

Each photo is compared with itself photographed again, with papules drawn on it first and with nothing drawn, and both
again with gloss over one of the two. What lies where a papule was drawn is new; every other box, in both directions, is
not. A logistic regression learns the probability; figures are those of folds by person. Nobody here taught the network
of lesions.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.core import Analysis, Photo
from dermis.core.arrays import BoolMap
from dermis.core.change import TOLD_FROM
from dermis.errors import InputError, NoSkin
from dermis.formats.files import write_text
from dermis.formats.images.photo import read_photo
from dermis.formats.tables import read_table
from dermis.lab.datasets import find_dataset
from dermis.lab.synth.camera.again import photographed_again
from dermis.lab.synth.camera.gloss import with_gloss
from dermis.lab.synth.drawn_papules import with_papules
from dermis.lab.synth.lesions.kinds import Mark
from dermis.lab.train.acne.presence import untaught_photos
from dermis.lab.train.brown_marks import is_taught
from dermis.lab.train.recipe import Recipe
from dermis.pipeline.alignment import align
from dermis.pipeline.analyse import analyse
from dermis.pipeline.lesion_fates import Candidates, candidates, visit_of
from dermis.pipeline.longitudinal import SAME_SKIN
from dermis.tasks import choose
from dermis.tasks.acne.change_link import CHANGE_LINK, MOST_CONTRAST, MOST_LEFT, ChangeLink

__all__ = ["ChangeLesson", "at_marks", "fit_link", "fit_table", "lessons_of", "looked_at", "probabilities_in_folds"]

_Floats = NDArray[np.float64]
PHOTOS = 16
"""One photo of each of so many people, at most, of each pool."""
FOLDS = 5
_REACH = 0.75
"""A box is of a mark where their middles are nearer than this share of the larger side of the two."""
_HEAD = "start,here,there,contrast,left,new,not_new,pairs,people"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeLesson:
    """Boxes of one photo against another of the same skin: (n, 4) here, there, contrast and left; which are new.

    mark: (n,) number of the papule, -1 for none. drawn: how many there were. gloss: whether one of the two photos has
    gloss laid over it.
    """

    group: str
    gloss: bool
    clues: _Floats
    mark: NDArray[np.intp]
    drawn: int


def lessons_of(photo: Photo, group: str, name: str) -> Iterator[ChangeLesson]:
    """Yield a photo with papules and one with none, each photographed again and compared in both directions.

    Then both with gloss over them, and the painted one beside the first with gloss over that. Nothing where photos
    cannot be compared, or no papule found a place.
    """
    before = looked_at(photo)
    if before.face is None:
        return
    try:
        painted, marks = with_papules(photo, before.face, zlib.crc32(name.encode()))
    except NoSkin:
        return
    if not marks:
        return
    for number, (shown, drawn) in enumerate(((painted, marks), (photo, ()), (painted, marks), (photo, ()))):
        seed = zlib.crc32(f"{name} {number + 1}".encode())
        gloss = number > 1
        again = photographed_again(with_gloss(shown, before.face, seed) if gloss else shown, seed)
        yield from _both(before, looked_at(again), drawn, group, gloss=gloss)
    seed = zlib.crc32(f"{name} 5".encode())
    first = looked_at(with_gloss(photo, before.face, seed))
    yield from _both(first, looked_at(photographed_again(painted, seed)), marks, group, gloss=True)


def _both(
    before: Analysis, after: Analysis, drawn: Sequence[Mark], group: str, *, gloss: bool
) -> Iterator[ChangeLesson]:
    """Yield what may be new in the second photo, where something was drawn, and what may be gone, which nothing is."""
    pair = _both_ways(before, after)
    if pair is None:
        return
    new, gone = pair
    own = at_marks(new, drawn)
    yield ChangeLesson(group=group, gloss=gloss, clues=_clues(new), mark=own[new.visible], drawn=len(drawn))
    nothing = np.full(np.count_nonzero(gone.visible), -1, np.intp)
    yield ChangeLesson(group=group, gloss=gloss, clues=_clues(gone), mark=nothing, drawn=0)


def looked_at(photo: Photo) -> Analysis:
    """Return what a comparison of lesions needs."""
    return analyse(photo, tasks=choose("acne_lesions,acne_grade"))


def at_marks(new: Candidates, marks: Sequence[Mark]) -> NDArray[np.intp]:
    """Return (n,) which of the marks, drawn on the other photo of the two, each box lies on; -1 for none."""
    own = np.full(len(new.rows), -1, np.intp)
    for number, mark in enumerate(marks):
        middle = np.array([mark.box.x_px + mark.box.width_px / 2, mark.box.y_px + mark.box.height_px / 2])
        side = max(mark.box.width_px, mark.box.height_px)
        off = np.abs(new.elsewhere - middle).max(axis=1, initial=0.0)
        own[off <= _REACH * np.maximum(new.sides_px, side)] = number
    return own


def _both_ways(before: Analysis, after: Analysis) -> tuple[Candidates, Candidates] | None:
    try:
        first, second = visit_of(before), visit_of(after)
        laid = align(first.photo, first.face, second.photo, second.face)
        back = align(second.photo, second.face, first.photo, first.face)
    except InputError:
        return None
    if laid.textured < SAME_SKIN:
        return None
    return candidates(second, first, back), candidates(first, second, laid)


def _clues(found: Candidates) -> _Floats:
    contrast, left = np.clip(found.contrast, *MOST_CONTRAST), np.clip(found.left, *MOST_LEFT)
    return np.stack([found.here, found.there, contrast, left], axis=1)[found.visible]


def fit_link(clues: _Floats, new: BoolMap) -> ChangeLink:
    """Return the link for clues (n, 4) and which (n,) are new."""
    from sklearn.linear_model import LogisticRegression  # late: 0.5 s

    fitted = LogisticRegression(C=10.0, max_iter=1000).fit(clues, new)
    here, there, contrast, left = (round(float(one), 3) for one in fitted.coef_[0])
    start = round(float(fitted.intercept_[0]), 3)
    return ChangeLink(start=start, here=here, there=there, contrast=contrast, left=left)


def probabilities_in_folds(lessons: Sequence[ChangeLesson]) -> list[_Floats]:
    """Return what each lesson's boxes are told by a link that was fitted to other people."""
    people = sorted({one.group for one in lessons})
    fold_of = dict(zip(people, np.random.default_rng(0).permutation(len(people)) % FOLDS, strict=True))
    links = {}
    for fold in set(fold_of.values()):
        taught = [one for one in lessons if fold_of[one.group] != fold]
        links[fold] = fit_link(np.concatenate([one.clues for one in taught]), _new(taught))
    return [np.array([links[fold_of[one.group]].probability(*row) for row in one.clues.tolist()]) for one in lessons]


def _new(lessons: Sequence[ChangeLesson]) -> BoolMap:
    return np.concatenate([one.mark for one in lessons]) >= 0


def fit_table(recipe: Recipe, folders: Mapping[str, Path], out: Path) -> dict[str, float]:
    """Write the link of a fit on all to `out`; return the shares that are told, in folds by person."""
    photos = [*_clear(folders["clear"]), *_sore(folders["acne"])]
    lessons = [lesson for photo, group, name in photos for lesson in lessons_of(photo, group, name)]
    told = probabilities_in_folds(lessons)
    link = fit_link(np.concatenate([one.clues for one in lessons]), _new(lessons))
    new = _new(lessons)
    people, pairs = len({one.group for one in lessons}), len(lessons) // 2
    weights = (link.start, link.here, link.there, link.contrast, link.left)
    numbers = (*weights, int(new.sum()), int((~new).sum()), pairs, people)
    write_text(out / CHANGE_LINK.name, f"{_HEAD}\n{','.join(map(str, numbers))}\n")
    plain, gloss = (
        _told([(one, chances) for one, chances in zip(lessons, told, strict=True) if one.gloss is wanted])
        for wanted in (False, True)
    )
    return {
        "pairs": pairs, "people": people, "papules": sum(one.drawn for one in lessons),
        "papules_told_new": plain[0], "falsely_told_a_comparison": plain[1],
        "papules_told_new_gloss": gloss[0], "falsely_told_a_comparison_gloss": gloss[1],
    }  # fmt: skip


def _told(lessons: Sequence[tuple[ChangeLesson, _Floats]]) -> tuple[float, float]:
    """Return the share of the drawn papules that is told, and the places told falsely in a pair of photos."""
    drawn = sum(one.drawn for one, _ in lessons)
    sure = [(one.mark, chances >= TOLD_FROM) for one, chances in lessons]
    seen = sum(len(set(mark[told & (mark >= 0)].tolist())) for mark, told in sure)
    falsely = sum(int(np.count_nonzero(told & (mark < 0))) for mark, told in sure)
    return seen / max(drawn, 1), 2 * falsely / max(len(lessons), 1)


def _clear(folder: Path) -> Iterator[tuple[Photo, str, str]]:
    rows: dict[str, str] = {}
    for row in read_table(folder / "labels.csv", needs=("file", "person")):
        if is_taught(row["person"]):
            rows.setdefault(row["person"], row["file"])
    for person, file in list(rows.items())[:PHOTOS]:
        yield read_photo(folder / file), person, file


def _sore(folder: Path) -> Iterator[tuple[Photo, str, str]]:
    names = untaught_photos(folder)
    firsts: dict[str, tuple[Photo, str, str]] = {}
    for sample in find_dataset("acne04").index(folder):
        if sample.key.view in names and sample.key.subject not in firsts and len(firsts) < PHOTOS:
            photo = sample.read()
            if isinstance(photo, Photo):
                firsts[sample.key.subject] = (photo, sample.key.subject, sample.key.view)
    yield from firsts.values()
