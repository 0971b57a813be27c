"""Skin tone: CIELAB, ITA and Monk tone by region; its estimate where the light is unknown."""

from __future__ import annotations

import json
from functools import cache
from math import inf, log2, radians, tan

import numpy as np
from numpy.typing import NDArray

from dermis.colour.lab import lab_to_linear, linear_to_lab
from dermis.colour.srgb import encode, srgb_to_hex
from dermis.colour.tone import ITA_CLASSES, MONK, hue_deg, ita_class, ita_deg, monk_tone
from dermis.core import (
    Band,
    Capture,
    Finding,
    Measure,
    Note,
    PhotoNeed,
    Region,
    ScaleBlock,
    Skin,
    SwatchesBlock,
    TableBlock,
    Task,
    TextBlock,
    ToneEstimate,
    region_mask,
)
from dermis.core.arrays import BoolMap, FloatMap
from dermis.models.runtime import load
from dermis.models.weights import WEIGHTS
from dermis.tasks.region_statistics import measured_regions

__all__ = ["CLUES", "FOLDER", "TASK", "estimate_tone", "measure", "tone_clues"]

MODEL = "tone@1"
ESTIMATE = "skin-tone@1"
"""With the light estimated by the network of that name."""
WELL_LIT = (50, 95)
"""Percentiles of lightness between which a pixel of a region is well lit."""
NEUTRAL_CHROMA = 2.0
"""Below this chroma (CIELAB) a colour has no hue, so neither ITA nor a tone class: the photo is grey."""


def measure(skin: Skin) -> tuple[Finding, ...]:
    """Measure the tone of each region: the median colour of its well-lit pixels.

    Well lit is what faces the light: the brighter half of the region without its brightest twentieth. Where the light
    was estimated (`skin.tone`), every region is moved as the whole face is, and the interval is where the true ITA lies
    in nine of ten photos of synthetic faces; elsewhere there is none. The spread is the middle 90 % of pixels: the
    unevenness of the skin. `detail["light"]` names the light. A grey photo has no tone: no finding.
    """
    lab = np.asarray(linear_to_lab(skin.linear))
    well_lit = ((region, _well_lit(lab[mask])) for region, mask in measured_regions(skin, TASK.regions))
    return tuple(_finding(region, pixels, skin) for region, pixels in well_lit if _has_colour(pixels))


def _well_lit(pixels_lab: FloatMap) -> FloatMap:
    lightness = pixels_lab[:, 0]
    low, high = np.percentile(lightness, WELL_LIT)
    return pixels_lab[np.asarray((lightness >= low) & (lightness <= high), dtype=np.bool_)]


def _has_colour(pixels_lab: FloatMap) -> bool:
    a, b = np.median(pixels_lab[:, 1:], axis=0)
    return bool(np.hypot(a, b) >= NEUTRAL_CHROMA)


def _finding(region: Region, pixels_lab: FloatMap, skin: Skin) -> Finding:
    photographed = np.median(pixels_lab, axis=0).astype(np.float64)
    tone = skin.tone
    lab = photographed if tone is None else photographed + tone.lab - tone.measured_lab
    value = float(ita_deg(lab))
    return Finding(
        task=TASK.name,
        region=region,
        value=value,
        unit="ITA deg",
        label=ita_class(value),
        labels=(ita_class(value),),
        interval=None if tone is None else _moved(tone, value),
        spread=_spread(pixels_lab, float(ita_deg(photographed))),
        detail={
            "lab": [round(float(c), 2) for c in lab],
            "lab_photographed": [round(float(c), 2) for c in photographed],
            "monk": int(monk_tone(lab)),
            "hue_deg": round(float(hue_deg(lab)), 2),
            "light": _light(skin),
            "pixels": len(pixels_lab),
        },
        notes=(_light_note(skin),) if region is Region.FACE else (),
        model=MODEL if tone is None else ESTIMATE,
    )


