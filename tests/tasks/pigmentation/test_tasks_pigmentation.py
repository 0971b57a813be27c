"""Brown marks drawn on plain skin: found, measured and graded; redness, shadow, hairs and moles are none."""

from dataclasses import replace

import numpy as np
import pytest

from dermis.colour.srgb import encode
from dermis.core import CropsBlock, View
from dermis.face.regions import right_of_midline
from dermis.pipeline.exclusion import exclude
from dermis.report.maps import mask_name
from dermis.tasks import TASKS
from dermis.tasks.pigmentation.contrast import BLOOD_AXIS, MELANIN_AXIS
from dermis.tasks.pigmentation.grade import grade_of_burden, severity_word
from dermis.tasks.pigmentation.marks import find_marks
from dermis.tasks.pigmentation.melasma import (
    MASI_AREA,
    MSI_AREA,
    ZonePart,
    _evenness,
    _masi_continuous,
    _masi_points,
    _mmasi_continuous,
    _mmasi_points,
    _msi_continuous,
    _msi_points,
    area_points,
    continuous_points,
)
from dermis.tasks.pigmentation.skin_grid import clues_of, excess_blood, like_melanin, skin_grid
from fakes.plain_face import SIZE, face_with


def spots(axis, amount, *, radius=6.0, step=36):
    y, x = np.mgrid[:SIZE, :SIZE]
    far = np.hypot((y % step) - step / 2, (x % step) - step / 2)
    return amount * (1 / (1 + np.exp((far - radius) / 1.0)))[..., None] * np.array(axis)


def graded(density, **tone):
    face, skin = face_with(density, **tone)
    marks = find_marks(face, skin)
    return {
        name: TASKS[name].measure(skin=skin, marks=marks) for name in ("pigmentation_grade", "masi", "mmasi", "msi")
    }


def grade(density, **tone):
    return graded(density, **tone)["pigmentation_grade"][0].value


def test_plain_skin_has_no_marks():
    face, skin = face_with(np.zeros((SIZE, SIZE, 3)))
    marks = find_marks(face, skin)
    assert marks.items == ()
    assert grade(np.zeros((SIZE, SIZE, 3))) < 0.1


def test_marks_are_found_where_they_are():
    face, skin = face_with(spots(MELANIN_AXIS, 20))
    marks = find_marks(face, skin)
    drawn = spots(MELANIN_AXIS, 1)[..., 1] > 0.5
    assert 2 * np.count_nonzero(drawn & marks.mask) / (drawn.sum() + marks.mask.sum()) > 0.7
    assert len(marks.items) == 36
    assert {item.kind for item in marks.items} == {"lentigo"}


def test_the_grade_alone_and_the_area_alone_bring_the_same_mask():
    face, skin = face_with(spots(MELANIN_AXIS, 20))
    marks = find_marks(face, skin)
    found = [TASKS[name].measure(skin=skin, marks=marks) for name in ("pigmentation_grade", "pigmentation_area")]
    assert all(np.array_equal(one[0].mask, marks.mask) for one in found)
    names = {mask_name(TASKS[name]) for name in ("pigmentation_grade", "pigmentation_area")}
    assert names == {"pigmentation_mask.png"}


def test_the_grade_stands_beside_it_in_half_steps_too():
    for finding in graded(spots(MELANIN_AXIS, 12))["pigmentation_grade"]:
        banded = finding.detail["banded"]
        assert 2 * banded == int(2 * banded)
        assert abs(banded - finding.value) <= 0.25
        assert severity_word(banded) == finding.label


@pytest.mark.parametrize("tone", [(0.6, 0.42, 0.34), (0.45, 0.27, 0.18), (0.12, 0.06, 0.035)])
def test_more_melanin_means_a_higher_grade_on_every_tone(tone):
    grades = [grade(spots(MELANIN_AXIS, amount), tone=tone) for amount in (4, 8, 12, 18, 26)]
    assert grades == sorted(grades)
    assert grades[-1] > grades[0]


def test_redness_is_no_pigment():
    assert grade(spots(BLOOD_AXIS, 12)) < 0.3


def shining(density, *, tone, gloss=0.2, known=True):
    """Skin with patches of gloss, the light's own colour; known: with the glare that the pipeline names."""
    face, skin = face_with(density, tone=tone)
    y, x = np.mgrid[:SIZE, :SIZE]
    far = np.hypot((y % 73) - 36, (x % 73) - 36)
    linear = (skin.linear + gloss * np.exp(-((far / 13) ** 2))[..., None]).astype(np.float32)
    left_out = exclude(encode(linear), linear, skin.visible, face.segmentation)
    return face, replace(skin, linear=linear, excluded={"specular": left_out["specular"]} if known else {})


