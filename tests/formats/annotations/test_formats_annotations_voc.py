import pytest

from dermis.core import Box
from dermis.errors import InputError
from dermis.formats.annotations.voc import Marked, read_voc, write_voc


def test_round_trip_widens_to_whole_pixels(tmp_path):
    things = (
        Marked(name="papule", box=Box(x_px=10.4, y_px=20.0, width_px=7.2, height_px=5.0)),
        Marked(name="open_comedo", box=Box(x_px=0, y_px=0, width_px=1, height_px=1)),
    )
    write_voc(tmp_path / "a.xml", picture="a.jpg", width_px=96, height_px=80, marked=things)
    back = read_voc(tmp_path / "a.xml")
    assert (back.picture, back.width_px, back.height_px) == ("a.jpg", 96, 80)
    assert back.marked[0] == Marked(name="papule", box=Box(x_px=10, y_px=20, width_px=8, height_px=5))
    assert back.marked[1] == things[1]


def test_nothing_marked(tmp_path):
    write_voc(tmp_path / "a.xml", picture="a.jpg", width_px=9, height_px=8, marked=())
    assert read_voc(tmp_path / "a.xml").marked == ()


def test_corners_in_the_wrong_order_are_set_right(tmp_path):
    box = "<bndbox><xmin>9</xmin><ymin>1</ymin><xmax>4</xmax><ymax>3</ymax></bndbox>"
    (tmp_path / "a.xml").write_text(f"<annotation><object><name>fore</name>{box}</object></annotation>")
    assert read_voc(tmp_path / "a.xml").marked[0].box == Box(x_px=4, y_px=1, width_px=5, height_px=2)


def test_what_is_wrong_is_said(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_voc(tmp_path / "no.xml")
    (tmp_path / "a.xml").write_text("<annotation><object>")
    with pytest.raises(InputError, match="no XML file"):
        read_voc(tmp_path / "a.xml")
    (tmp_path / "b.xml").write_text("<html/>")
    with pytest.raises(InputError, match="starts with <html>"):
        read_voc(tmp_path / "b.xml")
    (tmp_path / "c.xml").write_text("<annotation><object><name>fore</name></object></annotation>")
    assert (read_voc(tmp_path / "c.xml").marked, read_voc(tmp_path / "c.xml").unread) == ((), 1)
