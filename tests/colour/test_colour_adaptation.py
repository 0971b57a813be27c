import csv
from pathlib import Path

import numpy as np
import pytest

from dermis.colour import CONE_MATRICES, WHITES, adapt

VECTORS = Path(__file__).parents[1] / "vectors"
ASTM_WHITES = {
    "D50": (0.96422, 1.0, 0.82521),
    "D65": (0.95047, 1.0, 1.08883),
    "A": (1.09850, 1.0, 0.35585),
}


def published_matrices():
    with (VECTORS / "bradford_lindbloom.csv").open() as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            values = [float(value) for key, value in row.items() if key.startswith("m")]
            yield row["source"], row["target"], np.reshape(values, (3, 3))


@pytest.mark.parametrize(("source", "target", "matrix"), list(published_matrices()))
def test_bradford_has_its_published_matrices(source, target, matrix):
    adapted = adapt(np.eye(3), ASTM_WHITES[source], ASTM_WHITES[target])
    np.testing.assert_allclose(adapted.T, matrix, atol=2e-7)


@pytest.mark.parametrize(
    ("method", "name"),
    [("von kries", "Von Kries"), ("bradford", "Bradford"), ("cat02", "CAT02"), ("cat16", "CAT16")],
)
def test_adaptation_agrees_with_colour_science(colour_science, colours, method, name):
    source, target = WHITES["A"], WHITES["D65"]
    expected = colour_science.adaptation.chromatic_adaptation_VonKries(colours, source, target, transform=name)
    np.testing.assert_allclose(adapt(colours, source, target, method), expected, atol=1e-12)


@pytest.mark.parametrize("method", list(CONE_MATRICES))
def test_white_becomes_the_other_white(method):
    adapted = adapt(np.asarray(WHITES["A"]), WHITES["A"], WHITES["D50"], method)
    np.testing.assert_allclose(adapted, WHITES["D50"], atol=1e-12)


def test_adaptation_keeps_shape_and_dtype():
    adapted = adapt(np.zeros((0, 4, 3), dtype=np.float32), WHITES["A"], WHITES["D65"])
    assert adapted.shape == (0, 4, 3)
    assert adapted.dtype == np.float32


def test_unknown_method_names_the_known_ones():
    with pytest.raises(ValueError, match="bradford"):
        adapt(np.ones(3), WHITES["A"], WHITES["D65"], "guess")


def test_dark_white_is_refused():
    with pytest.raises(ValueError, match="light in every cone"):
        adapt(np.ones(3), (0.0, 0.0, 0.0), WHITES["D65"])


@pytest.mark.parametrize(
    ("name", "xyz"), [("D65", (0.9505, 1.0, 1.0891)), ("D50", (0.9643, 1.0, 0.8251)), ("A", (1.0985, 1.0, 0.3558))]
)
def test_whites_are_as_published(name, xyz):
    assert WHITES[name] == pytest.approx(xyz, abs=2e-4)
