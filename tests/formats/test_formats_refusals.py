"""Whatever is not a usable photo is refused in one or two lines, never by a traceback or a warning."""

from __future__ import annotations

import os
import struct
import tracemalloc
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from dermis.errors import UnreadablePhoto
from dermis.formats.images.container import Container
from dermis.formats.images.decode import decode
from dermis.formats.images.photo import photo_from_bytes, read_photo
from fakes import photo_files as make

PICTURE = make.portrait(width=160, height=120)


def refusal(data: bytes, name: str = "photo.jpg") -> str:
    """Return the message with which these bytes are refused, having checked its manners."""
    with pytest.raises(UnreadablePhoto) as caught:
        photo_from_bytes(data, name)
    message = str(caught.value)
    assert message.startswith(name)
    assert "\n" not in message
    assert len(message) < 240
    assert caught.value.advice
    assert caught.value.exit_code == 3
    return message


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (bytes(5000), "zeros"),
        (b"This is a note, not a photo.\n" * 3, "text"),
        ("Käse und Brot, überall".encode() * 40, "text"),
        (b"<!DOCTYPE html><html></html>", "text"),
        (b"BMW, Audi and others", "text"),
        (b"%PDF-1.7\n\x00\xff", "PDF"),
        (b"RIFF\0\0\0\0AVI LIST", "video"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(600), "video"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  " + bytes(600), "video"),
        (b"\x1aE\xdf\xa3" + bytes(600), "video"),
        (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(600), "JPEG XL"),
        (b"\xff\x0a" + bytes(600), "JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(600), "JPEG 2000"),
        (b"8BPS\0\1" + bytes(600), "Photoshop"),
        (b"PK\x03\x04" + bytes(600), "ZIP"),
        (bytes(np.random.default_rng(0).integers(128, 250, 700, dtype=np.uint8)), "known kind"),
        (b"II*\0\x10\0\0\0CR\2\0" + bytes(600), "raw"),
        (b"FUJIFILMCCD-RAW 0201" + bytes(600), "raw"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(600), "raw"),
        (b"IIRO\x08\0\0\0" + bytes(600), "raw"),
    ],
)
def test_what_is_not_a_photo_is_called_by_its_name(data, word):
    assert word in refusal(data)


@pytest.mark.parametrize("suffix", [".dng", ".CR2", ".nef", ".arw"])
def test_camera_raw_is_told_how_to_be_converted(suffix):
    message = refusal(make.encoded(PICTURE, "TIFF"), f"IMG_1{suffix}")
    assert "raw" in message
    assert "--linear" in message


def test_a_dng_by_another_name_is_still_raw():
    assert "raw" in refusal(make.encoded(PICTURE, "TIFF", tiffinfo={0xC612: b"\1\4\0\0"}), "photo.tif")
    mosaic = BytesIO()
    tifffile.imwrite(mosaic, PICTURE[..., 0], photometric="cfa")
    assert "raw" in refusal(mosaic.getvalue(), "photo.tif")


def cut(kind: str, **options) -> bytes:
    return make.encoded(PICTURE, kind, **options)


WHOLE = {
    "jpeg": cut("JPEG"),
    "progressive jpeg": cut("JPEG", progressive=True),
    "cmyk jpeg": make.encoded(Image.fromarray(PICTURE).convert("CMYK"), "JPEG"),
    "png": cut("PNG"),
    "png 16": make.png(np.random.default_rng(0).integers(0, 65536, (70, 80, 3), dtype=np.uint16)),
    "webp": cut("WEBP"),
    "lossless webp": cut("WEBP", lossless=True),
    "tiff": cut("TIFF"),
    "lzw tiff": cut("TIFF", compression="tiff_lzw"),
    "deflated tiff": cut("TIFF", compression="tiff_adobe_deflate"),
    "jpeg in tiff": cut("TIFF", compression="jpeg"),
    "tiff 16": make.lzw_tiff16(np.random.default_rng(0).integers(0, 65536, (70, 80, 3), dtype=np.uint16)),
    "avif": cut("AVIF"),
    "heic": make.heic(PICTURE),
    "gif": cut("GIF"),
    "bmp": cut("BMP"),
}


