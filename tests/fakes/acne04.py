"""Two people with acne, in the layout as published and as tables."""

from __future__ import annotations

from pathlib import Path

from fakes.pictures import photo

SUBJECTS = 2
SAMPLES = 2

VOC = """<annotation><folder>JPEGImages</folder><filename>{name}.jpg</filename>
<size><width>96</width><height>80</height><depth>3</depth></size>{objects}</annotation>"""
THING = """<object><name>fore</name><bndbox>
<xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox></object>"""


def make(root: Path) -> None:
    pictures = root / "Classification" / "JPEGImages"
    boxes = root / "Detection" / "VOC2007" / "Annotations"
    boxes.mkdir(parents=True)
    for name, corners in (("levle0_3", [(10, 20, 18, 26)]), ("levle2_11", [(1, 2, 5, 9), (50, 40, 56, 47)])):
        photo(pictures / f"{name}.jpg", len(corners))
        objects = "".join(THING.format(*box) for box in corners)
        (boxes / f"{name}.xml").write_text(VOC.format(name=name, objects=objects))
    for fold in range(5):
        (root / "Classification" / f"NNEW_trainval_{fold}.txt").write_text("levle0_3.jpg  0  1\n")
        (root / "Classification" / f"NNEW_test_{fold}.txt").write_text("levle2_11.jpg  2  2\n")


def make_tables(root: Path) -> None:
    for name in ("levle0_3", "levle0_4", "levle2_11"):
        photo(root / "images" / f"{name}.jpg", 1)
    (root / "images.csv").write_text(
        "image,grade,group,file,hires_file,original_width_px,original_height_px,lesions_v2,grade_expert_a,grade_expert_b\n"
        "levle0_3,0,7,images/levle0_3.jpg,hires/levle0_3.jpg,3112,3456,14,,1\n"
        "levle0_4,0,7,images/levle0_4.jpg,,,,,,\n"
        "levle2_11,2,8,images/levle2_11.jpg,,,,,2,\n"
        "levle2_12,2,8,,hires/levle2_12.jpg,,,,,\n"
    )
    (root / "boxes.csv").write_text(
        "image,lesion,xmin_px,ymin_px,xmax_px,ymax_px\nlevle0_3,pustules,10,20,18,26\nlevle2_11,papules,1,2,5,9\n"
    )
    (root / "circles_v2.csv").write_text("image,x_px,y_px,radius_px\nlevle0_3,1077,2409,17\nlevle0_3,580,2451,35\n")
