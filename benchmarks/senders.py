"""Shops that send orders: as many connections as asked for, each sending its next body as soon as it is answered.

    python -m benchmarks.senders PORT KEY CONNECTIONS FOLDER

reads the bodies from the folder's files (one request a file: its first line is "METHOD /path", the rest the body), and
prints how long all of them took.
"""

import http.client
import json
import queue
import sys
import threading
import time
from pathlib import Path


def send_requests(port: int, key: str, waiting: "queue.SimpleQueue[bytes]", failed: list[str]) -> None:
    """One connection, until nothing waits."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    headers = {"Authorization": f"Bearer {key}"}
    while True:
        try:
            request = waiting.get_nowait()
        except queue.Empty:
            connection.close()
            return
        head, _, body = request.partition(b"\n")
        method, path = head.decode().split()
        kind = "application/x-ndjson" if method == "POST" else "application/json"
        connection.request(method, path, body, headers | {"Content-Type": kind})
        answer = connection.getresponse()
        content = answer.read()
        if answer.status not in (200, 201) or b'"rejected"' in content:
            failed.append(f"{answer.status}: {content[:300].decode()}")


def main() -> None:
    port, key, connections, folder = sys.argv[1:]
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    for file in sorted(Path(folder).iterdir()):
        waiting.put(file.read_bytes())
    failed: list[str] = []
    threads = [
        threading.Thread(target=send_requests, args=(int(port), key, waiting, failed)) for _ in range(int(connections))
    ]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"seconds": time.perf_counter() - begun, "failed": failed[:3]}))


if __name__ == "__main__":
    main()
