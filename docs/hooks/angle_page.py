"""The table of angles, from the definitions that travel with every angle."""

from mocap.kinematics.definitions import GRAVITY_ANGLES, LEG_WORDS, TRUNK_WORDS, Words


def _table(words: dict[str, Words], side: str) -> list[str]:
    lines = ["| angle | what it is | positive | zero | sequence | needs the vertical |", "|---|---|---|---|---|---|"]
    for name, word in words.items():
        needs = "yes" if f"{name}{side}" in GRAVITY_ANGLES else ""
        zero = word.zero or "its axes aligned, or as the method says"
        lines.append(f"| `{name}` | {word.definition} | {word.positive} | {zero} | {word.sequence} | {needs} |")
    return [*lines, ""]


def angle_page() -> str:
    """The page: angles of pelvis and trunk, then those that each leg has."""
    lines = [
        "# Angles", "",
        "Made from `mocap/kinematics/definitions.py`, the words that are stored with every angle. In files and on",
        "screens angles are in degrees; `JointAngles.values` in Python are radians. Pictures of the signs are under",
        "[conventions](conventions.md).", "", "## Pelvis and trunk", "",
    ]  # fmt: skip
    lines += _table(TRUNK_WORDS, "")
    lines += ["## Legs", "", "Each with `_r` or `_l` behind its name, with the same sign on both sides.", ""]
    lines += _table(LEG_WORDS, "_r")
    return "\n".join(lines)
