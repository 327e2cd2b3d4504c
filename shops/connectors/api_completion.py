"""Orders are completed from the shop's API: refund lines, products (specification 11).

An order is claimed, the API is called in no transaction, and what it says is folded. Whatever fails is tried again later,
a few times, so a worker that is killed loses nothing.
"""

import logging
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from lib.http_client import RequestFailed
from shops.connectors import api_failures
from shops.connectors.base import Ignored, Product
from shops.connectors.categories import list_known_products
from shops.connectors.folding import merge_parts
from shops.connectors.products import store_products
from shops.connectors.registry import get_connector
from shops.connectors.shop_api import FetchedOrder, ShopApi
from shops.models import ApiFailure, Connection, ShopOrder
from tracking.orders.snapshot_fields import Rejected

logger = logging.getLogger(__name__)

# After the first attempt the next is a minute later, then two, four and so on: two hours in all.
RETRY_AFTER = timedelta(minutes=1)
MAX_ATTEMPTS = 8
RUN_TIME = timedelta(minutes=5)
NOT_FOUND = 404


class _Claim(NamedTuple):
    order: ShopOrder
    connection: Connection


class _Found(NamedTuple):
    order: FetchedOrder
    products: list[Product]


def complete_orders(*, clock: Callable[[], datetime]) -> tuple[int, int]:
    """Complete the due orders, for a few minutes at most. Return how many were, and how many could not be.

    A connection whose API fails is left alone until the next run.
    """
    done = failed = 0
    failing: set[UUID] = set()
    until = clock() + RUN_TIME
    while clock() < until and (claim := _claim_order(failing, now=clock())):
        try:
            _record(claim, _call_api(claim, now=clock()), now=clock())
            api_failures.note_success(claim.connection, ApiFailure.Call.ORDERS)
            done += 1
        except (RequestFailed, Rejected, Ignored) as error:
            logger.warning("order %s could not be completed: %s", claim.order.order_id, error)
            is_final = isinstance(error, RequestFailed) and error.status == NOT_FOUND
            _record_failure(claim, str(error), is_final=is_final)
            failed += 1
            if isinstance(error, RequestFailed) and not is_final:
                failing.add(claim.connection.pk)
                api_failures.note_failure(claim.connection, ApiFailure.Call.ORDERS, error, now=clock())
        except Exception as error:
            logger.exception("order %s could not be completed", claim.order.order_id)
            _record_failure(claim, f"what it says could not be read ({type(error).__name__})", is_final=False)
            failed += 1
    return done, failed


def _claim_order(skipped: Collection[UUID], *, now: datetime) -> _Claim | None:
    """Return the next due order, whose next attempt is set for the case that this one is never recorded."""
    due = ShopOrder.objects.filter(fetch_at__lte=now, connection__state=Connection.State.ACTIVE)
    with transaction.atomic():
        first = due.exclude(connection__in=skipped).order_by("fetch_at", "id").first()
        if first is None:
            return None
        # As all who write orders, so that none overwrites what another has written.
        connection = Connection.objects.select_for_update(no_key=True).get(pk=first.connection_id)
        first.refresh_from_db()
        first.fetch_attempts += 1
        first.fetch_at = now + RETRY_AFTER * 2 ** min(first.fetch_attempts - 1, MAX_ATTEMPTS)
        first.save(update_fields=["fetch_at", "fetch_attempts"])
    return _Claim(first, connection)


def _call_api(claim: _Claim, *, now: datetime) -> _Found:
    """Return what the API says about the order and about its unknown products. Raises RequestFailed."""
    api = get_connector(claim.connection).open_api(claim.connection)
    if api is None:
        raise RequestFailed("the connection lacks the address or the key", NOT_FOUND)
    with api:
        order = api.fetch_order(claim.order.order_key, now=now)
        return _Found(order, _fetch_products(api, claim.connection, order.product_keys, now))


def _fetch_products(api: ShopApi, connection: Connection, keys: Collection[str], now: datetime) -> list[Product]:
    """Return the products that are not known yet; one that the shop does not know either has no categories."""
    missing = sorted(
        set(keys) - list_known_products(connection, connection.products.filter(product_key__in=keys)) - {""}
    )
    if not missing:
        return []
    found = list(api.fetch_products(missing, now=now))
    unknown = set(missing) - {product.product_key for product in found}
    return [*found, *(Product(key, "", (), "", collections=()) for key in sorted(unknown))]


def _record(claim: _Claim, found: _Found, *, now: datetime) -> None:
    """Fold what the API says. An order that is not complete even so is tried again, or given up."""
    with transaction.atomic():
        connection = _lock(claim)
        if connection is None:
            return
        store_products(connection, found.products)
        ShopOrder.objects.filter(pk=claim.order.pk).update(fetch_at=None)
        merge_parts(connection, {claim.order.order_key: list(found.order.parts)}, now=now)
        order = ShopOrder.objects.get(pk=claim.order.pk)
        if order.fetch_at is not None:
            _set_next_attempt(order, claim, "the API did not say all that is missing")


def _record_failure(claim: _Claim, cause: str, *, is_final: bool) -> None:
    with transaction.atomic():
        if _lock(claim) is None:
            return
        order = ShopOrder.objects.get(pk=claim.order.pk)
        _set_next_attempt(order, claim, cause, is_final=is_final)


def _lock(claim: _Claim) -> Connection | None:
    rows = Connection.objects.select_for_update(no_key=True).filter(pk=claim.connection.pk)
    return rows.filter(state=Connection.State.ACTIVE).first()


def _set_next_attempt(order: ShopOrder, claim: _Claim, cause: str, *, is_final: bool = False) -> None:
    """Keep the next attempt that the claim has set, or give up with a note for staff."""
    order.fetch_at, order.fetch_attempts = claim.order.fetch_at, claim.order.fetch_attempts
    if is_final or order.fetch_attempts >= MAX_ATTEMPTS:
        order.fetch_at = None
        order.notes = [*order.notes, f"The shop's API was of no help: {cause}."]
    order.save(update_fields=["fetch_at", "fetch_attempts", "notes"])
