"""Photos that other tools turned, coloured or broke: one answer whatever the depth and the container."""

from dataclasses import astuple
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from dermis.errors import UnreadablePhoto
from dermis.formats.images.container import HEAD_BYTES, check_size, identify
from dermis.formats.images.decode import frame_of
from dermis.formats.images.photo import photo_from_bytes, read_photo
from dermis.pipeline.batch import find_photos

DATA = Path(__file__).parent / "data"
ICC = DATA / "jpeg-icc-fragment-count"
PNG = DATA / "png-exif-places"
TIFF = DATA / "tiff-orientation"


@pytest.mark.parametrize("turned", [2, 3, 6])
def test_a_tiff_stands_upright_at_both_depths(turned):
    upright = read_photo(TIFF / "upright.jpg").pixels
    for depth in ("eight", "sixteen"):
        photo = read_photo(TIFF / f"{depth}_o{turned}.tif")
        assert photo.pixels.shape == upright.shape
        assert np.corrcoef(photo.pixels.ravel(), upright.ravel())[0, 1] > 0.99


def small(seed=0):
    return np.random.default_rng(seed).integers(0, 255, (80, 100, 3), np.uint8)


def xmp(orientation):
    return (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="%d"/></rdf:RDF></x:xmpmeta>'
        % orientation
    )


@pytest.mark.parametrize("turned", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_an_orientation_told_by_xmp_alone_counts(kind, turned):
    held = BytesIO()
    Image.fromarray(small()).save(held, kind, **options(kind, xmp(turned)))
    photo = photo_from_bytes(held.getvalue(), f"a.{kind.lower()}")
    plain = photo_from_bytes(told(held.getvalue(), kind), f"b.{kind.lower()}")
    assert photo.pixels.shape == plain.pixels.shape
    assert np.abs(photo.pixels - plain.pixels).max() < 0.05


def options(kind, packet):
    if kind == "PNG":
        text = PngInfo()
        text.add_itxt("XML:com.adobe.xmp", packet.decode())
        return {"pnginfo": text}
    return {"xmp": packet} | ({"lossless": True} if kind == "WEBP" else {})


def told(data, kind):
    """The same picture, turned by the library as its XMP asks, without metadata."""
    from PIL import ImageOps

    held = BytesIO()
    with Image.open(BytesIO(data)) as image:
        image.load()
        turned = image if kind == "TIFF" else ImageOps.exif_transpose(with_orientation(image))
        turned.convert("RGB").save(held, "PNG")
    return held.getvalue()


def with_orientation(image):
    import re

    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
    packet = packet.encode() if isinstance(packet, str) else packet
    image.getexif()[0x0112] = int(re.search(rb'Orientation="(\d)"', packet)[1])
    return image


@pytest.mark.parametrize("name", ["exif_before", "exif_after", "raw_profile_exif", "raw_profile_APP1"])
def test_exif_counts_wherever_a_png_keeps_it(name):
    photo = read_photo(PNG / f"{name}.png")
    assert (photo.width_px, photo.height_px) == (241, 360)


@pytest.mark.parametrize("name", ["deep_exif_before", "deep_exif_after"])
def test_exif_counts_at_sixteen_bits_too(name):
    photo = read_photo(PNG / f"{name}.png")
    assert (photo.width_px, photo.height_px) == (120, 180)


@pytest.mark.parametrize("name", ["twice", "one_of_two", "zero_of_one", "zero_of_zero"])
def test_a_profile_in_odd_pieces_is_the_profile(name):
    good, odd = read_photo(ICC / "good.jpg"), read_photo(ICC / f"{name}.jpg")
    assert odd.origin.profile == good.origin.profile == "Adobe RGB (1998)"
    np.testing.assert_array_equal(odd.pixels, good.pixels)


def test_a_profile_that_cannot_be_put_together_is_told():
    data = (ICC / "good.jpg").read_bytes()
    at = data.index(b"ICC_PROFILE\0")
    end = at - 2 + int.from_bytes(data[at - 2 : at], "big")
    broken = (
        data[: at - 2] + (216).to_bytes(2, "big") + data[at : at + 12] + b"\1\2" + data[at + 14 : at + 214] + data[end:]
    )
    assert any("profile is damaged" in note for note in photo_from_bytes(broken, "a.jpg").origin.notes)


@pytest.mark.parametrize("name", ["o6.avif", "o6.webp", "o6_noprefix.webp"])
def test_orientation_in_newer_containers(name):
    photo = read_photo(DATA / "avif-webp-orientation" / name)
    assert (photo.width_px, photo.height_px) == (429, 640)


def test_the_frame_is_known_without_decoding():
    for path in [*TIFF.iterdir(), *PNG.iterdir(), *(DATA / "avif-webp-orientation").iterdir()]:
        if path.stem.startswith("raw_profile"):
            continue  # behind the pixels, where only decoding comes
        data = path.read_bytes()
        frame = frame_of(data, identify(data[:HEAD_BYTES], path.name), path.name)
        photo = read_photo(path)
        assert astuple(frame)[:2] == (photo.width_px, photo.height_px), path.name


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("hostile/09-photo-bombs/w149.webp", "no photo is in it"),
        ("hostile/09-photo-bombs/scans.jpg", "more than 100 scans"),
        ("hostile/17-tiff-strips/a.tif", "damaged"),
    ],
)
def test_bombs_and_holes_are_refused(path, said):
    with pytest.raises(UnreadablePhoto, match=said):
        read_photo(DATA / path)


