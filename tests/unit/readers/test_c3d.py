"""C3D: files built here byte by byte after the C3D user guide, so that nothing but the guide decides what is right."""

import struct

import numpy as np
import pytest

from mocap.errors import FormatError, MocapError, SourceError
from mocap.pipeline.import_checks import import_verdicts, model_points_note, told_once
from mocap.readers import read_c3d
from mocap.trial import Verdict

INTEL, DEC, MIPS = 84, 85, 86
LABELS = ("LFHD", "RFHD", "LASI", "RASI", "LHEE", "RHEE", "LHipAngles")
# A person of 1.7 m who stands along Z and looks along Y: left is at -X.
BODY_MM = np.array(
    [[-80, 0, 1700], [80, 0, 1700], [-120, 50, 950], [120, 50, 950], [-100, -40, 40], [100, -40, 40], [11, -22, 33]],
    float,
)  # fmt: skip


class C3dWriter:
    """The least that makes a C3D file, in any of its byte orders and number formats."""

    def __init__(self, processor=INTEL, integers=False):
        self.order = ">" if processor == MIPS else "<"
        self.processor, self.integers = processor, integers

    def real(self, value):
        if self.processor != DEC:
            return struct.pack(f"{self.order}f", value)
        # VAX F: four times the IEEE number, its two 16-bit words swapped.
        low, high = struct.unpack("<HH", struct.pack("<f", 4.0 * value))
        return struct.pack("<HH", high, low)

    def record(self, group, name, kind, shape, content):
        head = struct.pack("bb", len(name), group) + name.encode()
        body = struct.pack("bB", kind, len(shape)) + bytes(shape) + content + b"\0"
        return head + struct.pack(f"{self.order}h", 2 + len(body)) + body

    def words(self, group, name, values):
        width = max((len(value.encode()) for value in values), default=1)
        content = b"".join(value.encode().ljust(width) for value in values)
        return self.record(group, name, -1, (width, len(values)), content)

    def reals(self, group, name, values, shape=None):
        values = np.ravel(np.asarray(values, float).T)
        return self.record(group, name, 4, shape or (len(values),), b"".join(self.real(value) for value in values))

    def shorts(self, group, name, values):
        content = struct.pack(f"{self.order}{len(values)}h", *values)
        return self.record(group, name, 2, (len(values),) if len(values) > 1 else (), content)

    def section(self, number, name):
        return struct.pack("bb", len(name), -number) + name.encode() + struct.pack(f"{self.order}h", 3) + b"\0"

    def file(self, positions, residuals=None, labels=LABELS, units="mm", rate=100.0, first=1, events=(), more=b"",
             screen=("+X", "+Z")):  # fmt: skip
        n_frames, n_points = positions.shape[:2]
        residuals = np.zeros((n_frames, n_points)) if residuals is None else residuals
        scale = 0.1 if self.integers else -0.1
        point = self.shorts(1, "USED", [n_points]) + self.shorts(1, "FRAMES", [n_frames])
        point += self.reals(1, "SCALE", [scale]) + self.reals(1, "RATE", [rate]) + self.shorts(1, "DATA_START", [0])
        for start in range(0, max(len(labels), 1), 255):
            part = labels[start : start + 255]
            point += self.words(1, "LABELS" if not start else f"LABELS{start // 255 + 1}", part) if part else b""
        point += self.words(1, "UNITS", [units]) if units is not None else b""
        for name, axis in zip(("X_SCREEN", "Y_SCREEN"), screen or (), strict=False):
            point += self.words(1, name, [axis])
        sections = self.section(1, "POINT") + point + self.section(2, "ANALOG") + self.shorts(2, "USED", [0])
        if events:
            times = [[minute, second] for minute, second, _, _ in events]
            sections += self.section(3, "EVENT") + self.shorts(3, "USED", [len(events)])
            sections += self.reals(3, "TIMES", np.array(times).T, (2, len(events)))
            sections += self.words(3, "LABELS", [event[2] for event in events])
            sections += self.words(3, "CONTEXTS", [event[3] for event in events])
        sections += more + b"\0\0"
        n_blocks = -(-(len(sections) + 4) // 512)
        data_block = 2 + n_blocks
        at = sections.index(b"DATA_START") + len(b"DATA_START") + 4
        sections = sections[:at] + struct.pack(f"{self.order}h", data_block) + sections[at + 2 :]
        header = struct.pack("BB", 2, 0x50) + struct.pack(
            f"{self.order}5H", n_points, 0, first, first + n_frames - 1, 0
        )
        header += self.real(scale) + struct.pack(f"{self.order}2H", data_block, 1) + self.real(rate)
        parameters = struct.pack("BBBB", 1, 0x50, n_blocks, self.processor) + sections
        return header.ljust(512, b"\0") + parameters.ljust(n_blocks * 512, b"\0") + self.data(positions, residuals)

    def data(self, positions, residuals):
        out = bytearray()
        for frame, row in zip(positions, residuals, strict=True):
            for point, residual in zip(frame, row, strict=True):
                if self.integers:
                    words = [round(value / 0.1) for value in point] + [-1 if residual < 0 else 0]
                    out += struct.pack(f"{self.order}4h", *words)
                else:
                    out += b"".join(self.real(value) for value in (*point, residual))
        return bytes(out)


def _body(n_frames=4, scale=1.0):
    return np.tile(BODY_MM * scale, (n_frames, 1, 1))


def _read(tmp_path, content, **options):
    path = tmp_path / "trial.c3d"
    path.write_bytes(content)
    return read_c3d(path, **options)


@pytest.mark.parametrize("processor", [INTEL, DEC])
@pytest.mark.parametrize("integers", [False, True])
def test_every_byte_order_and_number_format(tmp_path, processor, integers):
    body = _body()
    residuals = np.zeros(body.shape[:2])
    residuals[1, 2] = -1
    found = _read(tmp_path, C3dWriter(processor, integers).file(body, residuals, first=11))
    expected = body[:, :6] / 1000
    expected[1, 2] = np.nan
    np.testing.assert_allclose(found.points.position, expected, atol=1e-7)  # 1e-10: float32 of whole mm
    assert found.points.names == LABELS[:6] and found.points.rate_hz == 100.0
    assert found.points.status[1, 2] == 0 and found.points.status.sum() == 23
    assert found.first_frame == 11 and found.points.start_s == 0.0
    np.testing.assert_allclose(found.model_angles["LHipAngles"], np.tile([11, -22, 33], (4, 1)), atol=1e-4)
    assert (found.units_original, found.up_axis_original, found.axis_source) == ("mm", "z", "stated")
    assert found.forward_axis == "y"


@pytest.mark.parametrize(("units", "scale"), [("mm", 1.0), ("cm", 0.1), ("m", 1e-3), ("in", 1 / 25.4)])
def test_units_of_the_file_become_metres(tmp_path, units, scale):
    found = _read(tmp_path, C3dWriter().file(_body(scale=scale), units=units))
    np.testing.assert_allclose(found.points.position[0], BODY_MM[:6] / 1000, atol=1e-6)


@pytest.mark.parametrize(("units", "scale", "looks"), [("m", 1.0, "mm"), ("mm", 1e-3, "m"), (None, 1.0, "mm"),
                                                       ("", 0.1, "cm"), ("furlong", 1.0, "furlong")])  # fmt: skip
def test_wrong_or_absent_units_are_refused_and_named(tmp_path, units, scale, looks):
    content = C3dWriter().file(_body(scale=scale), units=units)
    with pytest.raises(FormatError, match=f"UNITS.*{looks}"):
        _read(tmp_path, content)
    if units != "furlong":
        found = _read(tmp_path, content, units=looks)
        np.testing.assert_allclose(found.points.position[0], BODY_MM[:6] / 1000, atol=1e-6)
        assert f"length unit {looks} was given" in found.notes[0]


def test_a_screen_axis_turns_y_up_into_our_world(tmp_path):
    turned = _body()[..., [1, 2, 0]]  # file = (y, z, x) of the world
    found = _read(tmp_path, C3dWriter().file(turned, screen=("+X", "+Y")))
    np.testing.assert_allclose(found.points.position[0], BODY_MM[:6] / 1000, atol=1e-6)
    assert (found.up_axis_original, found.axis_source) == ("y", "stated")


def test_without_screen_axes_the_body_shows_what_is_up(tmp_path):
    content = C3dWriter().file(_body()[..., [1, 2, 0]], screen=None)
    found = _read(tmp_path, content)
    assert (found.up_axis_original, found.axis_source) == ("y", "inferred")
    assert any("inferred" in note for note in found.notes)


def test_a_screen_axis_that_the_body_contradicts_is_refused(tmp_path):
    content = C3dWriter().file(_body()[..., [1, 2, 0]], screen=("+X", "+Z"))
    with pytest.raises(FormatError, match=r"AXES.*--up y"):
        _read(tmp_path, content)
    assert _read(tmp_path, content, up="y").axis_source == "given"


def test_missing_samples_are_nan_and_never_zero(tmp_path):
    body = _body()
    body[2, 0] = 0.0
    body[1, 6] = 0.0
    residuals = np.zeros(body.shape[:2])
    body[3, 1] = 0.0
    residuals[3, 1] = -1
    found = _read(tmp_path, C3dWriter().file(body, residuals))
    assert np.isnan(found.points.position[[2, 3], [0, 1]]).all()
    assert np.isnan(found.model_angles["LHipAngles"][1]).all()
    assert found.notes == ("1 sample at exactly 0, 0, 0 taken as missing.",)


def test_events_are_moved_to_the_clock_of_the_first_frame(tmp_path):
    events = [(1.0, 3.5, "Foot Strike", "Right"), (0.0, 2.25, "Foot Off", "Left"), (0.0, 4.0, "Sync", "General")]
    found = _read(tmp_path, C3dWriter().file(_body(), first=201, events=events))
    assert [(event.time_s, event.label, event.side) for event in found.events] == [
        (0.25, "Foot Off", "left"), (2.0, "Sync", "general"), (61.5, "Foot Strike", "right"),
    ]  # fmt: skip


def test_labels_doubled_empty_prefixed_and_beyond_255(tmp_path):
    names = [f"M{index}" for index in range(300)]
    names[0], names[1], names[2], names[3] = "A22:LASI", "A22:LASI", "", "Wié"
    body = np.tile(BODY_MM[2], (2, 300, 1))
    body[:, :, 2] = np.linspace(0, 1700, 300)
    found = _read(tmp_path, C3dWriter().file(body, labels=tuple(names)))
    assert found.points.names[:4] == ("A22:LASI", "A22:LASI#2", "point_3", "Wié")
    assert found.points.names[255:] == tuple(names[255:])
    np.testing.assert_allclose(found.points.position[0, 299, 2], 1.7, atol=1e-6)
    assert any("more than once" in note for note in found.notes) and any("no label" in note for note in found.notes)


def test_a_cut_off_file_is_refused_wherever_it_ends(tmp_path):
    content = C3dWriter().file(_body(30))
    for length in (*range(2, len(content) - 16, 97), len(content) - 1):
        with pytest.raises(MocapError) as caught:
            _read(tmp_path, content[:length])
        assert caught.value.code == "C3D_TRUNCATED", length


@pytest.mark.parametrize(("content", "code"), [(b"", "FILE_EMPTY"), (b"hello world", "C3D_NOT"),
    (b"\2P", "C3D_TRUNCATED"), (b"\2P" + bytes(2000), "C3D_BROKEN"),
    (C3dWriter(MIPS).file(np.tile(BODY_MM, (2, 1, 1))), "C3D_UNSUPPORTED")])  # fmt: skip
def test_what_is_no_c3d_is_named(tmp_path, content, code):
    with pytest.raises(MocapError) as caught:
        _read(tmp_path, content)
    assert caught.value.code == code


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SourceError, match="FILE_MISSING"):
        read_c3d(tmp_path / "none.c3d")


