"""Move clicks from spool files into the database, exactly once."""

import time

from tracking.clicks import click_store
from tracking.clicks.connection import TimeoutConnection
from tracking.clicks.spool import Spool
from tracking.clicks.spool_file import SpoolFile
from tracking.clicks.spool_memory import SpoolMemory


def drain_file(connection: TimeoutConnection, file: SpoolFile | SpoolMemory) -> float:
    """Record the clicks of a file and delete it; return the seconds of the slowest commit.

    A file left behind by a kill is drained again, because writing a click twice leaves one row.
    """
    invalid, slowest = 0, 0.0
    try:
        for lines in file.read_chunks():
            started = time.monotonic()
            invalid += click_store.insert_valid_rows(connection, lines, file.path.name)
            slowest = max(slowest, time.monotonic() - started)
        if lost := file.lost + invalid:
            click_store.record_loss(connection, file.path.name, lost)
    except BaseException:
        file.close()
        raise
    file.remove()
    return slowest


def drain_orphaned_files(connection: TimeoutConnection, spool: Spool) -> int:
    """Drain the files of dead processes; return their number."""
    count = 0
    for file in spool.open_orphaned():
        drain_file(connection, file)
        count += 1
    return count
