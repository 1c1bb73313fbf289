"""The error catalogue, read from the source by AST: nothing of it is written by hand."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

PACKAGES = ("calibration", "mocap")
_CODE = re.compile(r"[A-Z][A-Z0-9_]+")
_ELSEWHERE = "told where it occurs"
# What `mocap doctor` finds, by the order of its arguments; of a check the name stands for the cause.
_FINDINGS = {
    "Finding": ("code", "severity", "about", "cause", "remedy"), "_Meaning": ("cause", "code", "severity", "remedy"),
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One place that tells an error: its code, class, templates of cause and remedy, and the module."""

    code: str
    kind: str
    cause: str
    remedy: str
    module: str


def _name_of(node: ast.expr) -> str:
    """A word that stands for what a template is filled with."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript):
        return _name_of(node.value)
    if isinstance(node, ast.Call):
        # What is joined, counted or printed says more than the function that does it.
        return _name_of(node.args[0]) if node.args else _name_of(node.func)
    if isinstance(node, ast.BinOp):
        return _name_of(node.left)
    return "..."


def template(node: ast.expr | None, known: dict[str, ast.expr]) -> str:
    """Text of an argument, with what is filled in as {name}."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(template(part, known) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return "{" + _name_of(node.value).strip("_") + "}"
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return template(node.left, known) + template(node.right, known)
    if isinstance(node, ast.IfExp):
        return f"{template(node.body, known)} / {template(node.orelse, known)}"
    if isinstance(node, ast.Name) and node.id in known:
        return template(known[node.id], {name: value for name, value in known.items() if name != node.id})
    return _ELSEWHERE


def _assigned(scope: ast.AST) -> dict[str, ast.expr]:
    """What names in a function or module stand for, where they are given once."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).append(node.value)
    return {name: values[0] for name, values in found.items() if len(values) == 1}


def _codes(node: ast.expr | None, known: dict[str, ast.expr]) -> list[str]:
    if isinstance(node, ast.IfExp):
        return _codes(node.body, known) + _codes(node.orelse, known)
    if isinstance(node, ast.Name) and node.id in known:
        return _codes(known[node.id], {})
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and _CODE.fullmatch(node.value):
        return [node.value]
    return []


def _of_call(call: ast.Call, known: dict[str, ast.expr], module: str) -> Iterator[Entry]:
    kind = ast.unparse(call.func).rsplit(".", 1)[-1]
    words = {keyword.arg: keyword.value for keyword in call.keywords}
    is_error = kind.endswith("Error")
    positional = call.args[2] if is_error and len(call.args) > 2 else None
    cause = words.get("cause", call.args[0] if call.args else None)
    remedy = words.get("remedy", call.args[1] if len(call.args) > 1 else None)
    if kind == "_fail":
        positional, cause, remedy = call.args[0], call.args[1], call.args[2]
    if kind in _FINDINGS and len(call.args) == len(_FINDINGS[kind]):
        told = dict(zip(_FINDINGS[kind], call.args, strict=True))
        positional, cause, remedy = told["code"], told["cause"], told["remedy"]
        is_error = False
    for code in _codes(words.get("code", positional), known):
        yield Entry(code, kind if is_error else "", template(cause, known), template(remedy, known), module)


def _of_class(node: ast.ClassDef, module: str) -> Iterator[Entry]:
    for part in node.body:
        if isinstance(part, ast.Assign) and node.name.endswith("Error") and ast.unparse(part.targets[0]) == "code":
            for code in _codes(part.value, {}):
                yield Entry(code, node.name, (ast.get_docstring(node) or "").split("\n")[0], _ELSEWHERE, module)


def _of_tree(tree: ast.Module, module: str) -> Iterator[Entry]:
    around = _assigned(ast.Module([part for part in tree.body if isinstance(part, ast.Assign)], []))
    scopes: list[tuple[ast.AST, dict[str, ast.expr]]] = [(tree, around)]
    while scopes:
        scope, known = scopes.pop()
        for node in ast.iter_child_nodes(scope):
            if isinstance(node, ast.FunctionDef):
                scopes.append((node, around | _assigned(node)))
                continue
            if isinstance(node, ast.ClassDef):
                yield from _of_class(node, module)
            if isinstance(node, ast.Call):
                yield from _of_call(node, known, module)
            scopes.append((node, known))


def entries(root: Path) -> list[Entry]:
    """Every place in the source that tells an error with a code, in the order of codes."""
    found = []
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            module = ".".join(path.relative_to(root).with_suffix("").parts)
            found += _of_tree(ast.parse(path.read_text(encoding="utf-8")), module)
    return sorted(set(found), key=lambda entry: (entry.code, entry.module, entry.cause))


def _stage(entry: Entry) -> str:
    parts = entry.module.split(".")
    return parts[0] if parts[0] == "calibration" else ".".join(parts[:2])


def _shown(text: str) -> str:
    # Line ends and signs of Markdown in a message are its own, not the page's.
    return re.sub(r"([*_`\[\]#|~])", r"\\\1", escape(" ".join(text.split()), quote=False)).replace("://", "&#58;//")


def error_page(root: Path) -> str:
    """The page: one heading, and so one anchor, for each code, under the stage that tells it."""
    by_code: dict[str, list[Entry]] = {}
    for entry in entries(root):
        by_code.setdefault(entry.code, []).append(entry)
    stages: dict[str, list[str]] = {}
    for code, places in by_code.items():
        stages.setdefault(_stage(places[0]), []).append(code)
    lines = [
        "---", "hide: [toc]", "---", "", "# Error catalogue", "",
        f"All {len(by_code)} codes behind `error` on a line of a command, and of findings of `mocap doctor`:",
        "what was wrong and what to do.",
        "Words in {braces} are filled in with what was found. The catalogue is read from the source when this site is",
        "built. In Python every one is a `MocapError` with `cause`, `remedy` and `code`.", "",
        "By stage: " + ", ".join(f"[{stage}](#{stage.replace('.', '-')})" for stage in sorted(stages)) + ".", "",
    ]  # fmt: skip
    for stage in sorted(stages):
        lines += [f"## {stage} {{ #{stage.replace('.', '-')} }}", ""]
        for code in stages[stage]:
            lines += [f"### {code} {{ #{code} }}", ""]
            for entry in by_code[code]:
                lines += [f"**{_shown(entry.cause)}**  ", f"{_shown(entry.remedy)}  "]
                lines += [f"<small>{entry.kind + ', ' if entry.kind else ''}`{entry.module}`</small>", ""]
    return "\n".join(lines) + "\n"