def _light_note(skin: Skin) -> Note:
    if skin.light_known:
        return Note(text=f"{skin.light_by} fixed the light.")
    return Note(
        text="The colour of the light is taken as the camera balanced it. Warm light or a wrong white balance shifts "
        "the tone; a grey card in the photo (--reference) removes that doubt."
    )


def _light(skin: Skin) -> str:
    if skin.tone is not None:
        return "estimated from skin and exposure (experimental)"
    if skin.light_known and skin.light_by != "A patch or chart of known colours":
        return skin.light_by
    return "reference patch" if skin.light_known else "as the camera balanced it"


def _spread(pixels_lab: FloatMap, middle: float) -> tuple[float, float]:
    """Return the 5th and 95th percentile of the pixels' ITA; `middle`, that of their median colour, lies inside."""
    low, high = np.percentile(np.asarray(ita_deg(pixels_lab)), (5, 95))
    return min(float(low), middle), max(float(high), middle)


def _moved(tone: ToneEstimate, value_deg: float) -> tuple[float, float]:
    """Return the interval of the whole face about another value."""
    middle = float(ita_deg(tone.lab))
    low, high = (value_deg + end - middle for end in tone.ita_interval_deg)
    return max(low, -90.0), min(high, 90.0)


FOLDER = WEIGHTS / "skin-tone"
"""Where the network and its card lie."""


def estimate_tone(clues: NDArray[np.float32]) -> ToneEstimate | None:
    """Return the colour of the skin of a face, None where its skin was not measured.

    clues: (k,) in the order of `dermis.tasks.tone.CLUES`, NaN where not known; the first three are the
    measured L*, a*, b*. Raises ModelMissing where the network is not there, ValueError for another number of clues.
    """
    factor, count, level = _calibration()
    if clues.shape != (count,):
        raise ValueError(f"The network takes {count} clues, got {clues.shape}.")
    if not np.isfinite(clues[:3]).all():
        return None
    answers = load(FOLDER / "model.onnx").run(clues[None].astype(np.float32))
    lab = answers["lab"][0].astype(np.float64)
    ita = float(ita_deg(lab))
    half = factor * float(answers["ita_scale"][0, 0])
    return ToneEstimate(
        lab=lab, measured_lab=clues[:3].astype(np.float64), ita_interval_deg=(ita - half, ita + half), level=level
    )


@cache
def _calibration() -> tuple[float, int, float]:
    told = json.loads((FOLDER / "meta.json").read_text(encoding="utf-8"))["calibration"]
    return float(told["factor"]), len(told["clues"]), float(told["level"])


_REGIONS = (Region.FOREHEAD, Region.LEFT_CHEEK, Region.RIGHT_CHEEK, Region.NOSE, Region.CHIN)
_EXPOSURE = ("iso_ev", "time_ev", "aperture_ev", "bias_ev", "brightness_ev", "wb_auto", "flash")
_FEWEST = 12
"""Fewer pixels than this say nothing."""
_MOST = 20_000
"""Of more pixels than this every second, third, ... is enough."""

CLUES: tuple[str, ...] = (
    *(f"skin_{c}" for c in "lab"),
    *(f"skin_{level}_{c}" for level in ("dark", "bright") for c in "lab"),
    *(f"{region.value}_{c}" for region in _REGIONS for c in "lab"),
    *(f"eye_white_{c}" for c in "lab"),
    *_EXPOSURE,
)
"""The names of the clues, in order: CIELAB (D65) as photographed, and exposure in stops."""


