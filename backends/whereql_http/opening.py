"""How an address and a name become an open collection of a Chroma server."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

from whereql.errors import BackendError
from whereql.source import quote
from whereql.suggest import did_you_mean

if TYPE_CHECKING:
    from whereql_http.backend import HttpBackend
    from whereql_http.client import Client


@dataclass(frozen=True, slots=True)
class Options:
    """The options of `whereql.open` for a server.

    tenant, database: where the collection is; token: sent as x-chroma-token; bearer: as authorization; headers: any others;
    verify: False takes any certificate; ca: a file of certificates to trust; connect_timeout: seconds for a connection; timeout: seconds for
    a request with its repeats; retries: of a read that failed on the way; max_answer: bytes of one answer; create: make the
    collection if it is not there; nearest: write numbers that the server can't keep as the doubles next to them that it makes of
    them, in place of an error.
    """

    tenant: str = "default_tenant"
    database: str = "default_database"
    token: str | None = None
    bearer: str | None = None
    headers: Mapping[str, str] | None = None
    verify: bool = True
    ca: str | None = None
    connect_timeout: float = 5.0
    timeout: float = 60.0
    retries: int = 3
    max_answer: int = 1 << 30
    create: bool = False
    nearest: bool = False


_TYPES: dict[str, tuple[type, ...]] = {
    "tenant": (str,), "database": (str,), "token": (str, type(None)), "bearer": (str, type(None)), "headers": (Mapping, type(None)),
    "verify": (bool,), "ca": (str, type(None)), "connect_timeout": (int, float), "timeout": (int, float), "retries": (int,),
    "max_answer": (int,), "create": (bool,), "nearest": (bool,),
}  # fmt: skip
_POSITIVE = ("connect_timeout", "timeout", "max_answer")


def open_http(url: str, collection: str | None, options: Mapping[str, Any]) -> HttpBackend:
    """The collection of this name, or uuid, at the address of a Chroma server.

    options: those of `Options`. Raises BackendError for an option that makes no sense, a server that can't be reached, and a
    collection that is not there.
    """
    try:
        import httpx  # noqa: F401 - the modules below need it
    except ImportError:
        raise BackendError("WQ711", "httpx is not installed", hint="pip install 'whereql[http]'") from None
    from whereql_http.backend import HttpBackend

    asked = _checked(options)
    with ExitStack() as on_failure:
        client = _client(url, asked)
        on_failure.callback(client.close)
        backend = HttpBackend(client, _collection_path(client, collection, asked), nearest=asked.nearest)
        on_failure.pop_all()
    return backend


def _checked(options: Mapping[str, Any]) -> Options:
    known = [field.name for field in fields(Options)]
    for name, value in options.items():
        if name not in known:
            raise BackendError("WQ712", f"there is no option {quote(name)} for a server", hint=did_you_mean(name, known) or f"known are {', '.join(known)}")
        fits = isinstance(value, _TYPES[name]) and (isinstance(value, bool) is (bool in _TYPES[name]))
        if not fits or (name in _POSITIVE and not value > 0) or (name == "retries" and value < 0):
            wanted = " or ".join("none" if one is type(None) else one.__name__ for one in _TYPES[name])
            raise BackendError("WQ712", f"the option {name} takes {wanted}", hint="see docs/http.md")  # its value may be a secret
    return Options(**options)


def _client(url: str, asked: Options) -> Client:
    from whereql_http.client import Client, Patience

    try:
        parts = urlsplit(url)
        address = f"{parts.hostname or ''}{'' if parts.port is None else f':{parts.port}'}"
    except ValueError:
        address = ""
        parts = urlsplit("")
    if not address or parts.query or parts.fragment:
        raise BackendError("WQ712", "this is no address of a server", hint="write http://localhost:8000")
    if ":" in (parts.hostname or ""):
        address = f"[{parts.hostname}]{'' if parts.port is None else f':{parts.port}'}"
    path = parts.path.rstrip("/").removesuffix("/api/v2")
    auth = None if parts.username is None else (unquote(parts.username), unquote(parts.password or ""))
    patience = Patience(asked.connect_timeout, asked.timeout, asked.retries, asked.max_answer)
    return Client(f"{parts.scheme}://{address}{path}", _headers(asked), _verification(asked), patience, auth)


def _headers(asked: Options) -> dict[str, str]:
    headers = dict(asked.headers or {})
    if asked.token is not None:
        headers["x-chroma-token"] = asked.token
    if asked.bearer is not None:
        headers["authorization"] = f"Bearer {asked.bearer}"
    for name, value in headers.items():
        if not (isinstance(name, str) and isinstance(value, str) and name.isascii() and value.isascii() and f"{name}{value}".isprintable()):
            raise BackendError("WQ712", f"the header {quote(str(name))} is no line of ASCII text", hint="was a line end read with the token?")
    return headers


def _verification(asked: Options) -> ssl.SSLContext | bool:
    if asked.ca is None:
        return asked.verify
    try:
        return ssl.create_default_context(cafile=asked.ca)
    except (OSError, ssl.SSLError):
        raise BackendError("WQ712", f"{quote(asked.ca)} holds no certificates", hint="ca is a file in PEM format") from None


def _collection_path(client: Client, name: str | None, asked: Options) -> str:
    """The path of the collection, by its id."""
    from whereql_http.client import quoted

    home = f"/api/v2/tenants/{quoted(asked.tenant)}/databases/{quoted(asked.database)}/collections"
    if name is None:
        known = _known(client, home)
        hint = f"known are {', '.join(known)}" if known else "open(url, 'papers', create=True) makes one"
        raise BackendError("WQ712", f"{client.base} has many collections, and none was named", hint=hint)
    found = _looked_up(client, home, name, asked.create)
    try:
        return f"{home}/{UUID(found['id'])}"
    except (LookupError, TypeError, ValueError, AttributeError):
        from whereql_http.faults import senseless

        raise senseless(client.base, "it has a collection without an id") from None


def _looked_up(client: Client, home: str, name: str, create: bool) -> Any:
    from whereql_http.client import quoted
    from whereql_http.faults import no_collection

    paths = [f"{home}/by-id/{name}"] if _is_uuid(name) else []
    for path in [*paths, f"{home}/{quoted(name)}"]:
        try:
            return client.read("GET", path)
        except BackendError as error:
            if error.code != "WQ718":
                raise
    if create:
        return client.write(home, {"name": name, "get_or_create": True})
    raise no_collection(client.base, name, _known(client, home))


def _known(client: Client, home: str) -> list[str]:
    """The names of some collections, for a hint."""
    try:
        found = client.read("GET", f"{home}?limit=10")
        return [quote(str(each["name"])) for each in found]
    except (BackendError, LookupError, TypeError):
        return []


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
