"""Two people, graded by two graders in two ways of writing it, with boxes on one photo."""

from __future__ import annotations

from pathlib import Path

from fakes.pictures import photo

SUBJECTS = 2
SAMPLES = 3


def make(root: Path) -> None:
    for seed, name in enumerate(("a/front.jpg", "a/left.jpg", "b.png")):
        photo(root / name, seed)
    (root / "labels.csv").write_text(
        "photo,subject,view,grader,acne_grade,acne_grade@dr_b,camera\n"
        "a/front.jpg,anna,front,dr_a,1,2,phone\n"
        "a/left.jpg,anna,left,dr_a,,1.5,phone\n"
        "b.png,bela,front,dr_a,3,,studio\n"
        "b.png,bela,front,dr_c,2,,studio\n"
    )
    (root / "boxes.csv").write_text(
        "photo,class,x_px,y_px,width_px,height_px\nb.png,papule,10,12,6,7\nfront.jpg,,,,,\n"
    )
