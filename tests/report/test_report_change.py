import re
from dataclasses import replace

import pytest
from markupsafe import escape

from dermis.core import Box, Change, Detection, MatchedLesion, Region, UnmatchedLesion, ValueChange
from dermis.core.change import NOT_ALIKE, SIDE_BY_SIDE
from dermis.formats.analysis_json import change_object
from dermis.report.change import change_page


def text_of(page):
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def item(x, region=Region.CHIN):
    return Detection(
        kind="lesion", box=Box(x_px=x, y_px=180, width_px=12, height_px=10), region=region, score=0.8,
        size_face_widths=0.05,
    )  # fmt: skip


def value(task, interval, mdc, changed):
    return ValueChange(
        task=task, region=Region.FACE, unit="", before=12.0, after=20.0, interval=interval, level=0.9, mdc=mdc,
        changed=changed,
    )  # fmt: skip


@pytest.fixture
def change():
    return Change(
        before="monday.jpg", after="friday.jpg",
        values=(
            value("redness", (1.0, 15.0), 6.0, True), value("skin_tone", (-20.0, 21.0), 25.6, False),
            value("melanin", None, None, None),
        ),
        lasting=(MatchedLesion(before=item(100), after=item(102), probability=0.97, apart=0.01),),
        gone=(
            UnmatchedLesion(item=item(140), probability=0.81, elsewhere=item(141).box),
            UnmatchedLesion(item=item(160), probability=0.0, elsewhere=None),
        ),
        new=(UnmatchedLesion(item=item(180), probability=0.72, elsewhere=item(181).box),),
        count_before=9.4, count_after=6.1, difference=(-7.0, 0.4), grade_before=0.8, grade_after=0.6,
        aligned_by="landmarks", off_face_widths=0.02, textured=0.0, level=0.9, model="hand-made@1",
    )  # fmt: skip


def test_the_page_frames_each_lesion_by_its_fate(change, analysis):
    page = change_page(change, replace(analysis, name="monday.jpg"), replace(analysis, name="friday.jpg"))
    assert page.count('class="fate lasting"') == 2
    assert page.count('class="fate gone"') == page.count('class="fate new"') == 1
    assert page.count('class="fate doubtful"') == 1
    assert page.count('class="then-now"') == 3
    assert "no clear change" in page
    assert "1 gone" in page
    assert "Of 1 lesion the two photos do not both show the place" in page


def test_a_clear_change_is_not_called_unclear(change, analysis):
    sure = replace(change, difference=(-7.0, -0.4), values=change.values[:1])
    assert "no clear change" not in change_page(sure, analysis, analysis)


def test_lesions_that_are_told_are_not_called_no_clear_change_of_the_count(change, analysis):
    nothing = replace(change, gone=(), new=(), values=())
    assert "no clear change" in change_page(nothing, analysis, analysis)
    assert SIDE_BY_SIDE not in change_page(nothing, analysis, analysis)
    for told in (replace(nothing, new=change.new), replace(nothing, gone=change.gone)):
        page = change_page(told, analysis, analysis)
        assert "no clear change" not in page
        assert SIDE_BY_SIDE in page


def test_each_value_stands_beside_its_smallest_detectable_change(change, analysis):
    page = text_of(change_page(change, analysis, analysis))
    assert re.search(r"Redness 12.0 20.0 8.0 1.0 to 15.0 6.0 changed", page)
    assert re.search(r"Skin tone 12.0° 20.0° 8.0° .20.0° to 21.0° 25.6° no clear change", page)
    assert re.search(r"Melanin 12.0 20.0 8.0 not known not measured how much is chance is not known", page)


def test_the_json_holds_every_lesion(change):
    held = change_object(change)
    assert held["schema"] == "dermis.change/2"
    assert [len(held[name]) for name in ("lasting", "gone", "new")] == [1, 2, 1]
    assert [one["changed"] for one in held["findings"]] == [True, False, None]
    assert held["findings"][0] == {
        "task": "redness", "region": "face", "unit": "", "before": 12.0, "after": 20.0, "difference": 8.0,
        "interval": [1.0, 15.0], "level": 0.9, "mdc": 6.0, "changed": True,
    }  # fmt: skip
    assert held["gone"][1]["place_in_other_px"] is None
    assert held["count"] == {"before": 9.4, "after": 6.1, "difference": [-7.0, 0.4], "level": 0.9}


def test_a_photo_that_is_missing_is_a_mistake(change, analysis):
    with pytest.raises(ValueError, match="two photos"):
        change_page(change, replace(analysis, photo=None), analysis)


def test_photos_that_were_not_taken_alike_say_so(change, analysis):
    assert NOT_ALIKE not in change_page(change, analysis, analysis)
    told = replace(change, gone=(), new=())
    assert "90 % interval): no clear change" in text_of(change_page(told, analysis, analysis))
    unlike = replace(told, taken_alike=False)
    assert "90 % interval): no clear change" not in text_of(change_page(unlike, analysis, analysis))
    assert str(escape(NOT_ALIKE)) in change_page(replace(change, taken_alike=False), analysis, analysis)
