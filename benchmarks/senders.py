"""Send order requests over several connections, each sending its next request as soon as it has a response.

    python -m benchmarks.senders PORT KEY CONNECTIONS FOLDER CONTENT_TYPE

Each file of the folder is a request: the first line is "METHOD /path", the rest is the body. Prints as JSON how long
all of them took and the first failures.
"""

import http.client
import json
import queue
import sys
import threading
import time
from pathlib import Path


def send_requests(port: int, key: str, requests: "queue.SimpleQueue[bytes]", failed: list[str], given: str) -> None:
    """Send requests from the queue over one connection until it is empty."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    while True:
        try:
            request = requests.get_nowait()
        except queue.Empty:
            connection.close()
            return
        head, _, body = request.partition(b"\n")
        method, path = head.decode().split()
        kind = given or ("application/x-ndjson" if method == "POST" else "application/json")
        connection.request(method, path, body, headers | {"Content-Type": kind})
        response = connection.getresponse()
        content = response.read()
        if response.status not in (200, 201) or b'"rejected"' in content:
            failed.append(f"{response.status}: {content[:300].decode()}")


def main() -> None:
    port, key, connections, folder, kind = sys.argv[1:]
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    for file in sorted(Path(folder).iterdir()):
        requests.put(file.read_bytes())
    failed: list[str] = []
    threads = [
        threading.Thread(target=send_requests, args=(int(port), key, requests, failed, kind))
        for _ in range(int(connections))
    ]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps({"seconds": time.perf_counter() - started, "failed": failed[:3]}))


if __name__ == "__main__":
    main()
