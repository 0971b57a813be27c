"""The verbs. What a verb needs is imported when it is called, so that `--help` stays quick."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from dermis.cli.parser import verbs
from dermis.errors import DermisError
from dermis.version import __version__

__all__ = ["VERBS", "app", "main"]

VERBS = {
    "dermis.cli": {
        "demo": "Analyse example photos and say where the report lies.",
        "analyse": "Measure skin tone, melanin, redness and acne on photos.",
        "batch": "Measure many photos into one table, on one machine or many.",
        "calibrate": "Calibrate the flash of a device, or a rig, by a colour chart.",
        "change": "Compare two visits: what changed, and which lesions are new.",
        "care": "Say what to do about what was measured, with sources.",
        "spectra": "Estimate the reflectance of skin in a photo, 400-1000 nm.",
        "cube": "Read, calibrate, render and compare spectral cubes.",
        "deidentify": "Mask and rename photos: skin alone is left, and no name.",
        "atlas": "Write the photonumeric scales as a printable page.",
        "annotate": "Draft marks for graders, read theirs, find disagreements.",
        "study": "Statistics of trials: change over visits, by arm.",
        "tasks": "List the questions that can be asked of the skin.",
        "models": "List our weights and yours; list or fetch models of others.",
        "recipes": "List the recipes to learn by and to make data by.",
        "datasets": "List the dataset layouts that can be read; check one.",
        "doctor": "Check that what is installed works, and say what to do.",
    },
    "dermis.cli.service": {
        "serve": "Start the service: a page for people, an API for programs.",
        "user": "Make a user of the service, or set their password.",
        "backup": "Write the store of the service into one archive.",
        "restore": "Fill an empty store of the service from a backup.",
        "compact": "Rewrite the service's store, so that no file holds deletions.",
    },
    "dermis.cli.lab": {
        "synth": "Make pictures of people who do not exist, with their truth.",
        "train": "Learn what a recipe says.",
        "sweep": "Train a grid or a search of recipes.",
        "evaluate": "Judge a run, or a recipe by folds, beside baselines.",
        "validate": "Run the evidence on the shipped models; fail below limits.",
        "compare": "Set evaluated runs side by side.",
        "export": "Turn a run into weights that need no torch.",
    },
}
"""By folder: each verb is the file of its name."""

app = verbs(
    VERBS,
    name="dermis",
    help="Measure facial skin from photographs, offline. A measuring tool, not a diagnosis.",
    epilog="Start with `dermis demo`, then `dermis analyse selfie.jpg --out result`.",
)


def main() -> None:
    """Run the command line; a refusal is one or two lines on stderr and its exit code."""
    from dermis.cli.streams import prepare, print_refusal, unwritable

    prepare()
    try:
        try:
            app(standalone_mode=True)
        finally:
            sys.stdout.flush()
    except DermisError as error:
        print_refusal(error.message, error.advice)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print_refusal("Stopped.", "")
        sys.exit(130)
    except Exception as error:
        from dermis.settings import read_settings

        if unwritable(error):
            sys.exit(2)
        if read_settings().debug:
            raise
        print_refusal(
            f"a fault of ours: {type(error).__name__}: {error}",
            "Run it again with DERMIS_DEBUG=1 and send us what it prints.",
        )
        sys.exit(1)


def _version(value: bool) -> None:
    if value:
        print(f"dermis {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Measure facial skin from photographs, offline. A measuring tool, not a diagnosis."""
