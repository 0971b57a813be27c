"""Sheets to look at: the set from light to dark, and lesions with their class words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dermis.synth.marks import COMEDONES, INFLAMMATORY, MOTTLES, Kind
from dermis.synth.record import Record

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

__all__ = ["light_to_dark", "write_contact_sheet", "write_lesion_sheet"]

_COLUMNS, _ROWS, _SIDE_PX, _CAPTION_PX = 8, 5, 150, 16
_SHOWN, _SHOWN_PX = 4, 720
_PAPER, _INK = (250, 250, 250), (40, 40, 40)
_COLOURS: Mapping[str, tuple[int, int, int]] = {
    **dict.fromkeys((kind.value for kind in INFLAMMATORY), (225, 30, 60)),
    **dict.fromkeys((kind.value for kind in COMEDONES), (20, 110, 230)),
    **dict.fromkeys((kind.value for kind in MOTTLES), (240, 160, 0)),
}
_OTHER = (20, 150, 90)
_ACNE = COMEDONES | INFLAMMATORY
_SPECKS = (Kind.FRECKLE, Kind.PIH, Kind.PIE)


def light_to_dark(records: Sequence[Record], count: int) -> list[Record]:
    """Return at most `count` records spread evenly over the set's tones, the lightest first.

    Where there are enough subjects, one of each.
    """
    toned = [record for record in records if "ita_deg" in record.traits]
    first = {record.key.subject: record for record in reversed(toned)}
    pool = list(first.values()) if len(first) >= min(count, len(toned)) else toned
    ordered = sorted(pool, key=lambda record: (-float(record.traits["ita_deg"]), record.name))
    if len(ordered) <= count:
        return ordered
    return [ordered[k] for k in np.linspace(0, len(ordered) - 1, count).round().astype(int)]


def write_contact_sheet(path: Path, root: Path, records: Sequence[Record]) -> None:
    """Write a PNG of up to 40 pictures of the set under `root`, from light to dark, each with its ITA."""
    from PIL import Image, ImageDraw  # late: only writing needs it

    chosen = light_to_dark(records, _COLUMNS * _ROWS)
    columns = min(_COLUMNS, max(len(chosen), 1))
    rows = -(-max(len(chosen), 1) // columns)
    sheet = Image.new("RGB", (columns * _SIDE_PX, rows * (_SIDE_PX + _CAPTION_PX)), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for k, record in enumerate(chosen):
        left, top = k % columns * _SIDE_PX, k // columns * (_SIDE_PX + _CAPTION_PX)
        sheet.paste(_opened(root / record.photo, _SIDE_PX), (left, top))
        caption = f"ITA {float(record.traits['ita_deg']):.0f}  {record.traits.get('profile', '')}"
        draw.text((left + 4, top + _SIDE_PX + 2), caption, fill=_INK)
    sheet.save(path)


def write_lesion_sheet(path: Path, root: Path, records: Sequence[Record]) -> None:
    """Write a PNG of up to four pictures with boxes and class words on as many marks as have room for their words.

    No file is written where nothing is marked.
    """
    from PIL import Image  # late: only writing needs it

    marked = sorted((r for r in records if r.items), key=lambda record: (-_interest(record), record.name))
    chosen = light_to_dark(marked[: 4 * _SHOWN], _SHOWN)
    if not chosen:
        return
    columns = min(2, len(chosen))
    sheet = Image.new("RGB", (columns * _SHOWN_PX, -(-len(chosen) // columns) * _SHOWN_PX), _PAPER)
    for k, record in enumerate(chosen):
        sheet.paste(_named(root, record), (k % columns * _SHOWN_PX, k // columns * _SHOWN_PX))
    sheet.save(path)


def _interest(record: Record) -> int:
    """Return how many kinds of marks a picture shows; crowded ones count less, their words would lie on each other."""
    kinds = len({item["kind"] for item in record.items})
    return kinds if len(record.items) <= 60 else kinds - len(record.items) // 60


def _named(root: Path, record: Record) -> Picture:
    from PIL import Image, ImageDraw  # late: only writing needs it

    with Image.open(root / record.photo) as opened:
        scale = _SHOWN_PX / max(opened.size)
    picture = _opened(root / record.photo, _SHOWN_PX)
    draw = ImageDraw.Draw(picture)
    taken: list[_Rectangle] = []
    for item in sorted(record.items, key=_rank):
        x, y, width, height = (scale * length for length in item["box_px"])
        word = item["kind"].replace("_", " ").replace("post inflammatory ", "")
        at = (x + width + 4, y - 2)
        room = draw.textbbox(at, word)
        if room[2] < _SHOWN_PX and not any(_touch(room, other) for other in taken):
            colour = _COLOURS.get(item["kind"], _OTHER)
            box = (x - 2, y - 2, x + width + 2, y + height + 2)
            draw.rectangle(box, outline=colour)
            draw.text(at, word, fill=colour, stroke_width=1, stroke_fill=(255, 255, 255))
            taken += [room, box]
    return picture


_Rectangle = tuple[float, float, float, float]


def _rank(item: Mapping[str, Any]) -> tuple[int, float]:
    """Acne comes first, then what is rare in a picture, brown specks last; the larger first."""
    group = 0 if item["kind"] in _ACNE else 2 if item["kind"] in _SPECKS else 1
    return group, -float(item["radius_mm"])


def _touch(one: _Rectangle, other: _Rectangle) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _opened(path: Path, side_px: int) -> Picture:
    from PIL import Image  # late: only writing needs it

    with Image.open(path) as picture:
        return picture.convert("RGB").resize((side_px, side_px), Image.Resampling.LANCZOS)
