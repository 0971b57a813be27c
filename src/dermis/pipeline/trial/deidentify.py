"""Photos of patients as a trial passes them on: only skin is left, and no name.

Kept is the skin of the face and nose. Hair, brows, lashes, eyes, nostrils, mouth, beard, glasses, neck, clothes,
background and other people are black. The new file has no metadata at all; places and owners were never read.
The skin itself may still know its owner: moles, scars and the outline of a face do. It is pseudonymous, not anonymous.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dermis.core import Capture, Face, Photo, SegmentationClass
from dermis.core.arrays import BoolMap
from dermis.core.subjects import subject_key
from dermis.errors import InputError, UsageError
from dermis.face.find import find_face
from dermis.formats.images.container import SUFFIXES
from dermis.formats.images.photo import read_photo, write_photo
from dermis.formats.key_file import KeyRow, append_key, read_key
from dermis.formats.trial_names import renamed, trial_name

__all__ = ["Deidentified", "deidentify", "masked", "photos_under", "skin_alone", "subject_by"]

_QUALITY = 95
_FOLDER_AND_FILE = 2
_KEPT = (SegmentationClass.FACE_SKIN, SegmentationClass.NOSE)
_LASHES, _FRINGE = 0.03, 0.008
"""How far around the eyes, and around hair, mouth and all else, skin is taken away too, in face widths (chosen)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deidentified:
    """What became of a photo. file: its new name, "" where none was written; reason: why not, or "done before"."""

    original: str
    file: str = ""
    reason: str = ""


def skin_alone(photo: Photo, face: Face) -> BoolMap:
    """Return (h, w) bool of photo size: the skin of face and nose, well away from lashes, hair and mouth."""
    from scipy.ndimage import binary_dilation  # late: a tenth of a second

    frame = face.frame
    width = (face.face_width_px or max(frame.width, frame.height) * frame.factor * 0.5) / frame.factor
    kept = face.skin & np.isin(face.segmentation, _KEPT)
    eyes = face.segmentation == SegmentationClass.EYES
    for gone, reach in ((eyes, _LASHES), (~kept, _FRINGE)):
        kept &= ~binary_dilation(gone, iterations=max(1, round(reach * width)))
    whole = np.zeros((photo.height_px, photo.width_px), dtype=np.bool_)
    block = kept.repeat(frame.factor, axis=0).repeat(frame.factor, axis=1)
    whole[frame.y_px : frame.y_px + block.shape[0], frame.x_px : frame.x_px + block.shape[1]] = block
    return whole


def masked(photo: Photo, kept: BoolMap) -> Photo:
    """Return the photo black outside `kept`, without how it was taken and whence it came."""
    return Photo(pixels=photo.pixels * kept[..., None], encoding=photo.encoding, capture=Capture())


def subject_by(pattern: str | None) -> Callable[[Path], str]:
    """Return what names the subject of a photo by its path from the folder that is read.

    pattern: a regular expression whose first group is the subject, in the file's name, or where it has a slash in it in
    the path with folders. None: the trial's scheme (P0012_FACE_L_...), else the one folder that holds the photo, else
    the file itself. Raises UsageError; what is returned raises InputError for a photo that it cannot name.
    """
    if pattern is None:
        return _usual_subject
    try:
        found = re.compile(pattern)
    except re.error as fault:
        raise UsageError(f"--subject {pattern!r} is no pattern: {fault}.", advice="Try '^([^_]+)_'.") from None
    if not found.groups:
        raise UsageError(f"--subject {pattern!r} has no group.", advice="Put the subject in brackets: '^([^_]+)_'.")

    def subject(path: Path) -> str:
        hit = found.search(path.as_posix() if "/" in found.pattern else path.name)
        if hit is None:
            raise InputError(f"{path}: its name does not fit {pattern!r}.", advice="Check --subject.")
        return hit[1]

    return subject


def _usual_subject(path: Path) -> str:
    named = trial_name(path.stem)
    if named is None and len(path.parts) > _FOLDER_AND_FILE:
        raise InputError(
            f"{path.as_posix()}: nothing tells which of its folders names the person.",
            advice="Say it: --subject '^([^/]+)/' for the first, --subject '([^/]+)/[^/]+$' for the last.",
        )
    return named.subject if named else path.parent.name or path.stem


