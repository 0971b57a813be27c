"""Two judged portraits in FFHQ's folders, one by two graders, and one nobody judged."""

from __future__ import annotations

from pathlib import Path

from fakes.pictures import photo

SUBJECTS = 2
SAMPLES = 2


def make(root: Path) -> None:
    for seed, name in enumerate(("00000/00012.png", "01000/01007.png", "01000/01008.png")):
        photo(root / "images1024x1024" / name, seed)
    (root / "acne.csv").write_text("image,acne,severity,grader\n12,yes,2,dr-a\n01007.png,0,,dr-a\n1007,1,1,dr-b\n")
