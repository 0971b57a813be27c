"""Masks, class maps, overlays, and changes of size."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from dermis.core import SegmentationClass
from dermis.errors import InputError, UnreadablePhoto, UsageError
from dermis.formats.images.masks import (
    encode_jpeg,
    encode_png,
    read_mask,
    read_parts,
    reduce_by,
    resize_nearest,
    write_png,
)
from fakes import photo_files as make

WIDTH, HEIGHT = 120, 90
INSIDE = np.hypot(*(np.indices((HEIGHT, WIDTH)) - np.array([[[45]], [[60]]]))) < 30


def saved(tmp_path, image, name: str = "mask.png", **options):
    path = tmp_path / name
    image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    image.save(path, **options)
    return path


def reopened(data: bytes) -> np.ndarray:
    with Image.open(BytesIO(data)) as image:
        return np.asarray(image)


def test_what_is_written_as_png_is_what_an_independent_reader_sees(tmp_path):
    labels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    rgb = make.portrait()
    assert np.array_equal(reopened(encode_png(INSIDE)), INSIDE * np.uint8(255))
    assert np.array_equal(reopened(encode_png(labels)), labels)
    assert np.array_equal(reopened(encode_png(rgb)), rgb)
    assert np.array_equal(reopened(encode_png(rgb[::2, ::-2])), rgb[::2, ::-2])
    assert np.array_equal(reopened(encode_png(np.ones((1, 1), bool))), [[255]])
    write_png(tmp_path / "a.png", INSIDE)
    assert (tmp_path / "a.png").read_bytes() == encode_png(INSIDE)


def test_jpegs_for_reports_shrink_with_quality():
    rgb = make.portrait(200, 150)
    fine, coarse = encode_jpeg(rgb, 95), encode_jpeg(rgb, 30)
    assert len(coarse) < len(fine)
    assert np.abs(reopened(fine).astype(int) - rgb).mean() < 3


@pytest.mark.parametrize(
    "picture",
    [np.zeros((4, 4), np.float32), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3), bool), np.zeros(4, np.uint8)],
)
def test_other_arrays_are_a_mistake(picture):
    with pytest.raises(ValueError):
        encode_png(picture)


def test_a_folder_that_is_not_there_is_a_wrong_usage(tmp_path):
    with pytest.raises(UsageError, match=r"a\.png"):
        write_png(tmp_path / "none" / "a.png", INSIDE)


def rgba_of(alpha: np.ndarray) -> Image.Image:
    image = Image.fromarray(make.portrait(WIDTH, HEIGHT)).convert("RGBA")
    image.putalpha(Image.fromarray(alpha))
    return image


MASKS = {
    "0 and 255": Image.fromarray(INSIDE * np.uint8(255)),
    "0 and 1": Image.fromarray(INSIDE * np.uint8(1)),
    "one bit": Image.fromarray(INSIDE * np.uint8(255)).convert("1"),
    "rgb": Image.fromarray(np.stack([INSIDE * np.uint8(200), INSIDE * np.uint8(0), INSIDE * np.uint8(10)], -1)),
    "cut out": rgba_of(INSIDE * np.uint8(255)),
    "16 bits": Image.fromarray(INSIDE * np.uint16(40_000)),
}


@pytest.mark.parametrize("kind", MASKS)
def test_masks_of_every_make(tmp_path, kind):
    mask = read_mask(saved(tmp_path, MASKS[kind]), WIDTH, HEIGHT)
    assert mask.dtype == np.bool_
    assert np.array_equal(mask, INSIDE)


def test_soft_edges_are_parted_in_the_middle(tmp_path):
    soft = np.clip(128 + 8 * (30 - np.hypot(*(np.indices((HEIGHT, WIDTH)) - np.array([[[45]], [[60]]])))), 0, 255)
    mask = read_mask(saved(tmp_path, soft.astype(np.uint8)), WIDTH, HEIGHT)
    assert np.mean(mask != INSIDE) < 0.005
    jpeg = read_mask(saved(tmp_path, INSIDE * np.uint8(255), "mask.jpg", quality=60), WIDTH, HEIGHT)
    assert np.mean(jpeg != INSIDE) < 0.01


def test_class_colours_in_a_palette_all_count(tmp_path):
    image = Image.fromarray((INSIDE * (1 + np.arange(WIDTH) // 40)).astype(np.uint8), "L").convert("P")
    image.putpalette([0, 0, 0, 128, 0, 0, 0, 40, 0, 20, 20, 20])
    assert np.array_equal(read_mask(saved(tmp_path, image), WIDTH, HEIGHT), INSIDE)


def test_a_mask_turns_as_its_file_says(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = saved(tmp_path, np.ascontiguousarray(np.rot90(INSIDE)) * np.uint8(255), exif=exif)
    assert np.array_equal(read_mask(path, WIDTH, HEIGHT), INSIDE)


@pytest.mark.parametrize(("width", "height"), [(240, 180), (60, 45), (4000, 3000), (121, 90), (1000, 750)])
def test_a_mask_of_the_photo_s_shape_is_fitted(tmp_path, width, height):
    mask = read_mask(saved(tmp_path, INSIDE * np.uint8(255)), width, height)
    assert mask.shape == (height, width)
    assert abs(mask.mean() - INSIDE.mean()) < 0.01


@pytest.mark.parametrize(("width", "height"), [(90, 120), (120, 92), (123, 90), (3000, 4000)])
def test_a_mask_of_another_shape_is_refused_with_both_sizes(tmp_path, width, height):
    with pytest.raises(InputError) as caught:
        read_mask(saved(tmp_path, INSIDE * np.uint8(255)), width, height)
    assert "120 x 90" in str(caught.value)
    assert f"{width} x {height}" in str(caught.value)


def test_a_mask_that_marks_nothing_is_refused(tmp_path):
    for empty in (Image.new("L", (WIDTH, HEIGHT)), rgba_of(np.zeros((HEIGHT, WIDTH), np.uint8))):
        with pytest.raises(InputError, match="no skin"):
            read_mask(saved(tmp_path, empty), WIDTH, HEIGHT)


def test_a_mask_that_marks_all_is_taken(tmp_path):
    assert read_mask(saved(tmp_path, Image.new("L", (WIDTH, HEIGHT), 255)), WIDTH, HEIGHT).all()


def test_masks_and_parts_that_are_no_pictures_are_refused_like_photos(tmp_path):
    (tmp_path / "note.png").write_text("no picture")
    whole = encode_png(INSIDE)
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    for name in ("note.png", "cut.png", "none.png"):
        for read in (read_mask, read_parts):
            with pytest.raises(UnreadablePhoto, match=name):
                read(tmp_path / name, WIDTH, HEIGHT)


CLASSES = (
    INSIDE * np.uint8(SegmentationClass.FACE_SKIN) + (np.arange(WIDTH) > 100) * np.uint8(SegmentationClass.HAIR)
).astype(np.uint8)


@pytest.mark.parametrize("name", ["parts.png", "parts.tif", "parts.bmp"])
def test_parts_as_grey_or_palette(tmp_path, name):
    assert np.array_equal(read_parts(saved(tmp_path, CLASSES, name), WIDTH, HEIGHT), CLASSES)
    palette = Image.fromarray(CLASSES).convert("P")
    palette.putpalette([9, 8, 7] * 256)  # the colours do not matter
    assert np.array_equal(read_parts(saved(tmp_path, palette, name), WIDTH, HEIGHT), CLASSES)


def test_parts_of_one_bit_and_of_another_size(tmp_path):
    path = saved(tmp_path, Image.fromarray(INSIDE))
    assert np.array_equal(read_parts(path, WIDTH, HEIGHT), INSIDE.astype(np.uint8))
    parts = read_parts(saved(tmp_path, CLASSES), 4 * WIDTH, 4 * HEIGHT)
    assert np.array_equal(parts, np.kron(CLASSES, np.ones((4, 4), np.uint8)))


def test_numbers_that_are_no_part_are_named(tmp_path):
    wrong = CLASSES.copy()
    wrong[3, 4], wrong[5, 6] = 9, 77
    with pytest.raises(InputError, match="9, 77") as caught:
        read_parts(saved(tmp_path, wrong), WIDTH, HEIGHT)
    assert "1 face skin" in caught.value.advice


def test_parts_in_colour_or_as_jpeg_are_refused(tmp_path):
    with pytest.raises(InputError, match="colours"):
        read_parts(saved(tmp_path, make.portrait(WIDTH, HEIGHT)), WIDTH, HEIGHT)
    for name in ("parts.jpg", "parts.gif"):
        with pytest.raises(InputError, match="colours"):
            read_parts(saved(tmp_path, CLASSES, name), WIDTH, HEIGHT)
    with pytest.raises(InputError, match="120 x 90"):
        read_parts(saved(tmp_path, CLASSES), 90, 120)


def test_nearest_by_a_whole_number_repeats_pixels():
    labels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert np.array_equal(resize_nearest(labels, 12, 6), np.kron(labels, np.ones((2, 3), np.uint8)))
    assert np.array_equal(resize_nearest(labels, 4, 3), labels)
    assert np.array_equal(resize_nearest(np.kron(labels, np.ones((3, 3), np.uint8)), 4, 3), labels)
    assert resize_nearest(labels, 1, 1).shape == (1, 1)
    assert resize_nearest(labels[..., None], 8, 6).shape == (6, 8, 1)
    for size in ((0, 3), (3, 0)):
        with pytest.raises(ValueError):
            resize_nearest(labels, *size)


@pytest.mark.parametrize("factor", [1, 2, 3, 7, 50])
def test_reducing_is_the_mean_of_each_square(factor):
    picture = np.random.default_rng(0).random((101, 150, 3), dtype=np.float32)
    reduced = reduce_by(picture, factor)
    height, width = 101 // factor, 150 // factor
    whole = picture[: height * factor, : width * factor].astype(np.float64)
    expected = whole.reshape(height, factor, width, factor, 3).mean(axis=(1, 3))
    assert reduced.dtype == np.float32
    np.testing.assert_allclose(reduced, expected, rtol=1e-5)


def test_reducing_takes_read_only_and_strided_pictures():
    picture = np.random.default_rng(0).random((64, 64, 3), dtype=np.float32)
    before = picture.copy()
    picture.flags.writeable = False
    np.testing.assert_allclose(reduce_by(picture[8:40, 4:60], 4), reduce_by(before[8:40, 4:60].copy(), 4))
    assert np.array_equal(picture, before)


@pytest.mark.parametrize("factor", [0, -1, 65])
def test_a_factor_that_leaves_nothing_is_a_mistake(factor):
    with pytest.raises(ValueError):
        reduce_by(np.zeros((64, 80, 3), np.float32), factor)
