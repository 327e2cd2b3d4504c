"""The program's side of the shop: a connection with the shop's words and categories."""

from django.db import transaction
from django.utils import timezone

from shops.connectors import secrets
from shops.connectors.generic.connector import Generic
from shops.models import CategoryMapping, Completion, Connection, Platform

NAME = "Corner shop"
STATUSES = {"pending": "paid", "being processed": "paid", "complete": "completed", "cancelled": "cancelled"}
PATHS = {"refunded": "", "refunded_quantity": "data.lines[].refunded_quantity"}
CATEGORIES = {"Kitchen": "kitchen-dining", "Toys": "toys-hobbies"}


@transaction.atomic
def create_connection(secret: str) -> Connection:
    """Create the connection, in which orders are completed once they are paid."""
    connection = Connection(platform=Platform.GENERIC, name=NAME, prefix="corner", created_at=timezone.now())
    paths = Generic.default_options["paths"] | PATHS
    connection.options = {**Generic.default_options, "statuses": STATUSES, "paths": paths}
    connection.completion = Completion.PAID
    secrets.set_secret(connection, secret)
    connection.save()
    for position, (name, category) in enumerate(CATEGORIES.items()):
        CategoryMapping.objects.create(
            connection=connection, shop_category=name, key=name.lower(), category=category, position=position
        )
    return connection
