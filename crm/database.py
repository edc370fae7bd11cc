"""Tables and queries of a database, through SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import sqlalchemy as sa
from pandas.api.types import is_object_dtype

from crm.errors import AccordError, UnavailableError
from crm.mapping import Table


@contextmanager
def connected(address: str, base: Path) -> Iterator[sa.Connection]:
    """A connection that is closed afterwards; nothing is ever written. SQLite files are relative to ``base``."""
    try:
        url = sa.make_url(address)
    except sa.exc.ArgumentError:
        raise AccordError(
            "This is no database address.",
            where="accord.yaml: history.source.database",
            expected="for example sqlite:///crm.db or ${CRM_DATABASE}",
        ) from None
    if url.get_backend_name() == "sqlite" and url.database:
        path = base / url.database
        if not path.is_file():  # SQLite would make an empty one
            raise AccordError("This SQLite file is not there.", where="accord.yaml: history.source", got=str(path))
        url = url.set(database=str(path))
    try:
        engine = sa.create_engine(url)
    except ModuleNotFoundError as missing:
        raise AccordError(
            f"The driver for {url.get_backend_name()} is not installed.",
            where="accord.yaml: history.source.database",
            remedy=f"pip install {missing.name}",
        ) from None
    where = url.render_as_string(hide_password=True)
    try:
        with _open(engine, where) as connection:
            yield connection
    except sa.exc.DBAPIError as broken:
        if broken.connection_invalidated:
            raise _unavailable(where, broken) from None
        raise AccordError("The database refused the query.", where=where, got=str(broken.orig)) from None
    finally:
        engine.dispose()


def _open(engine: sa.Engine, where: str) -> sa.Connection:
    try:
        return engine.connect()
    except sa.exc.DBAPIError as broken:
        raise _unavailable(where, broken) from None


def _unavailable(where: str, broken: sa.exc.DBAPIError) -> UnavailableError:
    remedy = "Check the address and the network."
    return UnavailableError("The database does not answer.", where=where, got=str(broken.orig), remedy=remedy)


def read_sql(address: str, table: Table, columns: Sequence[str] | None, base: Path) -> pa.Table:
    """The rows of a database table (only these columns) or of a query."""
    with connected(address, base) as connection:
        statement = sa.text(table.query) if table.query else _select(connection, table.name or "", columns)
        try:
            frame = pd.read_sql_query(statement, connection, dtype_backend="pyarrow")
        except pd.errors.DatabaseError as broken:
            raise (broken.__cause__ or broken) from None  # pandas hides what SQLAlchemy said
    return arrow_of(frame)


def arrow_of(frame: pd.DataFrame) -> pa.Table:
    """As Arrow; values of types that databases mix or that Arrow does not know (UUIDs) become text."""
    texts = {name: frame[name].map(str, na_action="ignore") for name in frame if is_object_dtype(frame[name].dtype)}
    return pa.Table.from_pandas(frame.assign(**texts), preserve_index=False)


def _select(connection: sa.Connection, name: str, columns: Sequence[str] | None) -> sa.Select[Any]:
    schema, _, short = name.rpartition(".")
    inspector = sa.inspect(connection)
    if not inspector.has_table(short, schema=schema or None):
        names = [*inspector.get_table_names(schema or None), *inspector.get_view_names(schema or None)]
        raise AccordError("The database has no such table.", got=name, expected=f"one of {', '.join(names[:40])}")
    present = [str(column["name"]) for column in inspector.get_columns(short, schema or None)]
    wanted = present if columns is None else [column for column in columns if column in present]
    columns_asked: list[sa.ColumnClause[Any]] = [sa.column(c) for c in wanted]
    return sa.select(*columns_asked).select_from(sa.table(short, schema=schema or None))
