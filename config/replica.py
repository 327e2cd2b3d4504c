"""The settings of the streaming replica that reports and lists may be read from (docs/scaling.md)."""

from typing import Any

from config.databases import build_databases
from config.environment import env, read_integer

# A replica that can't be reached in this time is skipped: the primary answers instead.
_CONNECT_SECONDS = 2

DATABASE_REPLICA_URL: str = env.str("DATABASE_REPLICA_URL", default="")
# A replica that is further behind than this is not read.
DATABASE_REPLICA_LAG_SECONDS = read_integer("DATABASE_REPLICA_LAG_SECONDS", 5, minimum=1)
DATABASE_ROUTERS = ["lib.replica.ReplicaRouter"]


def build_replica(primary: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the entry of the replica for Django's DATABASES: as the primary, at another address. Empty without one."""
    if not DATABASE_REPLICA_URL:
        return {}
    test_name = primary["TEST"]["NAME"]
    database = build_databases(
        DATABASE_REPLICA_URL,
        connection_seconds=primary["CONN_MAX_AGE"],
        test_name=test_name,
        variable="DATABASE_REPLICA_URL",
    )["default"]
    database["OPTIONS"] = primary["OPTIONS"] | database["OPTIONS"] | {"connect_timeout": _CONNECT_SECONDS}
    return {"replica": database | {"TEST": {"NAME": test_name, "MIRROR": "default"}}}
