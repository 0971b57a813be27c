"""Parts that come back from the user: parts.png of --out, edited or not."""

import numpy as np
import pytest
from PIL import Image

from dermis.core import Encoding, Photo, Region, SegmentationClass, View
from dermis.errors import UsageError
from dermis.face.crop import reduce_labels
from dermis.face.find import find_face
from dermis.pipeline.analyse import analyse, analyse_file
from dermis.pipeline.options import AnalyseOptions
from dermis.report.maps import write_maps
from dermis.tasks import TASKS


@pytest.fixture(scope="module")
def photo():
    """A portrait that ships with scikit-image (NASA, public domain)."""
    from skimage.data import astronaut

    return Photo(pixels=astronaut().astype(np.float32) / 255, encoding=Encoding.SRGB)


@pytest.fixture(scope="module")
def face(models, photo):
    found = find_face(photo)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def parts(photo, face):
    """The parts of the face at photo size, as parts.png has them."""
    whole = np.zeros((photo.height_px, photo.width_px), np.uint8)
    frame, f = face.frame, face.frame.factor
    big = np.repeat(np.repeat(face.segmentation, f, axis=0), f, axis=1)
    whole[frame.y_px : frame.y_px + big.shape[0], frame.x_px : frame.x_px + big.shape[1]] = big
    return whole


def test_unedited_parts_give_the_same_face(photo, face, parts):
    again = find_face(photo, parts=parts)
    assert again.frame == face.frame
    for name in ("segmentation", "regions", "skin"):
        np.testing.assert_array_equal(getattr(again, name), getattr(face, name))
    assert (again.confidence == 1).all()


def test_what_the_user_paints_over_is_not_measured(photo, face, parts):
    edited = parts.copy()
    cheek = np.argwhere(face.regions == Region.LEFT_CHEEK.code).mean(axis=0)
    row, column = (cheek * face.frame.factor + (face.frame.y_px, face.frame.x_px)).astype(int)
    edited[row - 8 : row + 8, column - 8 : column + 8] = SegmentationClass.OCCLUDER
    skin = analyse(photo, tasks=(), parts=edited).skin
    gone = np.zeros(parts.shape, bool)
    gone[row - 8 : row + 8, column - 8 : column + 8] = True
    there = reduce_labels(gone.astype(np.uint8), face.frame) > 0
    assert not (skin.visible & there).any()
    assert (skin.visible == face.skin & ~there).all()
    assert "border" not in skin.excluded
    assert not skin.measured[face.segmentation == SegmentationClass.OTHER_SKIN].any()


def test_a_painted_beard_is_named_and_told(photo, parts):
    edited = parts.copy()
    rows = np.arange(parts.shape[0])[:, None] > np.argwhere(parts == SegmentationClass.LIPS)[:, 0].mean()
    edited[(edited == SegmentationClass.FACE_SKIN) & rows] = SegmentationClass.FACIAL_HAIR
    analysis = analyse(photo, tasks=(), parts=edited)
    beard = analysis.skin.excluded["facial_hair"]
    assert beard.any()
    assert not (beard & analysis.skin.measured).any()
    wanted = beard.sum() / (beard.sum() + analysis.skin.visible.sum())
    assert analysis.quality.measures["facial_hair_share"] == pytest.approx(wanted)
    assert "beard" in {problem.code for problem in analysis.quality.problems}


def test_a_drawn_face_without_a_face_behind_it_has_regions(models):
    grey = Photo(pixels=np.full((240, 200, 3), (0.7, 0.55, 0.45), np.float32), encoding=Encoding.SRGB)
    drawn = np.full((240, 200), SegmentationClass.FACE_SKIN, np.uint8)
    drawn[80:90, 50:70] = drawn[80:90, 130:150] = SegmentationClass.EYES
    drawn[100:140, 90:110] = SegmentationClass.NOSE
    drawn[160:175, 80:120] = SegmentationClass.LIPS
    found = find_face(grey, parts=drawn)
    assert found.view is View.CLOSE_UP
    assert found.regions[150, 150] == Region.LEFT_CHEEK.code
    assert found.regions[150, 50] == Region.RIGHT_CHEEK.code
    assert found.regions[120, 100] == Region.NOSE.code


def test_parts_that_cannot_be_meant_are_refused(photo, parts):
    with pytest.raises(UsageError, match="512 px"):
        find_face(photo, parts=parts[:-1])
    with pytest.raises(UsageError, match="9, which is no part"):
        find_face(photo, parts=np.full_like(parts, len(SegmentationClass)))
    with pytest.raises(UsageError, match="mask and parts"):
        find_face(photo, parts=parts, mask=parts > 0)
    assert find_face(photo, parts=np.zeros_like(parts)) is None


