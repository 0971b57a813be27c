"""What kind of file this is, told from its first bytes; what it is not, told so that the user knows what to do."""

from __future__ import annotations

import struct
from enum import StrEnum
from pathlib import PurePath

from dermis.errors import UnreadablePhoto

__all__ = [
    "FEWEST_PX",
    "HEAD_BYTES",
    "SUFFIXES",
    "Container",
    "check_size",
    "coded_end",
    "identify",
    "plain_name",
    "plain_path",
    "raw_refusal",
    "stated_size",
]

HEAD_BYTES = 512
"""How much of a file's beginning `identify` asks for."""

SUFFIXES = (
    ".jpg",
    ".jpeg",
    ".jfif",
    ".mpo",
    ".png",
    ".webp",
    ".tif",
    ".tiff",
    ".heic",
    ".heif",
    ".avif",
    ".bmp",
    ".gif",
)
"""The endings under which photos are looked for in a folder; what a file is, its bytes say."""

_MOST_PIXELS = 150_000_000
_RESULT_BYTES = 12  # three floats a pixel
_MOST_BYTES = 2_700_000_000
_SMALL_PIXELS, _EMPTY_PIXELS_A_BYTE = 16_000_000, 2000
FEWEST_PX = 64
_KNOWN = "Known kinds: JPEG, PNG, WebP, TIFF, HEIC, AVIF."


class Container(StrEnum):
    """The kinds of file that are read."""

    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WebP"
    TIFF = "TIFF"
    HEIF = "HEIF"
    AVIF = "AVIF"
    GIF = "GIF"
    BMP = "BMP"


_CONTAINERS: tuple[tuple[bytes, int, Container], ...] = (
    (b"\xff\xd8\xff", 0, Container.JPEG),
    (b"\x89PNG\r\n\x1a\n", 0, Container.PNG),
    (b"WEBP", 8, Container.WEBP),
    (b"GIF87a", 0, Container.GIF),
    (b"GIF89a", 0, Container.GIF),
)
_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"mif2", b"msf1"})

_RAW_SUFFIXES = frozenset(
    [
        ".3fr",
        ".arw",
        ".cr2",
        ".cr3",
        ".crw",
        ".dcr",
        ".dng",
        ".erf",
        ".iiq",
        ".kdc",
        ".mef",
        ".mos",
        ".mrw",
        ".nef",
        ".nrw",
        ".orf",
        ".pef",
        ".raf",
        ".raw",
        ".rw2",
        ".rwl",
        ".sr2",
        ".srf",
        ".srw",
        ".x3f",
    ]
)
_RAW_STARTS = ((b"CR", 8), (b"FUJIFILMCCD-RAW", 0), (b"IIRO", 0), (b"IIRS", 0), (b"IIU\0", 0), (b"FOVb", 0))

_AS_PHOTO = "Export it as JPEG, PNG or TIFF."
_STRANGERS: tuple[tuple[bytes, int, str, str], ...] = (
    (b"%PDF", 0, "a PDF document", "Save the picture in it as JPEG or PNG."),
    (b"%!PS", 0, "a PostScript document", "Save the picture in it as JPEG or PNG."),
    (b"AVI ", 8, "a video", "Save one frame of it as JPEG or PNG."),
    (b"\x1aE\xdf\xa3", 0, "a video", "Save one frame of it as JPEG or PNG."),
    (b"\xff\x0a", 0, "a JPEG XL file", _AS_PHOTO),
    (b"JXL ", 4, "a JPEG XL file", _AS_PHOTO),
    (b"jP  ", 4, "a JPEG 2000 file", _AS_PHOTO),
    (b"\xff\x4f\xff\x51", 0, "a JPEG 2000 file", _AS_PHOTO),
    (b"8BPS", 0, "a Photoshop file", _AS_PHOTO),
    (b"v/1\x01", 0, "an OpenEXR file", "Export it as 16-bit TIFF."),
    (b"PK\x03\x04", 0, "a ZIP archive or office document", "Unpack it and name the photos in it."),
    (b"\x89HDF", 0, "an HDF5 file", "This command reads photos; `dermis cube` reads spectral cubes."),
)


def identify(head: bytes, name: str) -> Container:
    """Return the kind of file that begins with `head`, its first `HEAD_BYTES` bytes or all of it.

    Raises UnreadablePhoto for what is empty, not a photo, or of a kind that is not read.
    """
    if not head:
        raise UnreadablePhoto(f"{name} is empty.", advice="Copy it again from the camera or phone.")
    for magic, at, container in _CONTAINERS:
        if head.startswith(magic, at):
            return container
    if head.startswith(b"BM") and not any(head[6:10]):
        return Container.BMP
    if PurePath(name).suffix.lower() in _RAW_SUFFIXES or _starts_as_raw(head):
        raise raw_refusal(name)
    if head.startswith(_TIFF_STARTS):
        return Container.TIFF
    if head.startswith(b"ftyp", 4):
        return _of_brands(head, name)
    raise _stranger(head, name)


