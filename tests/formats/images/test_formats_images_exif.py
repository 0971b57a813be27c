"""EXIF as cameras, editors and accidents write it."""

from __future__ import annotations

import struct
from dataclasses import astuple, replace

import pytest
from PIL import Image

from dermis.core import Capture
from dermis.formats.images.exif import (
    Tag,
    capture_from_exif,
    exif_from_capture,
    orientation_from_exif,
    read_exif,
    write_exif,
)
from dermis.formats.images.photo import photo_from_bytes, read_photo, write_photo
from fakes import photo_files as make

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, SIGNED_SHORT, SRATIONAL, FLOAT = 1, 2, 3, 4, 5, 7, 8, 10, 11
PICTURE = make.portrait()


def ratio(numerator: int, denominator: int) -> tuple[int, int, bytes]:
    return (
        SRATIONAL if numerator < 0 else RATIONAL,
        1,
        struct.pack(">ii" if numerator < 0 else ">II", numerator, denominator),
    )


def short(*values: int) -> tuple[int, int, bytes]:
    return (SHORT, len(values), struct.pack(f">{len(values)}H", *values))


def text(value: bytes) -> tuple[int, int, bytes]:
    return (ASCII, len(value), value)


def capture(exif: dict, first: dict | None = None) -> Capture:
    return capture_from_exif(make.exif_block(first or {}, exif))


def test_a_camera_s_entries_in_units():
    seen = capture(
        {
            0x829A: ratio(1, 120),
            0x829D: ratio(18, 10),
            0x8827: short(64),
            0x9203: (SRATIONAL, 1, struct.pack(">ii", -12, 10)),
            0x9204: (SRATIONAL, 1, struct.pack(">ii", -1, 3)),
            0x9209: short(0x19),
            0x920A: ratio(596, 100),
            0xA403: short(1),
        },
        {0x010F: text(b"Maker\0"), 0x0110: text(b"Model 3\0")},
    )
    assert None not in astuple(seen)
    assert seen == Capture(
        make="Maker",
        model="Model 3",
        iso=64,
        exposure_s=1 / 120,
        f_number=1.8,
        brightness_ev=-1.2,
        exposure_bias_ev=-1 / 3,
        focal_length_mm=5.96,
        white_balance_auto=False,
        flash_fired=True,
    )


def test_apex_values_stand_in_for_missing_ones():
    seen = capture({0x9201: ratio(7, 1), 0x9202: ratio(3, 1)})
    assert seen.exposure_s == pytest.approx(1 / 128)
    assert seen.f_number == pytest.approx(2 * 2**0.5)
    assert capture({0x9201: ratio(-2, 1)}).exposure_s == pytest.approx(4.0)
    stated = capture({0x829A: ratio(1, 100), 0x9201: ratio(7, 1), 0x829D: ratio(2, 1), 0x9202: ratio(3, 1)})
    assert (stated.exposure_s, stated.f_number) == (0.01, 2.0)


def test_a_lens_that_the_camera_does_not_know_has_no_f_number():
    assert capture({0x829D: ratio(0, 1), 0x9202: ratio(0, 1)}).f_number is None
    assert capture({0x9202: ratio(0, 1)}).f_number == 1.0


@pytest.mark.parametrize(
    ("entries", "iso"),
    [
        ({0x8827: short(100, 200)}, 100),
        ({0x8827: short(0, 200)}, 200),
        ({0x8827: (LONG, 1, struct.pack(">I", 102_400))}, 102_400),
        ({0x8827: ratio(320, 1)}, 320),
        ({0x8827: short(65535), 0x8833: (LONG, 1, struct.pack(">I", 204_800))}, 204_800),
        ({0x8827: short(65535), 0x8832: (LONG, 1, struct.pack(">I", 80_000))}, 80_000),
        ({0x8827: short(65535)}, 65_535),
        ({0x8831: (LONG, 1, struct.pack(">I", 50))}, 50),
        ({0x8827: short(0)}, None),
        ({0x8827: text(b"400\0")}, None),
        ({0x8827: (UNDEFINED, 4, b"\0\0\1\0")}, None),
        ({0x8827: short()}, None),
    ],
)
def test_iso_in_all_its_places(entries, iso):
    assert capture(entries).iso == iso


