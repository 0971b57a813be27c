"""A subject met in person: head, clothes, and all of their skin that does not change from visit to visit."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from dermis.colour.tone import ita_deg
from dermis.optics.forward import reflectance
from dermis.optics.observer import lab_under
from dermis.optics.population import draw
from dermis.optics.tissue import RANGES, Tissue
from dermis.synth.atlas import Atlas
from dermis.synth.courses import Course
from dermis.synth.dress import Dress, draw_dress
from dermis.synth.face_atlas import face_atlas
from dermis.synth.head import HeadShape, draw_head
from dermis.synth.skin_colour import COLOUR_NM, MATT_SHARE
from dermis.synth.skinmaps import Tone
from dermis.synth.subjects import Subject, Visit, subject_course, visit_skin
from dermis.synth.tones import tone_curve

__all__ = ["Person", "meet", "own_tissue", "visit_of"]

_FROM_TONE = ("melanosome_fraction", "blood_fraction", "oxygen_saturation")
_AS_TYPICAL = ("refractive_index", "water_fraction")
_STEPS = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A subject with all that stays: head, clothes, own tissue (plain numbers), and the course of their marks."""

    subject: Subject
    shape: HeadShape
    tissue: Tissue
    dress: Dress
    atlas: Atlas
    course: Course


def meet(subject: Subject, *, texels: int = 1024) -> Person:
    """Return the person that `subject` is, their skin on an atlas of `texels` x `texels`."""
    rng = np.random.default_rng(subject.head_seed)
    tissue, tone = own_tissue(subject)
    known = replace(subject, tone=tone)
    atlas = face_atlas(texels)
    return Person(
        subject=known,
        shape=draw_head(rng, age_years=subject.age_years, melanosome_fraction=tone.melanosome_fraction),
        tissue=tissue,
        dress=draw_dress(rng),
        atlas=atlas,
        course=subject_course(known, atlas),
    )


def visit_of(person: Person, name: str) -> Visit:
    """Return the skin of `person` at a visit."""
    return visit_skin(person.subject, person.atlas, name, course=person.course)


def own_tissue(subject: Subject) -> tuple[Tissue, Tone]:
    """Return what is a subject's own in their tissue (plain numbers), and their tone with it.

    People differ in more than melanin and blood, so melanin is set anew until the ITA is again the one that the
    subject's tone stands for.
    """
    flushed = _own_blood(subject.tone)
    tissue = _own_tissue(subject, flushed)
    return tissue, replace(flushed, melanosome_fraction=_same_ita(subject.tone, flushed, tissue))


def _darkness(tone: Tone) -> float:
    """Return 0 without melanin, towards 1 for the darkest skin."""
    return float(1 - np.exp(-tone.melanosome_fraction / 0.06))


# How tissue goes with tone, from fits of the model to 318 measured spectra of bare skin, ITA -60 to 60: from light to
# dark the share of pheomelanin falls from 0.6 to 0.3 and oxygen from 0.85 to 0.5, the blood that shows doubles and
# scattering grows by a tenth.
def _own_blood(tone: Tone) -> Tone:
    dark = _darkness(tone)
    blood = RANGES["blood_fraction"]
    return replace(
        tone,
        blood_fraction=float(np.clip(tone.blood_fraction * (1 + 0.9 * dark), blood.low, blood.high)),
        oxygen_saturation=float(np.clip(tone.oxygen_saturation + 0.12 - 0.27 * dark, 0.35, 0.95)),
    )


def _own_tissue(subject: Subject, tone: Tone) -> Tissue:
    """Return what is theirs beside melanin and blood."""
    drawn = draw(1, subject.head_seed)
    own = {
        field.name: float(np.ravel(getattr(drawn, field.name))[0])
        for field in fields(Tissue)
        if field.name not in (*_FROM_TONE, *_AS_TYPICAL)
    }
    dark = _darkness(tone)
    own["pheomelanin_share"] = float(np.clip(own["pheomelanin_share"] + 0.3 * (1 - dark), 0.0, 0.95))
    own["scattering_per_cm"] = float(np.clip(own["scattering_per_cm"] * (1 + 0.1 * dark), 15.0, 90.0))
    return replace(Tissue(), **own, oxygen_saturation=tone.oxygen_saturation)


def _same_ita(tone: Tone, flushed: Tone, tissue: Tissue) -> float:
    """Return the melanosome fraction that gives `tissue` with the blood of `flushed` the ITA of `tone`."""
    curve = tone_curve(tone.blood_fraction, tone.oxygen_saturation)
    wanted = float(np.interp(np.log(tone.melanosome_fraction), np.log(curve.melanosome_fraction), curve.ita_deg))
    limits = RANGES["melanosome_fraction"]
    melanin = np.geomspace(limits.low, limits.high, _STEPS)
    one = replace(tissue, melanosome_fraction=melanin, blood_fraction=np.full(_STEPS, flushed.blood_fraction))
    found = np.asarray(ita_deg(lab_under(reflectance(one, COLOUR_NM, specular_share=MATT_SHARE), COLOUR_NM)))
    falling = np.minimum.accumulate(found)
    return float(np.exp(np.interp(-wanted, -falling, np.log(melanin))))