def test_damaged_bytes_end_in_an_error_or_in_sound_points(tmp_path):
    rng = np.random.default_rng(11)
    content = C3dWriter().file(_body(6), events=[(0.0, 0.02, "Foot Off", "Left")])
    for _ in range(150):
        broken = bytearray(content)
        for _ in range(rng.integers(1, 4)):
            broken[rng.integers(len(broken))] = rng.integers(256)
        try:
            found = _read(tmp_path, bytes(broken))
        except MocapError as error:
            assert error.remedy
        else:
            assert not np.isinf(found.points.position).any()


@pytest.mark.parametrize(("name", "old", "new"), [(b"USED", 7, 6), (b"FRAMES", 6, 5)])
def test_a_count_that_stands_twice_and_differs_is_named(tmp_path, name, old, new):
    content = bytearray(C3dWriter().file(_body(6)))
    at = content.index(name) + len(name) + 4
    assert content[at] == old
    content[at] = new
    with pytest.raises(FormatError, match=rf"C3D_BROKEN.*{name.decode()} says {new}, its header {old}"):
        _read(tmp_path, bytes(content))


def test_points_of_a_model_are_told_from_markers_by_the_file_or_by_their_names(tmp_path):
    labels = ("LFHD", "RFHD", "LASI", "A22:RFEO", "LHEE", "CentreOfMass", "LHipAngles")
    by_name = _read(tmp_path, C3dWriter().file(_body(), labels=labels))
    assert by_name.model_points == ("A22:RFEO", "CentreOfMass") and by_name.points.names == labels[:6]
    # What the file itself says goes before the names that are known.
    writer = C3dWriter()
    own = writer.words(1, "TYPE_GROUPS", ["ANGLES", "ANGLE", "VIRTUALS", "VIRTUAL"])
    own += writer.words(1, "ANGLES", ["LHipAngles"]) + writer.words(1, "VIRTUALS", ["LHEE"])
    assert _read(tmp_path, writer.file(_body(), labels=labels, more=own)).model_points == ("LHEE",)
    assert _read(tmp_path, writer.file(_body())).model_points == ()


