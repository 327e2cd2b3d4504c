"""Run the tests that a change touches: `make quick`, or `BASE=main make quick` for all since a revision.

A test file is run if it changed, or if it imports a module that changed. Templates, styles and mails run the tests of their
app. Slow tests and the real browser are left to `make test`.
"""

import ast
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
MAX_FILES = 40


def list_changed(base: str) -> list[str]:
    """Return the files that differ from `base`, those that git does not track yet included."""
    tracked = _run_git("diff", "--name-only", "--diff-filter=d", base)
    return tracked + _run_git("ls-files", "--others", "--exclude-standard")


def find_tests(changed: Iterable[str], tests: Iterable[Path]) -> list[str]:
    """Return the test files that the changed files touch."""
    modules, folders, chosen = set(), set(), set()
    for name in changed:
        path = Path(name)
        if path.suffix == ".py" and path.name.startswith("test_"):
            chosen.add(name)
        elif path.suffix == ".py":
            modules.add(name.removesuffix("/__init__.py").removesuffix(".py").replace("/", "."))
        elif path.parts[0] == "templates":
            app = path.parts[2] if path.parts[1] == "admin" and len(path.parts) > 3 else path.parts[1]
            folders.add(f"tests/{app}")
    for test in tests:
        if test.parent.as_posix() in folders or modules & _list_imports(ROOT / test):
            chosen.add(test.as_posix())
    return sorted(chosen)


def _list_imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def _run_git(*arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def main() -> int:
    changed = list_changed(os.environ.get("BASE") or "HEAD")
    every = [path.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py") if "faults" not in path.parts]
    chosen = find_tests(changed, every)
    if not chosen:
        print("No test is touched by what changed.")
        return 0
    if len(chosen) > MAX_FILES:
        print(f"{len(chosen)} test files are touched: the first {MAX_FILES} are run, `make test` runs all.")
    marks = "not slow and not browser"
    command = [sys.executable, "-m", "pytest", "-n", "2", "-q", "-m", marks, *chosen[:MAX_FILES]]
    code = subprocess.call(command, cwd=ROOT)
    return 0 if code == 5 else code  # 5: every test of these files is slow


if __name__ == "__main__":
    sys.exit(main())