def tone_clues(skin: Skin, capture: Capture, eyes: BoolMap | None = None) -> NDArray[np.float32]:
    """Return the clues of one photo, (len(CLUES),), NaN where it does not tell one.

    eyes: (h, w) where the openings of the eyes are, None where that is not known well enough: their brightest third
    without highlights is taken for the white. The first three are the median of the face's well-lit
    skin, as `dermis.tasks.tone` measures it.
    """
    lab = np.asarray(linear_to_lab(skin.linear), dtype=np.float32)
    well_lit = _pixels(lab, skin.measured & region_mask(skin.regions, Region.FACE))
    parts = [
        _middle(well_lit, 50, 95),
        _middle(well_lit, 5, 25),
        _middle(well_lit, 90, 100),
        *(_middle(_pixels(lab, skin.measured & region_mask(skin.regions, region)), 50, 95) for region in _REGIONS),
        np.full(3, np.nan, np.float32) if eyes is None else _middle(_pixels(lab, eyes), 65, 97),
        _exposure(capture),
    ]
    return np.concatenate(parts).astype(np.float32)


def _pixels(lab: FloatMap, mask: BoolMap) -> FloatMap:
    found: FloatMap = lab[mask]
    return found[:: max(1, len(found) // _MOST)]


def _middle(pixels: FloatMap, low: float, high: float) -> NDArray[np.float32]:
    """Return the median colour (3,) of those pixels whose lightness lies between two percentiles."""
    if len(pixels) < _FEWEST:
        return np.full(3, np.nan, np.float32)
    least, most = np.percentile(pixels[:, 0], (low, high))
    inside = pixels[(pixels[:, 0] >= least) & (pixels[:, 0] <= most)]
    return np.asarray(np.median(inside, axis=0), np.float32)


def _exposure(capture: Capture) -> NDArray[np.float32]:
    """Return the exposure in stops, so that their sums mean something (APEX); NaN for what the photo does not say."""
    said = (
        None if not capture.iso else log2(capture.iso / 3.125),
        None if not capture.exposure_s else -log2(capture.exposure_s),
        None if not capture.f_number else 2 * log2(capture.f_number),
        capture.exposure_bias_ev,
        capture.brightness_ev,
        None if capture.white_balance_auto is None else float(capture.white_balance_auto),
        None if capture.flash_fired is None else float(capture.flash_fired),
    )
    return np.array([np.nan if value is None else value for value in said], np.float32)


MONK_NOTE = (
    "Nearest by colour difference. The scale is made for judging by eye; photographed skin lies between its swatches."
)
SAMPLE_ITA_DEG = {
    "very light": 62.0,
    "light": 48.0,
    "intermediate": 34.0,
    "tan": 19.0,
    "brown": -10.0,
    "dark": -46.0,
}
"""An ITA inside each class, whose colour with a* 11 and b* 17 paints the class."""


def _bands() -> tuple[Band, ...]:
    """Return the ITA classes from dark to very light."""
    uppers = (inf, *(low for _, low in ITA_CLASSES))
    bands = [
        Band(name=name, low=low, high=high, colour=_painted(SAMPLE_ITA_DEG[name]))
        for (name, low), high in zip(ITA_CLASSES, uppers, strict=False)
    ]
    return tuple(reversed(bands))


def _painted(ita: float) -> str:
    a, b = 11.0, 17.0
    linear = np.asarray(lab_to_linear(np.array([50 + b * tan(radians(ita)), a, b])))
    return srgb_to_hex(encode(np.clip(linear, 0.0, 1.0)))


TASK = Task(
    name="skin_tone",
    title="Skin tone",
    question="What colour is the skin, free of glare and deep shadow?",
    scale=Measure(unit="ITA deg", low=-90.0, high=90.0),
    regions=tuple(Region),
    metrics=("delta_e_00", "mae"),
    reference="Chardon, Cretois, Hourseau, Int. J. Cosmet. Sci. 13 (1991) 191-208 (ITA); Monk Skin Tone scale",
    measure=measure,
    photo_needs=(PhotoNeed.COLOUR, PhotoNeed.LEVEL, PhotoNeed.EVEN_LIGHT, PhotoNeed.SIGNAL),
    section=(
        SwatchesBlock(title="On the Monk scale", colours=MONK, note=MONK_NOTE),
        ScaleBlock(title="Individual typology angle (ITA)", low=-70.0, high=80.0, bands=_bands()),
        TableBlock(title="Region by region"),
        TextBlock(),
    ),
)