@pytest.mark.parametrize("share", [0.03, 0.2, 0.5, 0.8, 0.97])
@pytest.mark.parametrize("kind", WHOLE)
def test_a_file_cut_short_is_refused(kind, share, capfd):
    whole = WHOLE[kind]
    assert photo_from_bytes(whole, "photo").pixels.shape[2] == 3
    refusal(whole[: int(len(whole) * share)])
    if kind != "jpeg in tiff":  # its library speaks for itself
        assert capfd.readouterr().err == ""


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("kind", ["jpeg", "progressive jpeg", "png", "png 16"])
def test_a_file_whose_end_was_never_copied_is_refused(kind, share):
    whole = WHOLE[kind]
    kept = int(len(whole) * share)
    refusal(whole[:kept] + bytes(len(whole) - kept))


@pytest.mark.parametrize(("kind", "options"), [("WEBP", {"quality": 90}), ("AVIF", {"quality": 90}), ("HEIC", {})])
def test_a_long_tail_of_zeros_is_no_coded_picture(kind, options):
    noise = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    whole = make.heic(noise) if kind == "HEIC" else make.encoded(noise, kind, **options)
    assert len(whole) > 6000
    assert photo_from_bytes(whole, "photo").width_px == 128
    refusal(whole[:-3000] + bytes(3000))


@pytest.mark.parametrize("kind", ["webp", "heic", "avif", "jpeg", "png"])
def test_padding_behind_the_picture_does_no_harm(kind):
    padding = struct.pack(">I4s", 4096, b"free") + bytes(4088) if kind in ("heic", "avif") else bytes(4096)
    whole = photo_from_bytes(WHOLE[kind], "photo")
    assert np.array_equal(photo_from_bytes(WHOLE[kind] + padding, "photo").pixels, whole.pixels)


@pytest.mark.parametrize("kind", ["png", "png 16"])
def test_one_wrong_byte_in_a_png_is_noticed(kind):
    whole = bytearray(WHOLE[kind])
    whole[len(whole) // 2] ^= 1
    assert "damaged" in refusal(bytes(whole))


def png_header(width: int, height: int) -> bytes:
    header = make.png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + make.png_chunk(b"IDAT", b"\x78\x9c") + make.png_chunk(b"IEND", b"")


def huge_jpeg() -> bytes:
    data = bytearray(WHOLE["jpeg"])
    at = data.index(b"\xff\xc0")
    struct.pack_into(">HH", data, at + 5, 20_000, 20_000)
    return bytes(data)


def huge_tiff(data: bytes) -> bytes:
    at = data.index(struct.pack("<HHI", 256, 4, 1)) if struct.pack("<HHI", 256, 4, 1) in data else -1
    assert at > 0
    return (
        data[: at + 8]
        + struct.pack("<I", 40_000)
        + data[at + 12 : at + 20]
        + struct.pack("<I", 40_000)
        + data[at + 24 :]
    )


@pytest.mark.parametrize(
    "data",
    [
        png_header(40_000, 40_000),
        png_header(12_500, 12_001),
        png_header(2**31 - 1, 2**31 - 1),
        png_header(40_000, 40_000)[:33],  # nothing but the header
        huge_jpeg(),
        huge_tiff(make.lzw_tiff16(np.zeros((70, 80, 3), np.uint16))),
        b"RIFF\xff\xff\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\xfe\x3f\0\xfe\x3f\0" + bytes(90),
        b"RIFF\xff\xff\0\0WEBPVP8L\x0a\0\0\0\x2f" + struct.pack("<I", 16_382 | 16_382 << 14) + bytes(90),
        b"RIFF\xff\xff\0\0WEBPVP8 \x0a\0\0\0\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 16_383, 16_383) + bytes(90),
        b"GIF89a\xff\xff\xff\xff\0\0\0" + bytes(90),
    ],
)
def test_more_than_150_megapixels_are_refused_by_the_header_alone(data):
    tracemalloc.start()
    message = refusal(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "150 megapixels" in message
    assert peak < 20e6


def test_90_megapixels_are_read_without_a_warning():
    data = make.encoded(Image.new("L", (13_000, 7_000), 90), "PNG", compress_level=1)
    assert decode(data, Container.PNG, "photo").values.shape == (7_000, 13_000)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (63, 500), (500, 63), (32, 32)])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
def test_less_than_64_px_is_refused(kind, width, height):
    assert "64 px" in refusal(make.encoded(Image.new("RGB", (width, height)), kind))


def test_64_px_are_enough():
    assert photo_from_bytes(make.encoded(Image.new("RGB", (64, 64)), "PNG"), "photo").width_px == 64


