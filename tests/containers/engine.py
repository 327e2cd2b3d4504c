"""Builds the image with buildah and runs it with podman, in storage of their own.

Where there is no registry, a base image of the same name is made by debootstrap. Containers use the network of the
machine, because a bridge needs rights that a test may not have; their process ids and file systems are their own.
"""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
TOOLS = ("buildah", "podman", "runc", "debootstrap")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
PIP_SETTINGS = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST")
IMAGE = "localhost/accord:test"
STATE = "accord-state:/var/lib/accord"
# Its complaint that there is no systemd to repeat health checks is no error here.
PODMAN = ("--runtime", "runc", "--cgroup-manager", "cgroupfs", "--log-level", "fatal")
# Podman raises the limits of processes otherwise, which needs a right.
LIMITS = ("--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096")
# As compose.yaml says for every role.
HARDENING = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "all", "--security-opt", "no-new-privileges")


def list_missing_tools() -> list[str]:
    return [tool for tool in TOOLS if not shutil.which(tool)]


class Engine:
    """Images and containers below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._storage = ["--root", str(folder / "storage"), "--runroot", str(folder / "run")]
        [self._base] = re.findall(r"^FROM (\S+) AS base$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)

    def build(self) -> None:
        """Build the image of the Dockerfile as docs/containers.md says."""
        options = ["--isolation", "chroot", "--format", "docker", "--pull-never", "--tag", IMAGE]
        if CERTIFICATES.exists():
            options += ["--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro", "--build-arg", f"PIP_CERT={CERTIFICATES}"]
        for name in PIP_SETTINGS:
            if name in os.environ:
                options += ["--build-arg", name]
        self._buildah("build", *options, str(ROOT))

    @property
    def base_size(self) -> int:
        """Return the size of the base image in bytes."""
        return int(self._inspect_image(self._base)["Size"])

    def inspect_image(self) -> dict[str, Any]:
        return self._inspect_image(IMAGE)

    def _inspect_image(self, name: str) -> dict[str, Any]:
        return json.loads(self.podman("image", "inspect", name))[0]

    def inspect(self, container: str) -> dict[str, Any]:
        return json.loads(self.podman("container", "inspect", container))[0]

    def start(self, role: str, variables: dict[str, str]) -> str:
        """Start a container of the role and return its name."""
        self.podman("run", "--detach", "--name", role, *self._options(variables), IMAGE, role)
        return role

    def run(self, *command: str, variables: dict[str, str], status: int = 0, entrypoint: str = "") -> str:
        """Run a container to its end, which must have this exit status. Return what it printed."""
        options = [*self._options(variables), *(["--entrypoint", entrypoint] if entrypoint else [])]
        return self.podman("run", "--rm", *options, IMAGE, *command, status=status)

    def logs(self, container: str) -> str:
        return self.podman("logs", "--tail", "30", container)

    def is_healthy(self, container: str) -> bool:
        """Run the HEALTHCHECK of the image in the container."""
        command = ["podman", *self._storage, *PODMAN, "healthcheck", "run", container]
        return (
            subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0
        )

    def execute(self, container: str, *command: str, status: int = 0) -> str:
        return self.podman("exec", container, *command, status=status)

    def podman(self, *arguments: str, status: int = 0) -> str:
        return run(["podman", *self._storage, *PODMAN, *arguments], status=status)

    def remove(self) -> None:
        """Stop all containers, which unmounts their file systems, and delete everything."""
        self.podman("rm", "--all", "--force", "--time", "5")
        self._buildah("rm", "--all")
        shutil.rmtree(self._folder)

    def _options(self, variables: dict[str, str]) -> list[str]:
        environment = [f"--env={name}={value}" for name, value in variables.items()]
        return ["--network", "host", *LIMITS, *HARDENING, "--volume", STATE, *environment]

    def _buildah(self, *arguments: str) -> str:
        return run(["buildah", *self._storage, *arguments])

    def make_base(self) -> None:
        """Make an image with Debian and its Python under the name of the base image."""
        tree = self._folder / "base"
        suite = self._base.rpartition("-")[2]
        run(["debootstrap", "--variant=minbase", "--include=python3,python3-venv,ca-certificates", suite, str(tree)])
        # As the published image does.
        for path in ("var/cache/apt/archives", "var/lib/apt/lists"):
            shutil.rmtree(tree / path)
        container = self._buildah("from", "scratch").strip()
        self._buildah("add", "--quiet", container, str(tree), "/")
        self._buildah("commit", "--quiet", container, self._base)
        self._buildah("rm", container)
        shutil.rmtree(tree)


def run(command: list[str], status: int = 0, environment: dict[str, str] | None = None) -> str:
    """Run a command, which must end with this status. Return its output, with errors."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, text=True, check=False
    )
    assert done.returncode == status, f"{' '.join(command)}: status {done.returncode}\n{done.stdout[-4000:]}"
    return done.stdout


@contextmanager
def measure(seconds: dict[str, float], name: str) -> Iterator[None]:
    """Store how long the block took."""
    started = time.monotonic()
    yield
    seconds[name] = time.monotonic() - started
