"""The trial file: what stands in each group, and how it is written."""

from pathlib import Path

from readme_page import readme_page

_GROUPS = Path(__file__).with_name("trial_groups.md")


def trial_page(root: Path) -> str:
    """What the README says of the file, and the table of its groups."""
    return readme_page(root, "The trial file", "The trial file") + "\n" + _GROUPS.read_text(encoding="utf-8")
