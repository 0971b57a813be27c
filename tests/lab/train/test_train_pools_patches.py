"""Faces as patches: where there are none, sides and whole photos; scores of photos from those of patches."""

import numpy as np
import pandas as pd
import pytest

from dermis.core import Box, CropFrame, Encoding, Face, Label, Photo, Sample, SampleKey, View
from dermis.lab.train.pools import SIDE, WHOLE, boxes_by_name, patches_of, score_patches

PHOTO = Photo(pixels=np.random.default_rng(0).random((120, 90, 3)).astype(np.float32), encoding=Encoding.SRGB)


def face(box, landmarks=None):
    mask = np.ones((120, 90), bool)
    return Face(
        frame=CropFrame(x_px=0, y_px=0, width=90, height=120, factor=1),
        box=box,
        landmarks=landmarks,
        pose=None,
        view=View.LEFT,
        segmentation=mask.astype(np.uint8),
        regions=mask.astype(np.uint8),
        skin=mask,
    )


def sample():
    return Sample(
        key=SampleKey(dataset="d", subject="s", view="v"),
        read=lambda: PHOTO,
        labels=(Label(task="acne_grade", value=2.0, grader="reference"),),
        traits={"camera": "c"},
    )


def test_without_a_face_the_photo_is_the_patch():
    (one,) = patches_of([sample()], lambda photo: None)
    assert one.traits == {"camera": "c", "patch": WHOLE}
    assert str(one.key) == "d/s//v:whole"
    assert one.read().pixels.shape == PHOTO.pixels.shape
    assert one.labels == sample().labels


def test_a_side_view_is_one_patch_below_the_brows():
    (one,) = patches_of([sample()], lambda photo: face(Box(x_px=10, y_px=30, width_px=60, height_px=60)))
    assert one.traits["patch"] == SIDE
    np.testing.assert_array_equal(one.read().pixels, PHOTO.pixels[50:90, 10:70])


def test_a_box_beyond_the_photo_is_cut_to_it_and_one_without_room_is_left():
    beyond = boxes_by_name(face(Box(x_px=-20, y_px=60, width_px=60, height_px=90)), PHOTO)[SIDE]
    assert (beyond.x_px, beyond.y_px, beyond.width_px, beyond.height_px) == (0, 90, 40, 30)
    assert set(boxes_by_name(face(Box(x_px=5, y_px=5, width_px=4, height_px=4)), PHOTO)) == {WHOLE}


def test_landmarks_give_forehead_cheeks_and_chin_of_one_subject():
    points = np.zeros((478, 3), np.float32)
    points[:, 0], points[:, 1] = 45, 60
    rim = {10: (45, 5), 152: (45, 115), 234: (5, 60), 454: (85, 60)}
    eyes = {33: (15, 45), 133: (35, 45), 263: (75, 45), 362: (55, 45), 159: (25, 42), 386: (65, 42)}
    brows = {70: (12, 35), 300: (78, 35), 105: (25, 33), 334: (65, 33)}
    for place, at in {**rim, **eyes, **brows, 17: (45, 95)}.items():
        points[place, :2] = at
    found = patches_of([sample()], lambda photo: face(Box(x_px=5, y_px=5, width_px=80, height_px=110), points))
    assert {one.traits["patch"] for one in found} == {"forehead", "right_cheek", "left_cheek", "chin"}
    assert {one.key.subject for one in found} == {"s"}
    assert patches_of(found, lambda photo: pytest.fail("patches are not cut again")) == found


def test_a_photo_scores_the_mean_of_its_patches_and_names_the_worst():
    table = pd.DataFrame(
        {
            "key": ["d/s//v:chin", "d/s//v:forehead", "d/t//w:whole"],
            "trait.patch": ["chin", "forehead", "whole"],
            "predicted.acne_grade": [1.0, 2.0, 0.5],
        }
    )
    scores = score_patches(table, "predicted.acne_grade")
    assert (scores["d/s//v"].mean, scores["d/s//v"].most_severe) == (1.5, "forehead")
    assert (scores["d/t//w"].mean, scores["d/t//w"].most_severe) == (0.5, "whole")
