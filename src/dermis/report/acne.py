"""Acne in a report: its worst lesions as pictures, what the numbers rest on, and when to see a professional."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dermis.core import Analysis, Box, Detection, Finding, Photo, Region
from dermis.report.formatting import number, plain, region_title
from dermis.report.pictures import Window, data_uri, shown
from dermis.tasks.acne.visibility import is_large

__all__ = ["Acne", "Crop", "acne_of", "around", "crop_uri", "see_someone", "worst_items"]

MOST_CROPS = 8
CROP_PX = 160
_ROOM = 3.0
"""A crop shows so many times the lesion's box, so that the skin around is seen."""
SEVERE = 1.5
"""From this Hayashi grade on it rounds to severe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """A piece of the photo with one lesion in its middle, and what is known of it, in words."""

    uri: str
    title: str
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acne:
    """What a report says of acne beside its numbers; `see_someone` is empty where nothing calls for it."""

    see_someone: str
    notes: tuple[str, ...]
    crops: tuple[Crop, ...]


def acne_of(analysis: Analysis) -> Acne | None:
    """Return the acne section of a photo; None where acne was not asked for or the photo was rejected."""
    findings = {f.task: f for f in analysis.findings if f.region is Region.FACE and f.task.startswith("acne_")}
    if not findings or not analysis.quality.usable or analysis.photo is None:
        return None
    items = findings["acne_lesions"].items if "acne_lesions" in findings else ()
    return Acne(
        see_someone=see_someone(findings, items),
        notes=tuple(_notes(findings)),
        crops=tuple(_crop(analysis.photo, item) for item in worst_items(items)[:MOST_CROPS]),
    )


def worst_items(items: Sequence[Detection]) -> list[Detection]:
    """Return lesions with the worst first: perhaps nodules, then the larger and redder."""
    return sorted(
        items,
        key=lambda item: (not is_large(item), -(item.size_face_widths or 0.0) * (5 + max(item.redness or 0.0, 0.0))),
    )


def see_someone(findings: Mapping[str, Finding], items: Sequence[Detection]) -> str:
    """Return why a professional should look at this, in words; "" where nothing calls for it."""
    reasons = []
    if "acne_grade" in findings and findings["acne_grade"].value >= SEVERE:
        reasons.append(f"the grade is {findings['acne_grade'].label}")
    large = sum(is_large(item) for item in items)
    if large:
        reasons.append(f"{large} lesion{'s are' if large > 1 else ' is'} large enough to be a nodule or cyst")
    if not reasons:
        return ""
    return (
        f"Show this to a dermatologist: {' and '.join(reasons)}. Such acne can leave scars, and it can be treated. "
        "This is a measurement, not a diagnosis."
    )


def _notes(findings: Mapping[str, Finding]) -> list[str]:
    notes = []
    if "acne_grade" in findings:
        counted = findings["acne_grade"].detail.get("counted")
        half = "each half of the face was counted for itself and the worse one graded"
        one = "the photo shows one side, and all lesions in view were graded as those of a half"
        notes.append(f"Hayashi's grade is about half a face: {half if counted == 'the worse half' else one}.")
    if "acne_lesions" in findings:
        finding = findings["acne_lesions"]
        notes.append(
            f"The count follows the habit of Hayashi's graders. A stricter team, which marks small and faint ones too, "
            f"would count about {number(float(str(finding.detail['count_all'])), 0)}."
        )
    if "acne_iga" in findings:
        notes.append("The IGA is derived by rule from count, size and area; no investigator judged it.")
    if "acne_lesions" in findings and "types_are" in findings["acne_lesions"].detail:
        notes.append(f"Types of lesions are {findings['acne_lesions'].detail['types_are']}, not from real ones.")
    if "acne_gags" in findings:
        notes.append(f"GAGS without chest and back; types are {findings['acne_gags'].detail['types_are']}.")
    if any(finding.detail.get("lower_bound") for finding in findings.values()):
        notes.append("Part of the face is hidden or turned away: counts are lower bounds.")
    return notes


def _crop(photo: Photo, item: Detection) -> Crop:
    facts = [f"score {number(item.score, 2)}"]
    if item.size_face_widths is not None:
        facts.append(f"{number(100 * item.size_face_widths, 1)} % of the face's width")
    if item.redness is not None:
        facts.append(f"redness {'+' if item.redness > 0 else ''}{number(item.redness, 1)}")
    kind = plain(item.kind) + (", perhaps a nodule" if is_large(item) and item.kind != "nodule" else "")
    return Crop(uri=crop_uri(photo, item.box), title=f"{kind}, {region_title(item.region).lower()}", facts=tuple(facts))


def crop_uri(photo: Photo, box: Box) -> str:
    """Return the piece of a photo around a box as a picture inside the page."""
    from dermis.formats.images.masks import encode_jpeg  # late: with it comes the image library

    return data_uri("jpeg", encode_jpeg(shown(photo, around(photo, box), CROP_PX), quality=88))


def around(photo: Photo, box: Box) -> Window:
    """Return the square of the photo around a box, inside the photo."""
    side = max(_ROOM * max(box.width_px, box.height_px), 24.0)
    side_x, side_y = min(int(side), photo.width_px), min(int(side), photo.height_px)
    x = int(box.x_px + box.width_px / 2 - side_x / 2)
    y = int(box.y_px + box.height_px / 2 - side_y / 2)
    return Window(
        x_px=min(max(x, 0), photo.width_px - side_x),
        y_px=min(max(y, 0), photo.height_px - side_y),
        width_px=max(side_x, 1),
        height_px=max(side_y, 1),
    )
