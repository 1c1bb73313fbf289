"""Files that are whole by every digest and hold what no trial does: refused in words of their own, or read."""

import random
from dataclasses import replace
from io import FileIO

import numpy as np
import pytest

from mocap.errors import TrialFileError
from mocap.storage import check_trial, read_edits, read_events, read_identity, read_told, read_trial
from mocap.storage.encode import encode
from mocap.storage.hdf_write import save
from mocap.storage.layout import Group, Variable
from mocap.storage.rehearsal import remember
from mocap.storage.seal import seal
from mocap.storage.target import Target
from mocap.trial import PointEdit, SettingRow, Step, StepInput

ATTRIBUTES = ("abc", "", "1", "9" * 5000, '{"a":1}', np.int64(-5), np.int64(2**62), np.float64("nan"),
              np.float64("inf"), 0.0, np.array([1.0, 2.0]), np.array(["a", "b"], object), np.zeros(0))  # fmt: skip
WORDS = ("", "NaN", "[]", "{}", "[1", "null", "5", '"a"', "-1", "true", "1e999", "..", "[" * 30_000, "[null]",
         '[["a","b"]]', '{"a":{"b":[1]}}', '{"options":5,"inputs":[]}', '{"options":{},"inputs":[[1]]}')  # fmt: skip
NUMBERS = (-1, 0, 7, 255, 2**40, 1e300, -1e300, np.nan)
READERS = (read_trial, read_told, read_identity, read_events, read_edits)
# As many as have to be there, and which part of them; each part has a seed of its own.
PARTS = [pytest.param(25, 0, id="25"),
         *(pytest.param(500, part, id=f"500-{part}", marks=pytest.mark.heavy) for part in range(1, 5))]  # fmt: skip


@pytest.fixture(scope="module")
def groups(trials):
    """The groups of a trial with one of everything."""
    made = Step("import", {"up": "z"}, (StepInput("file", "a.c3d", "ab" * 32),))
    edit = PointEdit("missing", 1, 2, ("LASI",), reason="r", initials="i")
    return encode(replace(trials["full"], edits=(edit,), steps=(made,), settings=(SettingRow("a", "b", "1", "c"),)))


@pytest.fixture
def stored(tmp_path):
    """`stored(groups)`: a file of groups, its digests and its seal right."""

    def write(groups):
        path = tmp_path / "a.h5"
        with FileIO(path, "w+b") as file:
            save(Target(file), {name: storable(group) for name, group in groups.items()}, lambda: None)
            # Of this process: what HDF5 makes of files of others is tried elsewhere.
            remember(seal(file))
        return path

    return write


def refused(read, path):
    """Return the error of a read, or None."""
    try:
        read(path)
    except TrialFileError as error:
        assert len(str(error)) < 1000 and error.remedy
        return error
    return None


@pytest.mark.parametrize(("n", "part"), PARTS)
def test_odd_content_is_refused_or_read(stored, groups, n, part):
    rng = random.Random(70 + part)
    n_refused = 0
    for _ in range(n):
        # Some groups at a time: a whole trial takes several times as long to write and read.
        some = ["", "points", *rng.sample(sorted({name.split("/")[1] for name in groups}), 3)]
        odd, what = mutated({name: group for name, group in groups.items() if name.split("/")[1] in some}, rng)
        path = stored(odd)
        try:
            found = check_trial(path)
            told = [refused(read, path) for read in (read_trial, rng.choice(READERS[1:]))]
        except Exception as error:
            raise AssertionError(what) from error
        n_refused += bool(found)
        assert found or not any(told), what
    assert n_refused > n / 4


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("/points@rate_hz", "abc"),
        ("/points@rate_hz", np.array([1.0, 2.0])),
        ("/angles@rate_hz", np.float64("nan")),
        ("/file_origin@first_frame", np.float64("inf")),
        ("/file_origin@up_axis", "0.0"),
        ("/cameras/fisheye", np.zeros(1, "u1")),
        ("/cameras/distortion", np.zeros(())),
        ("/forces/zero_known", np.zeros(1, "u1")),
        ("/provenance/step_record", np.array(["[" * 100_000], object)),
        ("/provenance/operation_parameters", np.array(["[" * 100_000, "{}"], object)),
        ("/provenance/operation_parameters", np.array(["5", "{}"], object)),
        ("/edits/points", np.array(["[" * 100_000], object)),
        ("/edits/points", np.array(["5"], object)),
        ("/events/time_s", np.zeros(())),
    ],
)  # fmt: skip
def test_what_once_ended_in_other_errors(stored, groups, place, value):
    needed = {name: group for name, group in groups.items() if name in ("/", "/points") or place.startswith(name)}
    path = stored(replaced(needed, place, value))
    assert check_trial(path)
    codes = {error.code for error in (refused(read, path) for read in READERS) if error}
    assert codes <= {"TRIAL_SCHEMA"} and codes


