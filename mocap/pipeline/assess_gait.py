"""The recipe of the gait assessment: events, cycles, what is told of each, curves, and scores against a norm."""

from mocap.assessment.gait import ContactSettings, PassSettings, find_cycles, find_walk, spatiotemporal
from mocap.assessment.gait.against_norm import norm_points, range_table
from mocap.assessment.gait.balance import balance_columns
from mocap.assessment.gait.contacts import FINAL, INITIAL
from mocap.assessment.gait.curves import curve_tables, cycle_curves, score_curves, similarity_table
from mocap.assessment.gait.cycles import Cycle
from mocap.assessment.gait.extents import extent_columns
from mocap.assessment.gait.left_out import in_means, left_out, left_out_notes
from mocap.assessment.gait.norms import NormSet
from mocap.assessment.gait.scores import movement_profile, score_table
from mocap.assessment.gait.settings import ReportSettings
from mocap.assessment.gait.sides import asymmetry_table, sides_table
from mocap.assessment.gait.walker import SIDES
from mocap.assessment.movement import Movement
from mocap.config.build import build
from mocap.config.protocols import Protocol
from mocap.pipeline.norms import read_norm, settings_sha256
from mocap.trial import Assessment, Event, Table
from mocap.trial.assessment import joined

TASK = "gait"
LABELS = (INITIAL, FINAL)


def assess_gait(movement: Movement, protocol: Protocol) -> tuple[Assessment, tuple[Event, ...]]:
    """Return the cycles of a walk with their metrics, and the events that were detected.

    Nobody walking is an outcome: no rows, and a note that says why.
    """
    source = f"protocol {protocol.name}"
    straight = build(PassSettings, protocol.section("passes"), source, "passes")
    contact = build(ContactSettings, protocol.section("contacts"), source, "contacts")
    report = build(ReportSettings, protocol.section("report"), source, "report")
    norm = read_norm(report.norm)
    walk = find_walk(movement, straight, contact)
    cycles, refused = find_cycles(walk, contact)
    notes = [*walk.notes]
    tables: tuple[Table, ...] = ()
    if cycles and walk.walker is not None:
        out = left_out(cycles, walk.walker, contact, movement.events)
        parts = (
            spatiotemporal(cycles, walk.walker), balance_columns(movement, cycles), extent_columns(movement, cycles),
            (out,),
        )  # fmt: skip
        rows = joined("repetitions", len(cycles), parts)
        kept = tuple(cycle for cycle, reason in zip(cycles, out.values, strict=True) if not reason)
        tables = _tables(movement, kept, in_means(rows), norm, report)
        notes += [*left_out_notes(out), *_notes(kept, norm, report)]
    else:
        rows = Table("repetitions", 0)
        notes.append("no gait cycle" + ("" if walk.notes else ": no foot has two initial contacts in a straight pass"))
    made = Assessment(
        TASK, rows, (*walk.rejected, *refused), tables, protocol=protocol.name,
        protocol_sha256=settings_sha256(protocol), settings=protocol.values, notes=tuple(notes),
    )  # fmt: skip
    return made, walk.detected


def _tables(
    movement: Movement, cycles: tuple[Cycle, ...], rows: Table, norm: NormSet | None, report: ReportSettings
) -> tuple[Table, ...]:
    curves = cycle_curves(movement, cycles)
    profile = movement_profile(score_curves(curves), norm, report.interpolate_norm)
    against = () if norm is None else (norm_points(curves, norm), range_table(rows, norm))
    return (
        sides_table(rows), asymmetry_table(rows), *curve_tables(curves), similarity_table(curves), profile,
        score_table(profile, norm), *(table for table in against if table.rows),
    )  # fmt: skip


def _notes(cycles: tuple[Cycle, ...], norm: NormSet | None, report: ReportSettings) -> list[str]:
    notes = []
    for side in SIDES:
        n = sum(cycle.side == side for cycle in cycles)
        if n < report.fewest_cycles:
            what = f"{n} {side} cycle{'' if n == 1 else 's'}"
            notes.append(f"{what}: below the {report.fewest_cycles} that a mean is to rest on")
    if norm is None:
        notes.append("no norm set is named: bands and scores against a norm are withheld (setting report.norm)")
    else:
        notes.append(
            f"norm set '{norm.name}': {norm.description}; {norm.population}, {norm.speed}; {norm.source}. Whether it "
            "holds for this person is for the reader to judge"
        )  # fmt: skip
    return notes
