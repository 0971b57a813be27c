"""Every kind of file comes out upright, whole, and with as many bits as it had."""

from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys
import zlib
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
import tifffile
from PIL import Image

from dermis.core import Encoding
from dermis.errors import UnreadablePhoto, UsageError
from dermis.formats.images.photo import photo_from_bytes, read_photo, write_photo
from fakes import photo_files as make

PICTURE = make.portrait()


def pixels_of(data: bytes, **options) -> np.ndarray:
    return photo_from_bytes(data, "photo", **options).pixels


def deep(channels: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 65536, (70, 81, channels), dtype=np.uint16)


def tiff(values: np.ndarray, **options) -> bytes:
    buffer = BytesIO()
    tifffile.imwrite(buffer, values, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "container"),
    [
        (make.encoded(PICTURE, "PNG"), "PNG"),
        (make.encoded(PICTURE, "TIFF"), "TIFF"),
        (make.encoded(PICTURE, "TIFF", compression="tiff_lzw"), "TIFF"),
        (make.encoded(PICTURE, "WEBP", lossless=True), "WebP"),
        (make.encoded(PICTURE, "BMP"), "BMP"),
    ],
)
def test_a_lossless_file_gives_back_its_numbers(tmp_path, data, container):
    path = tmp_path / "a photo.xyz"
    path.write_bytes(data)
    photo = read_photo(path)
    assert np.array_equal(photo.pixels, (PICTURE / np.float32(255)).astype(np.float32))
    assert photo.encoding is Encoding.SRGB
    assert photo.origin.container == container
    assert photo.origin.bits == 8
    assert photo.origin.name == "a photo.xyz"
    assert photo.origin.sha256 == hashlib.sha256(data).hexdigest()
    assert photo.origin.notes == ()


