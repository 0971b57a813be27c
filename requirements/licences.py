"""Print what dermis and its extras stand on, with versions and licences: `make licences` and `make sbom`."""

import json
import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

HERE = Path(__file__).parent
PAGE_HEAD = """\
# Licences of what is installed

Every package that dermis and its extras need, in the versions of `requirements/lock.txt`; written by `make licences`
from what the packages say of themselves. Which of them come with an extra alone is in `pyproject.toml`. Models of
others are listed with their licences by `dermis models`.

| package | version | licence |
|---|---|---|"""


def locked() -> dict[str, str]:
    """Return the locked version of each package by its name."""
    lines = (HERE / "lock.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))


def licence_of(held: Distribution) -> str:
    """Return a package's licence as it names it: its SPDX expression, its trove classifiers, or its first line."""
    said = held.metadata
    expression = said.get("License-Expression")
    if expression:
        return str(expression)
    classifiers = [line.rsplit(" :: ", 1)[-1] for line in said.get_all("Classifier") or () if "License ::" in line]
    named = [line for line in classifiers if line not in ("OSI Approved", "Other/Proprietary License")]
    if named:
        return "; ".join(named)
    first = re.sub(r"\s+", " ", (said.get("License") or "").strip().split("\n")[0])
    return first[:80] or "not stated"


def rows() -> list[tuple[str, str, str]]:
    """Return name, locked version and licence of each package; "not installed here" where this machine lacks it."""
    found = []
    for name, version in sorted(locked().items()):
        try:
            licence = licence_of(distribution(name))
        except PackageNotFoundError:
            licence = "not installed here"
        found.append((name, version, licence))
    return found


def page() -> str:
    """Return the page of licences, Markdown."""
    return "\n".join([PAGE_HEAD, *(f"| {name} | {version} | {licence} |" for name, version, licence in rows())]) + "\n"


def bill() -> str:
    """Return a software bill of materials, CycloneDX 1.5 as JSON."""
    components = [
        {
            "type": "library",
            "bom-ref": f"pkg:pypi/{name}@{version}",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name}@{version}",
            "licenses": [{"license": {"name": licence}}],
        }
        for name, version, licence in rows()
    ]
    weights = sorted((HERE.parent / "src" / "dermis" / "models" / "weights").glob("*/meta.json"))
    for meta in weights:
        said = json.loads(meta.read_text(encoding="utf-8"))
        components.append(
            {
                "type": "machine-learning-model",
                "bom-ref": f"dermis-weights/{meta.parent.name}",
                "name": meta.parent.name,
                "version": str(said.get("version", "")),
                "hashes": [{"alg": "SHA-256", "content": digest} for digest in said.get("files", {}).values()],
            }
        )
    held = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "application", "name": "dermis", "version": distribution("dermis").version}},
        "components": components,
    }
    return json.dumps(held, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(bill() if sys.argv[1:] == ["--sbom"] else page())
