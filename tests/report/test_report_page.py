import base64
import hashlib
import re
from dataclasses import replace

import pytest

from dermis.core import (
    Advice,
    Box,
    Count,
    Detection,
    Finding,
    LightReference,
    Measure,
    Ordinal,
    Presence,
    Quality,
    Region,
)
from dermis.errors import UsageError
from dermis.report.formatting import number, range_words, value_words
from dermis.report.page import report_page, write_overview, write_report
from dermis.report.verdict import light_words
from fakes.report_reader import Reader

HOSTILE = "\"><script>alert(1)</script><img src=x onerror='alert(2)'>&amp;{{ 7 * 7 }}.jpg"


@pytest.fixture(scope="session")
def every_page(analysis, warned, rejected, unreadable, tasks, tmp_path_factory):
    overview = tmp_path_factory.mktemp("overview") / "report.html"
    analyses = [analysis, warned, rejected, unreadable]
    write_overview(analyses, overview, [f"{number}/report.html" for number in range(4)], tasks=tasks)
    return [*(report_page(case, tasks) for case in analyses), overview.read_text(encoding="utf-8")]


def test_pages_are_well_formed(every_page):
    for page in every_page:
        assert page.lstrip().lower().startswith("<!doctype html>")
        reader = Reader(page)
        assert reader.faults == []
        ids = [attributes["id"] for _, attributes in reader.elements if "id" in attributes]
        assert len(ids) == len(set(ids))
        assert reader.all("html")[0]["lang"] == "en"


def test_pages_ask_nothing_of_the_network(every_page):
    for page in every_page:
        reader = Reader(page)
        assert not reader.all("link")
        assert not reader.all("iframe")
        for tag, attributes in reader.elements:
            for name in ("src", "href", "xlink:href", "srcset", "poster", "action"):
                target = attributes.get(name, "#")
                allowed = target.startswith(("#", "data:image/")) or (tag == "a" and re.fullmatch(r"[\w./%-]+", target))
                assert allowed, (tag, name, target[:60])
        assert not re.search(r"url\((?!#)|@import|https?:", "".join(reader.inline["style"]))
        assert "http" not in page.replace("http-equiv", "")


def test_policy_admits_the_page_s_own_style_and_script_alone(every_page):
    for page in every_page:
        reader = Reader(page)
        policy = next(m["content"] for m in reader.all("meta") if m.get("http-equiv") == "Content-Security-Policy")
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        for tag in ("style", "script"):
            assert len(reader.inline[tag]) == 1
            digest = hashlib.sha256(reader.inline[tag][0].encode()).digest()
            assert f"{tag}-src 'sha256-{base64.b64encode(digest).decode()}'" in policy
        for tag, attributes in reader.elements:
            assert "style" not in attributes, tag
            assert not [name for name in attributes if name.startswith("on")], tag


def test_pictures_say_what_they_show(every_page):
    for page in every_page:
        reader = Reader(page)
        for image in reader.all("img"):
            assert image["alt"].strip()
        for drawing in reader.all("svg"):
            if drawing.get("aria-hidden") != "true":
                assert drawing["role"] == "img"
                assert len(drawing["aria-label"]) > 5


def test_map_alt_names_its_highest_and_lowest_place(analysis, tasks):
    labels = [drawing.get("aria-label", "") for drawing in Reader(report_page(analysis, tasks)).all("svg")]
    assert any("lowest at the forehead (23)" in label and "left cheek (24" in label for label in labels)


def test_tables_have_captions_and_scopes(analysis, tasks):
    reader = Reader(report_page(analysis, tasks))
    assert len(reader.all("caption")) == len(reader.all("table")) > 2
    assert all(head.get("scope") in ("row", "col") for head in reader.all("th"))


def test_every_finding_is_told_with_its_range(analysis, tasks):
    words = Reader(report_page(analysis, tasks)).words()
    for finding in analysis.findings:
        scale = tasks[finding.task].scale
        assert value_words(finding.value, scale) in words
        assert range_words(finding.spread, scale) in words
    assert "middle 90 % of the pixels" in words


