"""Events and assessments as groups of the file, and back.

An assessment is a group with one variable per column over its repetitions, `<name>_sd`, and the ends of the interval
where they are not 1.96 of these; its other tables are groups within it.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from mocap.storage.layout import Group, Variable, add, check_word, numbers, safe_name, words
from mocap.trial import METRIC_UNITS, Assessment, Event, Metric, Rejected, Rule, Table, Words

EVENTS = "/events"
ASSESSMENT = "/assessment"
_CF = {"deg": "degree", "%": "percent", "m/s": "m s-1", "deg/s": "degree s-1", "1/min": "min-1",
       "deg/rep": "degree"}  # fmt: skip
_TIMES = ("start_s", "bottom_s", "end_s")


def events_group(events: tuple[Event, ...]) -> Group | None:
    """Return the group of events, in order of time; None without any."""
    if not events:
        return None
    axis = ["event"]
    for told in (text for one in events for text in (one.label, one.note, one.initials)):
        check_word(told, "An event's label, note or initials", "EVENT_TEXT")
    # Few files have any: where nobody signed, the file is as it was before there were initials.
    signed = {"initials": words(axis, [e.initials for e in events], "who edited it")}
    return Group({
        "event": numbers(axis, np.arange(len(events)), "1", "index of the event", "<i4"),
        "time_s": numbers(axis, [e.time_s for e in events], "s", "time; NaN is one that was taken out", "<f8"),
        "label": words(axis, [e.label for e in events], "what happens"),
        "side": words(axis, [e.side for e in events], "left, right or general"),
        "confidence": numbers(axis, [e.confidence for e in events], "1", "confidence, 0 to 1; NaN is unknown", "<f8"),
        "source": words(axis, [e.source for e in events], "detected, force_plate, imported or edited"),
        "time_sd": numbers(axis, [e.sd_s for e in events], "s", "standard uncertainty of the time", "<f8"),
        "note": words(axis, [e.note for e in events], "why to look at it, or who edited it and why"),
        "replaces_s": numbers(axis, [e.replaces_s for e in events], "s", "time of the event it replaces", "<f8"),
        **(signed if any(e.initials for e in events) else {}),
    })  # fmt: skip


def decoded_events(group: Group) -> tuple[Event, ...]:
    """Return the events of a group."""
    names = ("time_s", "label", "side", "confidence", "source", "time_sd", "note", "replaces_s")
    columns = [group.variables[name].data for name in names]
    signed = group.variables["initials"].data if "initials" in group.variables else [""] * len(columns[0])
    return tuple(
        Event(float(time), str(label), str(side), float(sure), str(source), float(sd), str(note), float(replaced),
              str(by))
        for time, label, side, sure, source, sd, note, replaced, by in zip(*columns, signed, strict=True)
    )  # fmt: skip


def assessment_groups(assessments: tuple[Assessment, ...]) -> dict[str, Group]:
    """Return the groups of all assessments by path."""
    if not assessments:
        return {}
    groups = {ASSESSMENT: Group({}, {"tasks": json.dumps([one.task for one in assessments])})}
    for one in assessments:
        path = f"{ASSESSMENT}/{safe_name(one.task)}"
        attributes = {
            "task": one.task, "protocol": one.protocol, "protocol_sha256": one.protocol_sha256,
            "settings": json.dumps(dict(one.settings), sort_keys=True), "notes": json.dumps(list(one.notes)),
            "tables": json.dumps([table.name for table in one.tables]), "rejected": json.dumps(len(one.rejected)),
        }  # fmt: skip
        made = _table(one.repetitions)
        groups[path] = Group(made.variables, {**made.attributes, **attributes})
        for table in one.tables:
            groups[f"{path}/{safe_name(table.name)}"] = _table(table)
        if one.rejected:
            groups[f"{path}/rejected"] = _rejected(one.rejected)
        if one.screening:
            groups[f"{path}/screening"] = _screening(one.screening)
    return groups


def decoded_assessments(groups: Mapping[str, Group]) -> tuple[Assessment, ...]:
    """Return the assessments of a file's groups."""
    found = []
    tasks = json.loads(groups[ASSESSMENT].attributes["tasks"]) if ASSESSMENT in groups else []
    for path in (f"{ASSESSMENT}/{safe_name(task)}" for task in tasks):
        group = groups[path]
        told = group.attributes
        tables = [groups[f"{path}/{safe_name(name)}"] for name in json.loads(told["tables"])]
        rejected, screening = groups.get(f"{path}/rejected"), groups.get(f"{path}/screening")
        found.append(
            Assessment(
                str(told["task"]), _decoded_table(group), _decoded_rejected(rejected),
                tuple(_decoded_table(table) for table in tables), _decoded_screening(screening), str(told["protocol"]),
                str(told["protocol_sha256"]), json.loads(told["settings"]), tuple(json.loads(told["notes"])),
            )
        )  # fmt: skip
    return tuple(found)


