"""Two visits whose lesions, and their fates, are known: one photo, turned, reduced and lit otherwise."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import affine_transform

import dermis
from dermis.core import Analysis, Encoding, Finding, Photo, Provenance, Quality, Region, View
from dermis.errors import InputError
from dermis.face.crop import crop
from dermis.face.find import find_face
from dermis.face.regions import face_width_px
from dermis.pipeline.alignment import _between, align
from dermis.pipeline.analyse import measure_skin
from dermis.pipeline.longitudinal import change_between, same_lesion
from dermis.tasks.acne.assign import place_lesions
from fakes.pipeline_lesions import lesions_at, with_spots

STAYS, GOES, COMES = (50, 280, 151), (205, 199), (425, 9)
ANGLE, SCALE, SHIFT = np.deg2rad(5.0), 0.9, np.array([14.0, -9.0])
TURN = SCALE * np.array([[np.cos(ANGLE), -np.sin(ANGLE)], [np.sin(ANGLE), np.cos(ANGLE)]])


def moved(points, photo):
    middle = np.array([photo.width_px, photo.height_px]) / 2
    return (np.asarray(points, np.float64) - middle) @ TURN.T + middle + SHIFT


def again(photo):
    """The same face another day: turned, from farther away, a little brighter, with other noise."""
    middle = np.array([photo.width_px, photo.height_px]) / 2
    back = np.linalg.inv(TURN)
    matrix, offset = back[::-1, ::-1], (middle - back @ (middle + SHIFT))[::-1]
    planes = [affine_transform(photo.pixels[..., c], matrix, offset, order=1, mode="nearest") for c in range(3)]
    noise = np.random.default_rng(5).normal(0, 0.01, photo.pixels.shape)
    pixels = np.clip(1.05 * np.stack(planes, axis=-1) + noise, 0, 1).astype(np.float32)
    return Photo(pixels=pixels, encoding=Encoding.SRGB)


@pytest.fixture(scope="module")
def photos(selfie):
    """Spots lie where lesions stay and go in the first photo, where they stay and come in the second."""
    bare = dermis.read_photo(selfie)
    face = find_face(bare)
    before = with_spots(bare, at(face, STAYS + GOES))
    after = again(with_spots(bare, at(face, STAYS + COMES)))
    return before, face, after, find_face(after)


def visit(name, photo, face, places, **changes):
    skin = measure_skin(crop(photo, face.frame), photo, face)
    lesions = place_lesions(lesions_at(places, photo, **changes), face, skin)
    return Analysis(
        name=name, photo=photo, quality=Quality(), provenance=Provenance(dermis="0"), face=face, skin=skin,
        lesions=lesions,
    )  # fmt: skip


def at(face, points):
    return face.landmarks[list(points), :2]


@pytest.fixture(scope="module")
def change(photos):
    before, face, after, other = photos
    first = visit("a.jpg", before, face, at(face, STAYS + GOES), count_interval=(3.0, 8.0))
    second = visit("b.jpg", after, other, moved(at(face, STAYS + COMES), before), count_interval=(3.0, 8.0))
    return change_between(first, second)


def test_places_are_found_again(photos):
    before, face, after, other = photos
    laid = align(before, face, after, other)
    places = at(face, range(0, 468, 7))
    off = np.linalg.norm(laid.moved(places.astype(np.float64)) - moved(places, before), axis=1) / face_width_px(other)
    inner = off[np.linalg.norm(places - places.mean(axis=0), axis=1) < 0.45 * face_width_px(face)]
    assert np.sqrt(np.mean(inner**2)) < 0.004
    assert laid.textured > 0.6


def test_every_lesion_has_the_fate_it_had(change, photos):
    _, face, _, _ = photos
    assert (len(change.lasting), len(change.gone), len(change.new)) == (len(STAYS), len(GOES), len(COMES))
    assert all(pair.probability > 0.9 and pair.apart < 0.01 for pair in change.lasting)
    gone = {(fate.item.box.x_px + 10, fate.item.box.y_px + 10) for fate in change.gone}
    for x, y in at(face, GOES):
        assert any(np.hypot(x - a, y - b) < 1 for a, b in gone)
    assert all(fate.probability > 0.9 for fate in change.gone + change.new)


def test_the_place_of_a_gone_lesion_is_shown_in_the_other_photo(change, photos):
    before, _, _, other = photos
    for fate in change.gone:
        box = fate.item.box
        wanted = moved([[box.x_px + box.width_px / 2, box.y_px + box.height_px / 2]], before)[0]
        there = fate.elsewhere
        middle = np.array([there.x_px + there.width_px / 2, there.y_px + there.height_px / 2])
        assert np.linalg.norm(middle - wanted) < 0.012 * face_width_px(other)
        assert there.width_px == pytest.approx(SCALE * box.width_px, rel=0.03)


def test_the_difference_of_counts_holds_both_errors(change):
    low, high = change.difference
    assert change.count_after - change.count_before == 0
    assert (low, high) == pytest.approx((-np.hypot(2, 3), np.hypot(3, 2)))


def test_a_faint_echo_makes_a_lesion_less_surely_gone(photos):
    before, face, after, other = photos
    place = at(face, GOES[:1])
    first = visit("a.jpg", before, face, place)
    bare, echo = (visit("b.jpg", after, other, moved(where, before), scores=[0.3], score_threshold=0.5)
                  for where in (at(face, COMES[:1]), place))  # fmt: skip
    (gone,), (less,) = (change_between(first, second).gone for second in (bare, echo))
    assert less.probability < gone.probability


def test_skin_that_plainly_changed_is_told_where_the_network_was_sure_in_neither_photo(photos):
    before, face, after, other = photos
    places = moved(at(face, COMES + STAYS), before)
    second = visit("b.jpg", after, other, places, scores=[0.2] * len(places), score_threshold=0.5)
    told = change_between(visit("a.jpg", before, face, []), second)
    assert not told.lasting
    assert told.told_new == len(told.new) == len(COMES)
    new = {(fate.item.box.x_px + 10, fate.item.box.y_px + 10) for fate in told.new}
    assert all(min(np.hypot(x - a, y - b) for a, b in new) < 1 for x, y in places[: len(COMES)])
    assert all(fate.item.region is not Region.FACE and fate.elsewhere is not None for fate in told.new)


def test_a_second_box_of_a_lesion_that_lasts_is_not_told_as_new(photos):
    before, face, after, other = photos
    place = at(face, COMES[:1])
    both = moved(np.concatenate([place, place + 4]), before)
    second = visit("b.jpg", after, other, both, scores=[0.9, 0.2], score_threshold=0.5)
    assert len(change_between(visit("a.jpg", before, face, []), second).new) == 1


def test_a_lesion_that_is_called_here_and_nearly_there_has_not_changed(photos):
    before, face, after, other = photos
    first = visit("a.jpg", before, face, at(face, GOES[:1]), scores=[0.45], score_threshold=0.5)
    second = visit("b.jpg", after, other, moved(at(face, GOES[:1]), before), scores=[0.55], score_threshold=0.5)
    told = change_between(first, second)
    assert (len(told.new), told.told_new, told.doubtful) == (1, 0, 1)


def test_without_lesions_nothing_changes(photos):
    before, face, after, other = photos
    change = change_between(visit("a", before, face, []), visit("b", after, other, []))
    assert (change.lasting, change.gone, change.new) == ((), (), ())


def test_other_sides_cannot_be_compared(photos):
    from dataclasses import replace

    before, face, after, other = photos
    with pytest.raises(InputError, match="from front, the second from left"):
        align(before, face, after, replace(other, view=View.LEFT))


def test_close_ups_are_laid_on_each_other_by_their_structure(photos):
    before, face, after, other = photos
    from dataclasses import replace

    loose = [replace(one, landmarks=None, box=None, pose=None, view=View.CLOSE_UP) for one in (face, other)]
    laid = align(before, loose[0], after, loose[1])
    places = at(face, (50, 280, 4, 151)).astype(np.float64)
    off = np.linalg.norm(laid.moved(places) - moved(places, before), axis=1)
    assert off.max() < 4


def test_flat_pictures_have_nothing_in_common(photos):
    from dataclasses import replace

    before, face, _, _ = photos
    flat = Photo(pixels=np.full_like(before.pixels, 0.5), encoding=Encoding.SRGB)
    loose = replace(face, landmarks=None, box=None, pose=None, view=View.CLOSE_UP)
    with pytest.raises(InputError, match="could not be laid"):
        align(flat, loose, flat, loose)


@pytest.mark.parametrize("per_area", [1.0, 30.0])
def test_two_lesions_are_one_where_they_are_near_and_alike(per_area):
    def same(apart, ratio):
        return same_lesion(apart, ratio, off=0.015, per_area=per_area)

    assert same(0.0, 1.0) > 0.9
    assert same(0.0, 1.0) > same(0.02, 1.0) > same(0.04, 1.0)
    assert same(0.01, 1.0) > same(0.01, 3.0)
    assert same(0.01, 0.5) == pytest.approx(same(0.01, 2.0))
    assert same(0.2, 1.0) < 0.01


def test_a_photo_that_was_refused_cannot_be_compared(photos):
    before, face, _, _ = photos
    whole = visit("a", before, face, [])
    with pytest.raises(InputError, match="b cannot be compared"):
        change_between(whole, Analysis(name="b", photo=None, quality=Quality(), provenance=Provenance(dermis="0")))
    assert whole.lesions.counts[Region.FACE] == 0


def test_two_people_are_refused(photos, examples):
    before, face, _, _ = photos
    other = dermis.read_photo(next(path for path in examples if path.stem == "P007_selfie"))
    there = find_face(other)
    assert there.view is face.view
    with pytest.raises(InputError, match=r"skin in a.jpg and b.jpg does not match: they show two people"):
        change_between(visit("a.jpg", before, face, at(face, STAYS)), visit("b.jpg", other, there, at(there, STAYS)))


def test_what_is_told_is_counted_in_one_place(change):
    from dermis.formats.analysis_json import change_object

    faint = replace(change, gone=(replace(change.gone[0], probability=0.29), *change.gone[1:]))
    told = change_object(faint)["told"]
    assert (told["gone"], told["new"], told["doubtful"]) == (faint.told_gone, faint.told_new, 1)
    assert faint.told_gone == len(change.gone) - 1


def test_a_photo_against_itself_changed_by_nothing(photos):
    photo, face, _, _ = photos
    one = visit("a.jpg", photo, face, at(face, STAYS), count_interval=(1.0, 9.0))
    told = change_between(one, one)
    assert photo.origin.sha256
    assert told.difference == (0.0, 0.0)
    assert not told.gone
    assert not told.new


def test_a_peak_lies_between_its_neighbours_and_stays_where_there_is_none():
    parabola = -((np.arange(5) - 2.3) ** 2)
    assert _between(parabola, 2) == pytest.approx(2.3)
    assert _between(np.ones(5), 2) == 2.0
    assert _between(-parabola, 2) == 2.0


@pytest.mark.parametrize(
    ("shares", "alike"),
    [((0.001, 0.2), False), ((0.2, 0.001), False), ((0.001, 0.03), True), ((0.02, 0.2), True), ((0.1, 0.1), True)],
)
def test_photos_with_and_without_gloss_are_not_taken_alike_and_tell_no_changed_value(photos, shares, alike):
    before, face, after, there = photos
    first, second = visit("a", before, face, []), visit("b", after, there, [])
    glossy = [replace(seen, findings=(COUNT,), skin=shining(seen.skin, share))
              for seen, share in zip((first, second), shares, strict=True)]  # fmt: skip
    told = change_between(*glossy)
    assert told.taken_alike is alike
    (value,) = told.values
    assert (value.mdc is not None, value.changed is not None) == (alike, alike)


COUNT = Finding(task="acne_lesions", region=Region.FACE, value=5.0, unit="lesions", model="made@1")


def shining(skin, share):
    """The skin with glare over the first `share` of its pixels in view."""
    glare = np.zeros_like(skin.visible)
    places = np.flatnonzero(skin.visible)
    glare.flat[places[: round(share * len(places))]] = True
    return replace(skin, excluded={**skin.excluded, "specular": glare})
