"""Two visits side by side: values then and now, both faces with their lesions framed, and each lesion then and now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dermis.core import Analysis, Box, Change, Detection, Photo, Scale, UnmatchedLesion, ValueChange
from dermis.core.change import NOT_ALIKE, SIDE_BY_SIDE, TOLD_FROM
from dermis.report.formatting import number, percent, plain, range_words, region_title, value_words
from dermis.report.page import rendered
from dermis.report.pictures import crop_uri, data_uri, shown, window_of
from dermis.tasks import TASKS

__all__ = ["change_page", "verdict_words"]

PICTURE_PX = 900
MOST_PAIRS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitFrame:
    """A frame on a picture, in its pixels; `state` is lasting, gone, new or doubtful."""

    state: str
    words: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One visit: its picture with frames."""

    title: str
    name: str
    uri: str
    width: int
    height: int
    alt: str
    frames: tuple[VisitFrame, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One lesion then and now; a picture is "" where its place cannot be compared."""

    state: str
    title: str
    probability: str
    before: str
    after: str


def change_page(change: Change, before: Analysis, after: Analysis) -> str:
    """Return the page of a change as HTML; `before` and `after` are the analyses that were compared."""
    if before.photo is None or after.photo is None:
        raise ValueError("A change is of two photos.")
    content = {
        "visits": (
            _visit("Before", before, before.photo, _frames_before(change)),
            _visit("After", after, after.photo, _frames_after(change)),
        ),
        "facts": _facts(change),
        "values": tuple(_value_row(one) for one in change.values if one.task in TASKS),
        "side_by_side": SIDE_BY_SIDE if change.told_gone or change.told_new else "",
        "not_alike": "" if change.taken_alike else NOT_ALIKE,
        "counts": {"gone": change.told_gone, "new": change.told_new, "lasting": len(change.lasting)},
        "pairs": tuple(_pairs(change, before.photo, after.photo))[:MOST_PAIRS],
        "unseen": sum(fate.elsewhere is None for fate in (*change.gone, *change.new)),
        "alignment": (
            f"The photos were laid on each other by {change.aligned_by}; one place may come out "
            f"{percent(change.off_face_widths)} of the face's width apart (1 sigma)."
        ),
    }
    return rendered("change.html", content)


def verdict_words(change: ValueChange) -> str:
    """Return in words whether a value changed by more than measuring again gives."""
    match change.changed:
        case True:
            return "changed"
        case False:
            return "no clear change"
        case None:
            return "how much is chance is not known"


def _value_row(change: ValueChange) -> tuple[str, ...]:
    task = TASKS[change.task]
    return (
        task.title,
        value_words(change.before, task.scale),
        value_words(change.after, task.scale),
        value_words(change.difference, task.scale),
        _ends(change, task.scale),
        "not measured" if change.mdc is None else value_words(change.mdc, task.scale),
        verdict_words(change),
    )


def _ends(change: ValueChange, scale: Scale) -> str:
    return "not known" if change.interval is None else range_words(change.interval, scale)


def _facts(change: Change) -> tuple[tuple[str, str], ...]:
    difference = change.count_after - change.count_before
    words = f"{'+' if difference > 0 else ''}{number(difference, 1)}"
    if change.difference is not None:
        low, high = change.difference
        words += f" ({number(low, 1)} to {number(high, 1)}, {percent(change.level)} interval)"
        told = change.told_gone or change.told_new
        words += ": no clear change" if low <= 0 <= high and not told and change.taken_alike else ""
    rows = [
        ("Lesions before", number(change.count_before, 1)),
        ("Lesions after", number(change.count_after, 1)),
        ("Difference", words),
    ]
    if change.grade_before is not None and change.grade_after is not None:
        rows.append(("Hayashi grade", f"{number(change.grade_before, 1)} → {number(change.grade_after, 1)}"))
    return tuple(rows)


def _frames_before(change: Change) -> list[tuple[str, str, Box]]:
    lasting = [("lasting", f"Lasting, {percent(pair.probability)}", pair.before.box) for pair in change.lasting]
    return lasting + _framed(change.gone, "gone")


def _frames_after(change: Change) -> list[tuple[str, str, Box]]:
    lasting = [("lasting", f"Lasting, {percent(pair.probability)}", pair.after.box) for pair in change.lasting]
    return lasting + _framed(change.new, "new")


def _framed(fates: Iterable[UnmatchedLesion], state: str) -> list[tuple[str, str, Box]]:
    found = []
    for fate in fates:
        sure = fate.probability >= TOLD_FROM
        words = f"{plain(state)}, {percent(fate.probability)}" if sure else f"Perhaps {state}: cannot be told"
        found.append((state if sure else "doubtful", words, fate.item.box))
    return found


def _visit(title: str, analysis: Analysis, photo: Photo, frames: list[tuple[str, str, Box]]) -> Visit:
    from dermis.formats.images.masks import encode_jpeg  # late: with it comes the image library

    window = window_of(photo, analysis.face)
    pixels = shown(photo, window, PICTURE_PX)
    height, width = pixels.shape[:2]
    scale = width / window.width_px
    return Visit(
        title=title,
        name=analysis.name,
        uri=data_uri("jpeg", encode_jpeg(pixels, quality=85)),
        width=width,
        height=height,
        alt=f"{title}: the face with {len(frames)} lesions framed.",
        frames=tuple(
            VisitFrame(
                state=state,
                words=words,
                x=round((box.x_px - window.x_px) * scale, 1),
                y=round((box.y_px - window.y_px) * scale, 1),
                width=round(box.width_px * scale, 1),
                height=round(box.height_px * scale, 1),
            )
            for state, words, box in frames
        ),
    )


def _pairs(change: Change, before: Photo, after: Photo) -> Iterable[Pair]:
    for fate in change.new:
        if fate.probability >= TOLD_FROM:
            yield _pair("new", fate.item, fate.probability, _crop(before, fate.elsewhere), _crop(after, fate.item.box))
    for fate in change.gone:
        if fate.probability >= TOLD_FROM:
            yield _pair("gone", fate.item, fate.probability, _crop(before, fate.item.box), _crop(after, fate.elsewhere))
    for pair in change.lasting:
        pictures = _crop(before, pair.before.box), _crop(after, pair.after.box)
        yield _pair("lasting", pair.after, pair.probability, *pictures)


def _pair(state: str, item: Detection, probability: float, before: str, after: str) -> Pair:
    title = f"{plain(state)}: {item.kind}, {region_title(item.region).lower()}"
    return Pair(state=state, title=title, probability=percent(probability), before=before, after=after)


def _crop(photo: Photo, box: Box | None) -> str:
    return "" if box is None else crop_uri(photo, box)
