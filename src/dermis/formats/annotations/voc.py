"""Boxes in the Pascal VOC way: one XML file a picture."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from dermis.core import Box
from dermis.errors import InputError
from dermis.formats.files import write_bytes

__all__ = ["Marked", "Voc", "read_voc", "write_voc"]

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["'][^>]*\?>""")
_NOT_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MOST_BYTES = 1 << 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """One marked thing: its class word and its box in pixels."""

    name: str
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Voc:
    """What one file says: the picture's name, its size in pixels (None where it is not given), what is marked.

    unread: how many objects have neither a box nor a polygon.
    """

    picture: str
    width_px: int | None
    height_px: int | None
    marked: tuple[Marked, ...]
    unread: int = 0


def read_voc(path: Path) -> Voc:
    """Read a VOC file; a box runs from (xmin, ymin) to (xmax, ymax) as edges, so its width is xmax - xmin.

    A polygon, and a box that is turned, become the upright box around them. Raises InputError: not there, no XML, not
    an annotation.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.", advice="Check the folder and the name.") from None
    except OSError as fault:
        raise InputError(f"{path.name} cannot be read: {fault.strerror}.", advice="Check the file.") from None
    root = _root(data, path.name)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]  # without its namespace
    if root.tag != "annotation":
        raise InputError(f"{path.name} starts with <{root.tag[:40]}>.", advice="Expected Pascal VOC's <annotation>.")
    things = [_marked(thing) for thing in root.iterfind("object") if (thing.findtext("deleted") or "0").strip() != "1"]
    return Voc(
        picture=(root.findtext("filename") or path.stem).strip(),
        width_px=_pixels(root, "size/width"),
        height_px=_pixels(root, "size/height"),
        marked=tuple(thing for thing in things if thing is not None),
        unread=things.count(None),
    )


def _root(data: bytes, name: str) -> ElementTree.Element:
    """Return the XML in `data`; where the parser does not know the declared encoding, or it is wrong, we decode."""
    if len(data) > _MOST_BYTES:
        raise InputError(f"{name} has {len(data) // 1_000_000} MB.", advice="Expected the boxes of one picture.")
    try:
        return ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError) as fault:
        reason = fault
    declared = _DECLARED.match(data)
    body = data[declared.end() :] if declared else data
    for encoding in ([declared[1].decode("ascii")] if declared else []) + ["utf-8-sig", "cp1252"]:
        try:
            return ElementTree.fromstring(body.decode(encoding))
        except (ElementTree.ParseError, ValueError, LookupError):
            continue
    raise InputError(f"{name} is no XML file ({reason}).", advice="Export the boxes again.")


def _pixels(root: ElementTree.Element, where: str) -> int | None:
    text = (root.findtext(where) or "").strip()
    return int(text) if text.isdecimal() and len(text) < 8 and int(text) > 0 else None


def _marked(thing: ElementTree.Element) -> Marked | None:
    name = (thing.findtext("name") or "").strip()
    corners = _corners(thing) or _turned(thing) or _polygon(thing)
    if not corners:
        return None
    left, right = min(x for x, _ in corners), max(x for x, _ in corners)
    top, bottom = min(y for _, y in corners), max(y for _, y in corners)
    return Marked(name=name, box=Box(x_px=left, y_px=top, width_px=right - left, height_px=bottom - top))


def _corners(thing: ElementTree.Element) -> list[tuple[float, float]]:
    numbers = _numbers(thing, [f"bndbox/{corner}" for corner in ("xmin", "ymin", "xmax", "ymax")])
    return [(numbers[0], numbers[1]), (numbers[2], numbers[3])] if numbers else []


def _turned(thing: ElementTree.Element) -> list[tuple[float, float]]:
    """Return the corners of a turned box as roLabelImg writes it: centre, sides, angle in radians."""
    numbers = _numbers(thing, [f"robndbox/{name}" for name in ("cx", "cy", "w", "h", "angle")])
    if not numbers:
        return []
    x, y, width, height, turn = numbers
    return [
        (x + a * math.cos(turn) - b * math.sin(turn), y + a * math.sin(turn) + b * math.cos(turn))
        for a, b in ((a * width / 2, b * height / 2) for a in (-1, 1) for b in (-1, 1))
    ]


def _polygon(thing: ElementTree.Element) -> list[tuple[float, float]]:
    """Return a polygon's points, as <polygon><x1><y1>... or <polygon><pt><x><y>...; [] where there are too few."""
    drawn = thing.find("polygon")
    if drawn is None:
        return []
    found: dict[str, list[float]] = {"x": [], "y": []}
    for element in drawn.iter():
        axis = element.tag[:1].lower()
        if axis in found and (element.tag[1:].isdecimal() or len(element.tag) == 1):
            value = _number(element.text)
            if value is None:
                return []
            found[axis].append(value)
    points = list(zip(found["x"], found["y"], strict=False))
    return points if len(points) >= 3 and len(found["x"]) == len(found["y"]) else []


def _numbers(thing: ElementTree.Element, places: Sequence[str]) -> list[float]:
    values = [_number(thing.findtext(place)) for place in places]
    return [value for value in values if value is not None] if None not in values else []


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


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
    write_bytes(path, ElementTree.tostring(root) + b"\n")


def _say(parent: ElementTree.Element, name: str, text: object) -> None:
    ElementTree.SubElement(parent, name).text = _NOT_IN_XML.sub("?", str(text))
