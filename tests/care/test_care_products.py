"""Catalogues and products: by ingredient, whatever they are called and whoever made them."""

from __future__ import annotations

import pytest

from dermis.care import Person, read_catalogue, suggest
from dermis.care.products import flags, ingredient_list
from dermis.errors import InputError

ANALYSIS = {
    "findings": [
        {"task": "acne_grade", "region": "face", "value": 1.0, "interval": [0.8, 1.2], "level": 0.9},
        {"task": "pigmentation_grade", "region": "face", "value": 2.0, "interval": [1.5, 2.5], "level": 0.9},
    ]
}
MAN = Person(sex="male", age_years=30)
ROWS = (
    ("1", "Plain gel", "Zeta", "Aqua (Water), Adapalene, Carbomer"),
    ("2", "Scented gel", "Alpha", "Aqua, Adapalene, Parfum, Linalool"),
    ("3", "Double gel", "Beta", "Aqua, Adapalene, Benzoyl Peroxide"),
    ("4", "Peeling gel", "Gamma", "Aqua, Adapalene, Glycolic Acid"),
    ("5", "Tinted screen", "Delta", "Aqua, Zinc Oxide (nano), CI 77491, CI 77492"),
    ("6", "White screen", "Delta", "Aqua, Zinc Oxide"),
    ("7", "Azelaic cream", "Eta", "Aqua/Water/Eau, Azelaic Acid, Glycerin"),
    ("8", "Nothing known", "Eta", ""),
)


def catalogue(folder, rows=ROWS, separator=",", header="code,product_name,brands,ingredients_text"):
    path = folder / "catalogue.csv"
    lines = [header.replace(",", separator)]
    lines += [separator.join(f'"{cell}"' for cell in row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def shelves(tmp_path):
    return suggest(ANALYSIS, MAN, read_catalogue(catalogue(tmp_path)))


def codes(shelf):
    return [one.product.code for one in shelf.suggestions]


def test_a_product_fits_by_its_ingredients_and_fewest_flags_come_first(shelves):
    shelf = shelves["acne-evening-adapalene"]
    assert codes(shelf) == ["1", "3", "2"]
    assert shelf.left_out == {"holds another active ingredient": 1}


def test_every_group_of_a_line_must_be_in_a_product(shelves):
    assert codes(shelves["sun-tinted-pigment"]) == ["5"]
    assert shelves["sun-tinted-pigment"].suggestions[0].contains == ("ci 77491", "zinc oxide (nano)")


@pytest.mark.parametrize(
    "person",
    [
        Person(pregnant=True),
        Person(sex="male", allergic=("retinoid",)),
        Person(sex="male", using=("isotretinoin",)),
        Person(sex="male", signs=("scarring",)),
    ],
)
def test_no_product_is_named_that_the_plan_does_not_hold(tmp_path, person):
    shelves = suggest(ANALYSIS, person, read_catalogue(catalogue(tmp_path)))
    assert not {"1", "2", "3", "4"} & {code for shelf in shelves.values() for code in codes(shelf)}


def test_what_is_not_tolerated_keeps_a_product_out_also_by_a_name_nobody_knows(tmp_path):
    for feared in ("fragrance", "linalool"):
        person = Person(sex="male", allergic=(feared,))
        shelf = suggest(ANALYSIS, person, read_catalogue(catalogue(tmp_path)))["acne-evening-adapalene"]
        assert codes(shelf) == ["1", "3"]
        assert shelf.left_out["holds what is not tolerated"] == 1


def test_brand_name_and_place_in_the_file_take_no_part(tmp_path):
    first = suggest(ANALYSIS, MAN, read_catalogue(catalogue(tmp_path)))
    other = [(code, f"A{number}", "Aaa", inci) for number, (code, _, _, inci) in enumerate(reversed(ROWS))]
    second = suggest(ANALYSIS, MAN, read_catalogue(catalogue(tmp_path, other)))
    assert {rule: codes(shelf) for rule, shelf in first.items()} == {
        rule: codes(shelf) for rule, shelf in second.items()
    }


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_is_read_with_any_separator_and_says_what_it_left_out(tmp_path, separator):
    found = read_catalogue(catalogue(tmp_path, separator=separator))
    assert [product.code for product in found.products] == ["1", "2", "3", "4", "5", "6", "7"]
    assert found.left_out == 1


def test_code_and_brand_may_be_missing(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text('name,inci\nGel,"Aqua, Adapalene"\n', encoding="utf-8")
    assert read_catalogue(path).products[0].code == "row 1"


@pytest.mark.parametrize("text", ["code,brands\n1,A\n", "product_name,inci\n,\nGel,\n"])
def test_a_table_without_products_is_refused(tmp_path, text):
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        read_catalogue(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_catalogue(tmp_path / "none.csv")


def test_a_label_is_parted_at_commas_that_part():
    text = "Ingredients: AQUA (WATER), 1,2-Hexanediol, Zinc Oxide (CI 77947, nano) 12%, *Parfum., [+/- CI 77491]"
    assert ingredient_list(text) == (
        "aqua (water)",
        "1,2-hexanediol",
        "zinc oxide (ci 77947, nano)",
        "parfum",
        "ci 77491",
    )


def test_a_flag_says_how_weak_it_is(tmp_path):
    rows = (("1", "Oil", "A", "Cocos Nucifera Oil, Limonene"),)
    product = read_catalogue(catalogue(tmp_path, rows)).products[0]
    comedogenic, allergen = flags(product)
    assert comedogenic.kind == "comedogenic"
    assert "rabbit" in comedogenic.note
    assert "weak" in comedogenic.note
    assert "Draelos" in comedogenic.source
    assert allergen.kind == "allergen"
