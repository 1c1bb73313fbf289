"""What a person does in a trial: the names that tasks go by."""

import difflib

from mocap.errors import KinematicsError

TASKS = ("static", "squat", "hinge", "gait", "knee_to_wall", "sit_to_stand", "lunge", "other")
"""Those of a session's trials."""
_ALIASES = {"walk": "gait", "walking": "gait", "hip_hinge": "hinge"}


def task_name(task: str) -> str:
    """Return the name under which figures of a task stand: lower case, one word for each of its names."""
    plain = task.strip().lower().replace(" ", "_").replace("-", "_")
    return _ALIASES.get(plain, plain)


def is_task(task: str) -> bool:
    """Return whether a task is one of those known here, by any of its names; no task is."""
    return task_name(task) in ("", *TASKS)


def check_task(task: str) -> None:
    """Refuse a task that nothing is known of: its figures of soft tissue would be lost unseen.

    Raises
    ------
    KinematicsError
        OPTION, with the nearest name where one is near.
    """
    if is_task(task):
        return
    near = difflib.get_close_matches(task_name(task), (*TASKS, *_ALIASES), n=1)
    meant = f"Did you mean {near[0]}? " if near else ""
    raise KinematicsError(
        f"Option task is {task!r}.",
        f"{meant}Choose one of {', '.join(TASKS)}, or leave it out for the task of the trial.",
        code="OPTION",
    )


def task_note(task: str) -> str:
    """Return what to tell of the task of a trial's file; empty where it is a known one."""
    if is_task(task):
        return ""
    return f"the trial's task '{task}' is none of {', '.join(TASKS)}, so no figure of soft tissue is looked up"
