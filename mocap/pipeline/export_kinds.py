"""By what the files of an earlier export are known, so that a new one may take their place."""

from mocap.pipeline.output_kinds import CHECKS, COLUMNS, CONVENTIONS, MEASURES, Kind

# What a format's files say of themselves; a format that says nothing is not here, and its files stay where they are.
KINDS: dict[str, tuple[Kind, ...]] = {"csv": (COLUMNS, CONVENTIONS, MEASURES, CHECKS)}