def test_parts_png_of_one_run_is_read_by_the_next(photo, face, tmp_path):
    Image.fromarray(np.uint8(np.rint(photo.pixels * 255))).save(tmp_path / "photo.png")
    first = analyse_file(tmp_path / "photo.png", tasks=())
    write_maps(first, tmp_path, TASKS)
    again = analyse_file(tmp_path / "photo.png", AnalyseOptions(parts=tmp_path / "parts.png"), tasks=())
    np.testing.assert_array_equal(again.face.segmentation, first.face.segmentation)
    np.testing.assert_array_equal(again.skin.visible, first.skin.visible)
    Image.fromarray(np.full((40, 90), 1, np.uint8)).save(tmp_path / "other.png")
    Image.fromarray(np.full((512, 512), 77, np.uint8)).save(tmp_path / "strange.png")
    for name, words in (("other.png", "90 x 40"), ("strange.png", "77")):
        refused = analyse_file(tmp_path / "photo.png", AnalyseOptions(parts=tmp_path / name))
        [problem] = refused.quality.problems
        assert problem.code == "unusable_option"
        assert words in problem.message


@pytest.mark.parametrize("own", ["", "mask"])
def test_a_rejected_photo_has_all_masks_at_its_size(models, photo, tmp_path, own):
    few = Image.fromarray(np.uint8(np.rint(photo.pixels * 255))).resize((240, 250))
    small = Photo(pixels=np.asarray(few, np.float32) / 255, encoding=Encoding.SRGB)
    mask = np.zeros((250, 240), bool)
    mask[30:80, 90:130] = True
    analysis = analyse(small, tasks=(), **({"mask": mask} if own else {}))
    assert "face_too_small" in {problem.code for problem in analysis.quality.problems}
    assert not analysis.quality.usable
    names = {path.name: path for path in write_maps(analysis, tmp_path, TASKS)}
    assert set(names) == {"skin_mask.png", "measured_mask.png", "parts.png", "regions.png", "left_out.png"}
    for name, path in names.items():
        with Image.open(path) as picture:
            assert picture.size == (240, 250)
            drawn = np.asarray(picture)
        if name == "skin_mask.png":
            assert drawn.any()
            assert not own or np.array_equal(drawn > 0, mask)


@pytest.mark.parametrize(("yaw_deg", "seed", "view", "cheek"), [
    (80.0, 3, View.RIGHT, Region.RIGHT_CHEEK),
    (-80.0, 4, View.LEFT, Region.LEFT_CHEEK),
])  # fmt: skip
def test_a_profile_and_its_mirror_image_name_the_persons_own_side(models, yaw_deg, seed, view, cheek):
    pixels = side_view(yaw_deg, seed)
    other_view = View.LEFT if view is View.RIGHT else View.RIGHT
    other = Region.LEFT_CHEEK if cheek is Region.RIGHT_CHEEK else Region.RIGHT_CHEEK
    for seen, wanted, near, far in ((pixels, view, cheek, other), (pixels[:, ::-1], other_view, other, cheek)):
        found = find_face(Photo(pixels=np.ascontiguousarray(seen), encoding=Encoding.SRGB))
        assert found.view is wanted
        assert (found.regions == near.code).sum() > 20 * (found.regions == far.code).sum()
        assert (found.regions == near.code).sum() > 500


def side_view(yaw_deg, seed):
    """A synthetic head from the side; a positive yaw shows the person's right. seed: of the light and the camera."""
    from dermis.lab.synth.camera.acquisition import draw_everyday_shot, everyday_isp, subject_of
    from dermis.lab.synth.camera.scene import compose_scene, raw_of
    from dermis.lab.synth.recipe import FacesRecipe
    from dermis.lab.synth.subjects import build_person, visit_of
    from dermis.optics.isp import develop

    rng = np.random.default_rng(seed)
    recipe = FacesRecipe(name="side", layout="faces", seed=3, size_px=320)
    person = build_person(subject_of(recipe, 1), texels=256)
    shot = draw_everyday_shot(rng, recipe, str(yaw_deg), "neutral", framing="head")
    scene = compose_scene(person, visit_of(person, "W00"), shot)
    raw = raw_of(scene)
    photo = develop(raw, everyday_isp(rng, shot, raw, scene.buffers.regions > 0), rng)
    return np.clip(photo.pixels, 0, 1).astype(np.float32)
