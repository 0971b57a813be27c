"""Which photos a batch is of, and which row of a sheet belongs to which."""

import os

import pytest

from dermis.errors import InputError
from dermis.pipeline.batch_photos import BatchPhoto, find_batch


@pytest.fixture
def tree(tmp_path):
    """Photos by name alone: what is in them is not looked at."""
    for name in ("front.jpg", "visit1/front.jpg", "visit2/front.jpg", "visit2/left.PNG"):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).write_bytes(name.encode())
    for name in ("notes.txt", "visit1/._front.jpg", ".trash/old.jpg"):
        (tmp_path / "photos" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "photos" / name).touch()
    return tmp_path / "photos"


def below(found, root):
    return [os.path.relpath(photo.path, root) for photo in found.photos]


def test_a_folder_is_searched_to_its_depth(tree):
    found = find_batch(str(tree))
    assert below(found, tree) == ["front.jpg", "visit1/front.jpg", "visit2/front.jpg", "visit2/left.PNG"]
    assert [photo.size for photo in found.photos] == [len(name) for name in below(found, tree)]


def test_a_list_names_photos_from_its_own_folder(tree):
    (tree / "list.txt").write_text("# mine\nvisit2/left.PNG\n\nmissing.jpg\nvisit2/left.PNG\n")
    found = find_batch(str(tree / "list.txt"))
    assert below(found, tree) == ["visit2/left.PNG", "missing.jpg"]
    assert found.photos[1].size == -1


def test_a_sheet_names_photos_and_what_is_known_of_them(tree):
    (tree / "s.csv").write_text("Subject;Visit;Age;Photo\n007;1;30,5;visit1/front.jpg\n008;2;;visit2/front.jpg\n")
    found = find_batch(str(tree / "s.csv"))
    assert below(found, tree) == ["visit1/front.jpg", "visit2/front.jpg"]
    first, second = (photo.path for photo in found.photos)
    assert found.columns == {
        "subject": {first: "007", second: "008"},
        "visit": {first: "1", second: "2"},
        "age": {first: 30.5, second: None},
    }


def test_the_rows_of_a_sheet_find_their_photos_by_path(tree, tmp_path):
    (tmp_path / "s.csv").write_text("path,subject\nvisit1/front.jpg,a\nleft.png,b\ngone.jpg,c\n")
    found = find_batch(str(tree), tmp_path / "s.csv")
    told = {os.path.relpath(path, tree): cell for path, cell in found.columns["subject"].items()}
    assert told == {"visit1/front.jpg": "a", "visit2/left.PNG": "b"}
    assert [note for note in found.notes if "gone.jpg" in note]
    assert [note for note in found.notes if note.startswith("2 photos have no row")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("path,subject\nfront.jpg,a\n", "may be any of 3"),
        ("subject,age\na,3\n", "no column that names photos"),
        ("photo,subject\nleft.PNG,a\nvisit2/left.PNG,b\n", "two rows"),
    ],
)
def test_a_sheet_that_may_mean_two_things_is_refused(tree, tmp_path, text, reason):
    (tmp_path / "s.csv").write_text(text)
    with pytest.raises(InputError, match=reason):
        find_batch(str(tree), tmp_path / "s.csv")


def test_a_folder_without_photos_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no photos"):
        find_batch(str(tmp_path))


def test_an_address_is_listed(tree):
    found = find_batch(f"file://{tree}")
    assert [photo.path.removeprefix(f"file://{tree}/") for photo in found.photos] == below(find_batch(str(tree)), tree)
    assert all(photo.remote and photo.state and photo.modified_s for photo in found.photos)
    assert len(find_batch(f"file://{tree}/visit2/left.PNG").photos) == 1


def test_an_address_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"holds no photos|cannot be read"):
        find_batch(f"file://{tmp_path}/nowhere")


def test_a_key_changes_with_the_file_alone(tree):
    before = find_batch(str(tree)).photos
    assert [one.key for one in find_batch(str(tree)).photos] == [one.key for one in before]
    os.utime(tree / "front.jpg", ns=(1, 1))
    after = find_batch(str(tree)).photos
    assert [a.key == b.key for a, b in zip(after, before, strict=True)] == [False, True, True, True]
    other = BatchPhoto(path=after[1].path, size=after[1].size + 1, state=after[1].state)
    assert other.key != after[1].key