@pytest.mark.parametrize(
    ("data", "container"),
    [
        (make.encoded(PICTURE, "JPEG", quality=95, subsampling=0), "JPEG"),
        (make.encoded(PICTURE, "JPEG", quality=95, subsampling=0, progressive=True), "JPEG"),
        (make.encoded(PICTURE, "WEBP", quality=95), "WebP"),
        (make.encoded(PICTURE, "AVIF", quality=95), "AVIF"),
        (make.heic(PICTURE), "HEIF"),
    ],
)
def test_a_lossy_file_is_close_to_its_picture(data, container):
    photo = photo_from_bytes(data, "photo")
    assert photo.origin.container == container
    assert np.abs(photo.pixels - PICTURE / 255).mean() < 0.01


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_every_orientation_stands_upright(kind, orientation):
    # The stored picture is what a camera turned that way would store: undo what a viewer will do.
    undo = {
        1: lambda a: a,
        2: np.fliplr,
        3: lambda a: np.rot90(a, 2),
        4: np.flipud,
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }
    stored = np.ascontiguousarray(undo[orientation](PICTURE))
    exif = Image.Exif()
    exif[0x0112] = orientation
    if kind == "HEIF":
        data = make.heic(stored, info={"exif": exif.tobytes()})
        assert (b"irot" in data or b"imir" in data) == (orientation != 1)
    elif kind == "TIFF":
        data = make.encoded(stored, kind, tiffinfo={0x0112: orientation})
    else:
        data = make.encoded(stored, kind, exif=exif)
    pixels = pixels_of(data)
    assert pixels.shape == PICTURE.shape
    assert np.abs(pixels - PICTURE / 255).mean() < 0.02
    assert pixels.flags.c_contiguous


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_is_none_changes_nothing(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert pixels_of(make.encoded(PICTURE, "PNG", exif=exif)).shape == PICTURE.shape


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_png_of_16_bits_keeps_them(channels, interlaced):
    values = deep(channels)
    if channels in (2, 4):
        values[..., -1] = 65535
    photo = photo_from_bytes(make.png(values, interlaced=interlaced), "photo")
    colours = values[..., : 3 if channels > 2 else 1]
    assert photo.origin.bits == 16
    np.testing.assert_allclose(photo.pixels, np.broadcast_to(colours / 65535, photo.pixels.shape), atol=1e-7)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("planes", ["contig", "separate"])
@pytest.mark.parametrize("channels", [3, 4])
def test_a_tiff_of_16_bits_keeps_them(byteorder, compression, planes, channels):
    values = deep(channels)
    values[..., 3:] = 65535
    stored = values if planes == "contig" else np.ascontiguousarray(values.transpose(2, 0, 1))
    extra = {"extrasamples": ["unassalpha"]} if channels == 4 else {}
    data = tiff(
        stored,
        photometric="rgb",
        planarconfig=planes,
        byteorder=byteorder,
        compression=compression,
        predictor=compression is not None,
        **extra,
    )
    photo = photo_from_bytes(data, "photo")
    assert photo.origin.bits == 16
    np.testing.assert_allclose(photo.pixels, values[..., :3] / 65535, atol=1e-7)


def test_a_tiff_of_16_bits_packed_by_lzw_keeps_them():
    values = deep(3)
    np.testing.assert_allclose(pixels_of(make.lzw_tiff16(values)), values / 65535, atol=1e-7)


def test_grey_tiffs_of_16_and_32_bits_and_with_alpha():
    values = deep(1)[..., 0]
    for stored in (values, values.astype(np.uint32) * 65537, values.astype(np.float32) / 65535):
        pixels = pixels_of(tiff(stored, photometric="minisblack"))
        np.testing.assert_allclose(pixels[..., 1], values / 65535, atol=1e-6)
    inverted = pixels_of(tiff(65535 - values, photometric="miniswhite"))
    np.testing.assert_allclose(inverted[..., 2], values / 65535, atol=1e-6)
    packed = make.encoded(Image.fromarray(values), "TIFF", compression="tiff_lzw")
    np.testing.assert_allclose(pixels_of(packed)[..., 0], values / 65535, atol=1e-6)
    opaque = np.stack([values, np.full_like(values, 65535)], axis=-1)
    pixels = pixels_of(tiff(opaque, photometric="minisblack", extrasamples=["unassalpha"]))
    np.testing.assert_allclose(pixels[..., 0], values / 65535, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_float_tiff_is_taken_as_it_is(dtype):
    values = (deep(3) / 65535).astype(dtype)
    photo = photo_from_bytes(tiff(values, photometric="rgb"), "photo")
    np.testing.assert_allclose(photo.pixels, values, atol=1e-6)
    assert photo.origin.bits == 8 * values.itemsize
    assert photo.origin.notes == ()


def test_a_float_tiff_beyond_white_is_cut_off_and_says_so():
    values = (deep(3) / 65535).astype(np.float32)
    values[0, 0] = (-0.5, 1.5, np.nan)
    photo = photo_from_bytes(tiff(values, photometric="rgb"), "photo")
    assert photo.pixels[0, 0].tolist() == [0, 1, 0]
    assert len(photo.origin.notes) == 1


def test_a_fourth_channel_that_is_no_alpha_is_left_out():
    values = deep(4)
    stored = np.ascontiguousarray(values.transpose(2, 0, 1))
    data = tiff(stored, photometric="rgb", planarconfig="separate", extrasamples=["unspecified"])
    photo = photo_from_bytes(data, "photo")
    np.testing.assert_allclose(photo.pixels, values[..., :3] / 65535, atol=1e-7)
    assert photo.origin.notes == ()


def test_a_heic_of_10_bits_keeps_them():
    ramp = np.linspace(0, 65535, 64 * 1024, dtype=np.float64).reshape(64, 1024)
    values = np.stack([ramp] * 3, axis=-1).astype(np.uint16)
    photo = photo_from_bytes(make.heic(values, quality=-1, matrix_coefficients=0), "photo")
    assert photo.origin.bits == 10
    np.testing.assert_allclose(photo.pixels, values / 65535, atol=1.1 / 1023)
    assert len(np.unique(photo.pixels)) > 1000


def test_grey_palette_and_one_bit():
    grey = Image.fromarray(PICTURE[..., 0])
    np.testing.assert_allclose(
        pixels_of(make.encoded(grey, "JPEG", quality=98))[..., 2], PICTURE[..., 0] / 255, atol=0.02
    )
    palette = Image.fromarray(PICTURE).quantize(64)
    for kind in ("PNG", "GIF", "BMP", "TIFF"):
        expected = np.asarray(palette.convert("RGB")) / 255
        np.testing.assert_allclose(pixels_of(make.encoded(palette, kind)), expected, atol=1e-6)
    bits = grey.point(lambda value: 255 * (value > 120)).convert("1")
    photo = photo_from_bytes(make.encoded(bits, "PNG"), "photo")
    assert photo.origin.bits == 1
    assert np.array_equal(photo.pixels[..., 0], np.asarray(bits).astype(np.float32))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_parts_are_laid_on_white(mode):
    image = Image.fromarray(PICTURE).convert(mode)
    alpha = np.full(PICTURE.shape[:2], 255, np.uint8)
    alpha[:20], alpha[20:40] = 0, 128
    image.putalpha(Image.fromarray(alpha))
    photo = photo_from_bytes(make.encoded(image, "PNG"), "photo")
    solid = np.asarray(image.convert("RGB" if mode == "RGBA" else "L").convert("RGB")) / 255
    assert np.all(photo.pixels[:20] == 1)
    share = 128 / 255
    np.testing.assert_allclose(photo.pixels[20:40], solid[20:40] * share + 1 - share, atol=1e-6)
    np.testing.assert_allclose(photo.pixels[40:], solid[40:], atol=1e-6)
    assert any("white" in note for note in photo.origin.notes)


def test_alpha_that_hides_nothing_is_not_worth_a_note():
    assert photo_from_bytes(make.encoded(Image.fromarray(PICTURE).convert("RGBA"), "PNG"), "photo").origin.notes == ()


def test_a_transparent_palette_colour_becomes_white():
    palette = Image.fromarray(PICTURE).quantize(16)
    hidden = np.asarray(palette) == 3
    for kind in ("PNG", "GIF"):
        pixels = pixels_of(make.encoded(palette, kind, transparency=3))
        assert hidden.any()
        assert np.all(pixels[hidden] == 1)
        np.testing.assert_allclose(pixels[~hidden], np.asarray(palette.convert("RGB"))[~hidden] / 255, atol=1e-6)


def test_alpha_turns_with_the_photo():
    image = Image.fromarray(PICTURE).convert("RGBA")
    alpha = np.full(PICTURE.shape[:2], 255, np.uint8)
    alpha[:10] = 0
    image.putalpha(Image.fromarray(alpha))
    exif = Image.Exif()
    exif[0x0112] = 6  # its top is on the right
    pixels = pixels_of(make.encoded(image, "PNG", exif=exif))
    assert np.all(pixels[:, -10:] == 1)
    assert not np.all(pixels[:, :10] == 1)


def test_alpha_of_16_bits_and_colours_multiplied_by_it():
    values = deep(4, seed=3)
    values[..., 3] = np.maximum(values[..., 3], 20_000)
    cover = values[..., 3:] / 65535
    expected = values[..., :3] / 65535 * cover + 1 - cover
    np.testing.assert_allclose(pixels_of(make.png(values)), expected, atol=1e-6)
    multiplied = values.copy()
    multiplied[..., :3] = np.rint(values[..., :3] * cover)
    data = tiff(multiplied, photometric="rgb", extrasamples=["assocalpha"])
    np.testing.assert_allclose(pixels_of(data), expected, atol=4e-5)
    floats = np.concatenate([values[..., :3] / 65535 * cover, cover], axis=-1).astype(np.float32)
    data = tiff(floats, photometric="rgb", extrasamples=["assocalpha"])
    np.testing.assert_allclose(pixels_of(data), expected, atol=4e-5)


@pytest.mark.parametrize(
    ("kind", "options"),
    [("PNG", {}), ("WEBP", {"lossless": True}), ("GIF", {}), ("TIFF", {}), ("AVIF", {"quality": 95})],
)
def test_of_several_pictures_the_first_is_read(kind, options):
    first, second = (Image.fromarray(make.portrait(seed=seed)) for seed in (0, 7))
    photo = photo_from_bytes(make.encoded(first, kind, save_all=True, append_images=[second], **options), "photo")
    assert np.abs(photo.pixels - np.asarray(first) / 255).mean() < (0.05 if kind == "GIF" else 0.01)
    assert any("first" in note for note in photo.origin.notes)


def test_a_phone_s_second_picture_is_left_alone():
    first, second = (Image.fromarray(make.portrait(seed=seed)) for seed in (0, 7))
    data = make.encoded(first, "MPO", save_all=True, append_images=[second], quality=95)
    assert np.abs(pixels_of(data) - PICTURE / 255).mean() < 0.02


def test_linear_numbers_are_not_converted():
    data = make.png(deep(3), chunks=((b"iCCP", b"P3\0\0" + zlib.compress(make.display_p3())),))
    photo = photo_from_bytes(data, "photo", linear=True)
    assert photo.encoding is Encoding.CAMERA_LINEAR
    np.testing.assert_allclose(photo.pixels, deep(3) / 65535, atol=1e-7)
    assert photo.origin.profile is None


def test_a_name_is_shown_without_folders_and_on_one_line():
    photo = photo_from_bytes(make.encoded(PICTURE, "PNG"), "/home/someone/a\nb\x1b[1m.png")
    assert photo.origin.name == "a?b?[1m.png"


@pytest.mark.parametrize(("suffix", "bits"), [(".png", 8), (".png", 16)])
def test_a_photo_written_as_png_reads_the_same(tmp_path, suffix, bits):
    top = 2**bits - 1
    values = (np.rint(deep(3) / 65535 * top) / top).astype(np.float32)
    photo = photo_from_bytes(make.encoded(PICTURE, "PNG"), "photo")
    path = tmp_path / f"written{suffix}"
    write_photo(path, replace(photo, pixels=values), bits=bits)
    again = read_photo(path)
    assert again.origin.bits == bits
    np.testing.assert_allclose(again.pixels, values, atol=1e-7)
    if bits == 16:  # an independent reader agrees that it is a valid PNG
        assert np.array_equal(np.asarray(Image.open(path)), (np.rint(values * 65535).astype(int) >> 8))


def test_what_cannot_be_written_is_refused(tmp_path):
    photo = photo_from_bytes(make.encoded(PICTURE, "PNG"), "photo")
    linear = replace(photo, encoding=Encoding.LINEAR_SRGB)
    camera = replace(photo, encoding=Encoding.CAMERA_LINEAR)
    for path, what, bits in (
        ("a.webp", photo, 8),
        ("a.jpg", photo, 16),
        ("a.png", photo, 12),
        ("a.png", linear, 16),
        ("a.jpg", camera, 8),
    ):
        with pytest.raises(ValueError):
            write_photo(tmp_path / path, what, bits=bits)
    with pytest.raises(UsageError):
        write_photo(tmp_path / "no such folder" / "a.png", photo)


def test_camera_linear_values_come_back_from_a_png(tmp_path):
    photo = photo_from_bytes(make.encoded(PICTURE, "PNG"), "photo")
    camera = replace(photo, pixels=(deep(3) / 65535).astype(np.float32), encoding=Encoding.CAMERA_LINEAR)
    write_photo(tmp_path / "raw.png", camera, bits=16)
    again = read_photo(tmp_path / "raw.png", linear=True)
    np.testing.assert_allclose(again.pixels, camera.pixels, atol=1e-7)


@pytest.fixture
def any_jpeg_is_large(monkeypatch):
    monkeypatch.setattr("dermis.formats.images.photo._LARGE_PX", 1000)


@pytest.mark.parametrize("orientation", [1, 3, 6, 7])
@pytest.mark.parametrize("profile", [None, make.matrix_profile(make.DISPLAY_P3, make.gamma_curve(2.2))])
def test_a_large_jpeg_is_decoded_at_half_its_size_first(any_jpeg_is_large, monkeypatch, orientation, profile):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = make.encoded(PICTURE, "JPEG", quality=95, exif=exif, icc_profile=profile)
    photo = photo_from_bytes(data, "large.jpg")
    half = photo.half
    assert half is not None
    wide = photo.width_px == PICTURE.shape[1]
    assert wide == (orientation < 5)
    assert (photo.height_px, photo.width_px) == (PICTURE.shape[:2] if wide else PICTURE.shape[1::-1])
    monkeypatch.setattr("dermis.formats.images.photo._LARGE_PX", 10**9)
    whole = photo_from_bytes(data, "large.jpg")
    assert whole.half is None
    assert (photo.capture, photo.origin) == (whole.capture, whole.origin)
    means = whole.pixels.reshape(half.height_px, 2, half.width_px, 2, 3).mean(axis=(1, 3))
    assert np.abs(half.pixels - means).mean() < 0.01
    assert np.abs(photo.every(6) - half.pixels[::3, ::3]).max() == 0
    np.testing.assert_array_equal(photo.every(1), whole.pixels)
    np.testing.assert_array_equal(photo.pixels, whole.pixels)
    assert (photo.levels is None) == (whole.levels is None) == (profile is not None)


def test_what_has_no_exact_half_is_decoded_whole(any_jpeg_is_large):
    odd = make.portrait(97, 72)
    files = [make.encoded(odd, "JPEG"), make.encoded(PICTURE, "PNG"), make.encoded(PICTURE[..., 0], "JPEG")]
    assert all(photo_from_bytes(data, "photo").half is None for data in files)
    assert photo_from_bytes(make.encoded(PICTURE, "JPEG"), "photo", linear=True).half is None


def test_a_large_photo_goes_to_another_process_and_takes_other_pixels(any_jpeg_is_large):
    photo = photo_from_bytes(make.encoded(PICTURE, "JPEG"), "photo")
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(photo)).pixels, photo.pixels)
    dark = replace(photo, pixels=photo.pixels / 2)
    assert dark.half is None
    np.testing.assert_array_equal(dark.pixels, photo.pixels / 2)


def test_a_large_photo_cut_short_is_refused_at_once(any_jpeg_is_large):
    data = make.encoded(make.portrait(960, 720), "JPEG")
    with pytest.raises(UnreadablePhoto, match="damaged"):
        photo_from_bytes(data[: len(data) // 2], "photo")


def test_importing_the_reader_loads_no_image_library():
    code = "import sys, dermis.formats.images.masks as _; print({'PIL', 'tifffile'} & set(sys.modules))"
    code = "import dermis.formats.images.photo; " + code
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
