"""The light of a photo, from a patch of known colour or a colour chart in it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from dermis.colour.chart_finder import Chart, chart_at, find_chart
from dermis.colour.reference import fit_light
from dermis.colour.srgb import decode
from dermis.core import Box, Encoding, LightReference, Photo
from dermis.errors import InputError, UsageError

__all__ = ["ChartCorners", "Reference", "ReferencePatch", "correct_light", "patch_box", "read_patch", "read_reference"]

_NUMBER = re.compile(r"\d+(\.\d+)?")
_PATCH = re.compile(r"\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*=\s*(#?[0-9a-fA-F]{6})\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferencePatch:
    """A rectangle of the photo whose true colour is known: a grey card, a colour chip."""

    box: Box
    colour_hex: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartCorners:
    """A ColorChecker of 24 patches; corners_px: centres of its patches 1 (dark skin), 6, 24 (black) and 19 (white),
    x and y in turn; empty where it is to be found.
    """

    corners_px: tuple[float, ...] = ()


Reference = ReferencePatch | ChartCorners


def read_reference(text: str) -> Reference:
    """Read what `--reference` takes: a patch, "chart", or "chart:X1,Y1,...,X4,Y4".

    Raises UsageError where the text is anything else.
    """
    name, _, places = text.strip().partition(":")
    if name.strip().lower() != "chart":
        return read_patch(text)
    if not places:
        return ChartCorners()
    numbers = [one.strip() for one in places.split(",")]
    if len(numbers) != 8 or not all(_NUMBER.fullmatch(one) for one in numbers):
        raise UsageError(
            f"--reference chart takes four corners, X1,Y1,...,X4,Y4, got {places!r}.",
            advice="Give the middles of the patches dark skin, bluish green, black and white, in photo pixels.",
        )
    return ChartCorners(corners_px=tuple(float(one) for one in numbers))


def read_patch(text: str) -> ReferencePatch:
    """Read "X,Y,W,H=#RRGGBB", photo pixels and the patch's sRGB colour under D65.

    Raises UsageError where the text is anything else.
    """
    match = _PATCH.fullmatch(text)
    if match is None:
        raise UsageError(
            f"--reference takes X,Y,W,H=#RRGGBB, got {text!r}.",
            advice="For an 18 % grey card of 200 x 150 px at (40, 60): 40,60,200,150=#767676; or: chart.",
        )
    x, y, width, height = (int(number) for number in match.groups()[:4])
    if width < 4 or height < 4:
        raise UsageError(f"The reference patch is {width} x {height} px.", advice="Name one of at least 4 x 4 px.")
    colour_hex = "#" + match.group(5).lstrip("#").lower()
    return ReferencePatch(box=Box(x_px=x, y_px=y, width_px=width, height_px=height), colour_hex=colour_hex)


def patch_box(photo: Photo, patch: ReferencePatch) -> tuple[slice, slice]:
    """Return the rows and columns of the patch, its outer tenth on each side left out.

    Raises InputError where the patch reaches out of the photo.
    """
    box = patch.box
    x0, y0, x1, y1 = box.x_px, box.y_px, box.x_px + box.width_px, box.y_px + box.height_px
    if x1 > photo.width_px or y1 > photo.height_px:
        raise InputError(
            f"The reference patch ends at ({x1:g}, {y1:g}), outside {photo.origin.name or 'the photo'} "
            f"of {photo.width_px} x {photo.height_px} px.",
            advice="Give its place in pixels of the upright photo.",
        )
    dx, dy = box.width_px // 10, box.height_px // 10
    return slice(int(y0 + dy), int(y1 - dy)), slice(int(x0 + dx), int(x1 - dx))


def correct_light(photo: Photo, reference: Reference) -> LightReference:
    """Fit the light of the photo to the true colours of a patch or a chart.

    Raises InputError where no chart is found, or where the reference lies outside the photo or is too dark or clipped
    to say anything.
    """
    if isinstance(reference, ChartCorners):
        return _by_chart(photo, reference)
    rows, columns = patch_box(photo, reference)
    pixels = photo.part(rows, columns).reshape(-1, 3)
    linear = np.asarray(decode(pixels)) if photo.encoding is Encoding.SRGB else pixels
    fit = fit_light(linear, reference.colour_hex)
    return LightReference(
        box=reference.box,
        colour_hex=reference.colour_hex,
        matrix=fit.matrix,
        delta_e_before=fit.delta_e_before,
        delta_e_after=fit.delta_e_after,
        spread=fit.spread,
        clipped_share=fit.clipped_share,
    )


def _by_chart(photo: Photo, reference: ChartCorners) -> LightReference:
    encoded = photo.encoding is Encoding.SRGB
    chart: Chart | None
    if reference.corners_px:
        chart = chart_at(photo.pixels, np.reshape(reference.corners_px, (4, 2)), encoded=encoded)
    else:
        chart = find_chart(photo.pixels, encoded=encoded)
    if chart is None:
        raise InputError(
            f"No ColorChecker was found in {photo.origin.name or 'the photo'}.",
            advice="Show it whole and flat, or name its corners: --reference chart:X1,Y1,X2,Y2,X3,Y3,X4,Y4.",
        )
    low, high = chart.centres_px.min(axis=0), chart.centres_px.max(axis=0)
    fit = chart.fit
    return LightReference(
        kind="chart",
        box=Box(x_px=low[0], y_px=low[1], width_px=high[0] - low[0], height_px=high[1] - low[1]),
        colour_hex="",
        matrix=fit.matrix,
        offset=fit.offset,
        delta_e_before=fit.delta_e_before,
        delta_e_after=fit.delta_e_after,
        spread=0.0,
        clipped_share=fit.clipped / len(fit.residuals),
        falloff=fit.falloff,
        patches=int(np.isfinite(fit.residuals).sum()),
    )
