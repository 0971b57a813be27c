"""What a report says before and after the numbers: the verdict, what was left out, the photo, its provenance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dermis.core import Analysis, CaptureCondition, Photo, Quality, Severity, Skin
from dermis.report.formatting import VIEW_WORDS, capture_rows, measure_words, number, percent, plain
from dermis.tasks import TASKS

__all__ = [
    "ExcludedShare",
    "Share",
    "Verdict",
    "excluded_of",
    "files_of",
    "light_words",
    "measures_of",
    "summary_of",
    "verdict_of",
]

Pairs = tuple[tuple[str, str], ...]

LEFT_OUT_WORDS = {
    "clipped": "clipped by the camera",
    "specular": "glare",
    "shadow": "deep shadow",
    "border": "uncertain edge of the skin",
    "facial_hair": "beard and moustache",
    "beside_face": "beside the face: ears, neck, hands",
    "unlit": "not reached by the flash",
}
CONDITION_WORDS = {
    CaptureCondition.UNKNOWN: "unknown: nothing fixed the light, so the tone is a range",
    CaptureCondition.REFERENCED: "referenced: a patch or chart of known colours fixed the light",
    CaptureCondition.FLASH_PAIR: "flash pair: lit by the screen or flash alone",
    CaptureCondition.CONTROLLED: "controlled: a rig that the user vouches for",
}
SEVERITY_WORDS = {Severity.REJECT: "Reason", Severity.WARN: "Reservation", Severity.INFO: "Note"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What to think of the photo; `state` is good, warn or bad."""

    state: str
    title: str
    lead: str
    problems: tuple[tuple[str, str, str, str], ...]
    """Each as (state, kind in words, message, advice)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A part of the visible skin: its words, its percentage, its length as a coordinate of SVG."""

    words: str
    percent: str
    length: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcludedShare:
    """How much of the visible skin was measured, and what took the rest away."""

    measured: Share
    reasons: tuple[Share, ...]


def verdict_of(quality: Quality, *, findings: int) -> Verdict:
    """Return the verdict on a photo; one without any finding is not called measured."""
    problems = tuple((_STATES[p.severity], SEVERITY_WORDS[p.severity], p.message, p.advice) for p in quality.problems)
    if not quality.usable:
        lead = "This photo was not measured, so this report holds no numbers about the skin."
        return Verdict(state="bad", title="Not usable", lead=lead, problems=problems)
    if not findings:
        lead = "The photo could be read, but nothing on it could be measured."
        return Verdict(state="warn", title="Nothing measured", lead=lead, problems=problems)
    if any(problem.severity is Severity.WARN for problem in quality.problems):
        lead = f"{_usable_for(quality)} A better photo gives better numbers."
        return Verdict(state="warn", title="Measured with reservations", lead=lead, problems=problems)
    lead = "Light, sharpness and pose are good enough to measure the skin."
    return Verdict(state="good", title="Usable", lead=lead, problems=problems)


def _usable_for(quality: Quality) -> str:
    """Return what the photo is usable for, in words; in general where no tasks were judged."""
    told = (
        ("Usable for", quality.usable_for),
        ("With reservations", tuple(quality.reservations)),
        ("Withheld", tuple(quality.withheld)),
    )
    said = [f"{words}: {'; '.join(_title(name) for name in names)}." for words, names in told if names]
    return " ".join(said) if said else "The numbers hold with the reservations below."


def _title(task: str) -> str:
    return TASKS[task].title if task in TASKS else plain(task)


_STATES = {Severity.REJECT: "bad", Severity.WARN: "warn", Severity.INFO: "info"}


