import json
import shutil

import numpy as np
import pytest

from dermis.core import Cube, Encoding, Photo, SegmentationClass
from dermis.errors import InputError
from dermis.lab.datasets import DATASETS
from dermis.lab.datasets.dataset import MADE
from fakes import acne04, fasseg, hyper_skin, hyperpigmentation, pictures, tone_chips


def samples_of(name, fake, root):
    fake.make(root)
    return {str(sample.key).partition("/")[2]: sample for sample in DATASETS[name].index(root)}


def test_hyper_skin_cubes_stand_upright(tmp_path):
    samples = samples_of("hyper-skin", hyper_skin, tmp_path)
    sample = samples["p001//neutral_front"]
    assert sample.traits == {"split": "test", "expression": "neutral", "view": "front"}
    vis, nir, cube = (sample.beside[name]() for name in ("vis", "nir", "cube"))
    np.testing.assert_array_equal(vis.values, hyper_skin.values("vis", 31))
    np.testing.assert_array_equal(vis.wavelengths_nm, np.arange(400, 701, 10))
    assert isinstance(cube, Cube)
    assert cube.values.shape == (70, 66, 61)
    np.testing.assert_array_equal(cube.values[:, :, 31:], nir.values[:, :, 1:])
    np.testing.assert_array_equal(sample.beside["msi"](), hyper_skin.values("msi", 4))
    assert sample.beside["mask"]().sum() == 50 * 30
    assert sample.read().encoding is Encoding.CAMERA_LINEAR


def test_hyper_skin_with_one_half_or_another_spelling(tmp_path):
    hyper_skin.make(tmp_path)
    shutil.rmtree(tmp_path / "Hyper-Skin(MSI, NIR)")
    (tmp_path / "Hyper-Skin(RGB, VIS)").rename(tmp_path / "Hyper-Skin(RGB,VIS)")
    assert {name for sample in DATASETS["hyper-skin"].index(tmp_path) for name in sample.beside} == {"vis"}


def test_hyper_skin_says_what_is_wrong(tmp_path):
    hyper_skin.make(tmp_path)
    half = tmp_path / "Hyper-Skin(RGB, VIS)" / "train"
    (half / "VIS" / "p003_smile_left.mat").unlink()
    with pytest.raises(InputError, match=r"p003_smile_left.jpg has no cube.*VIS"):
        DATASETS["hyper-skin"].index(tmp_path)
    pictures.photo(half / "RGB_CIE" / "anna.jpg", 1)
    with pytest.raises(InputError, match=r"anna.jpg.*Expected p001_neutral_front"):
        DATASETS["hyper-skin"].index(tmp_path)


def test_a_cube_with_other_bands_is_refused(tmp_path):
    hyper_skin.make(tmp_path)
    path = tmp_path / "Hyper-Skin(RGB, VIS)" / "test" / "VIS" / "p001_smile_left.mat"
    hyper_skin.matlab(path, hyper_skin.values("vis", 30))
    sample = next(
        s for s in DATASETS["hyper-skin"].index(tmp_path) if s.key.view == "smile_left" and "mask" in s.beside
    )
    with pytest.raises(InputError, match=r"30 bands.*31"):
        sample.beside["vis"]()


def test_chips_have_their_lab_and_their_capture(tmp_path):
    samples = samples_of("tone-chips", tone_chips, tmp_path)
    first = samples["tone-001/focus/iphone-1/iphone"]
    assert [(label.task, label.value) for label in first.labels] == [
        ("tone_lightness", 80.5), ("tone_a", 4.2), ("tone_b", 12.0),
    ]  # fmt: skip
    photo = first.read()
    assert isinstance(photo, Photo)
    assert (photo.capture.make, photo.capture.iso, photo.capture.exposure_s) == ("Maker", 64, 1 / 50)
    assert (photo.capture.f_number, photo.capture.brightness_ev) == (1.6, -1.5)
    assert photo.capture.white_balance_auto is True
    assert photo.capture.flash_fired is False
    assert samples["tone-002/focus/pixel-1/pixel"].read().capture.iso is None


def test_the_shutter_speed_stands_in_for_the_time():
    from dermis.lab.datasets.tone_chips import capture_of

    assert capture_of({"exif": {"Exif": {"ShutterSpeedValue": [6, 1]}}}).exposure_s == 1 / 64
    assert capture_of({"exif": {"Exif": {"ExposureTime": [1, 0], "FNumber": "wide"}}}).exposure_s is None
    assert capture_of([]).iso is None


def test_a_chip_without_label_is_refused(tmp_path):
    tone_chips.make(tmp_path)
    pictures.photo(tmp_path / "cropped-merged-256" / "focus" / "iphone" / "iphone-1" / "077.jpg", 1)
    with pytest.raises(InputError, match=r"no row for tone 77"):
        DATASETS["tone-chips"].index(tmp_path)


