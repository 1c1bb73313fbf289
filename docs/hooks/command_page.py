"""Every command with its arguments, options and example, as `--help` tells them."""

import re
from html import escape

import typer

from mocap.cli.application import app


def _cell(text: str) -> str:
    return escape(" ".join(str(text or "").split()), quote=False).replace("|", "\\|")


def _default(parameter: object) -> str:
    value = getattr(parameter, "default", None)
    return "" if value in (None, False, (), []) or callable(value) else f"`{value}`"


def _rows(command: object) -> list[str]:
    rows = []
    for parameter in command.params:  # type: ignore[attr-defined]
        if getattr(parameter, "hidden", False):
            continue
        named = parameter.param_type_name == "option"
        names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
        shown = names if named else f"`{parameter.name.upper()}`"
        needed = "required" if parameter.required else _default(parameter)
        rows.append(f"| {shown} | {needed} | {_cell(getattr(parameter, 'help', ''))} |")
    return rows


def _examples(epilog: str) -> list[str]:
    """Lines of a shell; the words before a command become a comment above it."""
    lines = []
    for line in filter(None, re.sub(r"^Example:\s*", "", epilog).split("\n")):
        before, found, after = line.partition("mocap ")
        lines += [f"# {before.strip(' :')}"] if before.strip() else []
        parts = f"mocap {after}".split("; ") if found else []
        lines += [part if part.startswith("mocap ") else f"# {part}" for part in parts]
    return lines


def command_page() -> str:
    """The page: a heading for each command, in the order of `mocap --help`."""
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    lines = [
        "# Commands", "",
        "Made from the program's own help. Every command has `--help` with an example; exit status 0 is done, 1 the",
        "data were refused (one line with a code of the [error catalogue](errors.md)), 2 wrong usage.", "",
    ]  # fmt: skip
    for name, command in commands.items():
        lines += [f"## mocap {name}", "", escape(command.help or "", quote=False).replace("\b", ""), ""]
        lines += ["```sh", *_examples(command.epilog or ""), "```", ""]
        lines += ["| argument or option | default | meaning |", "|---|---|---|"]
        lines += [*_rows(command), ""]
    return "\n".join(lines) + "\n"
