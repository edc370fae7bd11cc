"""Connections to the ledger's database, SQLite or PostgreSQL. No error tells a password."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from crm.errors import AccordError, UnavailableError

WHERE = "ledger.url"
BUSY_SECONDS = 30.0
"""How long a writer waits for another."""

_CONNECT_SECONDS = 10
_ALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000}
_POOL: dict[str, Any] = {
    "pool_size": 4,
    "max_overflow": 12,
    "pool_timeout": 30.0,
    "pool_pre_ping": True,
    "pool_recycle": 1_800,
}
_LOCK = 0x0ACC_03D1  # any number that nobody else takes for an advisory lock
_WRITES = "accord_writes"
_TOLD = 200
_TOO_LARGE = "54"  # PostgreSQL's class of limits that a value exceeds, which its driver takes for outages


class RefusedDataError(AccordError):
    """The database will not have these rows, now or ever: trying again does not help."""


@dataclass(frozen=True, slots=True)
class Database:
    """Where the ledger is kept."""

    engine: sa.Engine
    place: str

    @property
    def is_file(self) -> bool:
        """Whether it is an SQLite file, which is nobody else's."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that sees one state of the database, whatever others write meanwhile."""
        with told(self.place), self._isolated("REPEATABLE READ").begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that no other writer of the ledger overlaps: each sees what those before it wrote."""
        engine = self._isolated("READ COMMITTED").execution_options(**{_WRITES: True})
        with told(self.place), engine.begin() as connection:
            if not self.is_file:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            yield connection

    def _isolated(self, level: str) -> sa.Engine:
        """PostgreSQL's default may have been changed: a writer must see, once it has its lock, what others wrote."""
        return self.engine if self.is_file else self.engine.execution_options(isolation_level=level)


def database(url: str, base: Path, *, pooled: bool = False) -> Database:
    """The database at an SQLAlchemy address; SQLite files are relative to ``base``.

    ``pooled`` keeps connections for the next who asks, which a service wants and a command does not. Raises
    `AccordError` for what is no address of an SQLite file or a PostgreSQL database. Nothing is connected to yet.
    """
    address = _address(url, base)
    pool: dict[str, Any] = {"poolclass": sa.QueuePool, **_POOL} if pooled else {"poolclass": sa.NullPool}
    if address.get_backend_name() == "postgresql":
        more: dict[str, Any] = {"connect_args": {"connect_timeout": _CONNECT_SECONDS, **_ALIVE}}
        return Database(_engine(address, pool | more), _place(address))
    more = {"connect_args": {"timeout": BUSY_SECONDS, "check_same_thread": False}}
    engine = _engine(address, pool | more)
    sa.event.listen(engine, "connect", _set_up_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    if pooled:
        path = Path(str(address.database))
        sa.event.listen(engine, "connect", lambda _, record: record.info.update(file=_file(path)))
        sa.event.listen(engine, "checkout", lambda _, record, __: _still(path, record))
    return Database(engine, str(address.database))


def absolute(url: str, base: Path) -> str:
    """The same address, with its password, for a process in another folder. Raises as `database`."""
    return _address(url, base).render_as_string(hide_password=False)


def _address(url: str, base: Path) -> sa.URL:
    try:
        address = sa.make_url(url.replace("postgres://", "postgresql://", 1))
    except (sa.exc.ArgumentError, ValueError):
        raise _no_address() from None
    if address.drivername == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
    backend = address.get_backend_name()
    if backend not in {"sqlite", "postgresql"}:
        raise _no_address(backend)
    if backend == "postgresql":
        return address
    if not address.database or address.database == ":memory:":
        raise _no_address("an SQLite database without a file")
    return address.set(database=str((base / address.database).absolute()))


def _file(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def _still(path: Path, record: Any) -> None:
    """A kept connection to a file that was moved away or replaced would write where nobody reads."""
    if _file(path) is None or record.info["file"] != _file(path):
        raise sa.exc.DisconnectionError("the file is another one now")


def _engine(address: sa.URL, more: dict[str, Any]) -> sa.Engine:
    try:
        return sa.create_engine(address, **more)
    except ModuleNotFoundError as missing:
        remedy = f"pip install 'psycopg[binary]' (it is missing {missing.name})."
        raise AccordError("The driver of the ledger's database is not installed.", where=WHERE, remedy=remedy) from None


def _set_up_sqlite(connection: Any, _: object) -> None:
    """WAL, so that readers and a writer do not wait for each other; foreign keys; transactions that we begin."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {round(BUSY_SECONDS * 1000)}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA secure_delete = ON")  # what is erased, or overwritten, is overwritten in the file
    until = time.monotonic() + BUSY_SECONDS
    while cursor.execute("PRAGMA journal_mode").fetchone() != ("wal",):
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except connection.OperationalError:  # two processes at once: SQLite does not wait here by itself
            if time.monotonic() > until:
                raise
            time.sleep(0.01)
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _place(address: sa.URL) -> str:
    """The address for messages: neither user nor password, and nothing of what else it holds but a socket's folder."""
    host = address.host or str(address.query.get("host", "")) or None
    return sa.URL.create("postgresql", host=host, port=address.port, database=address.database).render_as_string()


def _no_address(got: str | None = None) -> AccordError:
    return AccordError(
        "This is no database for the ledger.",
        where=WHERE,
        got=got,
        expected="sqlite:///ledger.db or postgresql://HOST/DATABASE",
        remedy="Correct `ledger.url` in accord.yaml or ACCORD_LEDGER_URL. Write the password as ${NAME}.",
    )


@contextmanager
def told(place: str) -> Iterator[None]:
    """The database's errors as ours: what cannot be reached now, and what was refused."""
    try:
        yield
    except (sa.exc.OperationalError, sa.exc.InterfaceError) as error:
        if str(getattr(error.orig, "sqlstate", "")).startswith(_TOO_LARGE):
            raise RefusedDataError("The ledger refused.", where=place, got=_first_line(error)) from None
        raise UnavailableError(
            "The ledger does not answer.",
            where=place,
            got=_first_line(error),
            remedy="Start its database, or correct `ledger.url` in accord.yaml or ACCORD_LEDGER_URL.",
        ) from None
    except sa.exc.TimeoutError:
        raise UnavailableError(
            "The ledger does not answer.",
            where=place,
            got="all connections are in use",
            remedy="Look for what holds its database up.",
        ) from None
    except (sa.exc.DataError, sa.exc.IntegrityError) as error:
        raise RefusedDataError("The ledger refused.", where=place, got=_first_line(error)) from None
    except sa.exc.DBAPIError as error:
        raise AccordError("The ledger refused.", where=place, got=_first_line(error)) from None


def _first_line(error: sa.exc.DBAPIError) -> str:
    """What the driver said, without statement and parameters; drivers name no passwords."""
    return (str(error.orig).strip().splitlines() or ["no message"])[0][:_TOLD]
