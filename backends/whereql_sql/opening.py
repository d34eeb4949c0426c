"""How a URL becomes an open collection in a database: whereql's own tables, or yours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from whereql.errors import BackendError
from whereql.source import quote
from whereql.suggest import did_you_mean

if TYPE_CHECKING:
    from whereql.backend import Backend

SHARED_OPTIONS = ("read_only", "timeout")
OWN_OPTIONS = ("create", *SHARED_OPTIONS)


def open_sql(url: str, collection: str | None, options: Mapping[str, Any]) -> Backend:
    """A collection of whereql's own tables; with the option `table` or `preset`, one of somebody else's.

    read_only: write nothing (the default for tables that are not whereql's); timeout: seconds that a statement may take;
    create: make the collection now, if it is not there, and not with the first record.
    Raises BackendError: WQ711 without SQLAlchemy or the driver, WQ712 for an unknown option, WQ715 or WQ717 if the database
    can't be reached.
    """
    is_mapped = "table" in options or "preset" in options
    if not is_mapped:
        _check(url, options)
    read_only, create, timeout = _flag(options, "read_only"), _flag(options, "create"), _seconds(options)
    try:
        from whereql_sql.engine import TIMEOUT, Database
    except ModuleNotFoundError as error:
        raise BackendError("WQ711", f"{quote(error.name or 'sqlalchemy')} is not installed, which databases need", hint="pip install 'whereql[sql]'") from None
    database = Database(url, read_only=is_mapped if read_only is None else read_only, timeout=TIMEOUT if timeout is None else timeout)
    try:
        if is_mapped:
            from whereql_sql.mapped.opening import open_mapped

            return open_mapped(database, collection, {name: value for name, value in options.items() if name not in SHARED_OPTIONS})
        from whereql_sql.backend import SqlBackend

        return SqlBackend(database, collection, create=bool(create))
    except BaseException:
        database.close()
        raise


def _check(url: str, options: Mapping[str, Any]) -> None:
    for name in options:
        if name not in OWN_OPTIONS:
            known = [*OWN_OPTIONS, "table", "preset"]
            hint = did_you_mean(name, known) or f"known are {', '.join(known)}; with table= or preset= there are more"
            raise BackendError("WQ712", f"there is no option {quote(name)} for whereql's own tables", hint=hint)


def _flag(options: Mapping[str, Any], name: str) -> bool | None:
    value = options.get(name)
    if value is not None and not isinstance(value, bool):
        raise BackendError("WQ712", f"{name} is True or False", hint="leave it out for the default")
    return value


def _seconds(options: Mapping[str, Any]) -> float | None:
    value = options.get("timeout")
    if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= 1_000_000):
        raise BackendError("WQ712", "timeout is a number of seconds above 0", hint="leave it out for 300")
    return value
