"""The list of `dermis datasets`."""

from __future__ import annotations

import json

from dermis.cli.terminal import print_table
from dermis.lab.datasets import DATASETS

__all__ = ["print_datasets"]


def print_datasets(*, as_json: bool) -> None:
    """Print every dataset layout: what it shows, its licence, where it was published."""
    names = ("name", "title", "about", "licence", "citation", "public")
    rows = [{name: getattr(dataset, name) for name in names} for dataset in DATASETS.values()]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
        return
    told = ("name", "title", "licence", "citation")
    print_table(("dataset", "what", "licence", "from"), [[str(row[name]) for name in told] for row in rows])
