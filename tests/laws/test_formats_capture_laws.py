"""A capture survives being written; no bytes whatever raise anything but a refusal."""

from __future__ import annotations

from dataclasses import astuple, fields
from functools import cache
from io import BytesIO

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from dermis.core import Capture, Encoding, Photo
from dermis.errors import UnreadablePhoto
from dermis.formats.images.exif import capture_from_exif, exif_from_capture
from dermis.formats.images.icc import read_icc
from dermis.formats.images.photo import photo_from_bytes, read_photo, write_photo


def maybe(numbers):
    return st.none() | numbers


captures = st.builds(
    Capture,
    make=maybe(st.text(max_size=80)),
    model=maybe(st.text(max_size=80)),
    iso=maybe(st.integers(1, 10_000_000).map(float)),
    exposure_s=maybe(st.floats(1e-6, 1e5)),
    f_number=maybe(st.floats(0.3, 512)),
    brightness_ev=maybe(st.floats(-30, 30)),
    exposure_bias_ev=maybe(st.floats(-20, 20)),
    focal_length_mm=maybe(st.floats(0.1, 10_000)),
    white_balance_auto=maybe(st.booleans()),
    flash_fired=maybe(st.booleans()),
)


def assert_alike(read: Capture, written: Capture) -> None:
    for field in fields(Capture):
        before, after = getattr(written, field.name), getattr(read, field.name)
        if isinstance(before, str):
            assert len(after or "") <= 64
            assert all(letter.isprintable() for letter in after or "")
        elif isinstance(before, float):
            assert after == pytest.approx(before, rel=1e-4, abs=1e-8), field.name
        else:
            assert after == before, field.name


@given(captures)
def test_a_capture_survives_its_exif(capture):
    read = capture_from_exif(exif_from_capture(capture))
    assert_alike(read, capture)
    assert capture_from_exif(exif_from_capture(read)) == read


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(captures, st.sampled_from([".jpg", ".png"]), st.sampled_from([8, 16]))
def test_a_capture_survives_its_file(tmp_path, capture, suffix, bits):
    pixels = np.full((64, 65, 3), 0.25, np.float32)
    photo = Photo(pixels=pixels, encoding=Encoding.SRGB, capture=capture)
    path = tmp_path / f"photo{suffix}"
    write_photo(path, photo, bits=8 if suffix == ".jpg" else bits)
    assert_alike(read_photo(path).capture, capture)


@given(st.binary(max_size=200), st.booleans())
def test_no_exif_raises(noise, headed):
    block = b"Exif\0\0II*\0\x08\0\0\0" + noise if headed else noise
    capture = capture_from_exif(block)
    numbers = [value for value in astuple(capture) if isinstance(value, float)]
    assert np.all(np.isfinite(numbers))


@given(st.binary(max_size=400))
def test_a_profile_of_noise_is_a_value_error_or_a_profile(noise):
    head = bytearray(132)
    head[16:24], head[36:40], head[131] = b"RGB XYZ ", b"acsp", 9
    try:
        profile = read_icc(bytes(head) + noise)
    except ValueError:
        return
    assert profile.curves is None or len(profile.curves) == 3


@cache
def whole_files() -> tuple[bytes, ...]:
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    files = []
    for kind in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "GIF", "BMP"):
        buffer = BytesIO()
        picture.save(buffer, kind)
        files.append(buffer.getvalue())
    import pillow_heif

    buffer = BytesIO()
    pillow_heif.from_pillow(picture).save(buffer)
    return (*files, buffer.getvalue())


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 7), st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=6)), min_size=1, max_size=5)
)
def test_a_damaged_file_is_read_or_refused(which, wounds):
    data = bytearray(whole_files()[which])
    for place, content in wounds:
        at = int(place**3 * (len(data) - len(content)))  # mostly in the headers
        data[at : at + len(content)] = content
    try:
        photo = photo_from_bytes(bytes(data), "photo")
    except UnreadablePhoto:
        return
    assert np.all((photo.pixels >= 0) & (photo.pixels <= 1))
