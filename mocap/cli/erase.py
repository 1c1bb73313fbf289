"""`mocap erase`: everything of one person out of a folder of recordings."""

from pathlib import Path
from typing import Annotated, Any

import typer

from calibration.digits import counted
from mocap.cli.common import JsonFlag, show

NAME = "erase"
EXAMPLE = "mocap erase P01 --root recordings/ --yes"


def command(
    subject: Annotated[str, typer.Argument(help="Code of the person, as in session.toml.")],
    root: Annotated[Path, typer.Option(help="Folder with the recordings, searched to its last file.")] = Path(),
    key: Annotated[
        Path | None,
        typer.Option(help="Keeps who is behind the pseudonyms; default MOCAP_KEY, or ~/.config/mocap/key.json."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, only what would be done is printed.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Remove a person's sessions, trials, pages and exports, their rows of tables, and their entry of the key.

    What names the person and is neither, copies and what cannot be looked into are listed; the exit status is 1 until
    nothing is left. Copies elsewhere, backups and what was handed over before are out of reach.
    """
    from mocap.export.privacy import default_key
    from mocap.pipeline.erase import erase, plan_erasure

    where = key or default_key()
    plan = plan_erasure(subject, root, where)
    told: dict[str, Any] = {"folders": plan.folders, "datasets": plan.datasets, "files": plan.files,
                            "tables": plan.tables, "done": yes}  # fmt: skip
    left = erase(subject, plan, root, where) if yes else plan.left
    done, taken = ("removed", "taken out of") if yes else ("would be removed", "would be taken out of")
    lines = [
        *(f"{folder}: session, {done}" for folder in plan.folders),
        *(f"{folder}: dataset of nobody else, {done}" for folder in plan.datasets),
        *(f"{file}: {done}" for file in plan.files),
        *(f"{file}: handed over there, stays" for file in plan.outside),
        *(f"{file}: was handed over there, and is not there as it was: look where it is" for file in plan.gone),
        *(f"{table}: rows {taken}" for table in plan.tables),
        *(_still(file, subject) for file in left.named),
        *(f"{file}: is, or may be, a copy of what was handed over of {subject}" for file in left.copies),
        *(f"{file}: could not be looked into" for file in left.closed),
        _closing(plan.is_empty, yes, len(left.all), len(plan.outside) + len(plan.gone)),
    ]  # fmt: skip
    told |= {"left": left.named, "closed": left.closed, "copies": left.copies, "outside": plan.outside}
    show({**told, "gone": plan.gone}, as_json, lines)
    if yes and left.all:
        raise typer.Exit(1)


def _still(file: Path, subject: str) -> str:
    if file.name == "dataset.json":
        return f"{file}: a dataset of {subject} and others; make it again without them (`mocap dataset --overwrite`)"
    return f"{file}: still names {subject}"


def _closing(nothing: bool, yes: bool, left: int, elsewhere: int) -> str:
    if nothing:
        return "nothing of that person was found"
    if not yes:
        return "Nothing was changed. Add --yes to do it; it cannot be undone."
    rest = f"{counted(left, 'file')} left to look at yourself" if left else "no file looked into names the person"
    away = f"; {counted(elsewhere, 'hand-over')} to look after, see above" if elsewhere else ""
    return f"done; {rest}{away}"
