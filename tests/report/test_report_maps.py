from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from dermis.core import CropFrame, Finding, Region, SegmentationClass, ValueMap
from dermis.errors import UsageError
from dermis.report.maps import REASONS, write_maps
from dermis.tasks import TASKS


def opened(path):
    with Image.open(path) as image:
        image.load()
        return image


@pytest.fixture
def written(analysis, tmp_path):
    return {path.name: opened(path) for path in write_maps(analysis, tmp_path, TASKS)}


def block(frame, row, column):
    """The photo pixel in the middle of a frame pixel."""
    return frame.y_px + row * frame.factor + frame.factor // 2, frame.x_px + column * frame.factor + frame.factor // 2


def test_all_maps_are_written_at_photo_size(written, photo):
    assert set(written) == {
        "skin_mask.png",
        "measured_mask.png",
        "parts.png",
        "regions.png",
        "left_out.png",
        "overlay_melanin.png",
        "overlay_redness.png",
    }
    assert {image.size for image in written.values()} == {(photo.width_px, photo.height_px)}


def test_masks_are_white_exactly_where_the_frame_says(written, face, skin):
    frame = face.frame
    for name, mask in (("skin_mask.png", face.skin), ("measured_mask.png", skin.measured)):
        pixels = np.asarray(written[name])
        assert written[name].mode == "L"
        assert pixels.sum() == 255 * frame.factor**2 * mask.sum()
        rows, columns = np.nonzero(mask)
        assert (pixels[block(frame, rows, columns)] == 255).all()


def test_indices_of_parts_and_regions_are_their_codes(written, face):
    frame = face.frame
    rows, columns = np.mgrid[: frame.height, : frame.width]
    assert (np.asarray(written["parts.png"])[block(frame, rows, columns)] == face.segmentation).all()
    assert (np.asarray(written["regions.png"])[block(frame, rows, columns)] == face.regions).all()
    assert np.asarray(written["regions.png"])[0, 0] == 0
    for name, codes in (("parts.png", list(SegmentationClass)), ("regions.png", list(Region))):
        colours = np.reshape(written[name].getpalette()[: 3 * len(codes)], (-1, 3))
        assert written[name].mode == "P"
        assert len(np.unique(colours, axis=0)) == len(codes)


def test_each_reason_to_leave_out_has_its_bit(written, face, skin):
    bits = np.asarray(written["left_out.png"])
    frame = face.frame
    rows, columns = np.mgrid[: frame.height, : frame.width]
    on_frame = bits[block(frame, rows, columns)]
    assert set(skin.excluded) <= set(REASONS)
    for place, reason in enumerate(REASONS):
        wanted = skin.excluded.get(reason, np.zeros(face.segmentation.shape, bool))
        np.testing.assert_array_equal((on_frame >> place & 1).astype(bool), wanted)


def test_overlay_index_runs_over_the_scale(written, face, skin, findings):
    image = written["overlay_melanin.png"]
    levels = np.asarray(image)
    evidence = next(f.evidence for f in findings if f.task == "melanin" and f.evidence is not None)
    inner = skin.measured[75, 20:100]
    told = 80 * (levels[block(face.frame, 75, np.arange(20, 100)[inner])].astype(float) - 1) / 254
    # Half a level, and the value half a frame pixel away: the pixel lies beside the middle of its block.
    step = 40 / (face.frame.width - 1)
    assert np.abs(told - evidence.values[75, 20:100][inner]).max() < 80 / 254 / 2 + step / 2
    assert image.info["transparency"] == 0
    outside = np.asarray(written["measured_mask.png"]) == 0
    away = outside.copy()
    away[1:] &= outside[:-1]
    away[:-1] &= outside[1:]
    away[:, 1:] &= outside[:, :-1]
    away[:, :-1] &= outside[:, 1:]
    assert (levels[away] == 0).all()
    assert (levels > 0).mean() == pytest.approx((~outside).mean(), rel=0.01)


def test_values_beyond_the_scale_are_cut_to_its_ends(analysis, face, tmp_path):
    shape = (face.frame.height, face.frame.width)
    values = np.where(np.arange(shape[1]) < shape[1] // 2, -500.0, 500.0).astype(np.float32)
    evidence = ValueMap(values=np.tile(values, (shape[0], 1)), unit="", low=0.0, high=1.0)
    finding = Finding(task="x", region=Region.FACE, value=0, unit="", model="x@1", evidence=evidence)
    write_maps(replace(analysis, findings=(finding,)), tmp_path, TASKS)
    levels = np.asarray(opened(tmp_path / "overlay_x.png"))
    assert levels[block(face.frame, 5, 5)] == 1
    assert levels[block(face.frame, 5, shape[1] - 5)] == 255


def test_nothing_measured_gives_empty_masks(analysis, face, skin, tmp_path):
    nothing = np.zeros_like(face.skin)
    empty = replace(analysis, face=replace(face, skin=nothing), skin=replace(skin, measured=nothing, visible=nothing))
    images = [np.asarray(opened(path)) for path in write_maps(empty, tmp_path, TASKS)[:2]]
    assert all((image == 0).all() for image in images)


def test_a_frame_of_one_pixel(analysis, face, tmp_path):
    one = np.ones((1, 1), dtype=np.uint8)
    frame = CropFrame(x_px=7, y_px=9, width=1, height=1, factor=3)
    tiny = replace(face, frame=frame, segmentation=one, regions=one, skin=one.astype(bool))
    write_maps(replace(analysis, face=tiny, skin=None, findings=()), tmp_path, TASKS)
    pixels = np.asarray(opened(tmp_path / "skin_mask.png"))
    assert pixels[9:12, 7:10].min() == 255
    assert pixels.sum() == 9 * 255


def test_rejected_photo_gets_masks_but_no_overlay(rejected, tmp_path):
    names = [path.name for path in write_maps(rejected, tmp_path, TASKS)]
    assert "skin_mask.png" in names
    assert not [name for name in names if name.startswith("overlay")]


def test_nothing_is_written_without_a_face(analysis, unreadable, tmp_path):
    assert write_maps(unreadable, tmp_path, TASKS) == []
    assert write_maps(replace(analysis, face=None), tmp_path, TASKS) == []
    assert list(tmp_path.iterdir()) == []


def test_missing_folder_is_a_plain_message(analysis, tmp_path):
    with pytest.raises(UsageError, match="cannot be written"):
        write_maps(analysis, tmp_path / "missing", TASKS)