def test_a_point_of_a_model_that_leaps_is_no_stray_marker(tmp_path):
    body = _body(60)
    body += 20 * np.sin(np.arange(60) / 5.0)[:, None, None]
    body[30, 3, 0] += 400.0
    labels = ("LFHD", "RFHD", "LASI", "RFEO", "LHEE", "RHEE", "LHipAngles")
    found = _read(tmp_path, C3dWriter().file(body, labels=labels))
    assert all(verdict.passed for verdict in import_verdicts(found))
    (note,) = model_points_note(found)
    assert note == "1 point (RFEO): an output of a model, no marker, not checked as such"
    marker = _read(tmp_path, C3dWriter().file(body))
    old = import_verdicts(marker)
    assert [verdict.name for verdict in old if not verdict.passed] == ["leaps"]
    # Told once: the check of the landmarks takes the place of that of the file, unless it is about another point.
    fails = [Verdict("points_leaping", 2.0, 0.0, "samples", False), Verdict("points_frozen", 0.0, 0.0, "samples", True)]
    holds = [Verdict("points_leaping", 0.0, 0.0, "samples", True)]
    assert [verdict.name for verdict in told_once(old, fails)] == ["stray samples"]
    assert [verdict.name for verdict in told_once(old, holds)] == ["frozen points", "leaps", "stray samples"]
