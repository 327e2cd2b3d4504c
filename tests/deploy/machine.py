"""A machine for the commands of docs/deploy.md, in one folder and as one user that is not root.

Paths and ports of the commands and files are replaced by ones in the folder. Commands that change the machine (sudo,
apt-get, adduser, systemctl, certbot and a few others) are replaced by small scripts; everything else is real.
"""

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.deploy.service_manager import ServiceManager
from tests.deploy.shims import NGINX, SHIMS
from tests.free_ports import find_free_port

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs/deploy.md"
POSTGRES = Path("/usr/lib/postgresql")
PATHS = (
    "/opt/accord",
    "/etc/accord",
    "/etc/systemd/system",
    "/etc/nginx",
    "/etc/pgbouncer",
    "/etc/letsencrypt",
    "/var/lib/accord",
)


def find_missing_programs() -> list[str]:
    """Return the servers that this machine lacks."""
    missing = [name for name in ("nginx", "redis-server", "openssl", "curl", "git") if not shutil.which(name)]
    return missing if list(POSTGRES.glob("*/bin/initdb")) else [*missing, "postgresql"]


def read_blocks() -> list[str]:
    """Return the command blocks of the guide, in order."""
    return re.findall(r"(?ms)^```sh\n(.*?)^```", GUIDE.read_text(encoding="utf-8"))


class Shell:
    """One shell for many scripts, which keeps its variables. A command that fails ends it."""

    def __init__(self, machine: "Machine") -> None:
        self.machine, self.output = machine, machine.folder / "shell.output"
        self.process = subprocess.Popen(
            ["/bin/bash", "-euo", "pipefail"],
            cwd=machine.folder,
            env=machine.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            **machine.user,
        )

    def close(self) -> None:
        self.process.communicate()

    def run(self, script: str, given: str = "") -> str:
        """Run a script with `given` as its input. Return its output."""
        assert self.process.stdin
        assert self.process.stdout
        (self.machine.folder / "shell.script").write_text(self.machine.replace(script))
        (self.machine.folder / "shell.input").write_text(given)
        self.output.unlink(missing_ok=True)
        self.process.stdin.write("source shell.script <shell.input >shell.output 2>&1; echo done\n")
        self.process.stdin.flush()
        is_done = self.process.stdout.readline()
        assert is_done, f"{script}\nfailed:\n{self.output.read_text(errors='replace')}"
        return self.output.read_text(errors="replace")