@pytest.mark.parametrize("kind", ["BMP", "PNG", "GIF", "WEBP", "TIFF", "JPEG", "HEIC", "AVIF"])
def test_a_start_without_a_file_is_refused(kind):
    starts = {
        "BMP": b"BM\x10\0\0\0\0\0\0\0",
        "PNG": b"\x89PNG\r\n\x1a\n",
        "GIF": b"GIF89a",
        "WEBP": b"RIFF\0\0\0\0WEBP",
        "TIFF": b"II*\0",
        "JPEG": b"\xff\xd8\xff\xe0",
        "HEIC": b"\0\0\0\x10ftypheic",
        "AVIF": b"\0\0\0\x10ftypavif",
    }
    refusal(starts[kind])
    refusal(starts[kind] + bytes(3000))
    refusal(starts[kind] + b"\xff" * 3000)


@pytest.mark.parametrize(
    "values", [np.full((70, 80), 200.0), np.full((70, 80, 3), np.nan), np.zeros((70, 80), np.int16)]
)
def test_numbers_without_a_meaning_are_refused(values):
    buffer = BytesIO()
    stored = values.astype(np.float32) if values.dtype.kind == "f" else values
    tifffile.imwrite(buffer, stored, photometric="rgb" if values.ndim == 3 else "minisblack")
    refusal(buffer.getvalue(), "scan.tif")


def test_a_cube_of_bands_is_no_photo():
    buffer = BytesIO()
    tifffile.imwrite(buffer, np.zeros((70, 80, 5), np.float32), photometric="minisblack", planarconfig="contig")
    refusal(buffer.getvalue(), "cube.tif")


def test_a_tiff_with_a_strip_missing_is_refused():
    buffer = BytesIO()
    values = np.ones((3, 70, 80), np.uint16)
    tifffile.imwrite(buffer, values, photometric="rgb", planarconfig="separate", compression="zlib", rowsperstrip=10)
    data = bytearray(buffer.getvalue())
    with tifffile.TiffFile(BytesIO(data)) as file:
        sizes = file.pages.first.tags[279]
    data[sizes.valueoffset : sizes.valueoffset + 4] = bytes(4)
    refusal(bytes(data), "scan.tif")


def test_a_missing_file_a_folder_and_a_pipe(tmp_path):
    (tmp_path / "folder.jpg").mkdir()
    os.mkfifo(tmp_path / "pipe.jpg")
    for name, word in (("none.jpg", "does not exist"), ("folder.jpg", "folder"), ("pipe.jpg", "ordinary")):
        with pytest.raises(UnreadablePhoto, match=word) as caught:
            read_photo(tmp_path / name)
        assert str(caught.value).startswith(name)
        assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize("path", ["a\0b.jpg", "x" * 5000 + ".jpg", ""])
def test_a_name_that_no_file_can_have(path):
    with pytest.raises(UnreadablePhoto) as caught:
        read_photo(path)
    assert "\0" not in str(caught.value)


def test_a_locked_file_and_a_failing_disk(tmp_path, monkeypatch):
    path = tmp_path / "locked.jpg"
    path.write_bytes(WHOLE["jpeg"])
    for fault, word in (
        (PermissionError(13, "Permission denied"), "may not be read"),
        (OSError(5, "I/O error"), "disk"),
    ):

        def fail(*_args, fault=fault, **_options):
            raise fault

        with monkeypatch.context() as patch:
            patch.setattr(Path, "open", fail)
            with pytest.raises(UnreadablePhoto, match=word):
                read_photo(path)


def test_a_text_file_is_refused_before_it_is_read_whole(tmp_path):
    path = tmp_path / "log.jpg"
    with path.open("wb") as file:
        file.write(b"line\n" * 200)
        file.truncate(50_000_000_000)  # sparse
    with pytest.raises(UnreadablePhoto, match="text"):
        read_photo(path)


def test_too_little_memory_is_said_so(monkeypatch):
    def fail(*_args, **_options):
        raise MemoryError

    monkeypatch.setattr(Image.Image, "convert", fail)
    palette = Image.fromarray(PICTURE).quantize(16)
    assert "memory" in refusal(make.encoded(palette, "PNG"))


def test_a_decoder_s_odd_exception_is_a_refusal(monkeypatch):
    for fault in (KeyError("x"), struct.error("y"), RecursionError(), AssertionError(), ZeroDivisionError()):

        def fail(*_args, fault=fault, **_options):
            raise fault

        with monkeypatch.context() as patch:
            patch.setattr(JpegImageFile, "load", fail)
            refusal(WHOLE["jpeg"])
