"""Reading of the stored bodies of events: any JSON becomes values that can be stored, or a named refusal."""

import json
from decimal import Decimal
from typing import Any, NoReturn

from tracking.orders.snapshot_fields import Rejected


def parse_body(body: bytes) -> Any:
    """Return the value of a JSON body, its numbers with a fraction as Decimal. Raises Rejected."""
    try:
        return _clean(json.loads(body.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_refuse_constant))
    except UnicodeDecodeError as error:
        raise Rejected("body", f"is not UTF-8 at byte {error.start}") from None
    except RecursionError:
        raise Rejected("body", "is nested too deeply") from None
    except ValueError as error:
        raise Rejected("body", f"is not JSON: {error}"[:300]) from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not allowed")


def _clean(value: Any) -> Any:
    """Return `value` without what the database can't store: NUL characters and lone surrogates."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    return value
