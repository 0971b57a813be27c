"""True grades: the borders of every scale, their ends, and faces without skin."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest

from dermis.core import Box, Region
from dermis.lab.synth.head.uv import Atlas, coarse, flat_atlas
from dermis.lab.synth.lesions.grades import (
    MSI_AREA,
    area_points,
    counts_by_kind,
    darkness_points,
    gags_score,
    hayashi_grade,
    hayashi_real,
    homogeneity_points,
    iga_grade,
    inflammatory_by_half,
    involved_share,
    masi_score,
    mmasi_score,
    mottled_burden,
    mottled_grade,
    mottled_real,
    msi_score,
    per_cm2,
    pigment_contrast,
    pigmented_share,
    zone_masks,
)
from dermis.lab.synth.lesions.ground_truth import grade_face, truth_labels
from dermis.lab.synth.lesions.kinds import Mark, MarkKind, MarkLayer, MarkSpec
from dermis.lab.synth.lesions.rasterise import apply_marks, lay_out
from dermis.lab.synth.skin.colour import ToneCurve
from dermis.lab.synth.skin.maps import SkinMaps, Tone, base_skin

SIDE = 96
LINEAR = ToneCurve(
    melanosome_fraction=np.geomspace(0.001, 0.5, 50),
    lightness=70 - 20 * np.log(np.geomspace(1, 500, 50)) / np.log(500),
    ita_deg=np.linspace(60, -60, 50),
)


def face_atlas(mm_per_px: float = 2.0, *, skin: bool = True) -> Atlas:
    regions = np.zeros((SIDE, SIDE), dtype=np.uint8)
    regions[:24] = Region.FOREHEAD.code
    regions[24:72, :40] = Region.RIGHT_CHEEK.code
    regions[24:72, 56:] = Region.LEFT_CHEEK.code
    regions[24:72, 40:56] = Region.NOSE.code
    regions[28:34, 60:80] = Region.LEFT_UNDER_EYE.code
    regions[72:] = Region.CHIN.code
    left = np.broadcast_to(np.arange(SIDE) >= SIDE // 2, (SIDE, SIDE)).copy()
    return flat_atlas(regions, np.full((SIDE, SIDE), skin), left, mm_per_px)


def mark(kind: MarkKind, region: Region = Region.NOSE, *, left: bool = True, u: float = 0.5, v: float = 0.5) -> Mark:
    return Mark(
        identity=0,
        kind=kind,
        u=u,
        v=v,
        radius_mm=1.0,
        box=Box(x_px=0, y_px=0, width_px=1, height_px=1),
        row=0,
        column=0,
        mask=np.ones((1, 1), dtype=np.bool_),
        changes={},
        height_mm=0.0,
        region=region,
        left=left,
    )


def many(kind: MarkKind, count: int) -> list[Mark]:
    return [mark(kind)] * count


ATLAS = face_atlas()
GRID = coarse(ATLAS)
AREA = ATLAS.mm2_per_px
EVERYWHERE = np.ones((SIDE, SIDE), dtype=np.bool_)
ZONES = zone_masks(ATLAS, GRID)


def contrast(value: float, where: np.ndarray = EVERYWHERE) -> np.ndarray:
    return np.where(where, np.float32(value), np.float32(0))


@pytest.mark.parametrize(("count", "grade"), [(0, 0), (5, 0), (6, 1), (20, 1), (21, 2), (50, 2), (51, 3), (1000, 3)])
def test_hayashi_changes_at_its_borders(count: int, grade: int) -> None:
    assert hayashi_grade(count) == grade
    assert np.floor(hayashi_real(count) + 0.5) == grade


def test_hayashi_as_a_real_number_rises_from_0_to_3() -> None:
    found = np.array([hayashi_real(count) for count in range(120)])
    assert found[0] == 0
    assert found[-1] == 3
    assert (np.diff(found[:100]) > 0).all()


def test_inflammatory_lesions_are_counted_by_half() -> None:
    marks = [
        mark(MarkKind.PAPULE),
        mark(MarkKind.PUSTULE),
        mark(MarkKind.NODULE, left=False),
        mark(MarkKind.OPEN_COMEDO),
    ]
    assert inflammatory_by_half(marks) == (2, 1)


def test_counts_name_every_kind() -> None:
    counts = counts_by_kind([*many(MarkKind.PAPULE, 3), mark(MarkKind.FRECKLE)])
    assert set(counts) == set(MarkKind)
    assert (counts[MarkKind.PAPULE], counts[MarkKind.FRECKLE], counts[MarkKind.MELASMA]) == (3, 1, 0)


@pytest.mark.parametrize(
    ("counts", "involved", "grade"),
    [
        ({}, 0.0, 0),
        ({MarkKind.FRECKLE: 40, MarkKind.PIH: 20}, 0.0, 0),
        ({MarkKind.OPEN_COMEDO: 1}, 0.01, 1),
        ({MarkKind.PAPULE: 5, MarkKind.CLOSED_COMEDO: 10}, 0.2, 1),
        ({MarkKind.PAPULE: 4, MarkKind.PUSTULE: 2}, 0.2, 2),
        ({MarkKind.CLOSED_COMEDO: 11}, 0.2, 2),
        ({MarkKind.PAPULE: 40}, 0.5, 2),
        ({MarkKind.PAPULE: 40}, 0.51, 3),
        ({MarkKind.NODULE: 1}, 0.02, 3),
        ({MarkKind.PAPULE: 80}, 0.8, 4),
        ({MarkKind.NODULE: 2}, 0.03, 4),
    ],
)
def test_iga_follows_its_rule(counts: dict[MarkKind, int], involved: float, grade: int) -> None:
    assert iga_grade(counts, involved) == grade


def test_gags_takes_the_worst_lesion_of_each_region() -> None:
    assert gags_score([]) == 0
    assert gags_score([mark(MarkKind.OPEN_COMEDO)]) == 1
    assert gags_score([mark(MarkKind.PAPULE, Region.FOREHEAD), mark(MarkKind.OPEN_COMEDO, Region.FOREHEAD)]) == 4
    assert gags_score([mark(MarkKind.PUSTULE, Region.LEFT_UNDER_EYE), mark(MarkKind.NODULE, Region.LEFT_CHEEK)]) == 8
    assert gags_score([mark(MarkKind.FRECKLE, Region.CHIN)]) == 0
    assert gags_score([mark(MarkKind.NODULE, region) for region in Region]) == 32


def test_involved_skin_lies_within_a_centimetre() -> None:
    one = [mark(MarkKind.PAPULE)]
    assert involved_share([], GRID) == 0
    assert involved_share([mark(MarkKind.FRECKLE)], GRID) == 0
    assert involved_share(one, GRID) * GRID.mm2.sum() == pytest.approx(np.pi * 10**2, rel=0.1)
    spread = [mark(MarkKind.PAPULE, u=u, v=v) for u, v in product(np.linspace(0, 1, 20), repeat=2)]
    assert involved_share(spread, GRID) == pytest.approx(1)


def test_density_is_over_true_area() -> None:
    assert per_cm2(100, GRID) == pytest.approx(100 / (SIDE * 2.0 / 10) ** 2)


def test_no_burden_is_grade_0_and_grade_9_is_the_end() -> None:
    assert mottled_grade(0.0) == 0
    assert mottled_grade(5.0) == 9
    assert mottled_grade(500.0) == 9
    assert mottled_real(5.0 / 8) == pytest.approx(4.5)


@pytest.mark.parametrize(
    ("share", "value", "low", "high"),
    [
        (0.003, 4.0, 0.5, 3.0),  # very few small or faint
        (0.5, 3.0, 4.0, 6.0),  # faint but covering the face
        (0.06, 14.0, 3.5, 6.0),  # pronounced but localised
        (0.4, 10.0, 7.0, 9.0),  # patches, very noticeable
    ],
)
def test_words_of_the_photonumeric_scale(share: float, value: float, low: float, high: float) -> None:
    where = np.zeros(SIDE * SIDE, dtype=np.bool_)
    where[: round(share * where.size)] = True
    found = contrast(value, where.reshape(SIDE, SIDE))
    assert low <= mottled_grade(mottled_burden(found, AREA, EVERYWHERE)) <= high


def test_mottled_grades_come_in_half_steps() -> None:
    for burden in np.linspace(0, 6, 97):
        assert (2 * mottled_grade(burden)) % 1 == 0
        assert abs(mottled_grade(burden) - mottled_real(burden)) <= 0.25 + 1e-9


def test_what_is_not_visible_does_not_count() -> None:
    assert mottled_burden(contrast(0.99), AREA, EVERYWHERE) == 0
    assert pigmented_share(contrast(0.99), AREA, EVERYWHERE) == 0
    assert pigmented_share(contrast(1.0), AREA, EVERYWHERE) == pytest.approx(1)


def test_areas_are_true_areas() -> None:
    area = np.array(AREA)
    area[:, : SIDE // 2] *= 3
    where = np.zeros((SIDE, SIDE), dtype=np.bool_)
    where[:, : SIDE // 2] = True
    assert pigmented_share(contrast(5, where), area, EVERYWHERE) == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("share", "points"),
    [
        (0, 0),
        (0.001, 1),
        (0.099, 1),
        (0.10, 2),
        (0.299, 2),
        (0.30, 3),
        (0.50, 4),
        (0.70, 5),
        (0.899, 5),
        (0.90, 6),
        (1, 6),
    ],
)
def test_masi_area_points(share: float, points: int) -> None:
    assert area_points(share) == points


@pytest.mark.parametrize(("share", "points"), [(0, 0), (0.05, 1), (0.2, 2), (0.45, 3), (0.61, 4), (1, 4)])
def test_msi_area_points(share: float, points: int) -> None:
    assert area_points(share, MSI_AREA) == points


@pytest.mark.parametrize(("value", "points"), [(0.5, 0), (1, 1), (2.9, 1), (3, 2), (5.9, 2), (6, 3), (10, 4), (60, 4)])
def test_darkness_points(value: float, points: int) -> None:
    assert darkness_points(contrast(value), AREA, EVERYWHERE) == points


def test_a_tiny_dark_spot_is_slight() -> None:
    where = np.zeros((SIDE, SIDE), dtype=np.bool_)
    where[40, 40] = True
    assert darkness_points(contrast(20, where), AREA, EVERYWHERE) == 1


@pytest.mark.parametrize(("pixels", "points"), [(0, 0), (2, 1), (6, 2), (20, 3), (SIDE, 4)])
def test_homogeneity_points(pixels: int, points: int) -> None:
    where = np.zeros((SIDE, SIDE), dtype=np.bool_)
    where[:pixels, :pixels] = True
    assert homogeneity_points(contrast(5, where), AREA, EVERYWHERE) == points


def test_zones_share_out_the_skin() -> None:
    masi = [ZONES[name] for name in ("forehead", "right_malar", "left_malar", "chin")]
    msi = [ZONES[name] for name in ("left", "right", "nose")]
    for parts in (masi, msi):
        assert (np.sum(parts, axis=0) == 1).all()
    assert ZONES["left_malar"][30, 70]
    assert ZONES["right_malar"][50, 42]


def test_scores_reach_both_ends_of_their_scales() -> None:
    scores = (mmasi_score, masi_score, msi_score)
    assert [score(contrast(0), AREA, ZONES) for score in scores] == [0, 0, 0]
    assert [score(contrast(20), AREA, ZONES) for score in scores] == pytest.approx([24, 48, 64])


def test_mmasi_weighs_its_zones() -> None:
    assert mmasi_score(contrast(20, ZONES["chin"]), AREA, ZONES) == pytest.approx(0.1 * 6 * 4)
    assert mmasi_score(contrast(4, ZONES["forehead"]), AREA, ZONES) == pytest.approx(0.3 * 6 * 2)
    assert msi_score(contrast(4, ZONES["nose"]), AREA, ZONES) == pytest.approx(0.2 * 4 * 2**2)


def test_no_skin_and_one_pixel() -> None:
    none = np.zeros((SIDE, SIDE), dtype=np.bool_)
    bare = face_atlas(skin=False)
    assert pigmented_share(contrast(5), AREA, none) == 0
    assert mottled_burden(contrast(5), AREA, none) == 0
    assert involved_share(many(MarkKind.PAPULE, 3), coarse(bare)) == 0
    assert per_cm2(3, coarse(bare)) == 0
    zones = zone_masks(bare, coarse(bare))
    assert mmasi_score(contrast(20), AREA, zones) == 0
    one = np.ones((1, 1), dtype=np.bool_)
    assert mottled_burden(np.full((1, 1), 6, dtype=np.float32), np.ones((1, 1), dtype=np.float32), one) == 5


def paint(specs: Sequence[MarkSpec]) -> tuple[SkinMaps, tuple[Mark, ...]]:
    tone = Tone(melanosome_fraction=0.03, blood_fraction=0.01, oxygen_saturation=0.7)
    base = base_skin(np.random.default_rng(1), tone, ATLAS)
    return base, apply_marks(base, lay_out(specs, ATLAS), ATLAS)[1]


def brown(kind: MarkKind, radius_mm: float, change: float = 0.05) -> MarkSpec:
    layer = MarkLayer(map="melanosome_fraction", change=change, reach=1.0, edge=0.1)
    return MarkSpec(identity=1, kind=kind, u=0.25, v=0.5, radius_mm=radius_mm, layers=(layer,))


def test_contrast_is_the_lightness_a_mark_takes() -> None:
    base, _ = paint([])
    found = pigment_contrast(lay_out([brown(MarkKind.LENTIGO, 12.0)], ATLAS), base, ATLAS, LINEAR)
    before = base.melanosome_fraction[48, 24]
    expected = LINEAR.lightness_at(before) - LINEAR.lightness_at(before + np.float32(0.05))
    assert found[48, 24] == pytest.approx(float(expected), abs=1e-4)
    assert found[0, -1] == 0


def test_moles_and_redness_are_no_mottles_and_only_melasma_is_melasma() -> None:
    base, _ = paint([])
    for kind, kinds in ((MarkKind.NAEVUS, None), (MarkKind.FRECKLE, {MarkKind.MELASMA})):
        stamps = lay_out([brown(kind, 12.0)], ATLAS)
        args = (stamps, base, ATLAS, LINEAR)
        found = pigment_contrast(*args) if kinds is None else pigment_contrast(*args, kinds=kinds)
        assert not found.any()


def test_a_face_is_graded_as_its_parts_are() -> None:
    specs = [brown(MarkKind.MELASMA, 30.0), brown(MarkKind.PAPULE, 2.0, 0.01)]
    base, marks = paint(specs)
    grades = grade_face(marks, lay_out(specs, ATLAS), base, ATLAS, LINEAR)
    labels = {label.task: label for label in truth_labels(grades)}
    assert (grades.inflammatory_left, grades.inflammatory_right, grades.hayashi) == (0, 1, 0)
    assert (grades.iga, grades.acne_lesions) == (1, 1)
    assert grades.mottled_right > grades.mottled > grades.mottled_left == 0
    assert 0 < grades.mmasi < grades.masi
    assert {label.grader for label in labels.values()} == {"truth"}
    assert labels["pigmentation_grade"].value == grades.mottled
    assert labels["acne_presence"].value == 0
    assert labels["acne_lesions"].value == 1


def test_a_clear_face_has_no_grade() -> None:
    base, marks = paint([])
    grades = grade_face(marks, [], base, ATLAS, LINEAR)
    assert all(label.value == 0 for label in truth_labels(grades))
