"""People over a trial: one seed one person, lesions that come, go and leave marks, treatment that works."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dermis.core import Region
from dermis.lab.synth.head.uv import Atlas, coarse, flat_atlas
from dermis.lab.synth.lesions.kinds import COMEDONES, INFLAMMATORY, MOTTLES, MarkKind, MarkLayer, MarkSpec
from dermis.lab.synth.lesions.progression import (
    FADED,
    PROFILES,
    WEEKS_ALIVE,
    LesionEpisode,
    LesionTimeline,
    Profile,
    draw_profile,
    draw_timeline,
    marks_at,
    strength_at,
    treated,
)
from dermis.lab.synth.skin.maps import Tone
from dermis.lab.synth.subjects import (
    VISITS,
    SubjectPopulation,
    compare_visits,
    draw_subject,
    subject_timeline,
    visit_skin,
)

LIGHT = Tone(melanosome_fraction=0.012, blood_fraction=0.012, oxygen_saturation=0.7)
DARK = Tone(melanosome_fraction=0.2, blood_fraction=0.012, oxygen_saturation=0.7)


def face_atlas(side: int = 160) -> Atlas:
    regions = np.zeros((side, side), dtype=np.uint8)
    quarter = side // 4
    regions[:quarter] = Region.FOREHEAD.code
    regions[quarter : 3 * quarter, : side // 2] = Region.RIGHT_CHEEK.code
    regions[quarter : 3 * quarter, side // 2 :] = Region.LEFT_CHEEK.code
    regions[quarter : 3 * quarter, 3 * side // 7 : 4 * side // 7] = Region.NOSE.code
    regions[3 * quarter :] = Region.CHIN.code
    left = np.broadcast_to(np.arange(side) >= side / 2, (side, side)).copy()
    return flat_atlas(regions, np.ones((side, side), dtype=np.bool_), left, 200.0 / side)


ATLAS = face_atlas()
GRID = coarse(ATLAS)
ACNE = Profile(
    name="test",
    lesions={
        MarkKind.OPEN_COMEDO: 10,
        MarkKind.CLOSED_COMEDO: 12,
        MarkKind.PAPULE: 30,
        MarkKind.PUSTULE: 12,
        MarkKind.NODULE: 3,
    },
)


def course(profile: Profile = ACNE, tone: Tone = LIGHT, *, response: float = 0.0, seed: int = 1) -> LesionTimeline:
    return draw_timeline(np.random.default_rng(seed), profile, tone, GRID, response=response)


def count(found: LesionTimeline, week: float, kinds: frozenset[MarkKind]) -> int:
    return sum(spec.kind in kinds for spec in marks_at(found, week))


def life(**changes: object) -> LesionEpisode:
    spec = MarkSpec(
        identity=1,
        kind=MarkKind.PIH,
        u=0.5,
        v=0.5,
        radius_mm=2.0,
        layers=(MarkLayer(map="melanosome_fraction", change=0.1, reach=1.0, edge=0.2),),
    )
    return replace(LesionEpisode(spec=spec), **changes)  # type: ignore[arg-type]


def test_one_seed_one_person() -> None:
    one, same, other = draw_subject(5), draw_subject(5), draw_subject(6)
    assert one == same
    assert one != other
    first, again = (visit_skin(one, ATLAS, "W08") for _ in range(2))
    np.testing.assert_array_equal(first.maps.melanosome_fraction, again.maps.melanosome_fraction)
    assert first.specs == again.specs
    assert first.grades == again.grades


def test_a_course_drawn_once_serves_every_visit() -> None:
    subject = draw_subject(7)
    shared = subject_timeline(subject, ATLAS)
    assert visit_skin(subject, ATLAS, "W12", course=shared).specs == visit_skin(subject, ATLAS, "W12").specs


def test_the_face_stays_the_same_across_visits() -> None:
    subject = draw_subject(8)
    first, last = (visit_skin(subject, ATLAS, name).base for name in ("W00", "W17"))
    same = np.corrcoef(first.melanosome_fraction.ravel(), last.melanosome_fraction.ravel())[0, 1]
    assert same > 0.999
    np.testing.assert_array_equal(first.height_mm, last.height_mm)
    other = visit_skin(draw_subject(9), ATLAS).base
    assert abs(np.corrcoef(first.height_mm.ravel(), other.height_mm.ravel())[0, 1]) < 0.3


def test_visits_are_those_of_the_trial() -> None:
    assert list(VISITS) == ["W00", "W04", "W08", "W12", "W16", "W17"]
    assert [int(name[1:]) for name in VISITS] == list(VISITS.values())
    with pytest.raises(ValueError, match="W99"):
        visit_skin(draw_subject(1), ATLAS, "W99")


def test_identities_are_unique() -> None:
    found = course(
        replace(ACNE, mottled=5.0, mixture={MarkKind.LENTIGO: 1.0}, others={MarkKind.NAEVUS: 6, MarkKind.REDNESS: 3})
    )
    numbers = [one.spec.identity for one in found]
    assert len(set(numbers)) == len(numbers)


def test_the_first_visit_has_the_lesions_of_the_profile() -> None:
    alive = marks_at(course(), 0.0)
    for kind, wanted in ACNE.lesions.items():
        assert sum(spec.kind is kind for spec in alive) == wanted


def test_without_treatment_the_number_of_lesions_keeps_about_level() -> None:
    found = course()
    for week in (8.0, 16.0):
        assert count(found, week, INFLAMMATORY) == pytest.approx(45, rel=0.45)
        assert count(found, week, COMEDONES) == pytest.approx(22, rel=0.6)


def test_treatment_clears_its_share() -> None:
    late = [np.mean([count(course(response=r, seed=s), 14.0, INFLAMMATORY) for s in range(4)]) for r in (0.0, 0.8)]
    assert late[1] / late[0] == pytest.approx(1 - 0.8 * treated(13), abs=0.15)


def test_treatment_takes_hold_over_weeks() -> None:
    assert treated(-3) == treated(0) == 0
    found = [treated(week) for week in VISITS.values()]
    assert (np.diff(found) > 0).all()
    assert found[3] > 0.85


def test_lesions_live_as_long_as_their_kind() -> None:
    found = course()
    for kind in (MarkKind.PAPULE, MarkKind.PUSTULE):
        spans = [one.gone - one.born for one in found if one.spec.kind is kind]
        assert np.mean(spans) == pytest.approx(WEEKS_ALIVE[kind], rel=0.25)


def test_a_lesion_swells_and_settles() -> None:
    lesion = life(born=2.0, gone=4.0)
    found = [strength_at(lesion, week) for week in (1.9, 2.0, 3.0, 3.9, 4.0)]
    assert found[0] == found[4] == 0
    assert found[2] == 1
    assert 0 < found[1] < 1
    assert 0 < found[3] < 1


def test_marks_left_behind_fade_and_faster_under_treatment() -> None:
    mark, treated_mark = life(born=0.0, fades_over=10.0), life(born=0.0, fades_over=10.0, treatable=0.6)
    plain = [strength_at(mark, week) for week in (0, 5, 10, 40)]
    assert plain[:3] == pytest.approx([1, np.exp(-0.5), np.exp(-1)])
    assert plain[3] == 0
    assert strength_at(treated_mark, 10) < plain[2]
    assert strength_at(treated_mark, 10) >= FADED


def test_healed_lesions_leave_marks_where_they_were() -> None:
    found = course()
    lesions = {one.spec.identity: one for one in found if one.spec.kind in INFLAMMATORY}
    left = [one for one in found if one.left_by >= 0]
    assert left
    for one in left:
        lesion = lesions[one.left_by]
        assert one.born == lesion.gone
        assert (one.spec.u, one.spec.v) == (lesion.spec.u, lesion.spec.v)
        assert one.spec.kind in (MarkKind.PIH, MarkKind.PIE)


def test_dark_skin_is_left_with_brown_marks_light_skin_with_red_ones() -> None:
    shares = [
        np.mean([one.spec.kind is MarkKind.PIH for one in course(tone=tone) if one.left_by >= 0])
        for tone in (LIGHT, DARK)
    ]
    assert shares[0] < 0.5 < shares[1]


@pytest.mark.parametrize("tone", [LIGHT, DARK])
def test_the_mottled_grade_comes_near_its_aim(tone: Tone) -> None:
    population = SubjectPopulation(profiles={"mottled": 1.0})
    for seed, wanted in enumerate((1.0, 3.0, 5.0, 7.0)):
        mixture = {MarkKind.LENTIGO: 0.5, MarkKind.FRECKLE: 0.2, MarkKind.PIH: 0.1, MarkKind.MELASMA: 0.2}
        subject = replace(
            draw_subject(seed, population), tone=tone, profile=Profile(name="test", mottled=wanted, mixture=mixture)
        )
        assert visit_skin(subject, ATLAS).grades.mottled == pytest.approx(wanted, abs=1.0)


def test_no_mottling_wanted_no_mottles_drawn() -> None:
    bare = course(Profile(name="test", mixture={MarkKind.FRECKLE: 1.0}))
    assert not [one for one in bare if one.spec.kind in MOTTLES]


def test_pigment_fades_over_the_trial() -> None:
    population = SubjectPopulation(profiles={"mottled": 1.0}, youngest_years=50)
    subject = replace(draw_subject(3, population), response=0.9)
    found = [visit_skin(subject, ATLAS, name).grades.mottled_real for name in ("W00", "W04", "W16")]
    assert found[0] > found[1] > found[2]


def test_visits_tell_new_gone_and_lasting_marks() -> None:
    subject = draw_subject(4, SubjectPopulation(profiles={"severe": 1.0}))
    shared = subject_timeline(subject, ATLAS)
    first, later = (visit_skin(subject, ATLAS, name, course=shared).marks for name in ("W00", "W08"))
    change = compare_visits(first, later)
    assert change.new
    assert change.gone
    assert change.lasting
    assert change.new | change.lasting == {mark.identity for mark in later}
    assert compare_visits(first, first).lasting == {mark.identity for mark in first}
    kinds = {mark.identity: mark.kind for mark in first}
    assert all(kinds[mark.identity] is mark.kind for mark in later if mark.identity in kinds)


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_makes_a_visit(name: str) -> None:
    subject = draw_subject(11, SubjectPopulation(profiles={name: 1.0}))
    visit = visit_skin(subject, ATLAS)
    assert subject.profile.name == name
    assert len(visit.marks) <= len(visit.specs)
    assert np.isfinite(visit.maps.height_mm).all()


def test_severity_orders_the_hayashi_grade() -> None:
    names = ("clear", "mild", "moderate", "severe", "very_severe")
    found = [
        [visit_skin(draw_subject(s, SubjectPopulation(profiles={name: 1.0})), ATLAS).grades.hayashi for s in range(4)]
        for name in names
    ]
    assert (np.diff([np.mean(one) for one in found]) >= 0).all()
    assert np.mean(found[0]) == 0
    assert np.mean(found[-1]) == pytest.approx(3, abs=0.3)


def test_an_unknown_profile_is_named() -> None:
    with pytest.raises(ValueError, match="oily"):
        draw_profile(np.random.default_rng(1), "oily", LIGHT, 30.0)


def test_a_population_spans_tones_ages_and_profiles() -> None:
    drawn = [draw_subject(seed) for seed in range(120)]
    ita = [one.skin.ita_deg for one in drawn]
    assert min(ita) < -50
    assert max(ita) > 55
    assert {one.profile.name for one in drawn} == set(SubjectPopulation().profiles) <= set(PROFILES)
    assert len({one.head_seed for one in drawn}) == len(drawn)
    assert all(0 <= one.response <= 1 and 16 <= one.age_years <= 70 for one in drawn)
    narrow = SubjectPopulation(lowest_ita_deg=-40, highest_ita_deg=-30)
    assert all(-41 < draw_subject(seed, narrow).skin.ita_deg < -29 for seed in range(10))


def test_a_face_without_skin_stays_bare() -> None:
    bare = replace(ATLAS, skin=np.zeros_like(ATLAS.skin))
    visit = visit_skin(draw_subject(1, SubjectPopulation(profiles={"mixed": 1.0})), bare)
    assert visit.marks == ()
    assert visit.grades.mottled == visit.grades.hayashi == 0
