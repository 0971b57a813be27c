"""A stand-in for the analysis, quick and certain: what it finds follows from the photo's bytes."""

from __future__ import annotations

import hashlib

import numpy as np

from dermis.errors import UnreadablePhoto
from dermis.service.measure import Asked, Measured, MeasuredPerson, Measuring
from dermis.service.pictures import Picture

__all__ = ["PHOTO", "fake_change", "fake_content", "fake_measure", "fake_report", "measuring", "photo"]

HEAD = b"\xff\xd8\xff"
PNG = b"\x89PNG\r\n\x1a\nno picture"


def photo(number=0, size=200):
    """Bytes that the stand-in takes for a photo; each number another one."""
    seed = hashlib.sha256(str(number).encode()).digest()
    return HEAD + (seed * (size // len(seed) + 1))[:size]


PHOTO = photo()
MATTE = photo("matte")
"""A photo that shows no gloss of the skin: it was not taken as the others were."""


def fake_measure(asked: Asked) -> Measured:
    if not asked.photo.startswith(HEAD):
        raise UnreadablePhoto("photo is not a photo.", advice="Send one.")
    values = np.full((4, 3), 37.5, dtype=np.float16)
    values[0] = np.nan
    return Measured(
        content=fake_content(asked.photo),
        pictures=(Picture(about={"name": "melanin", "title": "Melanin"}, png=PNG),),
        values={"melanin": values},
        regions=np.ones((4, 3), dtype=np.uint8),
        left_out=np.zeros((4, 3), dtype=np.uint8),
    )


def fake_person(asked) -> MeasuredPerson:
    photos = {one.name or f"front-{place}": fake_measure(one) for place, one in enumerate(asked)}
    findings = [finding for measured in photos.values() for finding in measured.content["findings"][:1]]
    content = {"schema": "dermis.person/2", "photos": list(photos), "findings": findings[:1]}
    return MeasuredPerson(content=content, photos=photos)


def fake_content(data: bytes, *, usable=True, make="Maker", model="Phone 1"):
    number = hashlib.sha256(data).digest()[0]
    finding = {"unit": "index", "level": 0.9, "detail": {}, "items": [], "model": "acne 2", "label": None}
    item = {"class": "papule", "box_px": [1.0, 2.0, 3.0, 4.0], "region": "left_cheek", "score": 0.5}
    findings = [
        {**finding, "task": "skin_tone", "region": "face", "value": 30.0, "interval": None, "label": "tan"},
        {**finding, "task": "melanin", "region": "face", "value": float(number), "interval": [number - 5, number + 5]},
        {**finding, "task": "melanin", "region": "left_cheek", "value": None, "interval": None},
        {**finding, "task": "acne_lesions", "region": "face", "value": 1.0, "interval": None, "items": [item]},
    ]
    return {
        "schema": "dermis.analysis/2",
        "photo": {
            "file": "photo",
            "sha256": hashlib.sha256(data).hexdigest(),
            "width_px": 300,
            "height_px": 400,
            "capture": {"make": make, "model": model},
        },
        "condition": {"name": "unknown", "reference": None},
        "quality": {"usable": usable, "problems": [], "measures": {}},
        "face": {"found": True, "view": "front", "box_px": [0, 0, 100, 100], "others": []},
        "findings": findings if usable else [],
        "care": [],
        "provenance": {"dermis": "0.2.0", "models": {"acne": "acne 2"}, "seconds": {"total": 0.1}},
    }


def fake_report(asked: Asked) -> bytes:
    return b"<!doctype html><title>report</title>"


def fake_change(before: Asked, after: Asked):
    alike = (before.photo == MATTE) == (after.photo == MATTE)
    return {"lasting": [], "gone": [], "new": [], "alignment": {}, "taken_alike": alike}


def fake_spectrum(asked: Asked, x_px, y_px):
    return {"wavelengths_nm": [400.0, 700.0], "reflectance": [0.2, 0.5], "low": [0.1, 0.4], "high": [0.3, 0.6]}


def fake_warm():
    return


measuring = Measuring(
    warm=fake_warm,
    photo=fake_measure,
    person=fake_person,
    report=fake_report,
    change=fake_change,
    spectrum=fake_spectrum,
)