def test_gloss_on_dark_skin_is_no_blood():
    blood = {}
    for known in (True, False):
        face, skin = shining(np.zeros((SIZE, SIZE, 3)), tone=(0.32, 0.12, 0.087), known=known)
        grid = skin_grid(face, skin)
        assert grid.glossy.any() == known
        blood[known] = excess_blood(grid)
    assert blood[True] < 1.5 < 2.5 < blood[False]


def test_marks_on_dark_skin_that_shines_are_graded_and_more_of_them_higher():
    tone = (0.32, 0.12, 0.087)
    found = []
    for amount in (8, 16, 26):
        face, skin = shining(spots(MELANIN_AXIS, amount), tone=tone)
        found.append(TASKS["pigmentation_grade"].measure(skin=skin, marks=find_marks(face, skin))[0].value)
    assert found == sorted(found)
    assert found[-1] > 0.7 * grade(spots(MELANIN_AXIS, 26), tone=tone)


def test_blood_is_told_the_same_where_nothing_shines_and_where_everything_does():
    face, skin = face_with(spots(BLOOD_AXIS, 12))
    plain = skin_grid(face, skin)
    everywhere = np.ones((SIZE, SIZE), bool)
    glossy = skin_grid(face, replace(skin, excluded={"specular": everywhere}))
    assert glossy.glossy.all()
    assert not plain.glossy.any()
    assert excess_blood(glossy) == excess_blood(plain) > 0.5


def test_a_smooth_shadow_is_no_pigment():
    shadow = np.linspace(0, 30, SIZE)[None, :, None] * np.ones((SIZE, SIZE, 3))
    assert grade(shadow) < 0.3


def test_a_hair_and_a_mole_are_no_marks():
    hair = np.zeros((SIZE, SIZE, 3))
    hair[60:160, 100:102] = 40
    y, x = np.mgrid[:SIZE, :SIZE]
    mole = np.where(np.hypot(y - 150, x - 50) < 5, 60, 0)[..., None] * np.array(MELANIN_AXIS)
    face, skin = face_with(hair + mole)
    marks = find_marks(face, skin)
    assert not marks.mask[80:140, 100:102].any()
    assert not marks.mask[148:152, 48:52].any()


def test_the_scores_are_bounded_and_tell_their_parts():
    found = graded(spots(MELANIN_AXIS, 20, radius=14))
    for name, top in (("masi", 48), ("mmasi", 24), ("msi", 64)):
        (finding,) = found[name]
        assert 0 < finding.value <= top
        assert finding.detail["continuous"] > 0
        assert finding.detail["parts"]


@pytest.mark.parametrize(("share", "points"), [(0.0, 0), (0.05, 1), (0.1, 2), (0.29, 2), (0.3, 3), (0.7, 5), (0.9, 6)])
def test_area_is_banded_as_published(share, points):
    assert area_points(share) == points


def test_points_without_bands_rise_throughout():
    points = [continuous_points(share, MASI_AREA) for share in np.linspace(0, 1, 50)]
    assert (np.diff(points) > 0).all()
    assert points[-1] == pytest.approx(6)


def test_the_grade_ends_at_nine():
    assert grade_of_burden(100) == 9
    assert [severity_word(grade) for grade in (0, 2, 5, 8)] == ["none", "mild", "moderate", "severe"]


def test_halves_are_those_of_the_midline():
    face, skin = face_with(np.zeros((SIZE, SIZE, 3)))
    landmarks = np.zeros((478, 3), np.float32)
    landmarks[:, 1] = np.linspace(40, 180, 478)
    landmarks[:, 0] = 100 + 8 * np.sin(landmarks[:, 1] / 25)
    turned = replace(face, landmarks=landmarks, view=View.FRONT)
    marks = find_marks(turned, skin)
    y, x = np.mgrid[:SIZE, :SIZE] + 0.5
    right = right_of_midline(turned, np.stack([x, y], axis=-1).reshape(-1, 2)).reshape(SIZE, SIZE)
    assert np.mean(marks.on_right != right) < 0.01
    assert 0.2 < marks.on_right.mean() < 0.8
    assert find_marks(face, skin).on_right is None


def colour_of_marks(axis, *, shade=None):
    """How far spots of a colour count as melanin, in the middle of them, beside a shade over the whole face."""
    density = spots(axis, 20, radius=10)
    if shade is not None:
        density = density + np.linspace(0, 30, SIZE)[:, None, None] * np.array(shade)
    face, skin = face_with(density)
    grid = skin_grid(face, skin)
    return float(np.median(like_melanin(clues_of(grid))))


