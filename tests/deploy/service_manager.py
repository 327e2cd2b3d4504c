"""What systemd does for the units of deploy/systemd, as far as the guide needs it: a stand-in for tests.

It reads the unit files, keeps sockets open, starts ExecStart, waits for READY=1, restarts and stops. It knows nothing of
hardening, timers and dependencies, and runs everything as one user.
"""

import os
import re
import signal
import socket
import subprocess
from collections.abc import Callable
from configparser import ConfigParser
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

START_SECONDS = 120
STOP_SECONDS = 60
# Passes the socket as descriptor 3, with the process's own id.
WITH_SOCKET = 'exec 3<&"$1"; shift; LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"'


class ServiceManager:
    def __init__(self, units: Path, folder: Path, environment: dict[str, str], user: dict[str, int]) -> None:
        """`units` has the unit files; `user` holds the arguments of Popen that name the account."""
        self.units, self.folder, self.environment, self.user = units, folder, environment, user
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.sockets: dict[str, socket.socket] = {}
        # Units of other packages: what happens on each verb.
        self.others: dict[str, Callable[[str], None]] = {}

    def systemctl(self, *arguments: str) -> None:
        """Do what `systemctl ARGUMENTS` does. Raises AssertionError with the log if a unit does not start."""
        verb, *rest = [argument for argument in arguments if not argument.startswith("-")]
        for name in rest:
            if name in self.others:
                self.others[name](verb)
            elif verb in ("start", "enable"):
                self.start(name)
            elif verb == "restart":
                self.stop(name)
                self.start(name)
            else:
                assert verb == "stop", arguments
                self.stop(name)

    def read_unit(self, name: str) -> ConfigParser:
        file = name if re.search(r"\.(socket|timer)$", name) else f"{name}.service"
        unit = ConfigParser(interpolation=None, strict=False)
        unit.optionxform = str  # type: ignore[assignment, method-assign]
        assert unit.read(self.units / re.sub(r"@[^.]*", "@", file)), name
        return unit

    def start(self, name: str) -> None:
        unit = self.read_unit(name)
        if name.endswith(".socket"):
            self._listen(name, unit["Socket"]["ListenStream"])
        elif not name.endswith(".timer") and name not in self.processes:
            self._start_service(name, unit["Service"])

    def stop(self, name: str) -> None:
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        finally:
            _kill_group(process)

    def stop_all(self) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(20)
            _kill_group(process)
        for opened in self.sockets.values():
            opened.close()

    def read_log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def _listen(self, name: str, address: str) -> None:
        host, _, port = address.rpartition(":")
        opened = socket.socket()
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((host, int(port)))
        opened.listen(4096)
        self.sockets[name] = opened

    def _start_service(self, name: str, service: Any) -> None:
        command = service["ExecStart"].split()
        environment = dict(self.environment)
        if file := service.get("EnvironmentFile"):
            environment |= dict(line.split("=", 1) for line in Path(file).read_text().splitlines() if line)
        passed: tuple[int, ...] = ()
        if "Sockets" in service:
            passed = (self.sockets[service["Sockets"]].fileno(),)
            command = ["/bin/bash", "-c", WITH_SOCKET, "bash", str(passed[0]), *command]
        with _Notifications(self.folder / f"{name}.notify") as notifications:
            if service.get("Type") == "notify":
                environment["NOTIFY_SOCKET"] = str(notifications.path)
            with (self.folder / f"{name}.log").open("ab") as log:
                process = subprocess.Popen(
                    command,
                    cwd=service.get("WorkingDirectory", "/"),
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=passed,
                    start_new_session=True,
                    **self.user,
                )
            if service.get("Type") == "oneshot":
                assert process.wait() == 0, f"{name} failed:\n{self.read_log(name)}"
                return
            self.processes[name] = process
            if service.get("Type") == "notify":
                assert notifications.wait(process), f"{name} did not get ready:\n{self.read_log(name)}"


class _Notifications:
    """The socket to which a service reports that it is ready."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Self:
        self.path.unlink(missing_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.path.chmod(0o777)
        return self

    def __exit__(self, *_error: object) -> None:
        self.socket.close()
        self.path.unlink()

    def wait(self, process: subprocess.Popen[bytes]) -> bool:
        self.socket.settimeout(0.5)
        for _ in range(START_SECONDS * 2):
            try:
                return self.socket.recv(100) == b"READY=1"
            except TimeoutError:
                if process.poll() is not None:
                    return False
        return False


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
