"""The documentation builds without a warning, its links lead somewhere, and it tells of all that is there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from mocap.cli.application import app
from mocap.kinematics.definitions import LEG_WORDS, TRUNK_WORDS
from tests.docs.site import PAGES, ROOT, Links, broken_links, shown_commands


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("site")
    # Material tells of the next major version of MkDocs on every build; this one is held below it.
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default"}
    line = [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-f", "docs/mkdocs.yml", "-d", str(built)]
    done = subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return built


def test_every_link_leads_somewhere_and_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    assert broken_links(site) == []
    assert len(list(site.rglob("*.html"))) > 10


def test_broken_links_are_found(tmp_path: Path) -> None:
    (tmp_path / "b.html").write_text('<h1 id="here"></h1>')
    (tmp_path / "a.html").write_text(
        '<a href="b.html#here"></a><a href="b.html#gone"></a><a href="c.html"></a><a href="https://x.org"></a>'
        '<a href="https:"></a><script src="https://cdn.org/a.js"></script>'
    )
    told = broken_links(tmp_path)
    assert len(told) == 4 and not any("#here" in line or "x.org" in line for line in told)


def codes_in_source() -> set[str]:
    """By the letters of the source alone, so as not to ask the catalogue for itself."""
    files = [path for top in ("mocap", "calibration") for path in (ROOT / top).rglob("*.py")]
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    by_name = re.findall(r'\bcode=["\']([A-Z][A-Z0-9_]+)["\']', text)
    found = re.findall(r'\b(?:Finding|_Meaning)\((?:\s*r"[^"]*",)?\s*"([A-Z][A-Z0-9_]+)"', text)
    by_place = re.findall(r'Error\([^()]*["\']([A-Z][A-Z0-9_]+)["\'],?\s*\)', text)
    return {*by_name, *by_place, *found}


def test_every_code_stands_in_the_catalogue(site: Path) -> None:
    codes, anchors = codes_in_source(), Links((site / "errors.html").read_text(encoding="utf-8")).anchors
    assert len(codes) > 300
    assert sorted(codes - anchors) == []


def test_every_command_and_angle_has_its_place(site: Path) -> None:
    anchors = Links((site / "commands.html").read_text(encoding="utf-8")).anchors
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    assert {f"mocap-{name}" for name in commands} <= anchors
    angles = (site / "angles.html").read_text(encoding="utf-8")
    assert [name for name in (*TRUNK_WORDS, *LEG_WORDS) if f"<code>{name}</code>" not in angles] == []


def complaint(words: list[str]) -> str:
    """What the command line says against a line, or nothing."""
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    if words[1] in ("--help", "--version"):
        return ""
    if words[1] not in commands:
        return f"no command {words[1]}"
    command = commands[words[1]]
    context = command.context_class(command, info_name=words[1])
    try:
        command.make_parser(context).parse_args(list(words[2:]))
    except Exception as error:  # noqa: BLE001 - whichever kind of usage error the parser has
        return f"{' '.join(words)}: {error}"
    return ""


@pytest.mark.parametrize("page", sorted(PAGES.glob("*.md")), ids=lambda page: page.stem)
def test_commands_of_the_pages_are_understood(page: Path) -> None:
    lines = [words for words in shown_commands(page.read_text(encoding="utf-8")) if words[0] == "mocap"]
    assert [told for told in map(complaint, lines) if told] == []


def test_examples_of_the_help_are_understood() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    shown = "\n".join(re.findall(r"mocap [^\n;]+", "\n".join(one.epilog for one in commands.values())))
    lines = shown_commands(f"```sh\n{shown}\n```")
    assert len(lines) >= len(commands)
    assert [told for told in map(complaint, lines) if told] == []


def test_a_wrong_option_is_found() -> None:
    assert "--nowhere" in complaint(["mocap", "run", "session", "--nowhere"])
    assert complaint(["mocap", "fly"]) == "no command fly"
