"""Laws of marks and grades: more marks never lower a grade, order is nothing, maps keep their limits."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dermis.core import Region
from dermis.lab.synth.head.uv import coarse, flat_atlas
from dermis.lab.synth.lesions.draw import draw_marks
from dermis.lab.synth.lesions.grades import (
    hayashi_grade,
    hayashi_real,
    homogeneity_points,
    iga_grade,
    masi_score,
    mmasi_score,
    mottled_grade,
    mottled_real,
    msi_score,
    zone_masks,
)
from dermis.lab.synth.lesions.ground_truth import Grades, grade_face
from dermis.lab.synth.lesions.kinds import MOTTLES, MarkKind, MarkSpec
from dermis.lab.synth.lesions.progression import LesionEpisode, strength_at
from dermis.lab.synth.lesions.rasterise import apply_marks, lay_out
from dermis.lab.synth.skin.colour import ToneCurve
from dermis.lab.synth.skin.maps import LIMITS, SkinMaps, Tone, base_skin

SIDE = 64
_regions = np.full((SIDE, SIDE), Region.LEFT_CHEEK.code, dtype=np.uint8)
_regions[:, : SIDE // 2] = Region.RIGHT_CHEEK.code
_regions[: SIDE // 4] = Region.FOREHEAD.code
_regions[3 * SIDE // 4 :] = Region.CHIN.code
_regions[SIDE // 4 : SIDE // 2, 28:36] = Region.NOSE.code
_left = np.broadcast_to(np.arange(SIDE) >= SIDE // 2, (SIDE, SIDE)).copy()
ATLAS = flat_atlas(_regions, np.ones((SIDE, SIDE), dtype=np.bool_), _left, 2.0)
GRID = coarse(ATLAS)
ZONES = zone_masks(ATLAS, GRID)
_fractions = np.geomspace(0.001, 0.5, 40)
CURVE = ToneCurve(melanosome_fraction=_fractions, lightness=72 - 60 * _fractions**0.6, ita_deg=np.linspace(70, -65, 40))

tones = st.builds(
    Tone,
    melanosome_fraction=st.floats(0.005, 0.4),
    blood_fraction=st.floats(0.003, 0.04),
    oxygen_saturation=st.floats(0.4, 0.9),
)
seeds = st.integers(0, 2**31)
crowds = st.lists(st.tuples(st.sampled_from(list(MarkKind)), st.integers(1, 12)), max_size=4)


def draw(seed: int, crowd: list[tuple[MarkKind, int]], tone: Tone) -> tuple[MarkSpec, ...]:
    rng = np.random.default_rng(seed)
    return tuple(spec for kind, count in crowd for spec in draw_marks(rng, kind, count, tone, GRID))


def graded(base: SkinMaps, specs: tuple[MarkSpec, ...]) -> Grades:
    stamps = lay_out(specs, ATLAS)
    return grade_face(apply_marks(base, stamps, ATLAS)[1], stamps, base, ATLAS, CURVE)


@settings(max_examples=40, deadline=None)
@given(tone=tones, seed=seeds, crowd=crowds, more=crowds)
def test_more_marks_never_lower_a_grade(
    tone: Tone, seed: int, crowd: list[tuple[MarkKind, int]], more: list[tuple[MarkKind, int]]
) -> None:
    base = base_skin(np.random.default_rng(seed), tone, ATLAS)
    some = draw(seed, crowd, tone)
    fewer, others = graded(base, some), graded(base, some + draw(seed + 1, more, tone))
    for field in fields(Grades):
        if field.name != "counts":
            assert getattr(others, field.name) >= getattr(fewer, field.name) - 1e-9, field.name
    assert all(others.counts[kind] >= fewer.counts[kind] for kind in MarkKind)


@settings(max_examples=30, deadline=None)
@given(tone=tones, seed=seeds, crowd=crowds)
def test_maps_keep_their_limits_and_order_is_nothing(tone: Tone, seed: int, crowd: list[tuple[MarkKind, int]]) -> None:
    base = base_skin(np.random.default_rng(seed), tone, ATLAS)
    specs = draw(seed, crowd, tone)
    one, marks = apply_marks(base, lay_out(specs, ATLAS), ATLAS)
    other, _ = apply_marks(base, lay_out(specs[::-1], ATLAS), ATLAS)
    for name, (low, high) in LIMITS.items():
        values = getattr(one, name)
        assert values.min() >= np.float32(low)
        assert values.max() <= np.float32(high)
        np.testing.assert_allclose(values, getattr(other, name), atol=1e-5)
    for mark in marks:
        height, width = mark.mask.shape
        assert mark.mask.any()
        assert mark.row + height <= SIDE
        assert mark.column + width <= SIDE
        assert (mark.box.x_px, mark.box.y_px, mark.box.width_px, mark.box.height_px) == (
            mark.column,
            mark.row,
            width,
            height,
        )


@settings(max_examples=25, deadline=None)
@given(tone=tones, seed=seeds, kind=st.sampled_from(sorted(MOTTLES)), strength=st.floats(0.1, 1.0))
def test_a_stronger_brown_mark_never_lowers_a_grade(tone: Tone, seed: int, kind: MarkKind, strength: float) -> None:
    base = base_skin(np.random.default_rng(seed), tone, ATLAS)
    full = draw(seed, [(kind, 8)], tone)
    faint = tuple(replace(spec, strength=strength) for spec in full)
    weak, strong = graded(base, faint), graded(base, full)
    assert strong.mottled_real >= weak.mottled_real - 1e-9
    assert strong.mmasi >= weak.mmasi


@given(fewer=st.integers(0, 200), more=st.integers(0, 50))
def test_hayashi_rises_with_the_count_and_rounds_to_its_grade(fewer: int, more: int) -> None:
    assert hayashi_real(fewer) <= hayashi_real(fewer + more)
    assert np.floor(hayashi_real(fewer) + 0.5) == hayashi_grade(fewer)


@given(
    counts=st.dictionaries(st.sampled_from(list(MarkKind)), st.integers(0, 90)),
    kind=st.sampled_from(list(MarkKind)),
    involved=st.floats(0, 1),
    further=st.floats(0, 1),
)
def test_iga_rises_with_counts_and_area(
    counts: dict[MarkKind, int], kind: MarkKind, involved: float, further: float
) -> None:
    more = {**counts, kind: counts.get(kind, 0) + 1}
    assert 0 <= iga_grade(counts, involved) <= iga_grade(more, max(involved, further)) <= 4


@settings(max_examples=25, deadline=None)
@given(seed=seeds, share=st.floats(0, 1), extra=st.floats(0, 20))
def test_more_contrast_never_lowers_a_pigment_score(seed: int, share: float, extra: float) -> None:
    rng = np.random.default_rng(seed)
    spots = (rng.random((SIDE, SIDE)) < share) * rng.gamma(2, 3, (SIDE, SIDE))
    before = spots.astype(np.float32)
    after = before + np.float32(extra) * (rng.random((SIDE, SIDE)) < 0.3).astype(np.float32)
    area = ATLAS.mm2_per_px
    for score, highest in ((mmasi_score, 24), (masi_score, 48), (msi_score, 64)):
        assert 0 <= score(before, area, ZONES) <= score(after, area, ZONES) <= highest + 1e-9
    assert homogeneity_points(before, area, ZONES["chin"]) <= homogeneity_points(after, area, ZONES["chin"])


@given(burden=st.floats(0, 100), more=st.floats(0, 100))
def test_the_mottled_grade_rises_with_its_burden(burden: float, more: float) -> None:
    assert 0 <= mottled_real(burden) <= mottled_real(burden + more) <= 9
    assert abs(mottled_grade(burden) - mottled_real(burden)) <= 0.25 + 1e-9


@given(
    born=st.floats(-30, 10),
    span=st.floats(0.5, 40),
    fades=st.floats(1, 40),
    treatable=st.floats(0, 0.9),
    week=st.floats(-30, 40),
)
def test_strength_stays_between_nought_and_one_and_fading_never_turns(
    born: float, span: float, fades: float, treatable: float, week: float
) -> None:
    spec = MarkSpec(identity=0, kind=MarkKind.PIH, u=0.5, v=0.5, radius_mm=1.0, layers=())
    lesion = LesionEpisode(spec=spec, born=born, gone=born + span)
    mark = LesionEpisode(spec=spec, born=born, fades_over=fades, treatable=treatable)
    assert 0 <= strength_at(lesion, week) <= 1
    if week >= born:
        assert 0 <= strength_at(mark, week + 1) <= strength_at(mark, week) <= 1
