"""Brings clicks that waited on disk into the database, exactly once."""

import time
from typing import Any

import psycopg

from tracking.clicks import click_store
from tracking.clicks.spool import Spool
from tracking.clicks.spool_file import SpoolFile


def drain_file(connection: psycopg.Connection[Any], file: SpoolFile) -> float:
    """Bring a file into the database and delete it; the seconds that its slowest commit took.

    Whoever is killed here leaves it to be brought again: a click is one row however often it is written.
    """
    refused, slowest = 0, 0.0
    try:
        for lines in file.read_chunks():
            begun = time.monotonic()
            refused += click_store.insert_valid_rows(connection, lines, file.path.name)
            slowest = max(slowest, time.monotonic() - begun)
        if lost := file.lost + refused:
            click_store.record_loss(connection, file.path.name, lost)
    except BaseException:
        file.close()
        raise
    file.remove()
    return slowest


def drain_orphaned_files(connection: psycopg.Connection[Any], spool: Spool) -> int:
    """Bring the files of processes that are no more; how many there were."""
    number = 0
    for file in spool.open_orphaned():
        drain_file(connection, file)
        number += 1
    return number
