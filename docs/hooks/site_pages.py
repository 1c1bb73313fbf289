"""Pages that are made from the code when the site is built, so that they cannot go stale."""

from pathlib import Path

from angle_page import angle_page
from command_page import command_page
from error_page import error_page
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from readme_page import readme_page
from trial_page import trial_page

ROOT = Path(__file__).resolve().parents[2]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages to those that were written."""
    pages = {
        "commands.md": command_page(),
        "errors.md": error_page(ROOT),
        "angles.md": angle_page(),
        "session.md": readme_page(ROOT, "A session folder", "session.toml"),
        "trial_file.md": trial_page(ROOT),
        "datasets.md": readme_page(ROOT, "Datasets for learning", "Datasets for learning"),
        "benchmark.md": readme_page(ROOT, "A blinded benchmark", "A blinded benchmark"),
        "privacy.md": readme_page(ROOT, "Privacy", "Privacy"),
    }
    for name, content in pages.items():
        files.append(File.generated(config, name, content=content))
    return files
