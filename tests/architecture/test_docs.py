"""The risk table names tests; they must exist."""

import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def test_every_test_named_in_the_risk_table_exists():
    named = set(re.findall(r"`(test_\w+|tests/[\w/]+\.py)`", (PROJECT / "docs" / "risk.md").read_text(encoding="utf8")))
    sources = [path.read_text(encoding="utf8") for path in (PROJECT / "tests").rglob("test_*.py")]
    functions = {name for source in sources for name in re.findall(r"^def (test_\w+)", source, re.MULTILINE)}
    missing = {
        name for name in named if name not in functions and not (name.endswith(".py") and (PROJECT / name).is_file())
    }
    assert missing == set()


def test_links_between_documents_lead_somewhere():
    pages = [PROJECT / "README.md", *(PROJECT / "docs").rglob("*.md"), *PROJECT.glob("[a-z]*/README.md")]
    broken = {
        f"{page.relative_to(PROJECT)}: {link}"
        for page in pages
        for link in re.findall(r"\]\(([^)#:]+)[^)]*\)", page.read_text(encoding="utf8"))
        if not (page.parent / link).exists()
    }
    assert broken == set()
