"""What a dataset holds, counted as it is written."""

from collections import Counter, defaultdict

import numpy as np
from numpy.typing import NDArray

from mocap.export.dataset.labels import HIDDEN, OUTSIDE, VISIBLE, ViewLabels
from mocap.export.dataset.projection import largest_sd
from mocap.export.dataset.recordings import Recording

_BIN_PX, _MOST_PX = 0.01, 100.0


class Counts:
    """Pictures, points, people and recordings by split; the spread of sigma in bins of 0.01 px.

    Attributes
    ----------
    pictures : Counter of (split, movement, view)
    points : Counter of (split, visibility)
    subjects, recordings : mapping of str to set of str
        By split.
    frames : Counter of split
    angle_frames : Counter of (split, angle)
        Frames in which the angle has a value.
    """

    def __init__(self) -> None:
        self.pictures: Counter[tuple[str, str, str]] = Counter()
        self.points: Counter[tuple[str, int]] = Counter()
        self.subjects: defaultdict[str, set[str]] = defaultdict(set)
        self.recordings: defaultdict[str, set[str]] = defaultdict(set)
        self.licences: Counter[str] = Counter()
        self.frames: Counter[str] = Counter()
        self.angle_frames: Counter[tuple[str, str]] = Counter()
        self.failed: dict[str, list[str]] = {}
        self.largest_offset_s = 0.0
        self._sigma = np.zeros(int(_MOST_PX / _BIN_PX) + 1, int)
        self._apart = self._sigma.copy()
        self._unknown_sigma = 0
        self._shown: set[int] = set()

    def begin(self, recording: Recording) -> None:
        """Count a recording; its pictures follow."""
        split = recording.split
        self.subjects[split].add(recording.subject)
        self.recordings[split].add(recording.name)
        self.licences[recording.licence or "not stated"] += 1
        self._shown = set()
        if recording.failed:
            self.failed[recording.name] = list(recording.failed)

    def add(self, recording: Recording, labels: ViewLabels) -> None:
        """Count the labels of one camera."""
        for view in labels.view:
            self.pictures[recording.split, recording.movement, str(view)] += 1
        for seen in (OUTSIDE, HIDDEN, VISIBLE):
            self.points[recording.split, seen] += int((labels.visibility == seen).sum())
        new = [frame for frame in labels.frames.tolist() if frame not in self._shown]
        self._shown.update(new)
        self.frames[recording.split] += len(new)
        for name, one in recording.angles.items():
            self.angle_frames[recording.split, name] += int(np.isfinite(one.values_deg[new]).sum())
        if len(labels.frames):
            self.largest_offset_s = max(self.largest_offset_s, float(np.abs(labels.picture_offset_s).max()))
        sigma = largest_sd(labels.covariance_px)[labels.visibility > OUTSIDE]
        known = sigma[np.isfinite(sigma)]
        self._unknown_sigma += len(sigma) - len(known)
        _count(self._sigma, known)
        apart = labels.detection_px[labels.visibility > OUTSIDE]
        _count(self._apart, apart[np.isfinite(apart)])

    @property
    def n_pictures(self) -> int:
        """Of all splits."""
        return sum(self.pictures.values())

    @property
    def n_labels(self) -> int:
        """Points in all pictures, also those that lie outside of them."""
        return sum(self.points.values())

    def sigma_px(self, shares: NDArray) -> NDArray:
        """Return quantiles of the labels' standard deviation, to 0.01 px; NaN where none is known."""
        return _quantiles(self._sigma, shares)

    def detection_px(self, shares: NDArray) -> NDArray:
        """Return quantiles of the distance of labels from what the detectors found, to 0.01 px; NaN without any."""
        return _quantiles(self._apart, shares)

    @property
    def unknown_sigma(self) -> int:
        """Labels of which no standard deviation is known."""
        return self._unknown_sigma


def _count(bins: NDArray, values: NDArray) -> None:
    np.add.at(bins, np.minimum(values / _BIN_PX, len(bins) - 1).astype(int), 1)


def _quantiles(bins: NDArray, shares: NDArray) -> NDArray:
    total = bins.sum()
    return np.searchsorted(np.cumsum(bins), shares * total) * _BIN_PX if total else np.full(len(shares), np.nan)
