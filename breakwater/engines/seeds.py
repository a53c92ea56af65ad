"""The databases of a server in a container: kept as the migrations left them, and brought back. In SQL, by its psql."""

from typing import Any

from breakwater.engines.postgres import SEEDED
from breakwater.errors import EngineTrouble

_COPIES = f"datname LIKE '%{SEEDED}'"
_MINE = f"datallowconn AND NOT datistemplate AND datname <> 'postgres' AND NOT {_COPIES}"

# Done again after it was broken off, it makes what is missing.
SNAPSHOT = f"""
SELECT format('CREATE DATABASE %I TEMPLATE %I STRATEGY file_copy', datname || '{SEEDED}', datname) FROM pg_database AS a
WHERE {_MINE} AND NOT EXISTS (SELECT FROM pg_database AS b WHERE b.datname = a.datname || '{SEEDED}') \\gexec
SELECT format('ALTER DATABASE %I ALLOW_CONNECTIONS false', datname) FROM pg_database WHERE {_COPIES} \\gexec
"""

# Who owns a database and who may connect to it belongs to the database, and a copy does not inherit it.
RESTORE = f"""
SELECT format('DROP DATABASE %I WITH (FORCE)', datname) FROM pg_database WHERE {_MINE} \\gexec
SELECT format('CREATE DATABASE %I TEMPLATE %I STRATEGY file_copy', left(datname, -{len(SEEDED)}), datname)
FROM pg_database WHERE {_COPIES} \\gexec
UPDATE pg_database AS mine SET datdba = its.datdba, datacl = its.datacl
FROM pg_database AS its WHERE its.datname = mine.datname || '{SEEDED}';
"""


def is_ready(container: Any) -> bool:
    """Whether the server in `container` takes connections from outside, as it does not while it is being made."""
    from docker.errors import APIError

    try:
        done = container.exec_run(["sh", "-c", 'pg_isready -q -h 127.0.0.1 -U "${POSTGRES_USER:-postgres}"'])
    except APIError:  # it has ended
        return False
    return bool(done.exit_code == 0)


def run_sql(container: Any, sql: str) -> None:
    """Run SQL as the superuser of the server in `container`. Raises EngineTrouble with the server's error."""
    # As a script: -c takes none of psql's own commands.
    script = 'printf %s "$0" | psql -X -q -v ON_ERROR_STOP=1 -U "${POSTGRES_USER:-postgres}" -d postgres'
    done = container.exec_run(["sh", "-c", script, sql])
    if done.exit_code:
        said = done.output.decode(errors="replace").strip().splitlines()
        raise EngineTrouble(f"The databases could not be copied: {said[-1] if said else 'psql said nothing'}")
