"""Catalogues of products: a maker's own table or an export of Open Beauty Facts, read by their ingredient lists."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dermis.care.ingredients import Dose, Ingredient, find_ingredient, plain_name
from dermis.errors import InputError
from dermis.formats.tables import read_table

__all__ = ["COLUMNS", "Catalogue", "Product", "ingredient_list", "read_catalogue"]

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "code": ("code", "barcode", "ean", "gtin", "sku", "id"),
    "name": ("product_name", "name", "product", "title"),
    "brand": ("brands", "brand", "maker", "manufacturer"),
    "ingredients": ("ingredients_text", "ingredients_text_en", "inci", "ingredients", "ingredient_list"),
}
"""Names that a column may have, the first that is there wins; brand and code may be missing."""

_SEPARATOR = re.compile(r"(?<!\d),|,(?!\d)|[;•·|]")
_LEAD = re.compile(r"^\s*(ingredients?|inci|composition)\s*:\s*", re.IGNORECASE)
_SHARE = re.compile(r"\d+(?:[.,]\d+)?\s*%")


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product and what is in it: `inci` names as they are compared, in the order of the label."""

    code: str
    name: str
    brand: str
    inci: tuple[str, ...]

    @property
    def doses(self) -> tuple[Dose, ...]:
        """Return its ingredients; labels tell no strength."""
        return tuple(Dose(text=name, ingredient=_known(name)) for name in self.inci)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """Products, and how many rows were left out because they have no name or no ingredients."""

    products: tuple[Product, ...]
    left_out: int = 0


def read_catalogue(path: Path) -> Catalogue:
    """Return the products of a CSV (comma, semicolon or tab), an Excel sheet or an Open Beauty Facts export.

    Raises InputError: not there, not a table, no column for names or ingredients, no product that can be used.
    """
    rows = read_table(path)
    columns = {field: _column(rows, names) for field, names in COLUMNS.items()}
    for field in ("name", "ingredients"):
        if columns[field] is None:
            raise InputError(
                f"{path.name} has no column for the {field} of products.",
                advice=f"Name it {' or '.join(COLUMNS[field])}.",
            )
    products = [_product(row, columns, number) for number, row in enumerate(rows, start=1)]
    usable = tuple(product for product in products if product.name and product.inci)
    if not usable:
        raise InputError(f"{path.name} holds no product with a name and ingredients.", advice="Check its columns.")
    return Catalogue(products=usable, left_out=len(products) - len(usable))


def ingredient_list(text: str) -> tuple[str, ...]:
    """Return the names in a label's list of ingredients, as they are compared; commas in numbers and brackets stay."""
    whole = _LEAD.sub("", text.replace("\n", " "))
    outside = re.sub(r"\([^()]*\)", lambda found: found.group().replace(",", "‚"), whole)
    names = (plain_name(_SHARE.sub("", part).replace("‚", ",")) for part in _SEPARATOR.split(outside))
    return tuple(dict.fromkeys(name.strip("[]+/- ") for name in names if name.strip("[]+/- ")))


def _known(name: str) -> Ingredient | None:
    bare = plain_name(re.sub(r"\([^()]*\)", "", name))
    bracketed = re.findall(r"\(([^()]*)\)", name)
    tries = (name, bare, *bare.split("/"), *bracketed)
    return next((found for found in map(find_ingredient, tries) if found is not None), None)


def _column(rows: Sequence[Mapping[str, str]], names: Sequence[str]) -> str | None:
    have = {name.lower(): name for row in rows[:1] for name in row}
    return next((have[name] for name in names if name in have), None)


def _product(row: Mapping[str, str], columns: Mapping[str, str | None], number: int) -> Product:
    cell = {field: row.get(column, "").strip() if column else "" for field, column in columns.items()}
    return Product(
        code=cell["code"] or f"row {number}",
        name=cell["name"],
        brand=cell["brand"],
        inci=ingredient_list(cell["ingredients"]),
    )