def test_trial_grades_come_from_both_sheets(tmp_path):
    samples = samples_of("hyperpigmentation-trial", hyperpigmentation, tmp_path)
    grades = {key: [label.value for label in sample.labels] for key, sample in samples.items()}
    assert grades == {
        "P0007/week 00/left": [4.5],
        "P0007/week 00/right": [5.0],
        "P0012/week 00/left": [6.0],
        "P0012/week 04/left": [5.5],
        "P0012/week 17/left": [],
        "P0012/week 00/right": [3.0],
        "P0012/week 04/right": [2.5],
    }
    assert samples["P0012/week 04/right"].traits == {"side": "right", "week": 4.0, "part": "Additional_Images"}


def test_a_sheet_that_does_not_fit_its_folder_is_refused(tmp_path):
    hyperpigmentation.make(tmp_path)
    pictures.photo(tmp_path / "image_test" / hyperpigmentation.name(8, "L", "00"), 1)
    with pytest.raises(InputError, match=r"2 rows for 3 photos"):
        DATASETS["hyperpigmentation-trial"].index(tmp_path)


def test_one_part_of_the_trial_is_enough(tmp_path):
    hyperpigmentation.make(tmp_path)
    shutil.rmtree(tmp_path / "image_test")
    assert len(DATASETS["hyperpigmentation-trial"].index(tmp_path)) == 5


def test_fasseg_parts_are_ours(tmp_path):
    samples = samples_of("fasseg", fasseg, tmp_path)
    assert {sample.traits["yaw_deg"] for sample in samples.values()} == {0.0, -90.0, 15.0}
    parts = samples["personne01/1/-90 deg"].beside["parts"]()
    assert set(np.unique(parts)) == {SegmentationClass.BACKGROUND}
    label = tmp_path / "frontal" / "labels" / "1.png"
    pictures.numbers(label, np.array([[0, 1, 2], [3, 4, 5]], np.uint8))
    np.testing.assert_array_equal(
        samples["frontal-1//+0 deg"].beside["parts"](),
        [
            [SegmentationClass.BACKGROUND, SegmentationClass.FACE_SKIN, SegmentationClass.HAIR],
            [SegmentationClass.NOSE, SegmentationClass.LIPS, SegmentationClass.EYES],
        ],
    )
    pictures.numbers(label, np.full((2, 2), 9, np.uint8))
    with pytest.raises(InputError, match="class 9"):
        samples["frontal-1//+0 deg"].beside["parts"]()


def test_acne04_as_published(tmp_path):
    samples = samples_of("acne04", acne04, tmp_path)
    sample = samples["levle2_11//"]
    assert [(label.task, label.value) for label in sample.labels] == [("acne_grade", 2.0), ("acne_lesions", 2.0)]
    assert sample.traits["fold_3"] == "test"
    boxes = [(item.box.x_px, item.box.y_px, item.box.width_px, item.box.height_px) for item in sample.items]
    assert boxes == [(1, 2, 4, 7), (50, 40, 6, 7)]


def test_acne04_as_tables(tmp_path):
    acne04.make_tables(tmp_path)
    samples = {sample.key.view: sample for sample in DATASETS["acne04"].index(tmp_path)}
    assert set(samples) == {"levle0_3", "levle0_4", "levle2_11"}  # one file is not there
    first = samples["levle0_3"]
    assert first.key.subject == samples["levle0_4"].key.subject == "group-7"
    assert {(label.task, label.grader): label.value for label in first.labels} == {
        ("acne_grade", "reference"): 0.0,
        ("acne_grade", "expert_b"): 1.0,
        ("acne_lesions", "reference"): 1.0,
        ("acne_lesions", "second team"): 14.0,
    }
    assert first.traits["original_width_px"] == 3112
    np.testing.assert_array_equal(first.beside["circles"](), [[1077, 2409, 17], [580, 2451, 35]])
    assert samples["levle0_4"].items == ()


def test_acne04_tables_that_name_a_missing_photo_are_refused(tmp_path):
    acne04.make_tables(tmp_path)
    (tmp_path / "images" / "levle0_4.jpg").unlink()
    with pytest.raises(InputError, match=r"images/levle0_4.jpg"):
        DATASETS["acne04"].index(tmp_path)


def test_a_bad_list_line_is_named(tmp_path):
    acne04.make(tmp_path)
    (tmp_path / "Classification" / "NNEW_test_1.txt").write_text("levle0_3.jpg 0\n")
    with pytest.raises(InputError, match=r"NNEW_test_1.txt, line 1"):
        DATASETS["acne04"].index(tmp_path)


def test_a_synthetic_stand_in_says_so(tmp_path):
    tone_chips.make(tmp_path)
    (tmp_path / MADE).write_text(json.dumps({}))
    assert all("dermis synth" in sample.licence for sample in DATASETS["tone-chips"].index(tmp_path))