def excluded_of(skin: Skin) -> ExcludedShare | None:
    """Return the shares of the visible skin, the largest reason first; None where no skin is visible."""
    visible = int(np.count_nonzero(skin.visible))
    if visible == 0:
        return None
    # Facial hair hides skin: it lies beside what is visible.
    taken = {
        name: np.count_nonzero(mask) / np.count_nonzero(skin.visible | mask) for name, mask in skin.excluded.items()
    }
    names = sorted(taken, key=lambda name: taken[name], reverse=True)
    return ExcludedShare(
        measured=_share("measured", np.count_nonzero(skin.measured) / visible),
        reasons=tuple(_share(LEFT_OUT_WORDS.get(name, plain(name).lower()), taken[name]) for name in names),
    )


def summary_of(analysis: Analysis) -> Pairs:
    """Return what a reader should know of the photo before the numbers, in words."""
    face, skin = analysis.face, analysis.skin
    rows = []
    if skin is not None and skin.visible.any():
        share = np.count_nonzero(skin.measured) / np.count_nonzero(skin.visible)
        rows.append(("Measured", f"{percent(share)} of the visible skin"))
    if face is not None:
        rows.append(("View", VIEW_WORDS[face.view]))
        if face.face_width_px is not None:
            rows.append(("Face", f"{number(face.face_width_px, 0)} px between the cheeks"))
    if skin is not None:
        rows.append(("Capture condition", CONDITION_WORDS[analysis.condition]))
    return tuple(rows)


def light_words(analysis: Analysis) -> str:
    """Return what was done about the light of a photo, and how well, in a sentence."""
    light, pair = analysis.reference, analysis.flash_pair
    if light is not None:
        what = f"a chart, by {light.patches} of 24 patches" if light.kind == "chart" else f"a patch {light.colour_hex}"
        uneven = (
            f"light across it differs by a factor of {light.falloff:.2f}"
            if light.kind == "chart"
            else f"it is uneven by {light.spread:.1f}"
        )
        doubt = "; no interval, for this may be no such reference" if light.unlike else ""
        return (
            f"corrected by {what}: ΔE00 {light.delta_e_before:.1f} before, {light.delta_e_after:.1f} after, on what "
            f"the fit left out; {uneven}; {percent(light.clipped_share)} overexposed{doubt}"
        )
    if pair is not None:
        return (
            f"{percent(pair.flash_share)} of it from the flash, the rest taken away with the other frame; "
            f"signal to noise {pair.signal_to_noise:.0f}; moved by {percent(pair.moved)} of the face's width; "
            f"{f'calibrated by {analysis.device}' if analysis.device else 'no calibrated device'}"
        )
    if analysis.device:
        return f"corrected by the profile {analysis.device}"
    return CONDITION_WORDS[analysis.condition]


def measures_of(quality: Quality) -> Pairs:
    """Return what was measured to judge the photo, in words."""
    return tuple(measure_words(name, value) for name, value in quality.measures.items())


def files_of(analysis: Analysis) -> dict[str, Pairs]:
    """Return titled lists of facts about the photo, how it was taken, and what analysed it."""
    provenance = analysis.provenance
    lists = {
        "Photo": _photo_rows(analysis.name, analysis.photo),
        "Capture": () if analysis.photo is None else tuple(capture_rows(analysis.photo.capture).items()),
        "Analysis": (
            ("dermis", provenance.dermis),
            *((plain(name), model) for name, model in provenance.models.items()),
        ),
        "Seconds": tuple((plain(step), number(value, 2)) for step, value in provenance.seconds.items()),
    }
    return {title: tuple(rows) for title, rows in lists.items() if rows}


def _photo_rows(name: str, photo: Photo | None) -> Pairs:
    if photo is None:
        return (("File", name),)
    origin = photo.origin
    rows = {
        "File": name,
        "Size": f"{photo.width_px} × {photo.height_px} px",
        "Format": origin.container or "",
        "Depth": f"{origin.bits} bits a channel",
        "Colour profile": origin.profile or "",
        "SHA-256": origin.sha256 or "",
        "Reading": " ".join(origin.notes),
    }
    return tuple((title, words) for title, words in rows.items() if words)


def _share(words: str, share: float) -> Share:
    return Share(words=words, percent=percent(share), length=f"{100 * share:.2f}%")