@pytest.mark.parametrize(
    ("scale", "value", "told"),
    [
        (Presence(), 0.87, "87 %"),
        (Ordinal(lowest=0, highest=3, names=("clear", "mild", "moderate", "severe")), 1.8, "moderate"),
        (Measure(unit="cm", low=0.0, high=9.0), 3.21, "3.21"),
        (Count(unit="spots"), 17, "17"),
    ],
)
def test_a_new_task_appears_by_its_record_alone(analysis, tasks, scale, value, told):
    record = replace(tasks["melanin"], name="novel", title="Novel thing", scale=scale)
    finding = Finding(task="novel", region=Region.FACE, value=value, unit="", model="novel@1")
    page = report_page(replace(analysis, findings=(*analysis.findings, finding)), {**tasks, "novel": record})
    words = Reader(page).words()
    assert "Novel thing" in words
    assert told in words


def test_a_finding_of_an_unlisted_task_is_told_too(analysis):
    finding = Finding(task="pore_size", region=Region.NOSE, value=-3.5, unit="um", model="pores@1")
    words = Reader(report_page(replace(analysis, findings=(finding,)), {})).words()
    assert "Pore size" in words
    assert number(-3.5, 3) in words or number(-3.5, 2) in words


def test_counted_items_are_framed_and_summed_by_kind(analysis, tasks):
    items = tuple(
        Detection(kind=kind, box=Box(x_px=x, y_px=100, width_px=8, height_px=8), region=Region.NOSE, score=0.7)
        for kind, x in (("papule", 100), ("papule", 130), ("comedo", 160))
    )
    finding = Finding(task="spots", region=Region.FACE, value=3, unit="spots", model="x@1", items=items)
    page = report_page(replace(analysis, findings=(*analysis.findings, finding)), tasks)
    assert page.count('class="mark"') == 3
    assert "2 papule" in Reader(page).words()


def test_light_and_care_are_told_when_there(analysis, tasks):
    import numpy as np

    light = LightReference(
        box=Box(x_px=5, y_px=5, width_px=40, height_px=30),
        colour_hex="#767676",
        matrix=np.diag([1.11, 1.0, 0.83]),
        delta_e_before=7.94,
        delta_e_after=0.42,
        spread=1.13,
        clipped_share=0.02,
    )
    care = Advice(advice="Shade helps.", kind="habit", reason="Light skin.", source="A guideline", rule="shade")
    words = Reader(report_page(replace(analysis, reference=light, care=(care,)), tasks)).words()
    for told in ("7.9", "0.4", "1.1", "2.0 %", "1.11", "0.83", "#767676", "Shade helps.", "A guideline"):
        assert told in words
    assert "a patch #767676: ΔE00 7.9 before, 0.4 after" in light_words(replace(analysis, reference=light))
    assert "no interval" not in light_words(replace(analysis, reference=light))
    assert "no interval" in light_words(replace(analysis, reference=replace(light, spread=9.0)))
    assert "no interval" not in light_words(
        replace(analysis, reference=replace(light, kind="chart", delta_e_after=5.0))
    )
    assert "nothing fixed the light" in light_words(replace(analysis, reference=None))
    plain = Reader(report_page(analysis, tasks)).words()
    assert "patch of known colour" not in plain
    assert "What to do next" not in plain


def test_what_was_left_out_is_a_share_of_the_visible_skin(analysis, skin, tasks):
    words = Reader(report_page(analysis, tasks)).words()
    share = skin.excluded["specular"].sum() / skin.visible.sum()
    assert f"Glare {100 * share:.0f} %" in words
    assert "Deep shadow 0 %" in words
    assert f"{100 * (1 - share):.0f} % of the visible skin was measured" in words