NONSENSE = [
    (RATIONAL, 1, struct.pack(">II", 0, 0)),
    (RATIONAL, 1, struct.pack(">II", 1, 0)),
    (RATIONAL, 1, struct.pack(">II", 2**32 - 1, 1)),
    (SRATIONAL, 1, struct.pack(">ii", -(2**31), 1)),
    (FLOAT, 1, struct.pack(">f", float("inf"))),
    (FLOAT, 1, struct.pack(">f", float("nan"))),
    (RATIONAL, 0, b""),
    (RATIONAL, 2**31, b"\0\0\0\xff"),
    (UNDEFINED, 8, b"\xff" * 8),
    (ASCII, 6, b"f/1.8\0"),
    (99, 1, b"\0\0\0\1"),
    (0, 0, b""),
]


@pytest.mark.parametrize("value", NONSENSE)
def test_nonsense_is_none_and_stops_nothing(value):
    tags = (0x829A, 0x829D, 0x8827, 0x9201, 0x9202, 0x9203, 0x9204, 0x9209, 0x920A, 0xA403)
    exif = make.exif_block(dict.fromkeys((0x0112,), value), dict.fromkeys(tags, value))
    assert capture_from_exif(exif) == Capture()
    assert orientation_from_exif(exif) == 1
    photo = photo_from_bytes(make.encoded(PICTURE, "JPEG", exif=exif), "photo")
    assert photo.capture == Capture()
    assert photo.width_px == PICTURE.shape[1]


def test_one_nonsense_entry_costs_only_itself():
    seen = capture({0x829A: (RATIONAL, 1, struct.pack(">II", 0, 0)), 0x829D: ratio(2, 1), 0x8827: short(80)})
    assert seen == Capture(f_number=2.0, iso=80)


def test_brightness_that_the_camera_calls_unknown():
    assert capture({0x9203: (SRATIONAL, 1, struct.pack(">Ii", 0xFFFFFFFF, 100))}).brightness_ev is None
    assert capture({0x9203: (RATIONAL, 1, struct.pack(">II", 0xFFFFFFFF, 100))}).brightness_ev is None
    assert capture({0x9203: (SRATIONAL, 1, struct.pack(">ii", -2, 200))}).brightness_ev == -0.01


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"Maker\0\0\0\0", "Maker"),
        (b"  Maker   Co. \0", "Maker Co."),
        (b"Ma\x07ke\x1b[2Jr\n\0", "Ma ke [2Jr"),
        (b"Maker\0hidden behind\0", "Maker"),
        (b"M\xe4ker\0", "Mäker"),
        ("Mäker\u202eevil".encode(), "Mäker evil"),
        (b"x" * 5000, "x" * 64),
        (b"\0\0\0\0", None),
        (b" \t ", None),
        (b"\xff\xfe", "ÿþ"),
    ],
)
def test_names_of_cameras_are_cleaned(raw, name):
    assert capture({}, {0x010F: text(raw)}).make == name