def test_bytes_are_bounded_and_not_pixels_alone():
    check_size(12000, 12000, 3, name="a.jpg", file_bytes=10_000_000)
    for sample_bytes in (8, 12):  # 16-bit with alpha, floats
        with pytest.raises(UnreadablePhoto, match="more than can be measured"):
            check_size(12000, 12000, sample_bytes, name="a.tif", file_bytes=10_000_000)


def test_what_apple_leaves_beside_photos_is_passed_over():
    assert [path.name for path in find_photos([DATA / "appledouble-and-junk"])] == ["IMG_0001.JPG"]


PACKETS = {
    "single quotes": ("tiff", "tiff:Orientation='6'/>", "utf-8"),
    "blanks": ("tiff", 'tiff:Orientation = " 6" />', "utf-8"),
    "an element": ("tiff", "><tiff:Orientation>\n 6 \n</tiff:Orientation></rdf:Description>", "utf-8"),
    "another prefix": ("t", 't:Orientation="6"/>', "utf-8"),
    "16 bits a letter": ("tiff", 'tiff:Orientation="6"/>', "utf-16"),
}
"""How XMP may spell one thing: the prefix of its names, the description, the encoding."""


@pytest.mark.parametrize("spelling", PACKETS)
@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_an_orientation_counts_however_xmp_spells_it(kind, spelling):
    prefix, description, encoding = PACKETS[spelling]
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description xmlns:{prefix}="http://ns.adobe.com/tiff/1.0/" {description}</rdf:RDF></x:xmpmeta>'
    ).encode(encoding)
    held = BytesIO()
    told = {"tiffinfo": {700: packet}} if kind == "TIFF" else {"xmp": packet}
    picture = np.zeros((80, 100, 3), np.uint8)
    picture[:, :48] = 255
    Image.fromarray(picture).save(held, kind, **told)
    data = held.getvalue()
    photo = photo_from_bytes(data, f"a.{kind.lower()}")
    frame = frame_of(data, identify(data[:HEAD_BYTES], "a"), "a")
    assert (photo.width_px, photo.height_px) == (frame.width_px, frame.height_px) == (80, 100)
    assert np.abs(photo.pixels - np.rot90(picture, -1) / 255).max() < 0.2


@pytest.mark.parametrize("padding", [b"\xff" * 30_000, b"\xff\xe1\x00\x04ab" * 30_000], ids=["padding", "segments"])
def test_a_jpeg_that_hides_its_picture_behind_padding_is_refused(padding):
    held = BytesIO()
    Image.fromarray(small()).save(held, "JPEG")
    data = held.getvalue()
    with pytest.raises(UnreadablePhoto, match="damaged"):
        photo_from_bytes(data[:2] + padding + data[2:], "a.jpg")
    assert photo_from_bytes(data[:2] + padding[:600] + data[2:], "a.jpg").width_px == 100
