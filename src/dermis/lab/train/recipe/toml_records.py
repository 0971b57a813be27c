"""Between TOML and records: cattrs reads strictly and tells every fault at once, tomlkit writes with comments."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from dermis.errors import UsageError

if TYPE_CHECKING:
    from cattrs import Converter

__all__ = ["nearest", "record_from", "setting", "toml_of"]

_Record = TypeVar("_Record")
_KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}


def nearest(word: str, words: Iterable[str]) -> str:
    """Return advice that names the word meant by `word`, or all there are."""
    words = list(words)
    close = get_close_matches(word, words, n=1, cutoff=0.5)
    return f"Did you mean {close[0]!r}?" if close else f"There are: {', '.join(words)}." if words else ""


def record_from(kind: type[_Record], table: Mapping[str, Any]) -> _Record:
    """Return a record from a table; UsageError names every unknown key, with the nearest one, and every wrong value."""
    from cattrs.errors import BaseValidationError  # late, as are the others: the base install has no cattrs

    try:
        return _converter().structure(table, kind)
    except (BaseValidationError, _Fault) as error:
        faults = list(_faults(error, ""))
    if len(faults) == 1:
        raise UsageError(faults[0][0], advice=faults[0][1])
    lines = "\n".join(f"- {what} {advice}" for what, advice in faults)
    raise UsageError(f"The recipe has {len(faults)} faults:\n{lines}", advice="\nMend them all and run it again.")


def setting(tables: dict[str, Any], text: str) -> None:
    """Lay one setting, such as "train.lr=1e-4", over nested tables; the value is TOML, else text.

    Raises UsageError where it is no setting.
    """
    path, equals, value = text.partition("=")
    keys = [key.strip() for key in path.split(".")]
    if not equals or not all(keys):
        raise UsageError(f"--set {text!r} is no setting.", advice="Write it as section.key=value: train.epochs=3.")
    for key in keys[:-1]:
        inner = tables.setdefault(key, {})
        if not isinstance(inner, Mapping):
            raise UsageError(f"--set {text!r}: {key} is no section.", advice="Write it as section.key=value.")
        tables[key] = tables = dict(inner)
    tables[keys[-1]] = _parsed(value.strip())


def toml_of(record: Any, *, comments: bool = False, all_fields: bool = True) -> str:  # noqa: ANN401 -- any record
    """Return a record of records as TOML; `comments` adds what each value means.

    all_fields: also those whose words begin with kinds or names ("ordinal: ...") that the record is not of.
    """
    import tomlkit

    document = tomlkit.document()
    _write(record, document, comments=comments, all_fields=all_fields)
    return tomlkit.dumps(document).strip() + "\n"


class _Fault(ValueError):
    """What is wrong with one value, and advice."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what)
        self.what, self.advice = what, advice


@cache
def _converter() -> Converter:
    from cattrs import Converter

    converter = Converter(forbid_extra_keys=True)
    for kind in _KINDS:
        converter.register_structure_hook(kind, _plain)
    converter.register_structure_hook_factory(_is(Literal), lambda hint: _literal(hint))
    converter.register_structure_hook_factory(_is(tuple), lambda hint: _row(hint, converter))
    converter.register_structure_hook_factory(is_dataclass, lambda kind: _section(kind, converter))
    return converter


def _is(form: Any) -> Callable[[Any], bool]:  # noqa: ANN401 -- a type form
    return lambda hint: get_origin(hint) is form


def _section(kind: type, converter: Converter) -> Callable[[Any, Any], Any]:
    from cattrs.gen import make_dict_structure_fn  # late: with the first recipe

    inner: Callable[[Any, Any], Any] = make_dict_structure_fn(kind, converter, _cattrs_forbid_extra_keys=True)

    def read(value: Any, hint: Any) -> Any:  # noqa: ANN401
        if not isinstance(value, Mapping):
            raise _Fault("{} is a section, not a value.", "Write [{}] and its keys below.")
        return inner(value, hint)

    return read


def _literal(hint: Any) -> Callable[[Any, Any], Any]:  # noqa: ANN401
    choices = get_args(hint)

    def read(value: Any, _: Any) -> Any:  # noqa: ANN401
        if str(value) not in choices:
            raise _Fault(f"{{}} = {value!r} is not known.", nearest(str(value), [one for one in choices if one]))
        return str(value)

    return read