def _table(table: Table) -> Group:
    axis = "repetition" if table.name == "repetitions" else "row"
    variables = {axis: numbers([axis], np.arange(table.rows), "1", f"index of the {axis}", "<i4")}
    columns: list[dict[str, str]] = []
    for one in table.metrics:
        columns.append({"name": one.name, "unit": one.unit, "kind": "metric"})
        for name, variable in _metric(one, axis):
            add(variables, name, variable)
    for text in table.words:
        columns.append({"name": text.name, "unit": "", "kind": "words"})
        add(variables, text.name, words([axis], list(text.values), text.meaning or text.name.replace("_", " ")))
    return Group(variables, {"table": table.name, "columns": json.dumps(columns)})


def _metric(one: Metric, axis: str) -> Iterator[tuple[str, Variable]]:
    units, readable = _CF.get(one.unit, one.unit), one.name.replace("_", " ")
    # What holds for all rows is said once: a file of many small variables is slow to write and to read.
    common: dict[str, Any] = {"definition": one.meaning}
    if len(set(one.reasons)) == 1:
        common["reason"] = one.reasons[0]
    if len(set(one.n.tolist())) == 1:
        common["n"] = np.int64(one.n[0])
    yield one.column, numbers([axis], one.values, units, readable, "<f8", **common)
    if np.isfinite(one.sd).any():
        yield f"{one.name}_sd", numbers([axis], one.sd, units, f"standard uncertainty of {readable}", "<f8")
    plain = Metric(one.name, one.unit, "", one.values, one.sd, reasons=one.reasons)
    same = all(np.array_equal(getattr(one, end), getattr(plain, end), equal_nan=True) for end in ("low", "high"))
    if not same:
        yield f"{one.name}_low", numbers([axis], one.low, units, f"lower end, 95 %, of {readable}", "<f8")
        yield f"{one.name}_high", numbers([axis], one.high, units, f"upper end, 95 %, of {readable}", "<f8")
    if len(set(one.reasons)) > 1:
        yield f"{one.name}_reason", words([axis], list(one.reasons), f"why {readable} is missing or to be doubted")
    if len(set(one.n.tolist())) > 1:
        yield f"{one.name}_n", numbers([axis], one.n, "1", f"number that {readable} rests on", "<i4")


def _decoded_table(group: Group) -> Table:
    told = json.loads(group.attributes["columns"])
    axis = "repetition" if "repetition" in group.variables else "row"
    metrics, texts = [], []
    for column in told:
        if column["kind"] == "metric":
            metrics.append(_decoded_metric(group.variables, column["name"], column["unit"]))
        else:
            stored = group.variables[safe_name(column["name"])]
            values = tuple(str(one) for one in stored.data)
            texts.append(Words(column["name"], str(stored.attributes["long_name"]), values))
    return Table(str(group.attributes["table"]), len(group.variables[axis].data), tuple(metrics), tuple(texts))


def _decoded_metric(variables: Mapping[str, Variable], name: str, unit: str) -> Metric:
    stored = variables[safe_name(f"{name}{METRIC_UNITS[unit]}")]
    parts: dict[str, Any] = {
        part: variables[safe_name(f"{name}_{part}")].data
        for part in ("sd", "low", "high", "n") if safe_name(f"{name}_{part}") in variables
    }  # fmt: skip
    rows, common = len(stored.data), stored.attributes
    why = variables.get(safe_name(f"{name}_reason"))
    reasons = (str(common.get("reason", "")),) * rows if why is None else tuple(str(one) for one in why.data)
    parts.setdefault("n", np.full(rows, int(common.get("n", 0))))
    return Metric(name, unit, str(common["definition"]), stored.data, reasons=reasons, **parts)


def _rejected(rejected: tuple[Rejected, ...]) -> Group:
    axis = ["row"]
    variables = {"row": numbers(axis, np.arange(len(rejected)), "1", "index of the candidate", "<i4")}
    for name in _TIMES:
        values = [getattr(one, name) for one in rejected]
        variables[name] = numbers(axis, values, "s", f"its {name.removesuffix('_s')}; NaN is none", "<f8")
    variables["reason"] = words(axis, [one.reason for one in rejected], "why it was not taken")
    return Group(variables)


def _decoded_rejected(group: Group | None) -> tuple[Rejected, ...]:
    if group is None:
        return ()
    start, bottom, end, reason = (group.variables[name].data for name in (*_TIMES, "reason"))
    rows = zip(start, bottom, end, reason, strict=True)
    return tuple(Rejected(float(a), float(b), float(c), str(why)) for a, b, c, why in rows)


def _screening(rules: tuple[Rule, ...]) -> Group:
    axis = ["rule"]
    return Group({
        "rule": words(axis, [one.name for one in rules], "name of the rule"),
        "answer": words(axis, [one.answer for one in rules], "supported, not supported or not assessable"),
        "numbers": words(axis, [one.numbers for one in rules], "what it rests on"),
        "evidence": words(axis, [one.evidence for one in rules], "what is published"),
    })  # fmt: skip


def _decoded_screening(group: Group | None) -> tuple[Rule, ...]:
    if group is None:
        return ()
    columns = [group.variables[name].data for name in ("rule", "answer", "numbers", "evidence")]
    return tuple(Rule(*(str(part) for part in row)) for row in zip(*columns, strict=True))
