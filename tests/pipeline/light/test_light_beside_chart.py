"""Beside a chart the face loses what shade, gloss and the fit of the chart leave, by a line that ships."""

from dataclasses import replace

import numpy as np
import pytest

from dermis.colour.difference import delta_e_00
from dermis.core import Skin, View
from dermis.lab.evaluate.evidence.belts import fit_charted_colour, write_charted_colour
from dermis.lab.evaluate.evidence.made_scenes import ChartedColourExample, charted_examples
from dermis.pipeline.light.beside_chart import beside_chart, charted_clues, read_charted_colour
from dermis.tasks.tone import face_colour
from fakes.plain_face import face_with


@pytest.fixture(scope="module")
def examples(models):
    return list(charted_examples(people=2, seed=99))


def test_the_line_that_ships_brings_other_people_nearer_to_their_colour(examples):
    line = read_charted_colour()
    before = np.mean([delta_e_00(one.clues[:3], one.lab) for one in examples])
    after = np.mean([delta_e_00(line.corrected(one.clues), one.lab) for one in examples])
    assert after < before
    assert line.photos >= 60


def test_the_line_is_what_is_usually_missing(tmp_path):
    rng = np.random.default_rng(1)
    told = np.column_stack([rng.uniform(25, 75, 200), rng.uniform(8, 20, 200), rng.uniform(6, 22, 200)])
    shade = rng.normal(0, 0.1, 200)
    clues = np.column_stack([told, told[:, :1] * told, shade])
    true = told + np.column_stack([-1 - 10 * shade, 0.02 * told[:, 0], 0 * shade])
    people = [ChartedColourExample(person=str(n), clues=clues[n], lab=true[n]) for n in range(200)]
    write_charted_colour(tmp_path / "line.json", fit_charted_colour(people))
    line = read_charted_colour(tmp_path / "line.json")
    assert (line.people, line.photos) == (200, 200)
    assert np.abs([line.corrected(row) for row in clues] - true).max() < 0.2
    far = clues[0] * (100, 1, 1, 1, 1, 1, 1)
    assert np.abs(line.corrected(far) - far[:3]).max() <= 8.0


def test_a_face_without_landmarks_stays_as_the_chart_tells_it():
    face, skin = face_with(np.zeros((220, 220, 3)))
    assert charted_clues(skin, face) is None
    assert beside_chart(skin, face) is skin


def test_shading_is_told_where_one_side_is_lit():
    """A sphere under one lamp: its median lies below what faces the camera where the lamp is behind the camera."""
    face, skin = face_with(np.zeros((220, 220, 3)))
    rng = np.random.default_rng(0)
    x, y = rng.uniform(-0.8, 0.8, (2, 478))
    depth = np.sqrt(np.maximum(1.3 - x**2 - y**2, 0.01))
    landmarks = np.column_stack([110 + 100 * x, 110 + 100 * y, -100 * depth]).astype(np.float32)
    sphere = replace(face, landmarks=landmarks)
    rows, columns = (np.indices((220, 220)) - 110) / 100
    ahead = np.sqrt(np.maximum(1.3 - rows**2 - columns**2, 0.01)) / np.sqrt(1.3)

    def lit(light):
        return Skin(
            linear=(np.array([0.45, 0.27, 0.18]) * light[..., None]).astype(np.float32), visible=skin.visible,
            measured=skin.measured, regions=skin.regions, excluded={}, view=View.FRONT, light_known=True,
        )  # fmt: skip

    even, frontal = (charted_clues(lit(light), sphere)[-1] for light in (np.ones((220, 220)), ahead))
    assert even == pytest.approx(0.0, abs=0.02)
    assert frontal < -0.05
    assert face_colour(lit(ahead))[0] > 0