def test_places_people_and_serial_numbers_are_never_read():
    secrets = [b"Jane Owner", b"SERIAL-4711", b"secret comment", b"phone of Jane", b"R. Jones"]
    exif = Image.Exif()
    exif[0x013B], exif[0x8298], exif[0x013C] = "R. Jones", "R. Jones", "phone of Jane"
    inner = exif.get_ifd(0x8769)
    inner[0xA430], inner[0xA431], inner[0x9286], inner[0x829D] = "Jane Owner", "SERIAL-4711", b"secret comment", 2.0
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 29.6), 3: "E", 4: (2.0, 17.0, 40.2)})
    data = make.encoded(PICTURE, "JPEG", exif=exif)
    assert all(secret in data for secret in secrets)
    photo = photo_from_bytes(data, "photo")
    assert photo.capture == Capture(f_number=2.0)
    kept = repr(replace(photo, pixels=photo.pixels[:1, :1])) + repr(read_exif(exif.tobytes()))
    assert not any(secret.decode() in kept for secret in secrets)
    assert "48" not in repr(photo.capture)
    assert 0x8825 not in set(Tag)  # the directory of places


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"Exif\0\0",
        b"Exif\0\0II*\0",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0II*\0\x08\0\0\0\xff\xff",
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x87\x69\0\x04\0\0\0\x01\0\0\0\x08",  # a directory inside itself
        b"\xff" * 64,
        b"Exif\0\0XX*\0\x08\0\0\0",
    ],
)
def test_a_broken_block_stops_nothing(block):
    assert capture_from_exif(block) == Capture()
    photo = photo_from_bytes(make.encoded(PICTURE, "JPEG", exif=block), "photo")
    assert photo.capture == Capture()


def test_exif_in_every_container():
    exif = make.exif_block({0x010F: text(b"Maker\0")}, {0x829D: ratio(2, 1), 0x8827: short(80)})
    expected = Capture(make="Maker", f_number=2.0, iso=80)
    for kind in ("JPEG", "PNG", "WEBP", "AVIF"):
        assert photo_from_bytes(make.encoded(PICTURE, kind, exif=exif), kind).capture == expected
    assert photo_from_bytes(make.heic(PICTURE, info={"exif": exif}), "heic").capture == expected
    own = Image.Exif()
    own.load(exif)
    assert photo_from_bytes(make.encoded(PICTURE, "TIFF", exif=own), "tiff").capture == expected
    raw = f"\nexif\n{len(exif):8d}\n{exif.hex()}".encode()
    text_chunk = (b"tEXt", b"Raw profile type exif\0" + raw)
    assert photo_from_bytes(make.png(PICTURE, chunks=(text_chunk,)), "png").capture == expected


def test_an_independent_reader_reads_what_is_written():
    whole = Capture(
        make="Maker",
        model="Model 3",
        iso=250,
        exposure_s=1 / 60,
        f_number=2.2,
        brightness_ev=-1.5,
        exposure_bias_ev=2 / 3,
        focal_length_mm=4.25,
        white_balance_auto=True,
        flash_fired=True,
    )
    exif = Image.Exif()
    exif.load(exif_from_capture(whole))
    inner = exif.get_ifd(0x8769)
    assert (exif[0x010F], exif[0x0110]) == ("Maker", "Model 3")
    assert inner[0x829A] == pytest.approx(1 / 60)
    assert inner[0x829D] == pytest.approx(2.2)
    assert inner[0x8827] == 250
    assert inner[0x9203] == pytest.approx(-1.5)
    assert inner[0x9204] == pytest.approx(2 / 3)
    assert inner[0x920A] == pytest.approx(4.25)
    assert (inner[0xA403], inner[0x9209]) == (0, 1)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_the_capture_goes_with_the_photo(tmp_path, suffix):
    photo = photo_from_bytes(make.encoded(PICTURE, "PNG"), "photo")
    taken = replace(photo, capture=Capture(make="Maker", iso=100, exposure_s=0.02, brightness_ev=-0.01))
    write_photo(tmp_path / f"a{suffix}", taken)
    assert read_photo(tmp_path / f"a{suffix}").capture == taken.capture
    write_photo(tmp_path / f"b{suffix}", photo)
    assert read_photo(tmp_path / f"b{suffix}").capture == Capture()


def test_what_no_camera_can_have_done_is_not_written():
    absurd = Capture(iso=1e12, exposure_s=-1.0, f_number=float("nan"), brightness_ev=float("inf"), make="\0\n")
    assert capture_from_exif(exif_from_capture(absurd)) == Capture()


def test_entries_that_cannot_be_written_are_a_mistake():
    with pytest.raises(ValueError, match="DNG_VERSION"):
        write_exif({Tag.DNG_VERSION: 1})
    with pytest.raises(ValueError, match="FLASH"):
        write_exif({Tag.FLASH: 70_000})