def _row(hint: Any, converter: Converter) -> Callable[[Any, Any], Any]:  # noqa: ANN401
    kind = get_args(hint)[0]

    def read(value: Any, _: Any) -> Any:  # noqa: ANN401
        several = value if isinstance(value, list | tuple) else [value]
        return tuple(several) if kind is Any else tuple(converter.structure(one, kind) for one in several)

    return read


def _plain(value: Any, kind: Any) -> Any:  # noqa: ANN401
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not kind:
        raise _Fault(f"{{}} = {value!r} is of another kind than expected.", f"Expected {_KINDS[kind]}.")
    return value


def _faults(error: BaseException, where: str) -> Iterator[tuple[str, str]]:
    """Yield what is wrong below `where`, and the next step, depth first."""
    from cattrs.errors import BaseValidationError, ForbiddenExtraKeysError

    if isinstance(error, _Fault):
        yield error.what.replace("{}", where), error.advice.replace("{}", where)
    elif isinstance(error, ForbiddenExtraKeysError):
        known = list(get_type_hints(error.cl))
        for key in sorted(error.extra_fields):
            yield f"The recipe has no key {f'{where}.{key}'.removeprefix('.')!r}.", nearest(key, known)
    elif isinstance(error, BaseValidationError):
        for one in error.exceptions:
            names = [_name_of(note) for note in getattr(one, "__notes__", ())]
            yield from _faults(one, ".".join([*([where] if where else []), *(name for name in names if name)]))
    else:
        yield f"{where or 'The recipe'}: {error}.", "Check it."


def _name_of(note: Any) -> str:  # noqa: ANN401
    return str(getattr(note, "name", getattr(note, "index", "")))


def _write(record: Any, into: Any, *, comments: bool, all_fields: bool) -> None:  # noqa: ANN401 -- tomlkit's containers
    import tomlkit

    hints = get_type_hints(type(record), include_extras=True)
    tables: dict[str, Any] = {}
    for one in fields(record):
        value = getattr(record, one.name)
        if is_dataclass(value) or (isinstance(value, Mapping) and value):
            tables[one.name] = value
        elif not isinstance(value, Mapping) and (all_fields or _applies(record, _doc(hints[one.name]))):
            item = tomlkit.item(list(value) if isinstance(value, tuple) else value)
            into.add(one.name, item.comment(_doc(hints[one.name])) if comments else item)
    for name, inner in tables.items():
        into.add(name, _table(inner, comments=comments, all_fields=all_fields))


def _table(held: Any, *, comments: bool, all_fields: bool) -> Any:  # noqa: ANN401
    """Return a section, or a section of sections where `held` maps names to records."""
    import tomlkit

    if is_dataclass(held):
        table = tomlkit.table()
        _write(held, table, comments=comments, all_fields=all_fields)
        return table
    several = any(is_dataclass(inner) for inner in held.values())
    table = tomlkit.table(is_super_table=several)
    for name, inner in held.items():
        table.add(name, _table(inner, comments=comments, all_fields=all_fields) if is_dataclass(inner) else inner)
    return table


def _applies(record: Any, doc: str) -> bool:  # noqa: ANN401 -- any record
    """Return whether a field counts, by the names that its words may begin with."""
    begins = re.match(r"([a-z0-9_|]+): ", doc)
    own = {getattr(record, name, "") for name in ("kind", "name")} - {""}
    return begins is None or not own or bool(own & set(begins[1].split("|")))


def _doc(hint: Any) -> str:  # noqa: ANN401 -- a type form
    words = [word for word in getattr(hint, "__metadata__", ()) if isinstance(word, str)]
    inner = hint.__origin__ if words else hint
    if get_origin(inner) is Annotated:
        inner = get_args(inner)[0]
    if get_origin(inner) is Literal:
        words.append(f"({' | '.join(json.dumps(one) for one in get_args(inner))})")
    return " ".join(words)


def _parsed(text: str) -> Any:  # noqa: ANN401 -- what TOML holds
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text
