"""nginx in front of the nodes, with the configuration of deploy/nginx."""

import re
import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.server import HERE, find_free_port, wait_for

PROGRAM = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
EXAMPLE = HERE / "deploy" / "nginx" / "accord.conf"
# The ports of the example, which are replaced by those of the nodes.
WEB_PORT, CLICK_PORT = 8000, 8001
FRAME = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log error;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{servers}
}}
"""


class Balancer:
    def __init__(self, folder: Path) -> None:
        self.folder, self.port, self._other_port = folder, find_free_port(), find_free_port()
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir()

    def start(self, *, web: Sequence[int], click: Sequence[int]) -> None:
        assert PROGRAM, "nginx is not installed"
        self._write_configuration(web, click)
        self._process = subprocess.Popen([PROGRAM, "-c", str(self.folder / "nginx.conf")], stderr=subprocess.DEVNULL)
        wait_for(self.port)

    def route(self, *, web: Sequence[int], click: Sequence[int]) -> None:
        """Send requests to these nodes from now on."""
        self._write_configuration(web, click)
        assert self._process
        self._process.send_signal(signal.SIGHUP)

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait()

    def read_errors(self) -> list[str]:
        return (self.folder / "nginx.log").read_text(errors="replace").splitlines()

    def _write_configuration(self, web: Sequence[int], click: Sequence[int]) -> None:
        text = EXAMPLE.read_text(encoding="utf-8")
        for port, nodes in ((WEB_PORT, web), (CLICK_PORT, click)):
            text, found = re.subn(rf"( *)server 127\.0\.0\.1:{port}[^;]*;", _list_nodes(nodes), text)
            assert found, f"{EXAMPLE} names no server on port {port}"
        # The load generator speaks HTTP: TLS would measure the generator.
        text = re.sub(r" *(ssl_|http2|listen \[)[^;]*;\n", "", text)
        text = re.sub(r"listen 443[^;]*;", f"listen 127.0.0.1:{self.port};", text)
        text = re.sub(r"listen 80[^;]*;", f"listen 127.0.0.1:{self._other_port};", text)
        text = text.replace("$scheme", "https").replace("affiliates.example.com", "_")
        (self.folder / "nginx.conf").write_text(FRAME.format(folder=self.folder, servers=text))


def _list_nodes(ports: Sequence[int]) -> str:
    return "\n".join(f"    server 127.0.0.1:{port} max_fails=1 fail_timeout=2s;" for port in ports)
