"""Whatever a trial holds: every format reads back as it was, or refuses with a code; no file lies elsewhere."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from mocap.errors import MocapError
from mocap.export import FORMATS
from mocap.pipeline.export_back import DIFFERENCES
from mocap.trial import (
    Analog,
    AngleDefinition,
    Assessment,
    Event,
    ForcePlate,
    JointAngles,
    Measure,
    Metric,
    Points3D,
    Segments,
    Table,
    Trial,
    Verdict,
    Words,
)

# Names that part columns, run in spreadsheets, leave folders or are taken.
NAMES = ("LASI", "a/b:c", "=1+1", "-x", "\t", "\x85", "é 1", "y" * 300, "nan", "n/a", "time", "CON", "..", "../../x",
         "a\nb", "'q", "\u2028", "A,B", '"', "pelvis", "femur_r", "foot_r", "endheader", "a b", "a_b")  # fmt: skip
# C3D keeps whole samples in single precision and names of its own: its tests hold what it reads back.
HELD = [name for name in FORMATS if name not in ("c3d", "nwb")]


class _Any:
    """Trials of anything, from a seed."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.n = int(self.rng.choice([1, 2, 7]))
        self.rate = float(self.rng.choice([1.0, 50.0, 119.88011988011988]))
        self.start = float(self.rng.choice([-1.5, 1e6]))

    def often(self):
        return self.rng.random() < 0.6

    def word(self):
        return str(self.rng.choice(NAMES))

    def words(self, count):
        return tuple(str(name) for name in self.rng.choice(NAMES, count, replace=False))

    def numbers(self, *shape):
        values = self.rng.normal(size=shape) * 10.0 ** self.rng.integers(-12, 3)
        return np.where(self.rng.random(shape) < (0.2 if self.often() else 0.0), np.nan, values)

    def points(self, names):
        shape = (self.n, len(names))
        status = self.rng.choice([0, 1, 2, 16, 33, 63], size=shape).astype(np.uint8)
        return Points3D(self.numbers(*shape, 3), names, self.rate, status=status, start_s=self.start,
                        covariance=np.abs(self.numbers(*shape, 3, 3)))  # fmt: skip

    def angles(self):
        names = self.words(3)
        values, seen = self.numbers(self.n, 3), self.rng.random(3) < 0.7
        values[:, ~seen] = np.nan
        texts = [AngleDefinition(name, self.word(), self.word(), "a", "b", "absolute", "c", bool(known), self.word())
                 for name, known in zip(names, seen, strict=True)]  # fmt: skip
        return JointAngles(tuple(texts), values, self.rate, np.abs(self.numbers(self.n, 3)), start_s=self.start,
                           frame_reason=self.rng.integers(0, 2, (self.n, 3)), frame_reason_words=("", self.word()))

    def segments(self):
        poses = np.tile(np.eye(4), (self.n, 4, 1, 1))
        turns = Rotation.from_quat(self.rng.normal(size=(self.n * 4, 4))).as_matrix()
        poses[..., :3, :3] = turns.reshape(self.n, 4, 3, 3)
        poses[..., :3, 3] = self.rng.normal(size=(self.n, 4, 3))
        poses[self.rng.random((self.n, 4)) < 0.3] = np.nan
        measures = (Measure("m", self.numbers(self.n), "m", "d", "p", "x"),
                    Measure("v", self.numbers(self.n, 3), "rad/s", "d", "p", self.word()))  # fmt: skip
        return Segments(self.words(4), poses, self.rate, measures)

    def assessment(self):
        metric = Metric("d", "m", self.word(), np.array([1.0, np.nan]), reasons=(self.word(), self.word()))
        table = Table("repetitions", 2, (metric,), (Words("g", self.word(), self.words(2)),))
        return Assessment("squat", table, notes=(self.word(),), settings={"a.b": self.word()})

    def trial(self):
        names = self.words(int(self.rng.choice([0, 1, 4])))
        parts = {
            "points_smoothed": lambda: self.points(names), "angles": self.angles, "segments": self.segments,
            "assessments": lambda: (self.assessment(),),
            "events": lambda: (Event(1.5, self.word(), "left", note=self.word()), Event(float("nan"), "x")),
            "quality": lambda: (Verdict(self.word(), float("nan"), float("inf"), "m", True, self.word()),),
            "analog": lambda: Analog(self.numbers(9, 6) * 100, self.words(6), ("N",) * 3 + ("Nmm",) * 3, self.rate),
            "force_plates": lambda: (ForcePlate(2, self.rng.normal(size=(4, 3)), self.numbers(3), tuple(range(6))),),
        }  # fmt: skip
        return Trial(
            self.word(), self.points(names), subject_code=self.word(), task=self.word(), site=self.word(),
            created_utc=str(self.rng.choice(["", "2026-03-01T10:00:00Z", "gestern"])), context={"visit": self.word()},
            forward_axis=str(self.rng.choice(["x", "-y", "z", ""])), gravity_known=self.often(),
            **{name: make() for name, make in parts.items() if self.often()},
        )  # fmt: skip


def _held(seed, formats, tmp_path):
    trial = _Any(seed).trial()
    for name in formats:
        row, folder = FORMATS[name], tmp_path / f"{name}{seed}"
        folder.mkdir()
        out = folder / f"out{row.endings[0] if row.endings else ''}"
        try:
            files = row.write(trial, out)
        except MocapError as error:
            assert error.code == "EXPORT_EMPTY", name
            continue
        assert files and all(folder in file.resolve().parents and file.is_file() for file in files), name
        assert [str(one) for one in DIFFERENCES[name](trial, out)] == [], name


@pytest.mark.parametrize("seed", range(6))
def test_any_trial_is_held(tmp_path, seed):
    _held(seed, HELD, tmp_path)


@pytest.mark.heavy
@pytest.mark.parametrize("seed", range(6, 306))
def test_many_trials_are_held(tmp_path, seed):
    _held(seed, [*HELD, "nwb"] if seed % 10 == 0 else HELD, tmp_path)
