"""Our own parser: what ships, what it answers, and what a photo of a face gets from it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dermis.core import Encoding, Photo, SegmentationClass, View
from dermis.face import segmentation_model, selfie_model
from dermis.face.crop import frame_around
from dermis.face.find import find_face, models_used
from dermis.face.image_pyramid import Square, build_pyramid
from dermis.face.segmentation_model import NAME, SIZE, class_probabilities, gather_views
from dermis.face.selfie_model import combine_probabilities
from dermis.models import registry
from dermis.models.weights import open_weights


def astronaut():
    """A portrait that ships with scikit-image (NASA, public domain)."""
    from skimage.data import astronaut

    return np.asarray(astronaut())


def photo_of(pixels):
    return Photo(pixels=(pixels / 255).astype(np.float32), encoding=Encoding.SRGB)


@pytest.fixture(scope="module")
def portrait():
    photo = photo_of(astronaut())
    return build_pyramid(photo, frame_around(photo, 0, 0, photo.width_px, photo.height_px, longest=1024))


def test_it_ships_small_and_says_what_it_is():
    weights = open_weights(NAME)
    assert (weights.folder / "model.onnx").stat().st_size <= 4_000_000
    assert weights.answers["parts"].names == tuple(str(int(part)) for part in SegmentationClass)
    for word in ("FASSEG", "Licence", "fold", "Limits"):
        assert word in weights.card
    assert NAME in models_used()


def test_shares_of_a_view_sum_to_one():
    found = class_probabilities(np.asarray(astronaut()[:SIZE, 100 : 100 + SIZE]))
    assert found.shape == (SIZE, SIZE, len(SegmentationClass))
    np.testing.assert_allclose(found.sum(axis=-1), 1, atol=1e-4)
    assert (found >= 0).all()


def test_what_no_view_covers_is_background(portrait):
    small = Square(x_px=220, y_px=100, side_px=120)
    found = gather_views(portrait, [small], (128, 128))
    np.testing.assert_allclose(found.sum(axis=0), 1, atol=1e-4)
    assert found[SegmentationClass.BACKGROUND, 100:, :].min() > 0.99
    assert found[1:, 10:35, 45:65].sum(axis=0).mean() > 0.5


def test_two_views_of_one_place_answer_as_one(portrait):
    square = Square(x_px=220, y_px=120, side_px=300)
    once = gather_views(portrait, [square], (64, 64))
    np.testing.assert_allclose(gather_views(portrait, [square, square], (64, 64)), once, atol=1e-5)


@given(seed=st.integers(0, 2**32 - 1))
def test_two_opinions_are_shares_again(seed):
    draw = np.random.default_rng(seed)
    own = draw.dirichlet(np.full(len(SegmentationClass), 0.3), (3, 4)).transpose(2, 0, 1).astype(np.float32)
    segmented = draw.dirichlet(np.full(6, 0.3), (3, 4)).transpose(2, 0, 1).astype(np.float32)
    for both in (combine_probabilities(own, segmented), combine_probabilities(own, None)):
        np.testing.assert_allclose(both.sum(axis=0), 1, atol=1e-4)
        assert (both >= -1e-6).all()


def test_brows_stay_hair_though_the_segmenter_takes_them_for_skin():
    own, segmented = np.zeros((len(SegmentationClass), 1, 1), np.float32), np.zeros((6, 1, 1), np.float32)
    own[SegmentationClass.HAIR], segmented[selfie_model.FACE_SKIN] = 1, 1
    assert combine_probabilities(own, segmented)[selfie_model.HAIR, 0, 0] == pytest.approx(1)
    assert combine_probabilities(own, None)[selfie_model.HAIR, 0, 0] == pytest.approx(1)


def _spots(*places):
    """Shares of parts on 100 x 100: (part, row, column, side) squares on skin."""
    own = np.zeros((len(SegmentationClass), 100, 100), np.float32)
    own[SegmentationClass.FACE_SKIN] = 1
    for part, row, column, side in places:
        own[:, row : row + side, column : column + side] = 0
        own[part, row : row + side, column : column + side] = 1
    return own


def test_scattered_or_lone_red_spots_are_no_mouth():
    lesions = [(SegmentationClass.LIPS, row, column, 6) for row in (10, 40, 70) for column in (10, 40, 70)]
    assert not segmentation_model.facial_features(
        _spots(*lesions, (SegmentationClass.NOSE, 25, 25, 10)), (200, 200), least=0.001
    ).any()
    assert not segmentation_model.facial_features(
        _spots((SegmentationClass.LIPS, 40, 40, 20)), (200, 200), least=0.001
    ).any()


def test_nose_and_mouth_in_one_place_each_are_believed():
    own = _spots(
        (SegmentationClass.NOSE, 20, 40, 12),
        (SegmentationClass.LIPS, 60, 40, 14),
        (SegmentationClass.EYES, 10, 20, 5),
        (SegmentationClass.EYES, 10, 70, 5),
    )
    found = segmentation_model.facial_features(own, (100, 100), least=0.001)
    np.testing.assert_array_equal(found, np.where(own.argmax(0) == SegmentationClass.FACE_SKIN, 0, own.argmax(0)))
    assert not segmentation_model.facial_features(own, (100, 100), least=0.05).any()


def test_a_face_has_its_parts_where_they_are(models):
    face = find_face(photo_of(astronaut()))
    assert face is not None
    assert face.view is View.FRONT
    assert face.confidence is not None
    assert face.confidence.shape == face.segmentation.shape
    assert 0.5 <= face.confidence.min() < face.confidence.max() <= 1
    place = face.landmarks[:, :2] - (face.frame.x_px, face.frame.y_px)
    column, row = (place / face.frame.factor).astype(int).T
    cheeks = [50, 280, 205, 425]
    assert set(face.segmentation[row[cheeks], column[cheeks]]) <= {SegmentationClass.FACE_SKIN, SegmentationClass.NOSE}
    assert face.skin[row[cheeks], column[cheeks]].all()
    assert (face.segmentation == SegmentationClass.LIPS).any()
    assert (face.segmentation == SegmentationClass.HAIR).mean() > 0.05


def test_a_mirror_image_has_mirrored_skin(models):
    plain, mirrored = find_face(photo_of(astronaut())), find_face(photo_of(astronaut()[:, ::-1].copy()))
    assert plain.skin.mean() == pytest.approx(mirrored.skin.mean(), rel=0.1)


def test_the_segmenter_of_others_is_not_needed(models, monkeypatch):
    with_it = find_face(photo_of(astronaut()))
    fetched, fetch = [], registry.fetch
    monkeypatch.setattr(selfie_model, "installed", lambda: False)
    monkeypatch.setattr(registry, "fetch", lambda name: fetched.append(name) or fetch(name))
    without = find_face(photo_of(astronaut()))
    common = (with_it.skin & without.skin).sum() / (with_it.skin | without.skin).sum()
    assert common > 0.8
    assert find_face(photo_of(astronaut()[60:160, 180:260].copy()), close_up=True) is not None
    assert "person_segmenter" not in {*models_used(), *fetched}


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (7, 3)])
def test_awkward_photos_get_an_answer_or_none(models, shape):
    found = find_face(photo_of(np.full((*shape, 3), 150, np.uint8)), close_up=True)
    assert found is None or found.segmentation.shape == (found.frame.height, found.frame.width)
