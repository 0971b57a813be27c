"""Acne on photos of other people: boxes that are ranked, outlines that are named."""

import numpy as np
from PIL import Image

from dermis.lab.evaluate.acne.elsewhere import (
    Counted,
    Halved,
    counts_table,
    halves_table,
    kinds_table,
    labels_table,
    outlined_kinds,
)

SIDE = 120
SPOTS = {"papules": (30, (214, 130, 120)), "black_heads": (60, (150, 112, 92)), "white_heads": (90, (228, 182, 158))}


def outlined(folder):
    """One photo of skin with a red, a dark and a light spot, each outlined."""
    pixels = np.full((SIDE, SIDE, 3), (210, 160, 135), np.uint8)
    yy, xx = np.mgrid[:SIDE, :SIDE]
    rows = ["file,label,points_xy_norm"]
    for name, (middle, colour) in SPOTS.items():
        pixels[(xx - middle) ** 2 + (yy - middle) ** 2 < 6**2] = colour
        low, high = (middle - 6) / SIDE, (middle + 6) / SIDE
        rows.append(f"images/a.png,{name},{low} {low};{high} {low};{high} {high};{low} {high}")
    rows.append("images/a.png,wrinkles,0.1 0.1;0.2 0.1;0.2 0.2")
    (folder / "images").mkdir()
    Image.fromarray(pixels).save(folder / "images" / "a.png")
    (folder / "labels.csv").write_text("file,group\nimages/a.png,g1\n")
    (folder / "polygons.csv").write_text("\n".join(rows) + "\n")
    return folder


def test_outlined_lesions_are_named_by_their_looks(tmp_path):
    rows = list(outlined_kinds(outlined(tmp_path)))
    assert [(row.called, row.found) for row in rows] == [
        ("inflamed", "inflamed"), ("open_comedo", "open_comedo"), ("closed_comedo", "closed_comedo"),
    ]  # fmt: skip
    table = kinds_table(rows)
    assert "| inflamed | 0 | 0 | 1 | 0 |" in table
    assert "three kinds 1.00" in table


def test_counts_are_ranked_by_subset_and_a_photo_without_a_face_is_left_out():
    rows = [
        Counted(
            file="",
            subset=subset,
            group=f"{subset}{place}",
            boxes=place + 1.0,
            count=rank * place,
            count_all=place**2.0,
        )
        for subset, rank in (("web", 1.0), ("selfie", -1e-3))
        for place in range(12)
    ]
    lost = Counted(file="", subset="web", group="lost", boxes=3.0, count=np.nan, count_all=np.nan)
    lines = {line.split(" | ")[0].strip("| "): line for line in counts_table([*rows, lost]).splitlines()[2:]}
    assert list(lines) == ["all", "selfie", "web"]
    assert "| 12 | 1.00 [1.00, 1.00] | 1.00" in lines["web"]
    assert "| 12 | -1.00" in lines["selfie"]


def test_the_worse_half_is_graded_beside_its_boxes():
    rows = [
        Halved(
            subset="selfie", group=f"g{place}", boxes=(boxes, 1.0), counts=(boxes + 0.5, 0.0), grade=grade, whole=3.0
        )
        for place, (boxes, grade) in enumerate([(2.0, 0.2), (9.0, 1.1), (30.0, 2.2), (3.0, 0.9)])
    ]
    figures = dict(line.strip("| ").split(" | ") for line in halves_table(rows).splitlines()[2:])
    assert figures["grades 0 to 3 by the boxes of the worse half"] == "2, 1, 1, 0"
    assert figures["grade of the worse half: accuracy"].startswith("0.75 ")
    assert figures["the worse half is the same"].startswith("1.00 ")
    assert figures["always the mean grade: RMSE"] == "0.83"
    assert figures["all in view taken as one half: mean error"] == "+2.25"


def test_each_set_of_labels_has_a_line():
    rows = [
        Halved(
            subset="s", group=f"g{place}", boxes=(6.0 * place, 1.0), counts=(sign * place, 0.5), grade=1.0, whole=1.0,
            labels=name,
        )
        for place in range(1, 6)
        for name, sign in (("alike", 2.0), ("otherwise", -2.0))
    ]  # fmt: skip
    lines = {line.split(" | ")[0].strip("| "): line for line in labels_table(rows).splitlines()[2:]}
    assert list(lines) == ["alike", "otherwise"]
    assert "| 5, 5 | " in lines["alike"]
    assert "| 1.00 [1.00, 1.00] |" in lines["alike"]
    assert "| 0.00 [0.00, 0.00] |" in lines["otherwise"]
