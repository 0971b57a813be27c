"""Colours of every kind of profile against colour-science and LittleCMS, which know nothing of our code."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageCms

from dermis.formats.images.icc import read_icc
from dermis.formats.images.photo import photo_from_bytes
from fakes import photo_files as make

SKIN = np.array([[214, 170, 148], [120, 78, 60], [60, 38, 30], [190, 120, 110], [128, 128, 128], [255, 255, 255]])
SATURATED = np.array([[200, 60, 50], [60, 160, 80], [70, 80, 190], [210, 180, 60]])
COLOURS = np.concatenate([SKIN, SATURATED]).astype(np.uint8)


def patches(colours: np.ndarray = COLOURS, px: int = 64) -> np.ndarray:
    """Return a picture of one row of square patches."""
    return np.repeat(np.repeat(colours[None], px, axis=0), px, axis=1)


def seen(data: bytes, count: int = len(COLOURS)) -> np.ndarray:
    """Return the mean colour of each patch."""
    pixels = photo_from_bytes(data, "photo").pixels
    return np.stack([part[16:48, 16:48].mean(axis=(0, 1)) for part in np.split(pixels, count, axis=1)])


def analytic(encoded: np.ndarray, space: str) -> np.ndarray:
    """Return the sRGB of colours encoded in a space that colour-science knows."""
    import colour

    rgb = colour.RGB_to_RGB(
        encoded,
        space,
        "sRGB",
        chromatic_adaptation_transform="Bradford",
        apply_cctf_decoding=True,
        apply_cctf_encoding=False,
    )
    return colour.cctf_encoding(np.clip(rgb, 0, 1), "sRGB")


def delta_e(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    import colour

    lab = [
        colour.XYZ_to_Lab(colour.sRGB_to_XYZ(rgb), colour.CCS_ILLUMINANTS["CIE 1931 2 Degree Standard Observer"]["D65"])
        for rgb in (a, b)
    ]
    return colour.delta_E(*lab, method="CIE 2000")


SPACES = {
    "Display P3": make.display_p3(),
    "Adobe RGB (1998)": make.matrix_profile(make.ADOBE_RGB, make.gamma_curve(563 / 256)),
    "ProPhoto RGB": make.matrix_profile(make.PROPHOTO, make.gamma_curve(1.8)),
}


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_a_wide_space_becomes_srgb(space, kind):
    options = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}.get(kind, {})
    data = make.encoded(patches(), kind, icc_profile=SPACES[space], **options)
    assert np.max(delta_e(seen(data), analytic(COLOURS / 255, space))) < (1.0 if kind == "JPEG" else 0.2)


def test_a_phone_s_heic_in_display_p3_becomes_srgb():
    info = {"icc_profile": make.display_p3(), "icc_profile_type": "prof"}
    data = make.heic(patches(), info=info, quality=-1, matrix_coefficients=0)
    assert photo_from_bytes(data, "photo").origin.profile == "Display P3"
    assert np.max(delta_e(seen(data), analytic(COLOURS / 255, "Display P3"))) < 0.2


def test_an_avif_s_profile_counts_more_than_its_coding_points():
    data = make.encoded(patches(), "AVIF", icc_profile=make.display_p3(), quality=100, subsampling="4:4:4")
    at = data.index(b"mdat")  # as other encoders write it: both
    assert b"colrnclx" in data[:at]
    assert photo_from_bytes(data, "photo").origin.profile == "Display P3"
    assert np.max(delta_e(seen(data), analytic(COLOURS / 255, "Display P3"))) < 1.5


def test_a_saturated_red_of_display_p3_is_where_the_formula_puts_it():
    red = np.array([[230, 30, 40]], np.uint8)
    expected = analytic(red / 255, "Display P3")
    data = make.encoded(patches(red), "JPEG", icc_profile=make.display_p3(), quality=98, subsampling=0)
    assert delta_e(seen(data, 1), expected).max() < 1.5
    assert delta_e(red / 255, expected).max() > 1.5  # which the numbers as they are would not be


@pytest.mark.parametrize("space", SPACES)
def test_16_bits_are_converted_with_16_bits(space):
    ramp = np.linspace(0.15, 0.9, 256 * 70).reshape(70, 256)
    values = np.stack([ramp, ramp * 0.8 + 0.02, ramp * 0.7 + 0.05], axis=-1)
    values = np.rint(values * 65535).astype(np.uint16)
    profile = (b"iCCP", b"x\0\0" + zlib.compress(SPACES[space]))
    photo = photo_from_bytes(make.png(values, chunks=(profile,)), "photo")
    expected = analytic(values / 65535, space)
    assert photo.origin.bits == 16
    assert np.abs(photo.pixels - expected).max() < 1e-3
    assert len(np.unique(photo.pixels[..., 0])) > 16_000


@pytest.mark.parametrize("space", SPACES)
def test_matrix_profiles_agree_with_littlecms(space):
    random = np.random.default_rng(0).integers(0, 256, (80, 80, 3), dtype=np.uint8)
    image = Image.fromarray(random)
    transform = ImageCms.buildTransform(
        ImageCms.getOpenProfile(BytesIO(SPACES[space])),
        ImageCms.createProfile("sRGB"),
        "RGB",
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )
    theirs = np.asarray(ImageCms.applyTransform(image, transform)) / 255
    ours = photo_from_bytes(make.encoded(image, "PNG", icc_profile=SPACES[space]), "photo").pixels
    assert np.abs(ours - theirs).max() < 2.5 / 255
    assert np.abs(ours - theirs).mean() < 0.3 / 255


@pytest.mark.parametrize(
    "profile",
    [
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        make.matrix_profile(make.SRGB, make.srgb_curve(), "whatever it is called"),
    ],
)
def test_srgb_by_any_name_changes_no_number(profile):
    photo = photo_from_bytes(make.encoded(patches(), "PNG", icc_profile=profile), "photo")
    assert np.array_equal(photo.pixels, (patches() / np.float32(255)).astype(np.float32))
    assert photo.origin.profile


def test_curves_given_as_points_and_as_formula_agree():
    points = np.rint(np.linspace(0, 1, 1024) ** 2.2 * 65535).astype(">u2")
    by_points = make.matrix_profile(make.DISPLAY_P3, b"curv\0\0\0\0" + struct.pack(">I", 1024) + points.tobytes())
    by_number = make.matrix_profile(make.DISPLAY_P3, b"curv\0\0\0\0" + struct.pack(">IH", 1, round(2.2 * 256)))
    by_formula = make.matrix_profile(make.DISPLAY_P3, make.gamma_curve(2.2))
    results = [seen(make.encoded(patches(), "PNG", icc_profile=icc)) for icc in (by_points, by_number, by_formula)]
    np.testing.assert_allclose(results[0], results[2], atol=2e-3)
    np.testing.assert_allclose(results[1], results[2], atol=2e-3)


def test_all_kinds_of_parametric_curves():
    x = np.linspace(0, 1, 65536)
    g, a, b, c, d, e, f = 2.0, 0.9, 0.1, 0.2, 0.3, 0.01, 0.02
    cases = {
        0: ((g,), x**g),
        1: ((g, a, -b), np.where(x >= b / a, np.maximum(a * x - b, 0) ** g, 0)),
        2: ((g, a, -b, e), np.where(x >= b / a, np.maximum(a * x - b, 0) ** g + e, e)),
        3: ((g, a, b, c, d), np.where(x >= d, (a * x + b) ** g, c * x)),
        4: ((g, a, b, c, d, e, f), np.where(x >= d, (a * x + b) ** g + e, c * x + f)),
    }
    for kind, (numbers, expected) in cases.items():
        content = struct.pack(f">HH{len(numbers)}i", kind, 0, *(round(number * 65536) for number in numbers))
        icc = make.icc_profile({b"kTRC": b"para\0\0\0\0" + content}, space=b"GRAY")
        (curve,) = read_icc(icc).curves
        np.testing.assert_allclose(curve, np.clip(expected, 0, 1), atol=1e-4, err_msg=str(kind))


def test_a_grey_profile_bends_the_greys():
    ramp = np.tile(np.arange(256, dtype=np.uint8), (70, 1))
    for bits, values in ((8, ramp), (16, ramp.astype(np.uint16) * 257)):
        data = make.encoded(values, "TIFF", icc_profile=make.grey_profile(1.8))
        photo = photo_from_bytes(data, "photo")
        linear = (np.arange(256) / 255) ** 1.8
        expected = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
        np.testing.assert_allclose(photo.pixels[3, :, 1], expected, atol=5e-4)
        assert photo.origin.bits == bits
        assert np.ptp(photo.pixels, axis=2).max() == 0


def test_a_grey_picture_with_an_rgb_profile_takes_its_curve():
    ramp = np.tile(np.arange(256, dtype=np.uint8), (70, 1))
    grey = photo_from_bytes(make.encoded(ramp, "PNG", icc_profile=SPACES["ProPhoto RGB"]), "photo").pixels
    rgb = photo_from_bytes(make.encoded(np.stack([ramp] * 3, -1), "PNG", icc_profile=SPACES["ProPhoto RGB"]), "photo")
    np.testing.assert_allclose(grey, rgb.pixels, atol=1e-6)
    assert grey[0, 100, 0] > 100 / 255


def test_cmyk_without_a_profile_is_a_guess_and_says_so():
    image = Image.fromarray(patches()).convert("CMYK")
    photo = photo_from_bytes(make.encoded(image, "JPEG", quality=98), "photo")
    assert np.abs(seen(make.encoded(image, "JPEG", quality=98)) - COLOURS / 255).max() < 0.02
    assert any("CMYK" in note for note in photo.origin.notes)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_with_a_profile_follows_its_table(kind):
    inks = np.zeros((70, 280, 4), np.uint8)
    inks[:, 70:140, 1] = 255  # magenta
    inks[:, 140:210, 2] = 255  # yellow
    inks[:, 210:, 3] = 255  # black
    data = make.encoded(Image.fromarray(inks, "CMYK"), kind, icc_profile=make.cmyk_profile())
    photo = photo_from_bytes(data, "photo")
    paper, magenta, yellow, black = (photo.pixels[35, x] for x in (30, 100, 170, 250))
    assert photo.origin.profile == "Made"
    np.testing.assert_allclose(paper, 1, atol=0.02)
    assert magenta[0] > magenta[1] < magenta[2]
    assert yellow[2] < yellow[1]
    assert black.max() < 0.2
    # The table says L* 60, a* 60, b* 0 under D50 for full magenta.
    import colour

    white = colour.CCS_ILLUMINANTS["CIE 1931 2 Degree Standard Observer"]["D50"]
    expected = colour.XYZ_to_sRGB(colour.Lab_to_XYZ([60, 60, 0], white), white)
    assert delta_e(magenta, expected) < 2


def test_ycck_jpegs_are_read_as_cmyk():
    image = Image.fromarray(patches()).convert("CMYK")
    data = make.encoded(image, "JPEG", quality=98, subsampling=0)
    assert b"Adobe" in data
    marker = data.index(b"Adobe")
    assert data[marker + 11] in (0, 2)
    assert np.abs(seen(data) - COLOURS / 255).max() < 0.03


def test_lab_tiffs_are_converted():
    lab = ImageCms.applyTransform(
        Image.fromarray(patches()),
        ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"),
    )
    assert np.max(delta_e(seen(make.encoded(lab, "TIFF")), COLOURS / 255)) < 2


@pytest.mark.parametrize("damage", ["cut", "noise", "singular", "flat", "empty tags"])
def test_a_damaged_profile_is_ignored_and_noted(damage):
    good = make.display_p3()
    icc = {
        "cut": good[:150],
        "noise": bytes(np.random.default_rng(1).integers(0, 256, 600, dtype=np.uint8)),
        "singular": make.matrix_profile((make.DISPLAY_P3[0],) * 3, make.srgb_curve()),
        "flat": make.matrix_profile(make.DISPLAY_P3, b"curv\0\0\0\0" + struct.pack(">I4H", 4, 9, 9, 9, 9)),
        "empty tags": good.replace(b"rXYZ", b"none"),
    }[damage]
    photo = photo_from_bytes(make.encoded(patches(), "PNG", icc_profile=icc), "photo")
    assert np.array_equal(photo.pixels, (patches() / np.float32(255)).astype(np.float32))
    assert photo.origin.profile is None
    assert len(photo.origin.notes) == 1


@pytest.mark.parametrize("icc", [make.cmyk_profile(), make.grey_profile(1.8)])
def test_a_profile_for_other_channels_is_ignored_and_noted(icc):
    photo = photo_from_bytes(make.encoded(patches(), "JPEG", icc_profile=icc, quality=98, subsampling=0), "photo")
    assert np.abs(photo.pixels - patches() / 255).max() < 0.05
    assert len(photo.origin.notes) == 1


def test_a_damaged_table_profile_is_ignored_and_noted():
    icc = make.cmyk_profile()
    data = make.encoded(Image.fromarray(patches()).convert("CMYK"), "TIFF", icc_profile=icc[:400])
    photo = photo_from_bytes(data, "photo")
    assert photo.origin.profile is None
    assert len(photo.origin.notes) == 1


def chunks_of(values: np.ndarray, *chunks: tuple[bytes, bytes]) -> bytes:
    return make.png(values, chunks=chunks)


def test_the_coding_points_of_a_png_are_believed_before_its_profile():
    profile = (b"iCCP", b"x\0\0" + zlib.compress(SPACES["ProPhoto RGB"]))
    data = chunks_of(patches(), (b"cICP", bytes((12, 13, 0, 1))), profile)
    assert np.max(delta_e(seen(data), analytic(COLOURS / 255, "Display P3"))) < 0.2
    assert np.max(delta_e(seen(chunks_of(patches(), (b"cICP", bytes((1, 13, 0, 1))))), COLOURS / 255)) < 0.01


@pytest.mark.parametrize("kind", ["HEIC", "AVIF"])
def test_the_coding_points_of_heic_and_avif_are_believed(kind):
    if kind == "HEIC":
        options = {"color_primaries": 12, "transfer_characteristic": 13, "matrix_coefficients": 0, "quality": -1}
        data = make.heic(patches(), **options)
        stored = COLOURS / 255
    else:
        data = make.encoded(patches(), "AVIF", quality=100, subsampling="4:4:4")
        stored = seen(data)
        at = data.index(b"colrnclx") + 8
        data = data[:at] + struct.pack(">HH", 12, 13) + data[at + 4 :]
    assert photo_from_bytes(data, "photo").origin.profile == "Display P3"
    assert np.max(delta_e(seen(data), analytic(stored, "Display P3"))) < 0.5


@pytest.mark.parametrize(("primaries", "space"), [(9, "ITU-R BT.2020"), (11, "DCI-P3")])
def test_linear_light_of_other_primaries(primaries, space):
    import colour

    values = np.rint(COLOURS / 255 * 65535).astype(np.uint16)
    data = chunks_of(patches(values), (b"cICP", bytes((primaries, 8, 0, 1))))
    linear = colour.RGB_to_RGB(COLOURS / 255, space, "sRGB", chromatic_adaptation_transform="Bradford")
    expected = colour.cctf_encoding(np.clip(linear, 0, 1), "sRGB")
    np.testing.assert_allclose(seen(data), expected, atol=2e-3)


@pytest.mark.parametrize(("transfer", "paper"), [(16, 0.5807), (18, 0.75)])
def test_hdr_pictures_are_cut_off_at_paper_white(transfer, paper):
    import colour

    levels = np.array([0.1, 0.3, 0.45, 0.55, paper, 0.9])
    colours = np.rint(np.stack([levels] * 3, axis=-1) * 65535).astype(np.uint16)
    data = chunks_of(patches(colours), (b"cICP", bytes((1, transfer, 0, 1))))
    if transfer == 16:
        light = colour.models.eotf_ST2084(levels) / 203
    else:
        light = colour.models.eotf_BT2100_HLG(np.stack([levels] * 3, axis=-1), L_B=0, L_W=1000)[:, 0] / 203
    expected = colour.cctf_encoding(np.clip(light, 0, 1), "sRGB")
    np.testing.assert_allclose(seen(data, len(levels))[:, 0], expected, atol=0.005)
    assert any("HDR" in note for note in photo_from_bytes(data, "photo").origin.notes)


def test_the_gamma_and_primaries_of_a_png():
    import colour

    gamma = (b"gAMA", struct.pack(">I", 100_000))
    xy = (0.3127, 0.3290, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
    primaries = (b"cHRM", struct.pack(">8I", *(round(value * 100_000) for value in xy)))
    linear = COLOURS / 255
    assert np.abs(seen(chunks_of(patches(), gamma)) - colour.cctf_encoding(linear, "sRGB")).max() < 2e-3
    p3 = colour.RGB_to_RGB(linear, "Display P3", "sRGB", chromatic_adaptation_transform="Bradford")
    expected = colour.cctf_encoding(np.clip(p3, 0, 1), "sRGB")
    assert np.abs(seen(chunks_of(patches(), gamma, primaries)) - expected).max() < 2e-3
    stated = (b"sRGB", b"\0")
    assert np.array_equal(seen(chunks_of(patches(), stated, gamma)), seen(chunks_of(patches())))
    assert np.array_equal(seen(chunks_of(patches(), (b"gAMA", struct.pack(">I", 0)))), seen(chunks_of(patches())))


@pytest.mark.parametrize(
    "xy",
    [
        (0, 0, 0, 0, 0, 0, 0, 0),
        (0.3127, 0.3290, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3),
        (0.9, 0.05, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06),
        (0.3127, 0.3290, 0.64, 0.33, 0.3, 0.6, 0.15, 0.0),
    ],
)
def test_primaries_that_no_screen_has_are_not_believed(xy):
    gamma = (b"gAMA", struct.pack(">I", 100_000))
    primaries = (b"cHRM", struct.pack(">8I", *(round(value * 100_000) for value in xy)))
    assert np.array_equal(seen(chunks_of(patches(), gamma, primaries)), seen(chunks_of(patches(), gamma)))
    absurd = (b"gAMA", struct.pack(">I", 2))
    assert np.array_equal(seen(chunks_of(patches(), absurd)), seen(chunks_of(patches())))


def test_absurd_curves_are_a_damaged_profile():
    absurd = b"para\0\0\0\0" + struct.pack(">HH7i", 4, 0, 2**31 - 1, *([2**31 - 1] * 3), 0, 5, 5)
    photo = photo_from_bytes(
        make.encoded(patches(), "PNG", icc_profile=make.matrix_profile(make.DISPLAY_P3, absurd)), "photo"
    )
    assert len(photo.origin.notes) == 1


def test_the_usual_gamma_of_a_png_means_srgb():
    usual = (b"gAMA", struct.pack(">I", 45_455))
    assert np.array_equal(seen(chunks_of(patches(), usual)), seen(chunks_of(patches())))


def test_a_camera_s_mark_for_adobe_rgb_counts_without_a_profile():
    def marked(index: bytes) -> bytes:
        exif = make.exif_block({}, {0xA001: (3, 1, b"\xff\xff")}, {1: (2, 4, index)})
        return make.encoded(patches(), "PNG", exif=exif)

    assert photo_from_bytes(marked(b"R03\0"), "photo").origin.profile == "Adobe RGB (1998)"
    assert np.max(delta_e(seen(marked(b"R03\0")), analytic(COLOURS / 255, "Adobe RGB (1998)"))) < 0.2
    assert photo_from_bytes(marked(b"R98\0"), "photo").origin.profile is None


def test_the_name_of_a_profile_is_told_in_either_text_kind():
    v2 = b"desc\0\0\0\0" + struct.pack(">I", 12) + b"Scan\x07 ner 1\0" + bytes(78)
    tags = {b"desc": v2, b"kTRC": make.gamma_curve(1.8)}
    assert read_icc(make.icc_profile(tags, space=b"GRAY")).name == "Scan ner 1"
    assert read_icc(make.display_p3()).name == "Display P3"


def test_float_pictures_are_converted_too():
    import tifffile

    values = (patches() / 255).astype(np.float32)
    buffer = BytesIO()
    tifffile.imwrite(buffer, values, photometric="rgb", iccprofile=make.display_p3())
    assert np.max(delta_e(seen(buffer.getvalue()), analytic(COLOURS / 255, "Display P3"))) < 0.2


def test_laying_on_white_happens_after_the_colours_are_converted():
    image = Image.fromarray(patches()).convert("RGBA")
    image.putalpha(128)
    opaque = photo_from_bytes(make.encoded(patches(), "PNG", icc_profile=make.display_p3()), "photo")
    photo = photo_from_bytes(make.encoded(image, "PNG", icc_profile=make.display_p3()), "photo")
    share = 128 / 255
    np.testing.assert_allclose(photo.pixels, opaque.pixels * share + 1 - share, atol=1e-6)
    assert replace(photo.origin, sha256="", notes=()) == replace(opaque.origin, sha256="", notes=())
