"""Where the files of the embedded servers are, and which account the servers run as."""

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
    """A server did not start; the text says why."""


@dataclass(frozen=True)
class Place:
    """The folder of locks and logs, the home of the data, and the account of the servers if it is not the current one.

    PostgreSQL refuses to run as root. For root, both servers run as the folder's owner or, if that is also root, as the
    account "nobody". If that account cannot reach the folder, the data is kept outside of the checkout.
    """

    folder: Path
    home: Path
    account: pwd.struct_passwd | None

    @classmethod
    def for_folder(cls, folder: Path) -> "Place":
        """Return the place for this folder, which is the same for all processes of a user."""
        if os.geteuid() != 0:
            return cls(folder, folder, None)
        if owner := folder.stat().st_uid:
            return cls(folder, folder, pwd.getpwuid(owner))
        return cls(folder, folder if is_open_to_all(folder) else get_outside_home(folder), pwd.getpwnam("nobody"))

    def make(self) -> None:
        """Create the home and the password of both servers."""
        self.home.mkdir(mode=0o711, exist_ok=True)
        # Outside of the checkout another user may have created a folder of this name.
        if self.home.is_symlink() or self.home.stat().st_uid != self.folder.stat().st_uid:
            raise CannotStartError(f"{self.home} belongs to another user: please remove it")
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
        """Return the arguments of `subprocess` for a child that runs as the servers' account."""
        return {"user": self.account.pw_uid, "group": self.account.pw_gid, "extra_groups": []} if self.account else {}

    def find_package(self, name: str) -> Path:
        """Return the folder of an installed package, or of a copy if the servers' account cannot read the package."""
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
        # The binaries load libraries from a folder beside the package.
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.exists():
                shutil.copytree(part, unfinished / part.name, ignore=skip)
        for path in (unfinished, *unfinished.rglob("*")):
            self.set_owner(path)
        unfinished.rename(copy)


def is_open_to_all(folder: Path) -> bool:
    """Return whether every account may enter this folder and all its parents."""
    path = folder.resolve()
    return all(step.stat().st_mode & 0o001 for step in (path, *path.parents))


def get_outside_home(folder: Path) -> Path:
    """Return the home outside of the checkout, for root with a checkout that is closed to other accounts."""
    # /var/tmp survives a reboot.
    shared = Path("/var/tmp")  # noqa: S108 -- Place.make rejects folders of other users
    return (shared if shared.is_dir() else Path(tempfile.gettempdir())) / f"accord-{hash_path(folder)[:16]}"


def hash_path(folder: Path) -> str:
    """Return a hexadecimal digest of the folder's path."""
    return hashlib.sha256(bytes(folder)).hexdigest()
