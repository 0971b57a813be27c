"""A dataset in one file: a folder a person, a folder a visit, a table of grades. An example to follow.

    S001/2026-03-01/front.jpg      person / date of the visit / side
    S001/2026-06-01/front.jpg
    grades.csv                     subject, visit, grader, redness_grade; several graders, several rows

Photos without a grade stay in: they can be checked for duplicates and pre-annotated.
"""

from collections import defaultdict

from dermis.core import Label, Sample, SampleKey
from dermis.errors import InputError
from dermis.formats.tables import number_in, read_table
from dermis.lab.datasets.dataset import Dataset, existing, licence_of, photos_in, reader

TABLE = "grades.csv"


def index(root):
    """Return a sample a photo, with the grades of its visit. InputError: no photos, no table, a grade of nobody."""
    photos = [photo for photo in photos_in(existing(root), deep=True) if len(photo.relative_to(root).parts) == 3]
    if not photos:
        raise InputError(f"{root} has no photos in SUBJECT/VISIT.", advice="Expected S001/2026-03-01/front.jpg.")
    grades = defaultdict(list)
    for row in read_table(root / TABLE, needs=("subject", "visit", "grader", "redness_grade")):
        value = number_in(row, "redness_grade", TABLE)
        if value is not None:
            label = Label(task="redness_grade", value=value, grader=row["grader"])
            grades[row["subject"], row["visit"]].append(label)
    nobody = set(grades) - {photo.relative_to(root).parts[:2] for photo in photos}
    if nobody:
        raise InputError(f"{TABLE} grades {'/'.join(min(nobody))}, which has no photos.", advice="Remove the row.")
    licence = licence_of(root, DATASET.licence)
    return [sample(root, photo, grades, licence) for photo in photos]


def sample(root, photo, grades, licence):
    """Name a photo by its folders, and give it the labels of its visit."""
    subject, visit = photo.relative_to(root).parts[:2]
    return Sample(
        key=SampleKey(dataset=DATASET.name, subject=subject, visit=visit, view=photo.stem),
        read=reader(photo),
        labels=tuple(grades[subject, visit]),
        licence=licence,
    )


DATASET = Dataset(
    name="visit-folders",
    title="A folder a person, a folder a visit",
    about=__doc__,
    licence="as your photos",
    citation="your own photos",
    public=False,
    index=index,
)