def photos_under(folder: Path) -> list[Path]:
    """Return all photos under a folder, in order. Raises InputError where there are none."""
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder.", advice="Name the folder that holds the photos.")
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    found = [path for path in found if not path.name.startswith(".")]
    if not found:
        raise InputError(f"{folder} holds no photos.", advice=f"Known: {', '.join(SUFFIXES)}.")
    return found


def deidentify(
    folder: Path, out: Path, key: Path, *, subject: Callable[[Path], str], close_up: bool = False
) -> Iterator[Deidentified]:
    """Write every photo under `folder` masked and under a pseudonym into `out`; yield what became of each.

    key: the table of names, kept apart. What it lists as done is not done again. close_up: look for no face.
    Raises UsageError for a key inside `out`, and before anything that was not written by this key is overwritten.
    """
    photos = photos_under(folder)
    rows = _known(out, key, folder)
    names = {photo: subject(photo.relative_to(folder)) for photo in photos}
    out.mkdir(parents=True, exist_ok=True)
    with append_key(key) as appending:
        for photo in photos:
            original = photo.relative_to(folder).as_posix()
            row = rows.get(original)
            if row is not None and (out / row.file).is_file():
                yield Deidentified(original=original, file=row.file, reason="done before")
                continue
            try:
                read, kept = _seen(photo, close_up=close_up)
            except InputError as fault:
                yield Deidentified(original=original, reason=fault.message)
                continue
            if row is None:
                row = _named(original, names[photo], read.origin.sha256 or "", list(rows.values()))
                rows[original] = row
                appending.add(row)  # before the photo: none is ever without its name in the key
            write_photo(out / row.file, masked(read, kept), quality=_QUALITY)
            yield Deidentified(original=original, file=row.file)


def _known(out: Path, key: Path, folder: Path) -> dict[str, KeyRow]:
    for apart, what in ((out, "the photos it tells of"), (folder, "the photos that are read")):
        if key.resolve().is_relative_to(apart.resolve()):
            raise UsageError(f"The key {key} lies among {what}.", advice="Keep it apart: --key FILE.")
    if out.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{out} lies in the folder that is read.", advice="Choose another folder with --out.")
    rows = {row.original: row for row in read_key(key)}
    ours = {row.file for row in rows.values()}
    strange = [path.name for path in out.iterdir() if path.name not in ours] if out.is_dir() else []
    if strange:
        raise UsageError(
            f"{out} holds files that {key.name} does not know, such as {sorted(strange)[0]}.",
            advice="Choose an empty folder, or name the key of the run that is to go on.",
        )
    return rows


def _seen(path: Path, *, close_up: bool) -> tuple[Photo, BoolMap]:
    photo = read_photo(path)
    face = find_face(photo, close_up=close_up)
    if face is None or (face.box is None and not close_up):
        raise InputError("No face was found, so nothing tells what may be shown.", advice="")
    kept = skin_alone(photo, face)
    if not kept.any():
        raise InputError("No skin of a face was found.", advice="")
    return photo, kept


def _named(original: str, subject: str, sha256: str, rows: Sequence[KeyRow]) -> KeyRow:
    """Return the row of a new photo: the subject's pseudonym, drawn where they have none, and a name that is free."""
    pseudonyms: Mapping[str, str] = {subject_key(row.subject): row.pseudonym for row in rows}
    pseudonym = pseudonyms.get(subject_key(subject)) or _drawn(set(pseudonyms.values()))
    taken = {row.file for row in rows}
    scheme = trial_name(Path(original).stem)
    file = f"{renamed(scheme, f'P{pseudonym}')}.jpg" if scheme else ""
    number = 0
    while not file or file in taken:
        number += 1
        file = f"P{pseudonym}_{number:03d}.jpg"
    return KeyRow(original=original, sha256=sha256, subject=subject, pseudonym=pseudonym, file=file)


def _drawn(taken: set[str]) -> str:
    """Return seven digits drawn by chance: nothing about a person can be worked out from them."""
    while True:
        pseudonym = f"{secrets.randbelow(9_000_000) + 1_000_000}"
        if pseudonym not in taken:
            return pseudonym
