"""Made subjects and their visits."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from dermis.lab.synth.head.accessories import Clothing, draw_clothing
from dermis.lab.synth.head.head import HeadShape, draw_head
from dermis.lab.synth.head.uv import Atlas, coarse, face_atlas
from dermis.lab.synth.lesions.ground_truth import Grades, grade_face
from dermis.lab.synth.lesions.kinds import Mark, MarkSpec
from dermis.lab.synth.lesions.progression import LesionTimeline, Profile, draw_profile, draw_timeline, marks_at
from dermis.lab.synth.lesions.rasterise import apply_marks, lay_out
from dermis.lab.synth.skin.colour import tone_curve
from dermis.lab.synth.skin.maps import SkinMaps, Tone, base_skin, clip_to_limits
from dermis.lab.synth.skin.own_skin import OwnSkin, draw_own_skin
from dermis.optics.tissue import Tissue

__all__ = [
    "VISITS",
    "Person",
    "Subject",
    "SubjectPopulation",
    "Visit",
    "VisitChange",
    "build_person",
    "compare_visits",
    "draw_subject",
    "subject_timeline",
    "unmarked_skin",
    "visit_of",
    "visit_skin",
]

VISITS: Mapping[str, int] = {"W00": 0, "W04": 4, "W08": 8, "W12": 12, "W16": 16, "W17": 17}
"""The visits of the clinical trial and their weeks; treatment starts after the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectPopulation:
    """Whom to draw: tones evenly between two ITA, ages evenly, profiles by their share.

    group: of the measured people (`dermis.optics.face_population`), whose tones are then as measured, for comparisons.
    """

    lowest_ita_deg: float = -60.0
    highest_ita_deg: float = 65.0
    youngest_years: float = 16.0
    oldest_years: float = 70.0
    profiles: Mapping[str, float] = field(
        default_factory=lambda: {
            "clear": 1.0,
            "mild": 1.0,
            "moderate": 1.0,
            "severe": 1.0,
            "very_severe": 0.5,
            "mottled": 3.0,
            "mixed": 1.5,
        }
    )
    group: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One person. seed: makes their skin; head_seed: their head. response: share of disease that treatment ends.

    skin: what theirs is made of where nothing marks it; tone: of its cheek.

    The same subject gives the same face, texture and lasting marks at every visit and in every view.
    """

    seed: int
    head_seed: int
    skin: OwnSkin
    tone: Tone
    age_years: float
    profile: Profile
    response: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A face at one visit: its maps, the same skin without marks, the marks as drawn, as seen, and graded."""

    name: str
    maps: SkinMaps
    base: SkinMaps
    specs: tuple[MarkSpec, ...]
    marks: tuple[Mark, ...]
    grades: Grades


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitChange:
    """Identities of marks that came, went and stayed between two visits."""

    new: frozenset[int]
    gone: frozenset[int]
    lasting: frozenset[int]


def draw_subject(seed: int, population: SubjectPopulation = SubjectPopulation()) -> Subject:
    """Draw the person of this `seed`; the same seed and population give the same person."""
    rng = np.random.default_rng(seed)
    names = list(population.profiles)
    shares = np.array([population.profiles[name] for name in names], dtype=np.float64)
    skin = draw_own_skin(
        rng,
        lowest_ita_deg=population.lowest_ita_deg,
        highest_ita_deg=population.highest_ita_deg,
        group=population.group,
    )
    age = float(rng.uniform(population.youngest_years, population.oldest_years))
    name = names[int(rng.choice(len(names), p=shares / shares.sum()))]
    return Subject(
        seed=seed,
        head_seed=int(rng.integers(2**32)),
        skin=skin,
        tone=skin.tone,
        age_years=age,
        profile=draw_profile(rng, name, skin.tone, age),
        response=float(rng.beta(4, 3)),
    )


def subject_timeline(subject: Subject, atlas: Atlas) -> LesionTimeline:
    """Return every mark that `subject` has over a trial; the same for each visit on the same atlas."""
    rng = np.random.default_rng([subject.seed, 1])
    return draw_timeline(rng, subject.profile, subject.tone, coarse(atlas), response=subject.response)


def unmarked_skin(subject: Subject, atlas: Atlas) -> SkinMaps:
    """Return the skin of `subject` without marks, from which that of each day differs a little."""
    rng = np.random.default_rng([subject.seed, 2])
    return base_skin(rng, subject.tone, atlas, age_years=subject.age_years, gains=subject.skin.gains)


def visit_skin(
    subject: Subject,
    atlas: Atlas,
    visit: str = "W00",
    *,
    course: LesionTimeline | None = None,
    still: SkinMaps | None = None,
) -> Visit:
    """Return the skin of `subject` at a visit named in `VISITS`.

    course, still: from `subject_timeline` and `unmarked_skin`, to draw them once for several visits.
    """
    if visit not in VISITS:
        raise ValueError(f"No visit is called {visit!r}; there are {', '.join(VISITS)}.")
    week = VISITS[visit]
    found = subject_timeline(subject, atlas) if course is None else course
    unmarked = unmarked_skin(subject, atlas) if still is None else still
    base = _that_day(unmarked, np.random.default_rng([subject.seed, 3, week]))
    specs = marks_at(found, week)
    stamps = lay_out(specs, atlas)
    maps, marks = apply_marks(base, stamps, atlas)
    curve = tone_curve(subject.tone.blood_fraction, subject.tone.oxygen_saturation)
    grades = grade_face(marks, stamps, base, atlas, curve)
    return Visit(name=visit, maps=maps, base=base, specs=specs, marks=marks, grades=grades)


def compare_visits(before: Collection[Mark], after: Collection[Mark]) -> VisitChange:
    """Return which marks are new, gone and lasting, by their identity."""
    then, now = ({mark.identity for mark in marks} for marks in (before, after))
    return VisitChange(new=frozenset(now - then), gone=frozenset(then - now), lasting=frozenset(then & now))


def _that_day(maps: SkinMaps, rng: np.random.Generator) -> SkinMaps:
    """Return the skin of one day: somewhat more or less flushed, tanned and oily (amounts chosen)."""
    gains = {
        "blood_fraction": rng.lognormal(0, 0.08),
        "melanosome_fraction": rng.lognormal(0, 0.025),
        "roughness": rng.lognormal(0, 0.06),
    }
    changed = {name: getattr(maps, name) * np.float32(gain) for name, gain in gains.items()}
    return replace(maps, **clip_to_limits(changed))


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A subject with all that stays: head, clothes, own tissue (plain numbers), unmarked skin, course of marks."""

    subject: Subject
    shape: HeadShape
    tissue: Tissue
    dress: Clothing
    atlas: Atlas
    still: SkinMaps
    course: LesionTimeline


def build_person(subject: Subject, *, texels: int = 1024) -> Person:
    """Return the person that `subject` is, their skin on an atlas of `texels` x `texels`."""
    rng = np.random.default_rng(subject.head_seed)
    atlas = face_atlas(texels)
    return Person(
        subject=subject,
        shape=draw_head(rng, age_years=subject.age_years, melanosome_fraction=subject.tone.melanosome_fraction),
        tissue=subject.skin.tissue,
        dress=draw_clothing(rng),
        atlas=atlas,
        still=unmarked_skin(subject, atlas),
        course=subject_timeline(subject, atlas),
    )


def visit_of(person: Person, name: str) -> Visit:
    """Return the skin of `person` at a visit."""
    return visit_skin(person.subject, person.atlas, name, course=person.course, still=person.still)
