"""`dermis annotate`: lesions marked by people."""

from __future__ import annotations

from dermis.cli.parser import verbs

__all__ = ["VERBS", "app"]

VERBS = {
    "dermis.cli.annotate": {
        "export": "Mark the lesions that the model sees, for graders to correct.",
        "read": "Show what a file of annotations holds, whatever its format.",
        "disagreements": "List where labels and model disagree.",
    },
}
"""By folder: each verb is the file of its name."""

app = verbs(
    VERBS,
    help="Draft marks for graders, read theirs, find disagreements.",
)