def replaced(groups, place, value):
    """Return groups with an attribute (`/group@name`) or the values of a variable replaced."""
    group_path, _, attribute = place.partition("@")
    if attribute:
        group = groups[group_path]
        return {**groups, group_path: replace(group, attributes={**group.attributes, attribute: value})}
    group_path, _, name = place.rpartition("/")
    group = groups[group_path]
    return {**groups, group_path: replace(group, variables={**group.variables, name: shaped(group, name, value)})}


def shaped(group, name, data):
    """Return a variable with other values, of whatever shape."""
    old = group.variables[name]
    same = data.ndim == old.data.ndim
    chunks = tuple(map(min, old.chunks, data.shape)) if old.chunks and same and data.size else None
    return Variable(old.dims if same else (), data, old.attributes, chunks)


def storable(group):
    """Return a group whose variables name the axes alone that are there."""
    axes = {name for name, variable in group.variables.items() if variable.dims == (name,)}
    return replace(group, variables={
        name: variable if axes.issuperset(variable.dims) else replace(variable, dims=())
        for name, variable in group.variables.items()
    })  # fmt: skip


def mutated(groups, rng):
    """Return groups with one or two things taken out or replaced, and what."""
    result, told = dict(groups), []
    for _ in range(rng.choice((1, 1, 2))):
        path = rng.choice(list(result))
        if path != "/" and rng.random() < 0.05:
            result = {name: group for name, group in result.items() if not f"{name}/".startswith(f"{path}/")}
            told.append(f"{path} taken out")
            continue
        group = result[path]
        if group.attributes and (not group.variables or rng.random() < 0.25):
            attributes, what = other_attributes(group.attributes, rng)
            result[path] = Group(group.variables, attributes)
        elif group.variables:
            name = rng.choice(list(group.variables))
            variables, what = other_variable(group, name, rng)
            result[path] = Group(variables, group.attributes)
        told.append(f"{path} {what}")
    return result, told


def other_attributes(attributes, rng):
    name, value = rng.choice(list(attributes)), rng.choice((*ATTRIBUTES, None))
    rest = {key: held for key, held in attributes.items() if key != name}
    return rest if value is None else {**rest, name: value}, f"@{name} {str(value)[:30]!r}"


def other_variable(group, name, rng):
    variables, old = dict(group.variables), group.variables[name]
    what = rng.choice(("out", "attribute", "one", "all", "type", "last", "first", "scalar"))
    if what == "out":
        del variables[name]
    elif what == "attribute":
        attributes, told = other_attributes(old.attributes, rng)
        variables[name], what = replace(old, attributes=attributes), told
    else:
        data, told = other_data(old, what, rng)
        variables[name], what = shaped(group, name, data), f"{what} {told}"
    return variables, f"{name}: {what}"


def other_data(old, what, rng):
    data = old.data.copy()
    if what == "type":
        kind = rng.choice(("<f4", "<i1", "<u8", "<f8", "<i8"))
        if old.is_text:
            return np.zeros(data.shape, kind), kind
        with np.errstate(invalid="ignore", over="ignore"):
            return data.astype(kind), kind
    if what in ("last", "first") and data.ndim:
        return np.ascontiguousarray(data[..., :-1] if what == "last" else data[:-1]), "shorter"
    if what == "scalar":
        return np.array(rng.choice(WORDS), object) if old.is_text else np.zeros((), data.dtype), ""
    value = rng.choice(WORDS if old.is_text else NUMBERS)
    with np.errstate(invalid="ignore", over="ignore"):
        value = value if old.is_text else np.asarray(value).astype(data.dtype)
    if what == "all" or not data.ndim:
        data[...] = value
    elif data.size:
        data.reshape(-1)[rng.randrange(data.size)] = value
    return data, str(value)[:30]
