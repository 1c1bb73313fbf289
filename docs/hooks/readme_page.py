"""Pages that are sections of the README, which stays the one place where they are written."""

import re
from pathlib import Path


def readme_page(root: Path, heading: str, title: str) -> str:
    """The section under a heading of second order, with a title of its own."""
    text = (root / "README.md").read_text(encoding="utf-8")
    (section,) = re.findall(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    return f"# {title}\n{section}"
