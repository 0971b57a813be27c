"""What holds for any frame, any name, any value."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dermis.core import Analysis, CropFrame, Measure, Problem, Provenance, Quality, Severity
from dermis.report.formatting import number
from dermis.report.page import report_page
from dermis.report.panels import axis_of
from dermis.report.pictures import labels_on_photo, values_on_photo

sides = st.integers(1, 12)
words = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40)


@st.composite
def framed(draw):
    """A frame inside a photo, with labels on it."""
    height, width, factor = draw(sides), draw(sides), draw(st.integers(1, 4))
    x, y = draw(st.integers(0, 9)), draw(st.integers(0, 9))
    photo = SimpleNamespace(
        width_px=x + width * factor + draw(st.integers(0, 5)), height_px=y + height * factor + draw(st.integers(0, 5))
    )
    labels = draw(arrays.arrays(np.uint8, (height, width)))
    return CropFrame(x_px=x, y_px=y, width=width, height=height, factor=factor), photo, labels


@given(framed())
def test_labels_come_back_from_the_photo(case):
    frame, photo, labels = case
    whole = labels_on_photo(labels, frame, photo)
    assert whole.shape == (photo.height_px, photo.width_px)
    rows = slice(frame.y_px, frame.y_px + frame.height * frame.factor)
    columns = slice(frame.x_px, frame.x_px + frame.width * frame.factor)
    inside = whole[rows, columns]
    for row in range(frame.factor):
        for column in range(frame.factor):
            assert (inside[row :: frame.factor, column :: frame.factor] == labels).all()
    assert whole.sum(dtype=int) == frame.factor**2 * labels.sum(dtype=int)


@given(framed(), st.floats(0, 1))
def test_values_on_the_photo_stay_between_their_ends(case, share):
    frame, photo, labels = case
    values = np.where(labels >= 255 * share, labels, np.nan).astype(np.float32)
    whole = values_on_photo(values, frame, photo)
    assert whole.shape == (photo.height_px, photo.width_px)
    known = whole[np.isfinite(whole)]
    if known.size:
        assert known.min() >= np.nanmin(values) - 1e-3
        assert known.max() <= np.nanmax(values) + 1e-3


@given(words, words)
def test_any_name_stays_words(name, message):
    problem = Problem(code="unreadable", severity=Severity.REJECT, message=message, advice=name)
    plain = Analysis(name="x", photo=None, quality=Quality(), provenance=Provenance(dermis="1"))
    page = report_page(replace(plain, name=name, quality=Quality(problems=(problem,))), {})
    bare = report_page(replace(plain, quality=Quality(problems=(replace(problem, message="x", advice="x"),))), {})
    assert page.count("<") == bare.count("<")
    assert page.count(">") == bare.count(">")
    assert page.count('"') == bare.count('"')


@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3), st.floats(-2e3, 2e3), st.floats(-2e3, 2e3))
def test_places_on_an_axis_keep_their_order(low, span, first, second):
    axis = axis_of(Measure(unit="", low=low, high=low + span))
    places = [axis.share(value) for value in sorted((first, second))]
    assert 0 <= places[0] <= places[1] <= 100


@given(st.floats(-1e6, 1e6), st.integers(0, 4))
def test_a_number_in_words_is_the_number(value, digits):
    assert abs(float(number(value, digits).replace("−", "-")) - value) <= 0.5 * 10.0**-digits * (1 + 1e-9)
