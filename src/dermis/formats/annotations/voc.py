"""Boxes in the Pascal VOC way: one XML file a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from dermis.core import Box
from dermis.errors import InputError

__all__ = ["Marked", "Voc", "read_voc", "write_voc"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """One marked thing: its class word and its box in pixels."""

    name: str
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Voc:
    """What one file says: the picture's name, its size in pixels (None where it is not given), what is marked."""

    picture: str
    width_px: int | None
    height_px: int | None
    marked: tuple[Marked, ...]


def read_voc(path: Path) -> Voc:
    """Read a VOC file; a box runs from (xmin, ymin) to (xmax, ymax) as edges, so its width is xmax - xmin.

    Raises InputError: not there, no XML, not an annotation, a corner that is missing or no number.
    """
    try:
        root = ElementTree.fromstring(path.read_bytes())
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.", advice="Check the folder and the name.") from None
    except (OSError, ElementTree.ParseError) as fault:
        raise InputError(f"{path.name} is no XML file ({fault}).", advice="Export the boxes again.") from None
    if root.tag != "annotation":
        raise InputError(f"{path.name} starts with <{root.tag}>.", advice="Expected Pascal VOC's <annotation>.")
    return Voc(
        picture=(root.findtext("filename") or path.stem).strip(),
        width_px=_pixels(root, "size/width"),
        height_px=_pixels(root, "size/height"),
        marked=tuple(_marked(thing, path) for thing in root.iterfind("object")),
    )


def _pixels(root: ElementTree.Element, where: str) -> int | None:
    text = (root.findtext(where) or "").strip()
    return int(text) if text.isdecimal() and int(text) > 0 else None


def _marked(thing: ElementTree.Element, path: Path) -> Marked:
    name = (thing.findtext("name") or "").strip()
    try:
        left, top, right, bottom = (
            float(thing.findtext(f"bndbox/{corner}") or "") for corner in ("xmin", "ymin", "xmax", "ymax")
        )
    except ValueError:
        raise InputError(
            f"{path.name}: a box of {name or 'an object'} lacks a corner.",
            advice="Expected numbers in xmin, ymin, xmax and ymax.",
        ) from None
    left, right = sorted((left, right))
    top, bottom = sorted((top, bottom))
    return Marked(name=name, box=Box(x_px=left, y_px=top, width_px=right - left, height_px=bottom - top))


def write_voc(path: Path, *, picture: str, width_px: int, height_px: int, marked: Sequence[Marked]) -> None:
    """Write a VOC file that `read_voc` reads back, corners in whole pixels around each box."""
    root = ElementTree.Element("annotation")
    _say(root, "folder", "JPEGImages")
    _say(root, "filename", picture)
    size = ElementTree.SubElement(root, "size")
    for name, value in (("width", width_px), ("height", height_px), ("depth", 3)):
        _say(size, name, value)
    _say(root, "segmented", 0)
    for thing in marked:
        found = ElementTree.SubElement(root, "object")
        for name, text in (("name", thing.name), ("pose", "Unspecified"), ("truncated", 0), ("difficult", 0)):
            _say(found, name, text)
        box, corners = thing.box, ElementTree.SubElement(found, "bndbox")
        _say(corners, "xmin", int(box.x_px))
        _say(corners, "ymin", int(box.y_px))
        _say(corners, "xmax", int(-(-(box.x_px + box.width_px) // 1)))
        _say(corners, "ymax", int(-(-(box.y_px + box.height_px) // 1)))
    ElementTree.indent(root)
    path.write_bytes(ElementTree.tostring(root) + b"\n")


def _say(parent: ElementTree.Element, name: str, text: object) -> None:
    ElementTree.SubElement(parent, name).text = str(text)
