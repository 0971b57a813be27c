"""`dermis study`: the statistics of studies."""

from __future__ import annotations

from dermis.cli.parser import verbs

__all__ = ["VERBS", "app"]

VERBS = {
    "dermis.cli.study": {
        "trial": "What changed over the visits of a trial, by arm.",
        "difference": "Where the skin changed since the first visit, as maps.",
    },
}
"""By folder: each verb is the file of its name."""

app = verbs(VERBS)


@app.callback()
def study() -> None:
    """Statistics of trials and reader studies."""
