"""The probes of the worker: its metrics, if WORKER_METRICS_ADDRESS says where to serve them."""

import logging
import threading
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

from celery.signals import worker_ready

from config.observability import WORKER_METRICS_ADDRESS
from lib.celery_signals import connect
from lib.early_responses import wrap_wsgi
from portal.monitoring import probes

log = logging.getLogger(__name__)


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Handler(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Log nothing: probes come every few seconds."""


def not_found(_environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """Answer 404 to everything that is no probe."""
    start_response("404 Not Found", [("Content-Length", "0")])
    return []


def serve(address: str) -> Server:
    """Serve the probes in a thread. Raises OSError if the address cannot be used."""
    host, _, port = address.rpartition(":")
    application = wrap_wsgi(not_found, probes.is_probe_path, probes.serve)
    server = make_server(host.strip("[]"), int(port), application, server_class=Server, handler_class=Handler)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server


@connect(worker_ready)
def _serve_worker(**_kwargs: Any) -> None:
    if not WORKER_METRICS_ADDRESS:
        return
    try:
        serve(WORKER_METRICS_ADDRESS)
    except (OSError, OverflowError) as error:
        log.error("WORKER_METRICS_ADDRESS cannot be used: %s", error)  # noqa: TRY400 -- needs no traceback
