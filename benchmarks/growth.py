"""What to expect past one primary, simulated: affiliates spread over shards, and clicks added up before they are stored.

    python -m benchmarks.growth

Affiliates differ in size by a power law, as the largest programs' do: the affiliate of rank n has 1 / n ** EXPONENT of
the traffic of the largest. The seed is fixed, so the figures are the same on every machine.
"""

import json
import math
from collections.abc import Iterator
from random import Random
from typing import Any

EXPONENT = 0.8
AFFILIATES = 100_000
SHARDS = (2, 4, 8, 16)
PLACEMENTS = 20
# Clicks of a day, of links whose sizes follow the same law, with ten values of their sub-IDs each.
CLICKS, LINKS, SUB_IDS = (10_000_000, 100_000_000), 200_000, 10
WINDOW_SECONDS = (1, 60, 3_600)


def simulate_rows() -> Iterator[dict[str, Any]]:
    """Yield a row per number of shards, and per number of clicks and window."""
    for shards in SHARDS:
        yield simulate_shards(shards)
    for clicks in CLICKS:
        for seconds in WINDOW_SECONDS:
            yield simulate_aggregation(clicks, seconds)


def simulate_shards(shards: int) -> dict[str, Any]:
    """Return the row of the busiest shard when affiliates are placed at random, as by a hash of their id."""
    weights = [1 / rank**EXPONENT for rank in range(1, AFFILIATES + 1)]
    total, chooser = sum(weights), Random(15)
    shares = []
    for _placement in range(PLACEMENTS):
        loads = [0.0] * shards
        for weight in weights:
            loads[int(chooser.random() * shards)] += weight
        shares.append(max(loads) / total)
    shares.sort()
    return {
        "work": f"{AFFILIATES:,} affiliates on {shards} shards by hash: load of the busiest ÷ the mean",
        "value": shares[len(shares) // 2] * shards,
        "spread": (shares[0] * shards, shares[-1] * shards),
        "speed-up over one": 1 / shares[len(shares) // 2],
    }


def simulate_aggregation(clicks: int, seconds: int) -> dict[str, Any]:
    """Return the row of the rows a day if clicks are added up by link, sub-ID and window, against one row a click.

    In a window, a link with on average m clicks for each value of its sub-ID has a row for it with the probability
    1 - exp(-m).
    """
    weights = [1 / rank**EXPONENT for rank in range(1, LINKS + 1)]
    total, windows = sum(weights), 86_400 / seconds
    rows = windows * SUB_IDS * sum(-math.expm1(-clicks * one / total / windows / SUB_IDS) for one in weights)
    return {
        "work": f"{clicks:,} clicks a day of {LINKS:,} links, added up by {seconds} s: rows ÷ clicks",
        "value": rows / clicks,
    }


def main() -> None:
    for row in simulate_rows():
        print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