def test_rejected_photo_has_verdict_and_advice_but_no_number(rejected, tasks):
    page = report_page(rejected, tasks)
    words = Reader(page).words()
    assert "Not usable" in words
    assert "The face is too small." in words
    assert "Come closer." in words
    for finding in rejected.findings:
        assert value_words(finding.value, tasks[finding.task].scale) not in words
    for title in ("Melanin", "Redness", "Skin tone", "Monk", "Sharpness"):
        assert title not in words
    assert "overlay" not in page
    assert 'id="photo"' in page  # the photo itself is shown


def test_unreadable_file_gets_a_report(unreadable, tasks):
    words = Reader(report_page(unreadable, tasks)).words()
    assert "Not usable" in words
    assert "Hand over a JPEG." in words


def test_usable_photo_without_findings_is_not_called_measured(analysis, tasks):
    words = Reader(report_page(replace(analysis, findings=()), tasks)).words()
    assert "Nothing measured" in words
    assert "good enough to measure" not in words


def test_photo_without_face_or_skin(analysis, tasks):
    page = report_page(replace(analysis, face=None, skin=None, findings=()), tasks)
    assert Reader(page).faults == []


def test_reservations_stand_at_the_top(warned, tasks):
    words = Reader(report_page(warned, tasks)).words()
    assert words.index("Measured with reservations") < words.index("Melanin")
    assert "Turn the flash off." in words


def test_hostile_names_stay_words(analysis, tasks, tmp_path):
    origin = replace(analysis.photo.origin, name=HOSTILE, notes=(HOSTILE,), profile=HOSTILE)
    capture = replace(analysis.photo.capture, make=HOSTILE, model=HOSTILE)
    photo = replace(analysis.photo, origin=origin, capture=capture)
    hostile = replace(analysis, name=HOSTILE, photo=photo)
    overview = tmp_path / "report.html"
    write_overview([hostile], overview, ["javascript:alert(1)/a b#c?.html"])
    for page in (report_page(hostile, tasks), overview.read_text(encoding="utf-8")):
        reader = Reader(page)
        assert reader.faults == []
        assert len(reader.all("script")) == 1
        assert not [image for image in reader.all("img") if image.get("src") == "x"]
        assert HOSTILE in "".join(reader.text)
    assert Reader(overview.read_text()).all("a")[0]["href"] == "javascript%3Aalert%281%29/a%20b%23c%3F.html"


def test_provenance_names_what_made_the_numbers(analysis, tasks):
    words = Reader(report_page(analysis, tasks)).words()
    for told in ("9.9.9", "parts@7", "ab" * 32, "Fiction One", "1/100 s", "f/1.8", "ISO 64", "unmix@1"):
        assert told in words


def test_report_is_one_small_file_and_the_same_each_time(analysis, tasks, tmp_path):
    path = tmp_path / "report.html"
    write_report(analysis, path, tasks=tasks)
    assert path.stat().st_size < 3_000_000
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
    assert path.read_text(encoding="utf-8") == report_page(analysis, tasks)


def test_a_folder_that_is_not_there_is_a_plain_message(analysis, tasks, tmp_path):
    with pytest.raises(UsageError, match=r"report\.html cannot be written"):
        write_report(analysis, tmp_path / "missing" / "report.html", tasks=tasks)


def test_overview_counts_verdicts_and_links_each_report(analysis, rejected, unreadable, tasks, tmp_path):
    path = tmp_path / "report.html"
    links = ["a/report.html", "b/report.html", "c/report.html"]
    write_overview(iter([analysis, rejected, unreadable]), path, iter(links), tasks=tasks)
    reader = Reader(path.read_text(encoding="utf-8"))
    assert [anchor["href"] for anchor in reader.all("a")] == links
    words = reader.words()
    assert "1 usable" in words
    assert "2 not usable" in words
    assert "31.4°" in words
    assert len(reader.all("img")) == 2  # the unreadable file has no picture


def test_overview_takes_as_many_links_as_analyses(analysis, tmp_path):
    with pytest.raises(ValueError):
        write_overview([analysis], tmp_path / "report.html", [])


def test_problems_without_findings_still_make_a_page(analysis, tasks):
    page = report_page(replace(analysis, findings=(), quality=Quality()), tasks)
    assert Reader(page).faults == []
