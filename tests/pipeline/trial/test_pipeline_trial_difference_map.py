"""A mark painted on a photo, which is then turned and lit otherwise, is found where it was painted."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import affine_transform
from typer.testing import CliRunner

import dermis
from dermis.cli import app
from dermis.core import Encoding, Photo
from dermis.errors import InputError
from dermis.pipeline.trial.difference_map import difference_between
from dermis.report.trial import difference_png

SHIFT = (11.0, -7.0)


def painted(photo, landmark):
    """The photo with a brown disc on the cheek, moved and a little brighter."""
    x, y = landmark
    rows, columns = np.mgrid[: photo.height_px, : photo.width_px]
    disc = np.clip(1.5 - np.hypot(columns - x, rows - y) / 22, 0, 1)[..., None]
    pixels = photo.pixels * (1 - disc * (1 - np.array([0.82, 0.74, 0.66], np.float32)))
    planes = [affine_transform(pixels[..., c], (1, 1), SHIFT[::-1], order=1, mode="nearest") for c in range(3)]
    return Photo(pixels=np.clip(1.03 * np.stack(planes, -1), 0, 1).astype(np.float32), encoding=Encoding.SRGB)


@pytest.fixture(scope="module")
def visits(selfie):
    photo = dermis.read_photo(selfie)
    before = dermis.analyse(photo, tasks="melanin")
    cheek = before.face.landmarks[50, :2]
    return before, dermis.analyse(painted(photo, cheek), tasks="melanin"), cheek


def test_a_new_mark_stands_out_where_it_is(visits):
    before, after, cheek = visits
    found = difference_between(before, after, "melanin")
    frame = found.frame
    row, column = (int((cheek[1] - frame.y_px) / frame.factor), int((cheek[0] - frame.x_px) / frame.factor))
    here = np.nanmedian(found.values[row - 3 : row + 4, column - 3 : column + 4])
    known = found.values[np.isfinite(found.values)]
    assert np.median(known) == pytest.approx(0, abs=1e-3)
    assert here > 4 * np.median(np.abs(known))
    assert here > np.quantile(known, 0.97)
    assert found.textured > 0.5
    assert "face" in found.regions


def test_what_has_no_map_cannot_be_compared(visits):
    before, after, _ = visits
    with pytest.raises(InputError, match="no map"):
        difference_between(before, after, "redness")


def test_the_picture_is_blue_for_less_and_brown_for_more():
    values = np.array([[-2.0, 0.0, 2.0, np.nan]], np.float32)
    with Image.open(io.BytesIO(difference_png(values, most=2.0))) as image:
        less, same, more, unknown = np.asarray(image)[0].astype(int)
    assert less[2] > less[0]
    assert more[0] > more[2]
    assert same.tolist() == [255, 255, 255]
    assert unknown.max() < 40


def test_a_series_of_visits_gives_a_map_each_on_one_scale(visits, tmp_path, monkeypatch):
    before, after, _ = visits
    seen = {"week0.jpg": before, "week4.jpg": before, "week12.jpg": after}
    monkeypatch.setattr(
        "dermis.cli.study.difference.analyse_file", lambda path, tasks: replace(seen[path.name], name=path.name)
    )
    result = CliRunner().invoke(app, ["study", "difference", *seen, "--json", "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    held = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    assert [one["after"] for one in held] == ["week4.jpg", "week12.jpg"]
    kept = [json.loads((tmp_path / f"difference_{place}.json").read_text()) for place in (1, 2)]
    assert kept[0]["full_colour"] == kept[1]["full_colour"]
    pictures = [(tmp_path / f"difference_{place}.png").read_bytes() for place in (1, 2)]
    assert pictures[0] != pictures[1]