class Machine:
    def __init__(self, folder: Path, user: dict[str, Any]) -> None:
        self.folder, self.user = folder, user
        self.postgres, self.redis, self.web, self.click, self.http, self.https, self.pooler = (
            find_free_port() for _ in range(7)
        )
        self.programs = max(POSTGRES.glob("*/bin"))
        self.servers: list[subprocess.Popen[bytes]] = []
        self.environment = {
            "PATH": f"{folder}/shims:{self.programs}:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "PYTHONWARNINGS": "ignore",
            "MACHINE": str(folder),
            "SOURCE": str(ROOT),
            "PGHOST": str(folder),
            "PGPORT": str(self.postgres),
            "PGUSER": "postgres",
            "SITE_PACKAGES": next(path for path in sys.path if path.endswith("site-packages")),
            "PYTHON": "/usr/bin/python3" if user else os.path.realpath(sys.executable),
            "CONNECT": f"affiliates.example.com:443:127.0.0.1:{self.https}",
        }
        self.manager = ServiceManager(folder / "etc/systemd/system", folder, self.environment, user)
        self.manager.others |= {"nginx": self.run_nginx, "pgbouncer": self.run_pgbouncer}

    def list_replacements(self) -> list[tuple[str, str]]:
        """Return regular expressions and what replaces them: the paths and ports of this machine."""
        ports = {5432: self.postgres, 6379: self.redis, 6432: self.pooler, 8000: self.web, 8001: self.click}
        return [
            *((path, f"{self.folder}{path}") for path in PATHS),
            *((f"127.0.0.1:{port}", f"127.0.0.1:{new}") for port, new in ports.items()),
            ("port=5432", f"port={self.postgres}"),
            ("listen_port = 6432", f"listen_port = {self.pooler}"),
            (r"listen \[::\][^;]*;", ""),
            ("listen 80;", f"listen {self.http};"),
            ("listen 443 ", f"listen {self.https} "),
        ]

    def replace(self, text: str) -> str:
        for old, new in self.list_replacements():
            text = re.sub(old, new, text)
        return text

    def run(self, script: str, given: str = "") -> str:
        """Run a script with bash as the user and return its output."""
        done = subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", self.replace(script)],
            cwd=self.folder,
            env=self.environment,
            input=given,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            **self.user,
        )
        assert done.returncode == 0, f"{script}\nended with {done.returncode}:\n{done.stdout}"
        return done.stdout

    def manage(self, *arguments: str, given: str = "") -> str:
        return self.run(" ".join(["/opt/accord/.venv/bin/python", "/opt/accord/manage.py", *arguments]), given)

    def start(self) -> None:
        """Start what Debian's packages start: PostgreSQL and Redis, and the shims."""
        for path in (
            "shims",
            "etc/systemd/system",
            "etc/nginx/conf.d",
            "etc/pgbouncer",
            "var/lib/accord",
            "var/lib/accord-backup",
            "opt",
        ):
            (self.folder / path).mkdir(parents=True, exist_ok=True)
        for name, text in SHIMS.items():
            (self.folder / "shims" / name).write_text(f"#!/bin/bash\nset -eu\n{text}")
            (self.folder / "shims" / name).chmod(0o755)
        (self.folder / "etc/nginx/nginx.conf").write_text(NGINX.replace("MACHINE", str(self.folder)))
        rules = "".join(f"s|{old}|{new}|g\n" for old, new in self.list_replacements())
        (self.folder / "shims/replace.sed").write_text(rules)
        if self.user:
            for made in (self.folder, *self.folder.rglob("*")):
                os.chown(made, self.user["user"], self.user["group"])
        self.run("initdb --pgdata data --username postgres --auth-local trust --auth-host scram-sha-256 >initdb.log")
        self._serve("postgres", "-D", "data", "-k", str(self.folder), "-h", "127.0.0.1", "-p", str(self.postgres), "-F")
        self._serve("redis-server", "--port", str(self.redis), "--save", "", "--bind", "127.0.0.1")
        threading.Thread(target=self._answer_shims, daemon=True).start()
        self.run("until pg_isready --quiet; do sleep 0.1; done")

    def stop(self) -> None:
        self.manager.stop_all()
        while self.servers:
            self._end(self.servers.pop())

    @contextmanager
    def serving(self, *command: str) -> Iterator[None]:
        """Run one more server for a while."""
        self._serve(*command)
        try:
            yield
        finally:
            self._end(self.servers.pop())

    @staticmethod
    def _end(process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def run_nginx(self, verb: str) -> None:
        """Start nginx with the installed site, which its package does."""
        if verb == "reload":
            self._serve("nginx", "-p", str(self.folder), "-c", "etc/nginx/nginx.conf", "-g", "daemon off;")
            self.run("until curl --silent --output /dev/null https://affiliates.example.com/r/; do sleep 0.1; done")

    def run_pgbouncer(self, verb: str) -> None:
        """Start pgbouncer with the configuration of the guide."""
        if verb == "restart":
            self._serve("pgbouncer", f"{self.folder}/etc/pgbouncer/pgbouncer.ini")
            self.run(f"until pg_isready --quiet --host 127.0.0.1 --port {self.pooler}; do sleep 0.1; done")

    def _serve(self, *command: str) -> None:
        with (self.folder / f"{command[0]}.log").open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                **self.user,
            )
        self.servers.append(process)

    def _answer_shims(self) -> None:
        """Carry out the systemctl commands of scripts."""
        path = self.folder / "systemctl.socket"
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
            path.chmod(0o777)
            server.listen()
            while True:
                client, _ = server.accept()
                with client:
                    arguments = client.recv(1000).decode().split()
                    try:
                        self.manager.systemctl(*arguments)
                        client.sendall(b"0\n")
                    except Exception as error:  # noqa: BLE001 -- the script shows it
                        client.sendall(f"1\n{error}".encode())


@contextmanager
def run_machine() -> Iterator[Machine]:
    """Run a machine in a temporary folder, as "nobody" if the tests run as root."""
    account = pwd.getpwnam("nobody")
    user: dict[str, Any] = {} if os.geteuid() else {"user": account.pw_uid, "group": account.pw_gid}
    with tempfile.TemporaryDirectory(prefix="accord-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        machine = Machine(folder, user)
        try:
            machine.start()
            yield machine
        finally:
            machine.stop()
