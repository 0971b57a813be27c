"""The documentation is held to the code."""

import importlib.util
import json
import re
from pathlib import Path

import jsonschema
import pytest

import dermis

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.rglob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
SOURCE = ROOT / "src" / "dermis"
ROOMS = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
HISTORY = ("CONTRIBUTING.md", "log.md", "CHANGELOG.md")  # they name files that are not there, yet or any more
VERBS = dict(
    re.findall(
        r"^## `dermis ([a-z -]+)`\n(.*?)(?=^## |\Z)",
        (DOCS / "reference" / "cli.md").read_text(),
        re.DOTALL | re.MULTILINE,
    )
)
"""The help of every verb; another test holds the page to the code."""


def generator():
    spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", list(generator().PAGES))
def test_reference_pages_follow_from_the_code(name):
    page = generator().PAGES[name]()
    assert (DOCS / "reference" / name).read_text() == page, "run `python docs/generate.py`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", [one for one in PAGES if one.name not in HISTORY], ids=lambda page: page.name)
def test_files_and_modules_that_a_page_names_exist(page):
    """Paths from the root or from the package; a name after a module stands in its file."""
    text = page.read_text()
    for path in re.findall(r"(?<![\w/.*-])((?:[\w-]+/)+[\w-]+\.(?:py|toml|md))\b", text):
        if path.endswith(".py") or path.partition("/")[0] in {"src", "dermis", *ROOMS}:
            assert any((base / path).exists() for base in (ROOT, ROOT / "src", SOURCE)), f"{page.name} names {path}"
    for name in re.findall(r"\bdermis((?:\.[a-z_]\w*)+)", text):
        parts = name.split(".")[1:]
        if len(parts) > 1:
            known = [n for n in range(1, len(parts) + 1) if module(parts[:n])]
            assert known, f"{page.name} names dermis{name}"
            left = parts[known[-1] :]
            assert not left or left[0] in module(parts[: known[-1]]).read_text(), f"{page.name} names dermis{name}"


@pytest.mark.parametrize("page", [one for one in PAGES if one.name != "cli.md"], ids=lambda page: page.name)
def test_options_of_commands_that_a_page_names_exist(page):
    text = page.read_text().replace("\\\n", " ")
    for command in re.findall(r"(?:^|[`$ /])dermis ([a-z]+ [^`\n]*)", text, re.MULTILINE):
        words = command.split(" #")[0].split()
        verb = next((name for n in (2, 1) if (name := " ".join(words[:n])) in VERBS), None)
        for option in re.findall(r"(?<!\S)--[a-z][a-z-]+", " ".join(words)) if verb else ():
            assert option in VERBS[verb], f"{page.name} names {option} of dermis {verb}"


def module(parts):
    path = SOURCE.joinpath(*parts)
    return next((one for one in (path.with_suffix(".py"), path / "__init__.py") if one.is_file()), None)


def test_every_page_can_be_reached():
    linked = {DOCS / "README.md", ROOT / "README.md"}
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+\.md)[^)]*\)", page.read_text()):
            linked.add((page.parent / target).resolve())
    assert [str(page.relative_to(ROOT)) for page in PAGES if page not in linked] == []


def test_the_json_example_keeps_to_the_schema():
    schema = json.loads((DOCS / "reference" / "analysis.schema.json").read_text())
    text = (DOCS / "reference" / "json.md").read_text()
    example = re.search(r"```json\n(.*?)```", text, re.DOTALL).group(1)
    jsonschema.Draft202012Validator(schema).validate(json.loads(example))


def test_the_readme_names_every_room():
    readme = (ROOT / "README.md").read_text()
    rooms = {p.name for p in (ROOT / "src" / "dermis").iterdir() if p.is_dir() and not p.name.startswith("_")}
    for room in rooms:
        assert f"`{room}`" in readme or f"{room}/" in readme, f"README does not name {room}"
    for command in ("make demo", "make test"):
        assert command in readme


@pytest.mark.parametrize("name", ["wrinkles.py", "visit_folders.py"])
def test_contributing_quotes_the_examples_that_are_tested(name):
    example = (ROOT / "tests" / "contracts" / name).read_text()
    page = (ROOT / "CONTRIBUTING.md").read_text()
    assert f"```python\n{example}```" in page, f"quote tests/contracts/{name} as it stands"


def test_the_citation_is_of_this_version():
    citation = (ROOT / "CITATION.cff").read_text()
    assert f"version: {dermis.__version__}\n" in citation
    assert "license: Apache-2.0\n" in citation
