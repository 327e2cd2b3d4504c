"""A load generator of our own: as many connections as asked for, each asking again as soon as it is answered."""

import asyncio
import json
import sys
import time

HEADERS = "Host: bench\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n"


async def visitor(port: int, path: str, until: float, found: list[float], locations: list[str] | None) -> None:
    """One connection, until the time is up or the server is gone."""
    request = f"GET {path} HTTP/1.1\r\n{HEADERS}\r\n".encode()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while (begun := time.perf_counter()) < until:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 302"), head
            found.append(time.perf_counter() - begun)
            if locations is not None:
                locations.append(head.partition(b"ocation: ")[2].partition(b"\r")[0].decode())
        writer.close()
    except (OSError, asyncio.IncompleteReadError):
        return


async def load(port: int, path: str, connections: int, seconds: float, keep: bool) -> dict[str, object]:
    found: list[float] = []
    locations: list[str] | None = [] if keep else None
    until = time.perf_counter() + seconds
    await asyncio.gather(*(visitor(port, path, until, found, locations) for _ in range(connections)))
    found.sort()
    return {
        "rate": len(found) / seconds,
        "p99": found[len(found) * 99 // 100] if found else None,
        "worst": found[-1] if found else None,
        "locations": locations or [],
    }


if __name__ == "__main__":
    port, path, connections, seconds, keep = sys.argv[1:]
    print(json.dumps(asyncio.run(load(int(port), path, int(connections), float(seconds), keep == "keep"))))
