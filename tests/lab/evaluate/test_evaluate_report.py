import re

import numpy as np
import pytest

from dermis.core import Encoding, Photo
from dermis.lab.evaluate.compare import comparison_markdown, comparison_page
from dermis.lab.evaluate.report import evaluation_markdown, evaluation_page, value_words
from dermis.metrics.evaluation import (
    BootstrapConfig,
    Comparison,
    Evaluation,
    PairedComparison,
    SubgroupResult,
    gain_of,
    metrics_of,
    paired_tests_of,
    slices_of,
)
from dermis.metrics.registry import Answers
from fakes.report_reader import Reader

HOSTILE = "\"><script>alert(1)</script><img src=x onerror='alert(2)'>|&amp;{{ 7 * 7 }}"
DRAWS = BootstrapConfig(resamples=30)


def answers(kind, spread, count=48):
    rng = np.random.default_rng(len(kind))
    target = rng.integers(0, 3, (count, 3 if kind == "colour" else 1)).astype(float)
    if kind == "presence":
        target = (target > 1).astype(float)
    predicted = (target + rng.normal(0, spread, target.shape)).clip(0, 1 if kind == "presence" else 99)
    shares = rng.dirichlet((1, 1, 1), count) if kind == "ordinal" else None
    return Answers(
        kind=kind,
        target=target,
        predicted=predicted,
        errors=np.abs(target - predicted).mean(axis=1),
        grades=np.arange(3.0) if kind == "ordinal" else None,
        shares=shares,
        covered=np.ones(count),
        width=np.full(count, 2.0),
        level=rng.random(count),
    )


def judgement(kind, name):
    model, other = answers(kind, 0.2), answers(kind, 0.9)
    groups = np.arange(48) // 3
    camera = np.where(np.arange(48) < 40, "one", HOSTILE)
    return SubgroupResult(
        question=name,
        unit="grades",
        keys=tuple(f"made/s{place}" for place in range(48)),
        groups=groups,
        answers={"model": model, "mean": other},
        figures={"model": metrics_of(model, groups, DRAWS), "mean": metrics_of(other, groups, DRAWS)},
        gains={"mean": gain_of(model, other, groups, DRAWS)},
        slices={"camera": slices_of(model, groups, camera, DRAWS)},
    )


@pytest.fixture(scope="module")
def evaluation():
    kinds = ("measure", "colour", "ordinal", "count", "presence")
    return Evaluation(
        judgements=tuple(judgement(kind, f"{kind}_of_skin") for kind in kinds),
        part="test",
        level=0.9,
        draws=DRAWS,
        facts={"run": HOSTILE, "seed": "7"},
        baselines={"mean": "the mean of the training part"},
        seen={"camera": (3, 2)},
        leaks=(f"identical files: train has {HOSTILE}; test has x",),
    )


@pytest.fixture(scope="module")
def comparison():
    first, second = answers("ordinal", 0.9), answers("ordinal", 0.2)
    groups = np.arange(48) // 3
    contest = PairedComparison(
        question="grade",
        kind="ordinal",
        unit="grades",
        first=HOSTILE,
        second="new",
        keys=tuple(f"made/s{place}/{HOSTILE}" for place in range(48)),
        groups=groups,
        errors=(first.errors, second.errors),
        tolerance=0.01,
        bouts=paired_tests_of(first, second, groups, DRAWS),
        excluded=3,
    )
    return Comparison(contests=(contest,), draws=DRAWS, facts={HOSTILE: {"seed": "1"}, "new": {"seed": "2"}})


@pytest.fixture(scope="module")
def pages(evaluation, comparison):
    photo = Photo(pixels=np.full((20, 30, 3), 0.4, np.float32), encoding=Encoding.SRGB)
    key = comparison.contests[0].keys[comparison.contests[0].biggest()[0][0]]
    return [evaluation_page(evaluation), comparison_page(comparison, {key: photo})]


def test_pages_are_well_formed(pages):
    for page in pages:
        reader = Reader(page)
        assert reader.faults == []
        ids = [attributes["id"] for _, attributes in reader.elements if "id" in attributes]
        assert len(ids) == len(set(ids))


def test_pages_ask_nothing_of_the_network_and_style_nothing_in_place(pages):
    for page in pages:
        reader = Reader(page)
        assert "http" not in page.replace("http-equiv", "")
        for tag, attributes in reader.elements:
            assert "style" not in attributes, tag
            assert not [name for name in attributes if name.startswith("on")], tag
            for name in ("src", "href"):
                target = attributes.get(name, "#")
                assert target.startswith(("#", "data:image/")), (tag, target[:60])


def test_names_are_escaped(pages):
    for page in pages:
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "49" not in Reader(page).words().split(HOSTILE)[0]


def test_drawings_and_tables_say_what_they_are(pages):
    for page in pages:
        reader = Reader(page)
        for drawing in reader.all("svg"):
            if drawing.get("aria-hidden") != "true":
                assert len(drawing["aria-label"]) > 5
        assert len(reader.all("caption")) == len(reader.all("table")) >= 1
        assert all(head.get("scope") in ("row", "col") for head in reader.all("th"))
        for image in reader.all("img"):
            assert image["alt"].strip()


def test_every_figure_is_told_with_its_interval(evaluation, pages):
    words = Reader(pages[0]).words()
    for one in evaluation.judgements:
        for figure in one.figures["model"].values():
            assert re.search(r"[\d–]", value_words(figure.value, ""))
        leading = one.figures["model"][one.leading]
        assert value_words(leading.value, "target") in words
        assert value_words(leading.low, "target") in words


def test_few_subjects_are_marked(evaluation, pages):
    assert "Fewer than 5 subjects: told, not judged." in Reader(pages[0]).words()
    assert any(not each.judged for each in evaluation.judgements[0].slices["camera"])


def test_leaks_come_first(pages):
    words = Reader(pages[0]).words()
    assert words.index("The split leaks") < words.index("Better than every baseline")


def test_markdown_tables_are_rectangular(evaluation, comparison):
    for text in (evaluation_markdown(evaluation), comparison_markdown(comparison)):
        rows = [line for line in text.splitlines() if line.startswith("|")]
        tables = re.split(r"\n(?!\|)", "\n".join(line if line.startswith("|") else "" for line in text.splitlines()))
        for table in filter(None, (one.strip() for one in tables)):
            widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
            assert len(widths) == 1, table
        assert len(rows) > 5


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (0.1234, "target", "0.123"),
        (1.234, "target", "1.23"),
        (123.4, "target", "123.4"),
        (-0.5, "", "−0.500"),
        (0.5, "share", "50 %"),
        (-0.25, "share", "−25 %"),
        (float("nan"), "share", "–"),
        (float("inf"), "target", "–"),
    ],
)
def test_figures_in_words(value, unit, words):
    assert value_words(value, unit) == words
