"""The files of the page: their weight, their words, and that they say what the program says."""

from __future__ import annotations

import json
import re

import pytest

from dermis.face.landmarks import CHEEK_EDGES, MIDLINE, PAIRS
from dermis.pipeline.exclusion import REASONS
from dermis.pipeline.quality.problems import PROBLEMS
from dermis.service.api.static import PAGES

MOST_BYTES = 300_000
TEXTS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted((PAGES / "texts").glob("*.json"))}
SCRIPTS = {path.relative_to(PAGES).as_posix(): path.read_text(encoding="utf-8") for path in sorted(PAGES.rglob("*.js"))}


def test_all_that_a_visitor_loads_before_photo_and_engine_is_light():
    loaded = [path for path in PAGES.rglob("*") if path.suffix in (".html", ".css", ".js", ".json", ".svg", ".png")]
    assert sum(path.stat().st_size for path in loaded) < MOST_BYTES


def test_every_language_says_the_same():
    assert set(TEXTS) == {"de", "en"}
    english, german = TEXTS["en"], TEXTS["de"]
    assert list(english) == list(german)
    for key, words in english.items():
        assert _places(words) == _places(german[key]), key


def test_every_text_that_a_script_names_is_there():
    english = TEXTS["en"]
    missing = {}
    for name, script in SCRIPTS.items():
        if name.startswith("vendor/"):
            continue
        keys = re.findall(r'\bt\(\s*(?:"([^"]+)"|`([^`$]+)\$)', script)
        missing[name] = [
            whole or stem
            for whole, stem in keys
            if not (whole in english if whole else any(key.startswith(stem) for key in english))
        ]
    assert not any(missing.values()), missing


NOT_OFFERED = (
    "unusable_option",
    "reference_doubtful",
    "no_device",
    "other_device",
    "no_level",
    "unreachable",
    "crashed",
)
"""Problems of options that the page does not offer."""


def test_every_verdict_and_reason_of_the_program_has_its_words():
    english = TEXTS["en"]
    for code in PROBLEMS:
        if code not in NOT_OFFERED:
            assert f"problem/{code}/title" in english
            assert f"problem/{code}/advice" in english
    assert {f"left_out/{reason}" for reason in REASONS} <= set(english)


def test_the_camera_knows_the_landmarks_of_the_program():
    script = SCRIPTS["camera/pose.js"]
    for name, points in (("MIDLINE", MIDLINE), ("PAIRS", PAIRS), ("CHEEK_EDGES", CHEEK_EDGES)):
        said = re.search(rf"export const {name} = (\[[^;]*\]);", script)
        assert said is not None
        assert json.loads(re.sub(r",\s*\]", "]", said[1])) == json.loads(json.dumps(points))


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_no_script_names_another_host(name):
    assert not [url for url in re.findall(r"https?://[\w.]+", SCRIPTS[name]) if not url.startswith("http://www.w3.org")]


def test_the_manifest_lets_the_page_be_installed():
    manifest = json.loads((PAGES / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["display"] == "standalone"
    sizes = {icon["sizes"]: PAGES.parent / icon["src"].lstrip("/") for icon in manifest["icons"]}
    assert {"192x192", "512x512"} <= set(sizes)
    assert all(path.is_file() for path in sizes.values())


def _places(words):
    forms = words.values() if isinstance(words, dict) else [words]
    return {place for form in forms for place in re.findall(r"\{(\w+)\}", form)} - {"n"}
