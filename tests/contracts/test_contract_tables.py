"""A table in a page is the one that was printed last: `dermis evaluate --table NAME > docs/tables/NAME.txt`."""

import re
from pathlib import Path

import pytest

from dermis.lab.evaluate.doc_tables import table_names, table_of

DOCS = Path(__file__).parents[2] / "docs"
_MARKED = re.compile(r"<!-- table (\S+) -->\n(.*?)<!-- end of table -->", re.DOTALL)
MARKED = [(page, *found) for page in sorted(DOCS.rglob("*.md")) for found in _MARKED.findall(page.read_text())]


@pytest.mark.parametrize(("page", "name", "text"), MARKED, ids=[f"{page.stem}-{name}" for page, name, _ in MARKED])
def test_a_table_in_a_page_is_the_one_that_was_printed_last(page, name, text):
    assert name in table_names()
    assert text.strip() == (DOCS / "tables" / f"{name}.txt").read_text().strip()


def test_the_table_of_weights_is_that_of_the_weights_that_ship(tmp_path):
    assert table_of("weights", {}, tmp_path) == (DOCS / "tables" / "weights.txt").read_text()
    assert any(name == "weights" for _, name, _ in MARKED)
