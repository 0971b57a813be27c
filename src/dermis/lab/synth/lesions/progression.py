"""Disease over time: lesions appear, heal and leave marks; marks fade, faster under treatment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from dermis.lab.synth.head.uv import Grid
from dermis.lab.synth.lesions.draw import draw_marks, grow_mark, mirror_marks
from dermis.lab.synth.lesions.grades import BURDEN_AT_9, VISIBLE
from dermis.lab.synth.lesions.kinds import INFLAMMATORY, MarkKind, MarkSpec
from dermis.lab.synth.lesions.morphology import MORPHOLOGIES
from dermis.lab.synth.skin.colour import ToneCurve, tone_curve
from dermis.lab.synth.skin.maps import LIMITS, Tone

__all__ = ["PROFILES", "LesionEpisode", "LesionTimeline", "Profile", "draw_profile", "draw_timeline", "marks_at"]

LAST_WEEK = 18.0
WEEKS_ALIVE: Mapping[MarkKind, float] = {
    MarkKind.OPEN_COMEDO: 9.0,
    MarkKind.CLOSED_COMEDO: 7.0,
    MarkKind.PAPULE: 2.0,
    MarkKind.PUSTULE: 1.2,
    MarkKind.NODULE: 6.0,
}
"""Mean life of a lesion (chosen; most inflammatory lesions are gone at a photograph two to four weeks on)."""
WEEKS_TO_FADE: Mapping[MarkKind, float] = {MarkKind.PIH: 12.0, MarkKind.PIE: 6.0}
"""After this long without treatment a mark left behind has 1/e of its strength (chosen: months and weeks)."""
TREATMENT_WEEKS = 5.0
"""Treatment has done 1 - 1/e of what it will do after so long: most of a trial's effect shows by week 12."""
MOST_OF_A_KIND: Mapping[MarkKind, int] = {
    MarkKind.FRECKLE: 600,
    MarkKind.PIH: 160,
    MarkKind.LENTIGO: 200,
    MarkKind.MELASMA: 60,
}
"""Brown marks of one kind, at most; what the grade aimed at still needs falls to the next larger kind."""
_BATCH = 20
FADED = 0.1
"""Below this strength a mark is gone."""
ACNE_KINDS = tuple(WEEKS_ALIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a person's skin has at the first visit.

    lesions: acne lesions by kind, alive then. mottled: grade of mottled hyperpigmentation aimed at, 0-9.
    mixture: shares of the brown marks that make it up. others: how many of kinds that neither grade counts.
    """

    name: str
    lesions: Mapping[MarkKind, int] = field(default_factory=dict)
    mottled: float = 0.0
    mixture: Mapping[MarkKind, float] = field(default_factory=dict)
    others: Mapping[MarkKind, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionEpisode:
    """One mark through time, in weeks from the first visit.

    A lesion lives from `born` to `gone`. A mark that fades has `fades_over`, its time to 1/e, else infinity.
    treatable: share of its strength that treatment takes in the end. left_by: identity of the lesion that left
    it, -1 for none.
    """

    spec: MarkSpec
    born: float = -np.inf
    gone: float = np.inf
    fades_over: float = np.inf
    treatable: float = 0.0
    left_by: int = -1


LesionTimeline = tuple[LesionEpisode, ...]

# Inflammatory lesions on the whole face by severity: twice Hayashi's borders for a half, so that the grade of
# the worse half mostly is the one meant.
_INFLAMED = {"clear": (0, 0), "mild": (2, 8), "moderate": (14, 34), "severe": (48, 88), "very_severe": (112, 160)}
_COMEDONES = {"clear": (0, 2), "mild": (5, 25), "moderate": (15, 50), "severe": (25, 80), "very_severe": (30, 110)}
_NODULES = {"clear": 0.0, "mild": 0.0, "moderate": 0.01, "severe": 0.04, "very_severe": 0.07}
PROFILES = (*_INFLAMED, "mottled", "mixed", "trial", "trial_mixed")
TRIAL_GRADES = (4.3, 1.2)
"""Mean and standard deviation of the first visit's grade, chosen so that over all visits about a fifth of the grades
lie under 3 and a tenth from 5.5 on: the shares in the published confusion matrices of the trial."""


def draw_profile(rng: np.random.Generator, name: str, tone: Tone, age_years: float) -> Profile:
    """Draw what a person has: "clear" to "very_severe" acne, "mottled" hyperpigmentation 0-9, or "mixed".

    "trial" has few extreme grades, as a clinical trial has; "trial_mixed" acne and redness besides.
    """
    if name not in PROFILES:
        raise ValueError(f"No profile is called {name!r}; there are {', '.join(PROFILES)}.")
    acne = {"mottled": "clear", "mixed": str(rng.choice(("mild", "moderate", "severe")))}.get(name, name)
    brown = {"mottled": rng.uniform(0, 9), "mixed": rng.uniform(2, 7)}.get(name, rng.uniform(0, 2))
    if name.startswith("trial"):
        acne = "clear" if name == "trial" else str(rng.choice(("mild", "moderate")))
        brown = float(np.clip(rng.normal(*TRIAL_GRADES), 0.3, 8.7))
    return Profile(
        name=name,
        lesions=_draw_lesions(rng, acne),
        mottled=float(brown),
        mixture=_draw_mixture(rng, tone, age_years),
        others=_draw_others(rng, acne, age_years, flushed=0.6 if name == "trial_mixed" else 0.15),
    )


def _draw_lesions(rng: np.random.Generator, severity: str) -> dict[MarkKind, int]:
    inflamed = int(rng.integers(_INFLAMED[severity][0], _INFLAMED[severity][1] + 1))
    comedones = int(rng.integers(_COMEDONES[severity][0], _COMEDONES[severity][1] + 1))
    nodules = int(rng.binomial(inflamed, _NODULES[severity]))
    pustules = int(rng.binomial(inflamed - nodules, rng.beta(3, 8)))
    opened = int(rng.binomial(comedones, rng.beta(3, 4)))
    return {
        MarkKind.OPEN_COMEDO: opened,
        MarkKind.CLOSED_COMEDO: comedones - opened,
        MarkKind.PAPULE: inflamed - nodules - pustules,
        MarkKind.PUSTULE: pustules,
        MarkKind.NODULE: nodules,
    }


def _draw_mixture(rng: np.random.Generator, tone: Tone, age_years: float) -> dict[MarkKind, float]:
    """Freckles go with light skin, lentigines with age, melasma and marks left behind with pigment."""
    light = float(np.exp(-tone.melanosome_fraction / 0.05))
    old = float(np.clip((age_years - 25) / 30, 0, 1))
    weights = {
        MarkKind.FRECKLE: 0.1 + 1.2 * light * (1 - 0.5 * old),
        MarkKind.LENTIGO: 0.15 + 1.2 * old,
        MarkKind.MELASMA: 0.2 + 0.8 * (1 - light),
        MarkKind.PIH: 0.2 + 0.8 * (1 - light),
    }
    drawn = rng.dirichlet(np.array(list(weights.values())))
    return dict(zip(weights, drawn.tolist(), strict=True))


def _draw_others(
    rng: np.random.Generator, severity: str, age_years: float, *, flushed: float = 0.15
) -> dict[MarkKind, int]:
    scarring = {"severe": 8.0, "very_severe": 20.0, "moderate": 2.0}.get(severity, 0.2)
    red = rng.random() < flushed
    return {
        MarkKind.NAEVUS: int(rng.poisson(4)),
        MarkKind.SCAR: int(rng.poisson(scarring)),
        MarkKind.REDNESS: int(rng.integers(2, 5)) if red else 0,
        MarkKind.TELANGIECTASIA: int(rng.poisson(30 if red else 12 * max(age_years - 35, 0) / 35)),
        MarkKind.DEPIGMENTATION: int(rng.integers(2, 7)) if rng.random() < 0.03 else 0,
    }


def draw_timeline(
    rng: np.random.Generator, profile: Profile, tone: Tone, grid: Grid, *, response: float
) -> LesionTimeline:
    """Draw every mark a person has from the first visit to week 18.

    Acne: the profile's lesions at week 0, then new ones as fast as they heal, fewer as treatment takes hold
    (`response` of them in the end). Brown marks: as many as the mottled grade needs. Others last.
    """
    streams = rng.spawn(4)
    acne = _acne(streams[0], profile, tone, grid, response)
    left = _left_behind(streams[1], acne, tone, response, first=len(acne))
    brown = _brown(streams[2], profile, tone, grid, response, first=len(acne) + len(left))
    others = _others(streams[3], profile, tone, grid, first=len(acne) + len(left) + len(brown))
    return (*acne, *left, *brown, *others)


def marks_at(course: LesionTimeline, week: float) -> tuple[MarkSpec, ...]:
    """Return the marks that are there in `week`, each as strong as it is then."""
    found = ((life.spec, strength_at(life, week)) for life in course)
    return tuple(replace(spec, strength=strength) for spec, strength in found if strength > 0)


def strength_at(life: LesionEpisode, week: float) -> float:
    """Return how strong a mark is in `week`: 0 before it comes and after it went.

    A lesion swells over the first 15 % of its life and settles over the last 30 %; what fades does so
    exponentially; treatment, from week 0 on, works as 1 - exp(-week / 5).
    """
    if not life.born <= week < life.gone:
        return 0.0
    strength = life.spec.strength
    if np.isfinite(life.gone):
        age = (week - life.born) / (life.gone - life.born)
        strength *= float(np.clip(min(age / 0.15, (1 - age) / 0.3), 0.3, 1))
    if np.isfinite(life.fades_over):
        strength *= float(np.exp(-(week - life.born) / life.fades_over))
    strength *= 1 - life.treatable * treated(week)
    return strength if strength >= FADED else 0.0


def treated(week: float) -> float:
    """Return how much of its effect treatment has had by `week`, in [0, 1)."""
    return float(1 - np.exp(-max(week, 0.0) / TREATMENT_WEEKS))


def _acne(rng: np.random.Generator, profile: Profile, tone: Tone, grid: Grid, response: float) -> list[LesionEpisode]:
    lives: list[LesionEpisode] = []
    for kind in ACNE_KINDS:
        born, gone = _lifetimes(rng, profile.lesions.get(kind, 0), WEEKS_ALIVE[kind], response)
        taken = [life.spec for life in lives]
        specs = draw_marks(rng, kind, len(born), tone, grid, first=len(lives), taken=taken)
        lives += [
            LesionEpisode(spec=spec, born=float(b), gone=float(g))
            for spec, b, g in zip(specs, born, gone, strict=False)
        ]
    return lives


def _lifetimes(
    rng: np.random.Generator, alive: int, mean_weeks: float, response: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return weeks of birth and end: `alive` lesions at week 0, then births that would keep their number."""
    span = mean_weeks * rng.lognormal(0, 0.35, alive)
    born = -span * rng.random(alive)
    candidates = rng.uniform(0, LAST_WEEK, int(rng.poisson(alive / mean_weeks * LAST_WEEK)))
    effect = np.array([treated(week) for week in candidates])
    later = candidates[rng.random(len(candidates)) >= response * effect]
    later_span = mean_weeks * rng.lognormal(0, 0.35, len(later))
    return np.concatenate([born, later]), np.concatenate([born + span, later + later_span])


def _left_behind(
    rng: np.random.Generator, acne: Sequence[LesionEpisode], tone: Tone, response: float, *, first: int
) -> list[LesionEpisode]:
    """Return the marks that healed lesions leave: brown ones the more often the darker the skin, red ones less.

    Lesions alive at week 0 stand in for those that healed before it: each adds its share of older marks.
    """
    brown = float(np.clip(0.1 + 1.1 * np.sqrt(tone.melanosome_fraction), 0, 0.7))
    chances = {MarkKind.PIH: brown, MarkKind.PIE: 0.5 * (1 - brown)}
    lives: list[LesionEpisode] = []
    for life in acne:
        if life.spec.kind not in INFLAMMATORY:
            continue
        for kind, chance in chances.items():
            if rng.random() < chance:
                lives.append(_mark_left(rng, kind, life, life.gone, tone, response, first + len(lives)))
            past = WEEKS_TO_FADE[kind] / WEEKS_ALIVE[life.spec.kind] if life.born < 0 else 0.0
            for _ in range(int(rng.poisson(0.5 * chance * past))):
                healed = -float(rng.exponential(WEEKS_TO_FADE[kind]))
                lives.append(_mark_left(rng, kind, life, healed, tone, response, first + len(lives), away=True))
    return lives


def _mark_left(
    rng: np.random.Generator,
    kind: MarkKind,
    life: LesionEpisode,
    healed: float,
    tone: Tone,
    response: float,
    identity: int,
    *,
    away: bool = False,
) -> LesionEpisode:
    lesion = life.spec
    offset = rng.normal(0, 0.05, 2) if away else np.zeros(2)
    radius_mm = float(np.clip(lesion.radius_mm * rng.uniform(0.8, 1.1), *MORPHOLOGIES[kind].radius_mm))
    place = float(lesion.u + offset[0]), float(lesion.v + offset[1])
    spec = grow_mark(rng, kind, tone, place=place, radius_mm=radius_mm, identity=identity)
    return LesionEpisode(
        spec=spec,
        born=healed,
        fades_over=WEEKS_TO_FADE[kind] * rng.lognormal(0, 0.3),
        treatable=0.5 * response,
        left_by=-1 if away else lesion.identity,
    )


def _brown(
    rng: np.random.Generator, profile: Profile, tone: Tone, grid: Grid, response: float, *, first: int
) -> list[LesionEpisode]:
    """Return lasting brown marks whose burden, by estimate, is that of the grade aimed at."""
    skin_mm2 = float((grid.mm2 * grid.skin).sum())
    wanted = BURDEN_AT_9 * (profile.mottled / 9) ** 3
    curve = tone_curve(tone.blood_fraction, tone.oxygen_saturation)
    lives: list[LesionEpisode] = []
    left = 0.0
    for kind in sorted(profile.mixture, key=lambda kind: MORPHOLOGIES[kind].radius_mm):
        left += wanted * profile.mixture[kind] * skin_mm2
        pool = (spec for _ in range(MOST_OF_A_KIND[kind] // _BATCH) for spec in _batch(rng, kind, tone, grid))
        while left > 0 and (spec := next(pool, None)) is not None:
            burden = _burden_mm2(spec, tone, curve)
            # The last mark is made fainter, so that the sum comes out.
            strength = min(1.0, left / burden) if burden > 0 else 1.0
            if strength > FADED:
                named = replace(spec, identity=first + len(lives), strength=strength)
                lives.append(LesionEpisode(spec=named, treatable=response * float(rng.uniform(0.3, 0.8))))
            left = max(left - burden, 0.0)
    return lives


def _batch(rng: np.random.Generator, kind: MarkKind, tone: Tone, grid: Grid) -> tuple[MarkSpec, ...]:
    if kind is not MarkKind.MELASMA:
        return draw_marks(rng, kind, _BATCH, tone, grid)
    half = draw_marks(rng, kind, _BATCH // 2, tone, grid)
    return tuple(spec for pair in zip(half, mirror_marks(rng, half, first=0), strict=True) for spec in pair)


def _burden_mm2(spec: MarkSpec, tone: Tone, curve: ToneCurve) -> float:
    """Estimate area x contrast of one mark alone, in mm² L*."""
    change = sum(layer.change for layer in spec.layers if layer.map == "melanosome_fraction")
    fractions = np.array([tone.melanosome_fraction, tone.melanosome_fraction + change])
    light, dark = curve.lightness_at(np.clip(fractions, *LIMITS["melanosome_fraction"]).astype(np.float32))
    return float(max(0.8 * (light - dark) - VISIBLE, 0) * 0.75 * np.pi * spec.radius_mm**2)


def _others(rng: np.random.Generator, profile: Profile, tone: Tone, grid: Grid, *, first: int) -> list[LesionEpisode]:
    specs: list[MarkSpec] = []
    for kind, count in profile.others.items():
        if kind is MarkKind.REDNESS:
            half = draw_marks(rng, kind, (count + 1) // 2, tone, grid, first=first + len(specs))
            found = (*half, *mirror_marks(rng, half, first=first + len(specs) + len(half)))
        else:
            found = draw_marks(rng, kind, count, tone, grid, first=first + len(specs))
        specs += found
    return [LesionEpisode(spec=spec) for spec in specs]
