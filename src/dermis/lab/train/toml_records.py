"""Between TOML tables and records: strict reading, `--set`, writing with what each value means."""

from __future__ import annotations

import json
import re
import tomllib
import types
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from dermis.errors import UsageError

__all__ = ["nearest", "record_from", "setting", "toml_of"]

_Record = TypeVar("_Record")


def nearest(word: str, words: Iterable[str]) -> str:
    """Return advice that names the word meant by `word`, or all there are."""
    words = list(words)
    close = get_close_matches(word, words, n=1, cutoff=0.5)
    return f"Did you mean {close[0]!r}?" if close else f"There are: {', '.join(words)}." if words else ""


def record_from(kind: type[_Record], table: Mapping[str, Any], where: str = "") -> _Record:
    """Return a record from a table; UsageError for an unknown key, with the nearest one, or a value of another kind."""
    hints = get_type_hints(kind, include_extras=True)
    for key in table:
        if key not in hints:
            raise UsageError(f"The recipe has no key {where + key!r}.", advice=nearest(key, hints))
    return kind(**{key: _value(hints[key], value, where + key) for key, value in table.items()})


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
    """Return a record of records as flat TOML; `comments` adds what each value means.

    all_fields: also those whose words begin with kinds or names ("ordinal: ...") that the record is not of.
    """
    lines: list[str] = []
    _write(record, "", lines, comments=comments, all_fields=all_fields)
    return "\n".join(lines).strip() + "\n"


def _write(record: Any, where: str, lines: list[str], *, comments: bool, all_fields: bool) -> None:  # noqa: ANN401
    hints = get_type_hints(type(record), include_extras=True)
    tables: list[tuple[str, Any]] = []
    for one in fields(record):
        value = getattr(record, one.name)
        if is_dataclass(value):
            tables.append((one.name, value))
        elif isinstance(value, Mapping):
            tables += [(f"{one.name}.{key}", inner) for key, inner in value.items()]
        elif all_fields or _applies(record, _doc(hints[one.name])):
            line = f"{one.name} = {_literal(value)}"
            lines.append(f"{line:<40}  # {_doc(hints[one.name])}" if comments else line)
    for name, table in tables:
        lines += ["", f"[{where}{name}]"]
        _write(table, f"{where}{name}.", lines, comments=comments, all_fields=all_fields)


def _applies(record: Any, doc: str) -> bool:  # noqa: ANN401 -- any record
    """Return whether a field counts, by the names that its words may begin with."""
    begins = re.match(r"([a-z0-9_|]+): ", doc)
    own = {getattr(record, name, "") for name in ("kind", "name")} - {""}
    return begins is None or not own or bool(own & set(begins[1].split("|")))


def _doc(hint: Any) -> str:  # noqa: ANN401 -- a type form
    words = [word for word in getattr(hint, "__metadata__", ()) if isinstance(word, str)]
    inner = hint.__origin__ if words else hint
    if get_origin(inner) is Literal:
        words.append(f"({' | '.join(json.dumps(one) for one in get_args(inner))})")
    return " ".join(words)


def _literal(value: Any) -> str:  # noqa: ANN401 -- any value of a record
    if isinstance(value, tuple):
        return f"[{', '.join(_literal(one) for one in value)}]"
    return json.dumps(value, ensure_ascii=False)


def _parsed(text: str) -> Any:  # noqa: ANN401 -- what TOML holds
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _value(hint: Any, value: Any, where: str) -> Any:  # noqa: ANN401 -- a type form and what TOML holds
    if get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    origin = get_origin(hint)
    if is_dataclass(hint):
        return record_from(hint, _table(value, where), f"{where}.")  # type: ignore[arg-type]
    if origin is Literal:
        return _choice(get_args(hint), value, where)
    if origin is tuple:
        return _row(get_args(hint)[0], value, where)
    if origin in (dict, Mapping, types.MappingProxyType) or getattr(origin, "__name__", "") == "Mapping":
        kind = get_args(hint)[1]
        return {name: _value(kind, inner, f"{where}.{name}") for name, inner in _table(value, where).items()}
    return _plain(hint, value, where)


def _table(value: Any, where: str) -> Mapping[str, Any]:  # noqa: ANN401
    if not isinstance(value, Mapping):
        raise UsageError(f"{where} is a section, not a value.", advice=f"Write [{where}] and its keys below.")
    return value


def _choice(choices: tuple[Any, ...], value: Any, where: str) -> Any:  # noqa: ANN401
    word = str(value)
    if word not in choices:
        raise UsageError(f"{where} = {word!r} is not known.", advice=nearest(word, [one for one in choices if one]))
    return word


def _row(kind: Any, value: Any, where: str) -> tuple[Any, ...]:  # noqa: ANN401
    if isinstance(value, str) or not isinstance(value, list | tuple):
        value = [value]
    return tuple(_plain(kind, one, where) for one in value)


def _plain(kind: Any, value: Any, where: str) -> Any:  # noqa: ANN401
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not kind:
        raise UsageError(
            f"{where} = {value!r} is of another kind than expected.", advice=f"Expected {_KINDS.get(kind, kind)}."
        )
    return value


_KINDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
