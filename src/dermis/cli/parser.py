"""The parser is made from records: the options of a verb are the fields of a dataclass; a missing extra is named."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from importlib import import_module
from importlib.util import find_spec
from inspect import Parameter, Signature
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import typer
from typer.core import TyperGroup
from typer.models import ParameterInfo

from dermis.errors import UsageError

__all__ = ["JsonFlag", "need_lab", "need_service", "verb", "verbs"]

T = TypeVar("T")

JsonFlag = Annotated[bool, "Print JSON for programs instead of text."]


def verb(
    record: type[T], *, unlisted: tuple[str, ...] = ()
) -> Callable[[Callable[[T], int | None]], Callable[..., None]]:
    r"""Make a command of a function that takes one `record` and returns an exit code, or None for 0.

    A field `close_up: Annotated[bool, "Help."]` becomes the option `--close-up`; a second string names its value, a
    third the option where it has another name. A field with a `typer.Option` or `typer.Argument` is taken as that
    says. tuple[X, ...]: it may be repeated; tuple[X, X]: it takes two. The record's docstring is the
    help; a line `\b` keeps the lines that follow apart. unlisted: fields that the help leaves out, since the verb
    only says why it cannot take them.
    """
    hints = get_type_hints(record, include_extras=True)
    parameters = [
        _parameter(field, hints[field.name], hidden=field.name in unlisted)
        for field in fields(record)  # type: ignore[arg-type]
    ]

    def command_of(run: Callable[[T], int | None]) -> Callable[..., None]:
        def command(**given: Any) -> None:  # noqa: ANN401 -- what the parser read
            held = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
            try:
                code = run(record(**held))
            except KeyboardInterrupt:
                print("dermis: stopped. What was done is kept; the next run goes on from there.", file=sys.stderr)
                code = 130
            raise typer.Exit(code or 0)

        command.__name__, command.__module__ = run.__name__, run.__module__
        command.__doc__ = (record.__doc__ or "").replace("\\b\n", "\b\n")
        command.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return command

    return command_of


def _parameter(field: Field[Any], hint: Any, *, hidden: bool) -> Parameter:  # noqa: ANN401 -- a type
    kind, info, *more = get_args(hint)
    if get_origin(kind) is tuple and get_args(kind)[-1] is ...:
        kind = list[get_args(kind)[0]]  # type: ignore[misc]
    if not isinstance(info, ParameterInfo):
        metavar, name = (*more, None, None)[:2]
        info = typer.Option(name or f"--{field.name.replace('_', '-')}", help=info, metavar=metavar, hidden=hidden)
    default = Parameter.empty if field.default is MISSING else field.default
    if default == ():
        default = []
    return Parameter(field.name, Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, info])


def verbs(tables: Mapping[str, Mapping[str, str]], *, alone: bool = False, **settings: Any) -> typer.Typer:  # noqa: ANN401
    """Return the parser of tables of verbs: folder -> name -> what it does.

    Verb `x-y` of the folder "dermis.cli" is `x_y` of dermis.cli.x_y: a command, or `app` with verbs of its own. The
    module is imported when the verb is called. alone: the group does something by itself. settings: those of
    typer.Typer.
    """
    homes = {name: home for home, table in tables.items() for name in table}

    class Verbs(TyperGroup):
        def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 -- of typer
            name, command, rest = super().resolve_command(ctx, args)
            return name, _load(homes[name], name) if name in homes else command, rest

    app = typer.Typer(
        cls=Verbs,
        no_args_is_help=not alone,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        **settings,
    )
    for table in tables.values():
        for name, about in table.items():
            app.command(name, help=about)(_called_by_name)
    return app


def _called_by_name() -> None:
    """Stand for a verb in the list until it is called."""


def _load(home: str, name: str) -> Any:  # noqa: ANN401 -- a command of typer
    attribute = name.replace("-", "_")
    module = import_module(f"{home}.{attribute}")
    if hasattr(module, "app"):
        return typer.main.get_command(module.app)
    single = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    single.command(name)(getattr(module, attribute))
    return typer.main.get_command(single)


def need_lab() -> None:
    """Raise UsageError where the extra `lab` is not installed."""
    _need("lab", "Learning", ("torch", "lightning", "optuna", "pandas"))


def need_service() -> None:
    """Raise UsageError where the extra `service` is not installed."""
    _need("service", "The service", ("fastapi", "sqlalchemy", "alembic", "uvicorn"))


def _need(extra: str, what: str, packages: tuple[str, ...]) -> None:
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"{what} needs {', '.join(missing)}, which this installation does not have.",
            advice=f"Install it with: pip install 'dermis[{extra}]'.",
        )
