"""Print what dermis and its extras need, in the versions installed beside this Python: `make lock`."""

import platform
import sys
from importlib.metadata import distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HEAD = f"""\
# Exact versions for `pip install -c`, written by `make lock` on {platform.system()} {platform.machine()}
# with Python {platform.python_version()}. Tested there alone; elsewhere they are a proposal.
# torch has builds for processors alone and for graphics cards under one version; either will do."""


def needed(name: str, extras: set[str], found: dict[tuple[str, frozenset[str]], str]) -> None:
    """Add to `found` the version of `name` and of everything that it needs here, with `extras`."""
    key = (canonicalize_name(name), frozenset(extras))
    if key in found:
        return
    held = distribution(name)
    found[key] = held.version.partition("+")[0]
    for text in held.requires or ():
        need = Requirement(text)
        if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            needed(need.name, need.extras, found)


if __name__ == "__main__":
    found: dict[tuple[str, frozenset[str]], str] = {}
    needed("dermis", set(sys.argv[1].split(",")), found)
    versions = {name: version for (name, _), version in found.items() if name != "dermis"}
    print(HEAD)
    for name, version in sorted(versions.items()):
        print(f"{name}=={version}")
