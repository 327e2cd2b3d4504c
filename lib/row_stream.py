"""The rows of a query as a stream, by COPY: one statement that shows the database as it was when it began.

A cursor of the server would need its connection to itself until its end, which a pooler in transaction mode does not
give. A plain query would be held in memory as a whole.
"""

from collections.abc import Generator, Sequence
from typing import Any

from django.db import connections


def iter_rows(query: str, values: Sequence[Any], *, using: str) -> Generator[tuple[Any, ...], None, None]:
    """Yield the rows of the SELECT `query`, each read when it is needed; the values have Python's types.

    Until the last row is read or the iterator is closed, the connection `using` can do nothing else.
    """
    connection = connections[using]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM ({query}) AS described LIMIT 0", values)  # noqa: S608
        types = [column.type_code for column in cursor.description]
        # Of psycopg: the cursor that Django wraps around it under DEBUG takes no values.
        copying = cursor.cursor.copy(f"COPY ({query}) TO STDOUT", values)
        with connection.wrap_database_errors, copying as copy:
            copy.set_types(types)
            yield from copy.rows()
