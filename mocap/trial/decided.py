"""How a table of repetitions says what a reviewer decided of them, and by what its rows are known."""

from types import MappingProxyType

from mocap.trial.assessment import Table

DECISION, BY, REASON = "decision", "decided_by", "decision_reason"
#: Names of the columns, and what each is.
COLUMNS = MappingProxyType({
    DECISION: "What a reviewer decided", BY: "Who decided, by their initials", REASON: "Why they decided so",
})  # fmt: skip


def instant_name(table: Table) -> str:
    """Return the instant by which the rows of a table are known: the bottom, of a cycle its start."""
    return "bottom_time" if table.has("bottom_time") else "start_time"


def sides_of(table: Table) -> tuple[str, ...] | None:
    """Return the foot of each gait cycle; None for repetitions, of which one is done at a time."""
    return None if table.has("bottom_time") else next((one.values for one in table.words if one.name == "side"), None)
