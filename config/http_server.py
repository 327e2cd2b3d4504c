"""granian, with three things that it lacks: a socket of the service manager, a stop at any moment, and late responses.

The service manager (systemd, docs/deploy.md) keeps the socket open while a process restarts, and several processes
share it. A connection waits in its queue until one of them accepts it. A socket of granian's own would be closed
together with the connections in its queue.

granian calls a WSGI application in a thread and takes what it returns as the response. But a redirect waits for its click
to be stored, and threads that wait cost more than the redirect itself. So an application may also answer later.
"""

import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from granian import cli, wsgi
from granian._granian import SocketHolder
from granian._internal import load_target
from granian.server import MPServer, mp

FIRST_DESCRIPTOR = 3  # as sd_listen_fds(3) says


def has_socket() -> bool:
    """Return whether the service manager passed one socket to this process."""
    return os.environ.get("LISTEN_PID") == str(os.getpid()) and os.environ.get("LISTEN_FDS") == "1"


class Server(MPServer):
    """A granian server that listens on the inherited socket, if there is one, and reports when it is ready."""

    def _init_shared_socket(self) -> None:
        """Replace the one method of granian that opens a socket."""
        if not has_socket():
            super()._init_shared_socket()  # type: ignore[no-untyped-call]
            return
        holder: Any = SocketHolder  # its stub has no arguments
        listener = socket.socket(fileno=FIRST_DESCRIPTOR)
        listener.set_inheritable(True)
        shared = holder(FIRST_DESCRIPTOR, False, self.backlog)
        vars(self).update(_sfd=FIRST_DESCRIPTOR, _ssp=None, _shd=shared, _sso=listener)

    def serve(
        self,
        spawn_target: Callable[..., None] | None = None,
        target_loader: Callable[..., Callable[..., Any]] | None = None,
        wrap_loader: bool = True,
    ) -> None:
        super().serve(spawn_target, target_loader or load_and_notify, wrap_loader)


def wrap_application(application: Any, *arguments: Any) -> Callable[[Any, dict[str, Any]], Any]:
    """Return what a worker calls for each request.

    The application may have a function `respond_later`, which gets the request and the function that sends a response.
    If it returns False, the application is called.
    """
    run: Callable[[Any, dict[str, Any]], Any] = wsgi._callback_wrapper(application, *arguments)
    respond_later = getattr(application, "respond_later", None)
    if respond_later is None:
        return run

    def handle(protocol: Any, environ: dict[str, Any]) -> Any:
        if not respond_later(environ, protocol.response_bytes):
            run(protocol, environ)

    return handle


# In the worker too, which imports this module if it is not forked.
mp._wsgi_call_wrap = wrap_application  # type: ignore[attr-defined,assignment]


def load_and_notify(target: str) -> Any:
    """Load the application in a worker and report that it is ready."""
    # The worker inherits the handler of its parent, which would swallow a stop until granian sets its own.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    application = load_target(target)
    notify_ready()
    return application


def notify_ready() -> None:
    """Send READY=1 to the service manager, as sd_notify(3) does."""
    if address := os.environ.get("NOTIFY_SOCKET", ""):
        # A worker serves also if no one listens for this.
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
            manager.sendto(b"READY=1", f"\0{address[1:]}" if address.startswith("@") else address)


if __name__ == "__main__":
    cli.Server = Server  # type: ignore[attr-defined]  # imported there
    cli.entrypoint()  # type: ignore[no-untyped-call]
