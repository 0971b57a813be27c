"""FFHQ with a table of who has acne: portraits in their published folders, judged by one or several graders.

    images1024x1024/00000/00012.png        FFHQ as published, a folder a thousand; also thumbnails128x128,
                                           in-the-wild-images, or all photos in one folder
    acne.csv                               image (12, 00012 or 00012.png), acne (1 or 0, yes or no); if wanted severity
                                           (a number), grader

The set that Quattrini and others judged this way is not published; the layout is that of FFHQ and the table as plain as
can be. Several rows of one image are several graders. Photos without a row are left out. In FFHQ one photo is one
person, as far as anybody knows.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from dermis.core import Label, Sample, SampleKey
from dermis.errors import InputError
from dermis.formats.tables import Row, number_in, read_table
from dermis.lab.datasets.dataset import Dataset, existing, licence_of, photos_in, reader

__all__ = ["DATASET", "index"]

TABLE = "acne.csv"
_FOLDERS = ("images1024x1024", "in-the-wild-images", "thumbnails128x128", "images")
_ANSWERS = {"1": 1.0, "0": 0.0, "yes": 1.0, "no": 0.0, "true": 1.0, "false": 0.0}


def index(root: Path) -> list[Sample]:
    """Return a sample a judged photo with labels `acne_presence` and, where given, `acne_severity`.

    InputError says what was expected where: the table, its photos, an answer that is neither yes nor no.
    """
    if not (existing(root) / TABLE).is_file():
        raise InputError(f"{root} has no {TABLE}.", advice="Expected a table with the columns image and acne.")
    judged: dict[str, list[Row]] = defaultdict(list)
    for row in read_table(root / TABLE, needs=("image", "acne")):
        judged[_number(row["image"])].append(row)
    folder = next((root / name for name in _FOLDERS if (root / name).is_dir()), root)
    licence = licence_of(root, DATASET.licence)
    photos = {_number(photo.name): photo for photo in photos_in(folder, deep=True)}
    missing = sorted(set(judged) - set(photos))
    if missing:
        raise InputError(
            f"{TABLE} judges image {missing[0]}, which is not in {folder}.",
            advice=f"{len(missing)} photos are missing; take their rows out, or unpack them.",
        )
    return [_sample(photos[name], name, rows, licence) for name, rows in sorted(judged.items())]


def _number(name: str) -> str:
    """Return FFHQ's five digits of "12", "00012" or "00012.png"; another name stays as it is."""
    stem = Path(name).stem
    return stem.zfill(5) if stem.isdecimal() else stem


def _sample(photo: Path, name: str, rows: list[Row], licence: str) -> Sample:
    labels = []
    for place, row in enumerate(rows):
        grader = row.get("grader") or (f"grader {place + 1}" if len(rows) > 1 else "reference")
        answer = _ANSWERS.get(row["acne"].lower())
        if answer is None:
            raise InputError(f"{TABLE}, image {name}: acne is {row['acne']!r}.", advice="Expected 1 or 0, yes or no.")
        labels.append(Label(task="acne_presence", value=answer, grader=grader))
        severity = number_in(row, "severity", f"{TABLE}, image {name}")
        if severity is not None:
            labels.append(Label(task="acne_severity", value=severity, grader=grader))
    return Sample(
        key=SampleKey(dataset="ffhq-acne", subject=name), read=reader(photo), labels=tuple(labels), licence=licence
    )


DATASET = Dataset(
    name="ffhq-acne",
    title="FFHQ, judged for acne",
    about=__doc__ or "",
    licence="FFHQ: CC BY-NC-SA 4.0 as a collection, each photo its own; the table is yours",
    citation="Karras, Laine, Aila, CVPR 2019 (FFHQ); Quattrini, Boër, Leidi, Paydar, Clin. Cosmet. Investig. Dermatol. "
    "15 (2022) 851-857 (the way of judging; not published)",
    public=False,
    index=index,
)