def test_brown_counts_blood_does_not_and_what_is_coloured_as_the_shade_of_the_face_counts_half():
    assert colour_of_marks(MELANIN_AXIS, shade=(1, 1, 1)) > 0.9
    assert colour_of_marks(BLOOD_AXIS) < 0.05
    assert colour_of_marks((1, 1, 1), shade=(1, 1, 1)) == pytest.approx(0.5, abs=0.05)


def test_marks_that_lie_together_are_even_and_scattered_ones_are_not():
    where = np.ones((80, 80), bool)
    half = np.zeros_like(where)
    half[:, :40] = True
    assert _evenness(half, where) == 1
    assert _evenness(np.random.default_rng(0).random(where.shape) < 0.5, where) < 0.05
    assert _evenness(where, where) == 1


@pytest.mark.parametrize("tilt_deg", [0, 30, -50])
def test_places_on_a_face_turn_with_the_head(tilt_deg):
    face, skin = face_with(np.zeros((SIZE, SIZE, 3)))
    cos, sin = np.cos(np.deg2rad(tilt_deg)), np.sin(np.deg2rad(tilt_deg))
    along, down = np.array([cos, sin]), np.array([-sin, cos])
    points = np.zeros((478, 3), np.float32)
    points[:, :2] = SIZE / 2
    points[33, :2], points[263, :2] = SIZE / 2 - 30 * along, SIZE / 2 + 30 * along
    grid = skin_grid(replace(face, landmarks=points), skin)
    rows, columns = grid.pixel

    def at(place):
        x, y = SIZE / 2 + place
        return int((y - grid.window[0].start) / rows), int((x - grid.window[1].start) / columns)

    row, column = at(40 * down)
    assert grid.beside[row, column] == pytest.approx(0, abs=0.02)
    assert grid.below[row, column] > 0.1
    for side in (-1, 1):
        row, column = at(side * 40 * along)
        assert grid.beside[row, column] > 0.1
        assert grid.below[row, column] == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize(
    ("grade", "word"),
    [(0.74, "none"), (0.75, "mild"), (3.74, "mild"), (3.75, "moderate"), (6.74, "moderate"), (6.75, "severe")],
)
def test_words_of_the_grade_change_between_its_half_steps(grade, word):
    assert severity_word(grade) == word


@pytest.mark.parametrize(
    ("share", "points"), [(0.0049, 0), (0.005, 1), (0.0999, 1), (0.5, 4), (0.4999, 3), (0.8999, 5)]
)
def test_area_counts_from_half_a_percent_on(share, points):
    assert area_points(share) == points


@pytest.mark.parametrize(("share", "points"), [(0.05, 1), (0.1, 2), (0.3, 3), (0.59, 3), (0.6, 4)])
def test_area_of_the_msi_has_four_steps(share, points):
    assert area_points(share, MSI_AREA) == points


@pytest.mark.parametrize(
    ("contrast", "even", "masi", "mmasi", "msi"),
    [(0.99, 0.0, 3, 0, 0), (1.0, 0.0, 6, 3, 3), (3.0, 0.0, 9, 6, 12), (6.0, 0.5, 18, 9, 27), (10.0, 1.0, 24, 12, 48)],
)
def test_scores_of_a_zone_are_area_times_darkness_as_published(contrast, even, masi, mmasi, msi):
    """MASI A (D + H), mMASI A D, MSI a p^2; 35 % of the zone are 3 of both scales."""
    part = ZonePart(share=0.35, contrast_l=contrast, evenness=even)
    assert (_masi_points(part), _mmasi_points(part), _msi_points(part)) == (masi, mmasi, msi)


def test_points_without_bands_pass_the_middles_of_the_bands():
    at = {0.0: 0, 0.05: 1, 0.2: 2, 0.4: 3, 0.6: 4, 0.8: 5, 1.0: 6}
    assert [continuous_points(share, MASI_AREA) for share in at] == pytest.approx(list(at.values()))
    assert continuous_points(12.0, (1.0, 3.0, 6.0, 10.0)) == pytest.approx(5)
    part = ZonePart(share=0.2, contrast_l=2.0, evenness=0.5)
    assert _masi_continuous(part) == pytest.approx(2 * (2 + 2))
    assert (_mmasi_continuous(part), _msi_continuous(part)) == pytest.approx((4, 2 * 4))


def test_the_marks_that_weigh_most_are_the_larger_and_darker_and_are_called_by_their_kind():
    face, skin = face_with(spots(MELANIN_AXIS, 20))
    item = replace(find_marks(face, skin).items[0], contrast=3.0, size_face_widths=0.05)
    (crops,) = [block for block in TASKS["pigmentation_grade"].section if isinstance(block, CropsBlock)]
    assert crops.rank(item) == pytest.approx(0.15)
    assert crops.rank(replace(item, contrast=None)) == crops.rank(replace(item, size_face_widths=None)) == 0
    assert crops.name(item) == "Lentigo"
