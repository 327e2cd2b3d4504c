"""Documentation names what exists: files, sections of the specification, and the architecture as it is enforced."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [*(ROOT / "docs").glob("*.md"), *(ROOT / "docs/adr").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
SPECIFICATION = ROOT / "docs/specification.md"
ARCHITECTURE = ROOT / "docs/architecture.md"
CITATION = re.compile(r"\bspecification,? (?:section )?(\d+)")
# Documents outside the repository that were cited once.
FOREIGN = re.compile(r"\b(?:CONTRACT|DESIGN|PERFORMANCE|RELIABILITY|PLATFORMS|WORDS)(?:\.md\b| \d|,? section)")
PATH = re.compile(r"`((?:[a-z_]+/)+[a-z0-9_]*(?:\.[a-z]+)?/?)`")
PICTURE = re.compile(r"(<!-- picture -->\n).*?(<!-- end of picture -->)", re.DOTALL)
# Named in general, or before they are built.
PLANNED = {"shops/connectors/", "models/"}


def list_texts() -> list[tuple[str, str]]:
    names = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\n")
    texts = []
    for name in names:
        path = ROOT / name
        if path.suffix in {".py", ".html", ".txt", ".md", ".toml", ".js", ".css"} and path.is_file():
            texts.append((name, path.read_text()))
    return texts


def test_every_cited_section_of_the_specification_exists() -> None:
    sections = set(re.findall(r"^## (\d+)\.", SPECIFICATION.read_text(), re.MULTILINE))
    assert sections == {str(number) for number in range(1, 14)}
    missing = [
        (name, section) for name, text in list_texts() for section in CITATION.findall(text) if section not in sections
    ]
    assert missing == []


def test_no_document_outside_the_repository_is_cited() -> None:
    assert [
        (name, match[0])
        for name, text in list_texts()
        if name != "tests/test_docs.py"
        for match in FOREIGN.finditer(text)
    ] == []


@pytest.mark.parametrize("document", PAGES, ids=lambda path: path.name)
def test_documentation_names_only_files_that_exist(document: Path) -> None:
    named = set(PATH.findall(document.read_text())) - PLANNED
    bases = (ROOT, *(ROOT / folder for folder in ("docs", "payouts/disbursement")))
    assert [path for path in sorted(named) if not any((base / path).exists() for base in bases)] == []


@pytest.mark.parametrize("document", PAGES, ids=lambda path: path.name)
def test_links_of_documentation_lead_to_files(document: Path) -> None:
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text())]
    local = [target for target in targets if target and "://" not in target and not target.startswith("mailto:")]
    assert [target for target in local if not (document.parent / target).exists()] == []


def draw_layers() -> str:
    """Return the import contracts as a picture: the apps, and beside some of them the order of their packages."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    apps, *inside = contracts
    packages = {contract["containers"][0]: contract["layers"] for contract in inside}
    lines = []
    for layer in apps["layers"]:
        names = layer.split(" | ")
        lines.append(f"    {'  |  '.join(names)}")
        lines += [f"        {name}: {' > '.join(packages[name])}" for name in names if name in packages]
    return "\n".join(["```text", *lines, "```", ""])


def test_architecture_shows_the_contracts_that_are_enforced() -> None:
    text = ARCHITECTURE.read_text()
    expected = PICTURE.sub(lambda match: match[1] + draw_layers() + match[2], text)
    if os.environ.get("UPDATE_DOCS"):
        ARCHITECTURE.write_text(expected)
    assert ARCHITECTURE.read_text() == expected, "run `make docs`"
