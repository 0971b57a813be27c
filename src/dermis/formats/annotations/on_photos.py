"""Marks brought onto the photos they were drawn on: which photo is meant, and where a box lies on it as it is read."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from dermis.core import Box
from dermis.errors import InputError
from dermis.formats.annotations.marks import AnnotatedPhoto, inside, photo_path
from dermis.formats.annotations.voc import Marked
from dermis.formats.images.container import HEAD_BYTES, identify
from dermis.formats.images.decode import ImageFrame, frame_of
from dermis.formats.images.photo import read_bytes

__all__ = ["fit_to_photo", "frame_of_file", "match_photos", "short_names", "turned_box"]

_NEAR_PX, _NEAR_SHARE = 2.0, 0.01


def match_photos(names: Iterable[str], files: Sequence[Path], where: str) -> dict[str, Path]:
    """Return the photo that each name means; names that mean none are left out.

    A name means the file whose path ends with it. A name whose folders fit none means the file with its last part, or
    with its last part and some ending, where there is one such file and one such name. Case counts unless nothing fits.
    Raises InputError where a name may mean two files; `where` names the file of annotations.
    """
    wanted = list(dict.fromkeys(names))
    bare = Counter(PurePosixPath(photo_path(name)).name for name in wanted)
    found: dict[str, Path] = {}
    for name in wanted:
        path = PurePosixPath(photo_path(name))
        meant = _ending_with(path, files)
        if not meant and bare[path.name] == 1:
            meant = _alike(path.name, files)
        if len(meant) > 1:
            listed = ", ".join(str(one) for one in meant[:3])
            raise InputError(
                f"{where}: {name} may be any of {len(meant)} photos: {listed}.",
                advice="Name photos with their folders, such as visit1/front.jpg, or name one folder only.",
            )
        if meant:
            found[name] = meant[0]
    return found


def _ending_with(path: PurePosixPath, files: Sequence[Path]) -> list[Path]:
    return [file for file in files if file.absolute().parts[-len(path.parts) :] == path.parts]


def _alike(name: str, files: Sequence[Path]) -> list[Path]:
    tests: tuple[Callable[[Path], bool], ...] = (
        lambda file: file.name == name,
        lambda file: file.name.casefold() == name.casefold(),
        lambda file: file.stem == name,
        lambda file: file.stem.casefold() == name.casefold(),
    )
    return next((meant for test in tests if (meant := [file for file in files if test(file)])), [])


def short_names(files: Sequence[Path]) -> dict[Path, str]:
    """Return what each file is called among the others: its name, with as many folders as tell it from them."""
    by_name: dict[str, list[Path]] = defaultdict(list)
    for file in files:
        by_name[file.name].append(file)
    found: dict[Path, str] = {}
    for alike in by_name.values():
        depth = 1
        longest = max(len(file.absolute().parts) for file in alike)
        while len({file.absolute().parts[-depth:] for file in alike}) < len(alike) and depth < longest:
            depth += 1
        found |= {file: "/".join(file.absolute().parts[-depth:]) for file in alike}
    return {file: found[file] for file in files}


def frame_of_file(path: Path) -> ImageFrame:
    """Return the frame of a photo. Raises UnreadablePhoto."""
    data = read_bytes(path)
    return frame_of(data, identify(data[:HEAD_BYTES], path.name), path.name)


def fit_to_photo(one: AnnotatedPhoto, frame: ImageFrame) -> AnnotatedPhoto:
    """Return the marks in pixels of the photo as it is read, upright; what was done is told in `left_out`.

    A picture of the stated size that lies on its side was marked as the file stores it: its boxes are turned. One of
    another size and the same shape is a reduced copy: its boxes are scaled. Of another shape nobody knows where the
    boxes lie: they count as unread.
    """
    size = (frame.width_px, frame.height_px)
    stored = size[::-1] if frame.orientation >= 5 else size
    told = (one.width_px, one.height_px)
    notes = list(one.left_out)
    marked: Sequence[Marked] = one.marked
    if all(told):
        turned = frame.orientation >= 5 and not _same_shape(told, size) and _same_shape(told, stored)
        if not turned and not _same_shape(told, size):
            lost = len(one.marked)
            notes.append(
                f"{one.photo}: {lost} marks not read: they were drawn at {told[0]} x {told[1]} px, and the photo has "
                f"{size[0]} x {size[1]}."
            )
            return replace(one, marked=(), unread=one.unread + lost, left_out=tuple(notes) if lost else one.left_out)
        base = stored if turned else size
        if not _near(told, base):
            marked = _scaled(marked, base[0] / told[0], base[1] / told[1])
            notes.append(f"{one.photo}: boxes scaled from {told[0]} x {told[1]} px.")
        if turned:
            marked = _each(marked, {thing.box: turned_box(thing.box, stored, frame.orientation) for thing in marked})
            notes.append(f"{one.photo}: boxes turned upright with the photo.")
    fitted = replace(one, marked=tuple(marked), width_px=size[0], height_px=size[1], left_out=tuple(notes))
    return inside(fitted, *size)


def _near(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return all(abs(a - b) <= max(_NEAR_PX, _NEAR_SHARE / 4 * b) for a, b in zip(one, other, strict=True))


def _same_shape(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Return whether two sizes are one picture at two scales: rounding to pixels, and a little more, is allowed."""
    scale = (one[0] / other[0], one[1] / other[1])
    slack = max(_NEAR_SHARE, 1.5 / min(one), 1.5 / min(other))
    return abs(scale[0] / scale[1] - 1) <= slack


def _scaled(marked: Sequence[Marked], across: float, down: float) -> tuple[Marked, ...]:
    return _each(
        marked,
        {
            thing.box: Box(
                x_px=thing.box.x_px * across,
                y_px=thing.box.y_px * down,
                width_px=thing.box.width_px * across,
                height_px=thing.box.height_px * down,
                score=thing.box.score,
            )
            for thing in marked
        },
    )


def _each(marked: Sequence[Marked], boxes: Mapping[Box, Box]) -> tuple[Marked, ...]:
    return tuple(Marked(name=thing.name, box=boxes[thing.box]) for thing in marked)


def turned_box(box: Box, stored: tuple[int, int], orientation: int) -> Box:
    """Return a box of stored pixels where it lies once the picture stands upright, as `upright` turns it.

    stored: width and height of the picture in its file. orientation: as EXIF counts, 1 to 8.
    """
    left, top = box.x_px, box.y_px
    across, down = box.width_px, box.height_px
    width, height = float(stored[0]), float(stored[1])
    if orientation >= 5:
        left, top, across, down, width, height = top, left, down, across, height, width
    if orientation in (3, 4, 7, 8):
        top = height - top - down
    if orientation in (2, 3, 6, 7):
        left = width - left - across
    return Box(x_px=left, y_px=top, width_px=across, height_px=down, score=box.score)