def raw_refusal(name: str) -> UnreadablePhoto:
    """Return the refusal of a camera raw file."""
    return UnreadablePhoto(
        f"{name} is a camera raw file.",
        advice="Develop it with the camera maker's program or darktable: to JPEG or TIFF, or to a linear 16-bit "
        "TIFF to be read with --linear.",
    )


def check_size(
    width_px: int,
    height_px: int,
    sample_bytes: int = 3,
    *,
    name: str,
    fewest_px: int = FEWEST_PX,
    file_bytes: int | None = None,
) -> None:
    """Raise UnreadablePhoto for a picture that is too large to decode, too small to measure, or holds nothing.

    sample_bytes: of all channels of a pixel as they are decoded. file_bytes: of the whole file.
    """
    pixels = width_px * height_px
    if pixels > _MOST_PIXELS or pixels * (_RESULT_BYTES + 2 * sample_bytes) > _MOST_BYTES:
        raise UnreadablePhoto(
            f"{name} has {width_px} x {height_px} px of {sample_bytes} bytes, more than can be measured.",
            advice=f"Crop it to the face or reduce it; {_MOST_PIXELS // 1_000_000} megapixels of 3 bytes are the most.",
        )
    if file_bytes is not None and pixels > max(_SMALL_PIXELS, _EMPTY_PIXELS_A_BYTE * file_bytes):
        raise UnreadablePhoto(
            f"{name} claims {width_px} x {height_px} px in {file_bytes} bytes: no photo is in it.",
            advice="Use the original photo.",
        )
    if min(width_px, height_px) < fewest_px:
        raise UnreadablePhoto(
            f"{name} has only {width_px} x {height_px} px; {fewest_px} px a side are the least.",
            advice="Use the original photo instead of a thumbnail.",
        )


def stated_size(head: bytes, container: Container) -> tuple[int, int] | None:
    """Return width and height in px where the first bytes state them, before anything is decoded."""
    if len(head) < 30:
        return None
    if container is Container.PNG:
        width, height = struct.unpack_from(">II", head, 16)
        return width, height
    if container is Container.GIF:
        width, height = struct.unpack_from("<HH", head, 6)
        return width, height
    if container is Container.WEBP:
        return _webp_size(head)
    return None


def coded_end(data: bytes, container: Container) -> int:
    """Return where the coded picture of a WebP, HEIC or AVIF ends; what follows is padding or not the picture."""
    if container is Container.WEBP:
        return 8 + int.from_bytes(data[4:8], "little")
    at, end = 0, len(data)
    while at + 16 <= len(data):  # boxes of ISO 14496-12: size, kind, content
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if data[at + 4 : at + 8] == b"mdat":
            end = at + size if size else len(data)
        if size < 8:
            break
        at += size
    return end


def plain_name(path: str | PurePath) -> str:
    """Return the file's name without its folders, fit to be shown on one line."""
    name = PurePath(path).name or str(path)
    return "".join(letter if letter.isprintable() else "?" for letter in name) or "?"


def plain_path(path: str | PurePath) -> str:
    """Return a path as it was given, fit to be shown on one line and to be written as UTF-8."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(path))


def _webp_size(head: bytes) -> tuple[int, int] | None:
    # RFC 9649: an extended file states its canvas, a simple one opens with its VP8 or VP8L frame.
    kind = head[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if kind == b"VP8L":
        sizes = int.from_bytes(head[21:25], "little")
        return 1 + (sizes & 0x3FFF), 1 + (sizes >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", head, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _starts_as_raw(head: bytes) -> bool:
    if head.startswith(b"ftypcrx ", 4):
        return True
    return any(head.startswith(magic, at) and (at == 0 or head.startswith(_TIFF_STARTS)) for magic, at in _RAW_STARTS)


def _of_brands(head: bytes, name: str) -> Container:
    # ISO 14496-12: box size, "ftyp", main brand, version, then the compatible brands.
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))]
    for brand in brands:
        if brand in _AVIF_BRANDS:
            return Container.AVIF
        if brand in _HEIF_BRANDS and brand not in (b"mif1", b"mif2", b"msf1"):
            return Container.HEIF
    if _HEIF_BRANDS.intersection(brands):
        return Container.HEIF
    raise UnreadablePhoto(f"{name} is a video.", advice="Save one frame of it as JPEG or PNG.")


def _stranger(head: bytes, name: str) -> UnreadablePhoto:
    for magic, at, what, advice in _STRANGERS:
        if head.startswith(magic, at):
            return UnreadablePhoto(f"{name} is {what}, not a photo.", advice=advice)
    if not any(head):
        return UnreadablePhoto(f"{name} holds nothing but zeros.", advice="Copy it again from the camera or phone.")
    if _is_text(head):
        return UnreadablePhoto(f"{name} is a text file, not a photo.", advice=f"Name a photo. {_KNOWN}")
    return UnreadablePhoto(f"{name} is not a photo of a known kind.", advice=_KNOWN)


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as fault:
        if fault.start < len(head) - 3:  # else the head ends inside a letter
            return False
        text = head[: fault.start].decode("utf-8")
    return all(letter.isprintable() or letter in "\t\r\n\f\ufeff" for letter in text)
