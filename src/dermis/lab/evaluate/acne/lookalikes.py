"""What is called an acne lesion where there is none, by look-alike: outlined findings, places on the face, tone.

Judged on outlines of other findings (a folder with `labels.csv`: file, group; and `polygons.csv`, see `elsewhere`)
and on faces that are taken to be clear.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dermis.colour.tone import ITA_CLASSES, ita_class, ita_deg
from dermis.core import OPEN_COMEDO, Analysis, Detection, Face, Photo, SegmentationClass
from dermis.core.arrays import BoolMap
from dermis.face.crop import to_frame
from dermis.face.landmarks import BROWS, EYES, LIPS, NOSTRILS, polygon_mask
from dermis.face.regions import face_width_px
from dermis.formats.images.photo import read_photo
from dermis.formats.tables import read_table
from dermis.lab.evaluate.acne.elsewhere import mean_in_words, points_of
from dermis.pipeline.analyse import analyse
from dermis.tasks.acne.assign import place_lesions
from dermis.tasks.acne.detect import find_lesions
from dermis.tasks.acne.presence import with_presence

__all__ = [
    "ACNE",
    "FINDINGS",
    "PLACES",
    "JudgedFace",
    "clear_faces",
    "judged",
    "lookalikes_table",
    "outlined_faces",
    "people_of",
]

Outlines = Mapping[str, Sequence[NDArray[np.float64]]]
"""Outlines of a photo by what they are called: (n, 2) each, as shares of its width and height."""

ACNE = ("acne", "papules", "pustules", "nodules", "cyst", "black_heads", "white_heads")
"""Outlines of acne: a mark that lies in one is no false one."""
FINDINGS: Mapping[str, str] = {
    "freckles": "freckles", "melasma": "melasma", "PIH": "marks after inflammation", "dark_spots": "dark spots, moles",
    "enlarged_pores": "pores", "acne_scar": "scars", "skin_redness": "redness", "vascular": "vessels",
    "wrinkles": "wrinkles", "oily_skin": "oily skin", "dry_skin": "dry skin",
}  # fmt: skip
"""Outlines of other findings, and what they are called here."""
MOLE, OPEN = "dark, not red (mole, freckle)", "open skin"
PLACES = ("nostril rims", "brows", "lips", "eyes", "hairline", "beard and stubble", "ears and neck", MOLE, OPEN)
"""Where a mark lies on a face: the first that applies."""
TONES: Mapping[str, tuple[str, ...]] = {
    "very light, light": ("very light", "light"), "intermediate, tan": ("intermediate", "tan"),
    "brown, dark": ("brown", "dark"),
}  # fmt: skip
"""Tones, as estimated, that are told together of single look-alikes: few photos have each."""
_EDGE = 0.02
"""How far the rim of a nostril and the edges of brows, lips, eyes and hair reach, in face widths."""
_NOBODY = "not told"


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedFace:
    """One photo of a set. tone: by ITA as estimated; acne: whether any is outlined; chance: of acne, as told.

    marks: how many are pointed at outside of outlined acne, by outlined finding, by place, and "any"; held_back: the
    same of what the network called and too small a chance of acne kept from being pointed at. findings: outlined there.
    """

    data: str
    group: str
    tone: str
    acne: bool
    chance: float
    marks: Mapping[str, int]
    held_back: Mapping[str, int]
    findings: frozenset[str]


def people_of(folder: Path, every: int = 1) -> list[tuple[Path, str]]:
    """Return the photos of a folder, each with whose it is: every so many rows of labels.csv, or all of openpeople."""
    if (folder / "labels.csv").is_file():
        rows = read_table(folder / "labels.csv", needs=("file", "group"))
        return [(folder / row["file"], row["group"]) for row in rows[::every]]
    return [(path, path.stem.partition("_")[0]) for path in sorted(folder.glob("P0*.jpg"))[::every]]


def clear_faces(data: str, photos: Iterable[tuple[Path, str]]) -> Iterator[JudgedFace]:
    """Yield what is called on faces without acne; photos: files, each with whose it is."""
    for path, group in photos:
        photo = read_photo(path)
        yield from judged(data, group, photo, analyse(photo, tasks=()), {})


def outlined_faces(data: str, folder: Path) -> Iterator[JudgedFace]:
    """Yield what is called on the photos of a folder of outlines."""
    outlines: dict[str, dict[str, list[NDArray[np.float64]]]] = defaultdict(lambda: defaultdict(list))
    for row in read_table(folder / "polygons.csv", needs=("file", "label", "points_xy_norm")):
        outlines[row["file"]][row["label"]].append(points_of(row))
    for row in read_table(folder / "labels.csv", needs=("file", "group")):
        photo = read_photo(folder / row["file"])
        yield from judged(data, row["group"], photo, analyse(photo, tasks=()), outlines[row["file"]])


def judged(data: str, group: str, photo: Photo, seen: Analysis, outlines: Outlines) -> Iterator[JudgedFace]:
    """Yield the face that was found in a photo, if any, with what is called a lesion on it."""
    if seen.face is None or seen.skin is None:
        return
    placed = place_lesions(find_lesions(photo, seen.face), seen.face, seen.skin)
    shown = with_presence(placed)
    size = np.array([photo.width_px, photo.height_px], np.float64)
    tone = seen.skin.tone
    yield JudgedFace(
        data=data,
        group=group,
        tone=_NOBODY if tone is None else ita_class(float(ita_deg(tone.lab))),
        acne=any(outlines.get(name) for name in ACNE),
        chance=shown.found.presence or 0.0,
        marks=_named(shown.items, seen.face, outlines, size),
        held_back=_named(() if shown.items else placed.items, seen.face, outlines, size),
        findings=frozenset(name for name in FINDINGS if outlines.get(name)),
    )


def _named(items: Sequence[Detection], face: Face, outlines: Outlines, size: NDArray[np.float64]) -> Mapping[str, int]:
    """Return how many marks lie outside of outlined acne, by finding, by place, and in all."""
    names: Counter[str] = Counter()
    masks = _place_masks(face) if items else {}
    for item in items:
        middle = np.array([item.box.x_px + item.box.width_px / 2, item.box.y_px + item.box.height_px / 2])
        if _lies_in(middle / size, outlines, ACNE):
            continue
        names["any"] += 1
        names[_place(item, middle, face, masks)] += 1
        names.update(name for name in FINDINGS if _lies_in(middle / size, outlines, (name,)))
    return names


def _lies_in(point: NDArray[np.float64], outlines: Outlines, names: Sequence[str]) -> bool:
    """Return whether a point lies in an outline of one of these names, by the crossings of a ray."""
    for outline in (one for name in names for one in outlines.get(name, ())):
        x, y = outline.T
        next_x, next_y = np.roll(x, -1), np.roll(y, -1)
        crossed = (y > point[1]) != (next_y > point[1])
        with np.errstate(divide="ignore", invalid="ignore"):
            at = x + (point[1] - y) / (next_y - y) * (next_x - x)
        if np.count_nonzero(crossed & (point[0] < at)) % 2:
            return True
    return False


def _place(item: Detection, middle: NDArray[np.float64], face: Face, masks: Mapping[str, BoolMap]) -> str:
    x, y = np.floor(to_frame(middle[None], face.frame)[0]).astype(np.intp)
    row, column = np.clip(y, 0, face.frame.height - 1), np.clip(x, 0, face.frame.width - 1)
    for name, mask in masks.items():
        if mask[row, column]:
            return name
    return MOLE if item.kind == OPEN_COMEDO else OPEN


def _place_masks(face: Face) -> dict[str, BoolMap]:
    """Return where each of `PLACES` that lies somewhere is on the frame."""
    from scipy.ndimage import maximum_filter  # late: 40 ms

    reach = max(1.0, _EDGE * face_width_px(face) / face.frame.factor)
    size = 2 * round(reach) + 1
    parts = face.segmentation
    masks = {
        "lips": maximum_filter(parts == SegmentationClass.LIPS, size),
        "eyes": maximum_filter(parts == SegmentationClass.EYES, size),
        "hairline": maximum_filter(parts == SegmentationClass.HAIR, size),
        "beard and stubble": maximum_filter(parts == SegmentationClass.FACIAL_HAIR, size),
        "ears and neck": parts == SegmentationClass.OTHER_SKIN,
    }
    if face.landmarks is not None:
        points = to_frame(face.landmarks, face.frame)
        for name, rings in (("nostril rims", NOSTRILS), ("brows", BROWS), ("lips", (LIPS,)), ("eyes", EYES)):
            drawn = polygon_mask([points[list(ring)] for ring in rings], face.frame, grow=reach)
            masks[name] = drawn | masks[name] if name in masks else drawn
    return {name: masks[name] for name in PLACES if name in masks}


def lookalikes_table(faces: Sequence[JudgedFace]) -> str:
    """Return how many false marks there are a photo: by set, by outlined finding, by place and by tone."""
    clear = [face for face in faces if not face.acne]
    head = "| photos | n | people | false marks a photo | any | held back a photo | presence from one half on |"
    sets = [head, "|---|---|---|---|---|---|---|"]
    for data in dict.fromkeys(face.data for face in clear):
        sets.append(_line(data, [face for face in clear if face.data == data]))
    tones = [name for name, _ in ITA_CLASSES]
    for tone in (*tones, _NOBODY):
        here = [face for face in clear if face.tone == tone]
        if here:
            sets.append(_line(f"{tone} skin, as estimated", here))
    kinds = [
        "| where the mark lies | photos without acne | false marks a photo | held back a photo "
        "| photos with acne | marks beside the outlined acne, a photo |",
        "|---|---|---|---|---|---|",
    ]
    for name, word in FINDINGS.items():
        here, beside = (
            [face for face in faces if name in face.findings and face.acne is acne] for acne in (False, True)
        )
        if here or beside:
            kinds.append(_kind(f"on {word}, outlined", name, here, beside))
    kinds += [_kind(name, name, clear, []) for name in PLACES]
    return "\n".join([*sets, "", *kinds, "", *_by_tone(faces)])


def _by_tone(faces: Sequence[JudgedFace]) -> list[str]:
    """Return the false marks a photo of each look-alike by tone: places on faces without acne, findings on all."""
    lines = [f"| false marks a photo (photos) | {' | '.join(TONES)} |", "|---|" + "---|" * len(TONES)]
    rows = [(f"on {word}, outlined", name, [face for face in faces if name in face.findings])
            for name, word in FINDINGS.items()]  # fmt: skip
    clear = [face for face in faces if not face.acne]
    for word, name, shown in (*rows, *((name, name, clear) for name in PLACES)):
        by_tone = [[face.marks[name] for face in shown if face.tone in tones] for tones in TONES.values()]
        cells = [f"{np.mean(marks):.2f} ({len(marks)})" if marks else "" for marks in by_tone]
        if shown:
            lines.append(f"| {word} | {' | '.join(cells)} |")
    return lines


def _kind(word: str, name: str, clear: Sequence[JudgedFace], beside: Sequence[JudgedFace]) -> str:
    shown, held = (_mean([getattr(face, end)[name] for face in clear]) for end in ("marks", "held_back"))
    others = _mean([face.marks[name] for face in beside])
    return f"| {word} | {len(clear)} | {shown} | {held} | {len(beside) or ''} | {others} |"


def _line(name: str, faces: Sequence[JudgedFace]) -> str:
    groups = [face.group for face in faces]
    marks = np.array([face.marks["any"] for face in faces], np.float64)
    held = _mean([face.held_back["any"] for face in faces])
    cells = (
        mean_in_words(marks, groups), f"{np.mean(marks > 0):.0%}", held,
        mean_in_words(np.array([face.chance >= 0.5 for face in faces], np.float64), groups),
    )  # fmt: skip
    return f"| {name} | {len(faces)} | {len(set(groups))} | {' | '.join(cells)} |"


def _mean(values: Sequence[int]) -> str:
    return f"{np.mean(values):.2f}" if values else ""
