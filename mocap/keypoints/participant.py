"""The participant among all people: by the capture zone, the longest track or a click; who, and why, in words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.digits import counted, digits
from mocap.errors import ConfigError, KeypointError
from mocap.keypoints.tracks import PeopleTracks
from mocap.trial import Keypoints2D, Verdict

RULES = ("auto", "zone", "longest", "click")
_STATED = "--zone, --click, or participant of the [[trial]]"
_EQUAL = 0.9  # of the longest: as long, for all that is known
_STILL_M = 0.01
_CLOSE_M = 0.6
_DOUBT_LIMIT_PCT = 1.0
_PRESENT_LIMIT_PCT = 90.0
_LOST_SHARE = 0.02  # of the recording: absences that are shorter are not told apart
_TOGETHER_SHARE = 0.1
_ALIKE_SHARE = 0.05  # a detector places one body's points so alike, from one moment to another


@dataclass(frozen=True)
class ParticipantRule:
    """How the participant is told from others.

    Attributes
    ----------
    rule : str
        `zone` (whoever is in it for longest), `longest` (whoever is seen for longest, by most cameras), `click`, or
        `auto`: by the click where there is one, else by the zone where there is one, else the longest.
    zone_world : tuple of float, optional
        Middle of the capture zone on the floor, (x, y) m.
    zone_radius_m : float
    click : (int, str, (float, float)), optional
        Frame, camera and pixel on the participant.
    """

    rule: str = "auto"
    zone_world: tuple[float, float] | None = None
    zone_radius_m: float = 1.0
    click: tuple[int, str, tuple[float, float]] | None = None

    def __post_init__(self) -> None:
        lacking = {"zone": self.zone_world, "click": self.click}.get(self.rule, True) is None
        if self.rule not in RULES or lacking or self.zone_radius_m <= 0:
            raise ConfigError(
                f"The participant cannot be chosen by '{self.rule}' with zone {self.zone_world}, radius "
                f"{self.zone_radius_m} m and click {self.click}.",
                f"Use one of {', '.join(RULES)}; state the zone's middle (x, y), or the click's frame, camera, pixel.",
                code="OPTION_RANGE",
            )

    @property
    def used(self) -> str:
        """The rule that `auto` stands for."""
        if self.rule != "auto":
            return self.rule
        return "click" if self.click is not None else "zone" if self.zone_world is not None else "longest"


@dataclass(frozen=True, eq=False)
class ParticipantChoice:
    """The participant, and how sure that is.

    Attributes
    ----------
    keypoints : Keypoints2D
        Of that person alone.
    person : ndarray of int, shape (camera, time)
        Place on the person axis; -1 where the camera does not show that person.
    error_px : ndarray, shape (time,)
        Mean distance of the detections from the body that they are of; NaN with fewer than two views.
    others : ndarray of int, shape (time,)
        How many other people two or more cameras agree on: above 0 the choice could have been another.
    track : int
        Which of the tracks.
    doubtful : ndarray of bool, shape (time,)
        Frames in which fewer than two views tell the participant from somebody else.
    reason : str
        Who was chosen and why, and who else was there, in one sentence.
    certain : bool
        No other track fits the rule as well.
    lost : str
        When the participant is not there although somebody of the same size is, in words; empty when never.
    """

    keypoints: Keypoints2D
    person: NDArray
    error_px: NDArray
    others: NDArray
    track: int
    doubtful: NDArray
    reason: str
    certain: bool
    lost: str = ""

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Whether the participant is known, known in all frames, and there in them."""
        share = 100.0 * float(self.doubtful.mean()) if len(self.doubtful) else 0.0
        sure = share <= _DOUBT_LIMIT_PCT
        present = 100.0 * float((self.person >= 0).any(axis=0).mean()) if len(self.doubtful) else 0.0
        told = "of the frames hold the participant" + (f"; {self.lost}" if self.lost else "")
        return (
            Verdict("participant chosen", float(self.certain), 1.0, "", self.certain, self.reason),
            Verdict("participant told from others", share, _DOUBT_LIMIT_PCT, "%", sure,
                    "of the frames in which fewer than two views tell the participant from somebody else"),
            Verdict("participant present", present, _PRESENT_LIMIT_PCT, "%",
                    present >= _PRESENT_LIMIT_PCT and not self.lost, told),
        )  # fmt: skip


_DEFAULT = ParticipantRule()


def choose_participant(tracks: PeopleTracks, rule: ParticipantRule = _DEFAULT) -> ParticipantChoice:
    """Choose one of the people.

    Parameters
    ----------
    tracks : PeopleTracks
    rule : ParticipantRule

    Returns
    -------
    ParticipantChoice
        Later pieces of a track that nothing joins are not the participant.

    Raises
    ------
    KeypointError
        NO_PERSON, when nobody is in the zone or under the click.
    """
    score, cause = _scores(tracks, rule)
    alive = tracks.moved_m > _STILL_M
    if alive.any():  # a poster, or a person in a picture on the wall, never moves
        score = np.where(alive, score, score * 1e-3)
    best = int(np.argmax(score))
    if not score[best] > 0:
        raise KeypointError(
            f"Nobody is the participant by the {cause}.",
            f"State the zone or the click where the participant is ({_STATED}), or neither: the longest track.",
            code="NO_PERSON",
        )
    certain = rule.used == "click" or not (np.delete(score, best) > _EQUAL * score[best]).any()
    person = tracks.person[best]
    others = np.delete(tracks.seen, best, axis=0).sum(axis=0)
    error = np.where(tracks.seen[best], tracks.error_px[best], np.nan)
    text = _reason(tracks, rule, best, cause, certain)
    return ParticipantChoice(
        tracks.people.chosen(person), person, error, others, best, tracks.doubtful[best], text, certain,
        _lost(tracks, best),
    )  # fmt: skip


def _lost(tracks: PeopleTracks, best: int) -> str:
    """Say where another track, of a body of the same size, is there instead of the participant."""
    own = tracks.person[best] >= 0
    absent = ~own.any(axis=0)
    least = max(_LOST_SHARE * len(absent), 1)
    said = []
    for track in np.delete(np.arange(tracks.n_tracks), best):
        there = tracks.seen[track]
        # Somebody who is there together with the participant is somebody else.
        if (there & ~absent).sum() > _TOGETHER_SHARE * there.sum() or (there & absent).sum() < least:
            continue
        difference = _difference(tracks.lengths_m[best], tracks.lengths_m[track])
        if difference < _ALIKE_SHARE:
            first, last = np.flatnonzero(there)[[0, -1]]
            said.append(f"frames {first} to {last} show somebody whose lengths differ from the participant's by "
                        f"{digits(100 * difference, 2)} %: perhaps the participant, left out there")  # fmt: skip
    return "; ".join(said)


def _difference(one: NDArray, other: NDArray) -> float:
    """Median relative difference of the lengths that two bodies share; infinite for none."""
    both = np.isfinite(one) & np.isfinite(other) & (one > 0.1)
    return float(np.median(np.abs(other[both] / one[both] - 1))) if both.any() else float("inf")


def _scores(tracks: PeopleTracks, rule: ParticipantRule) -> tuple[NDArray, str]:
    if rule.used == "zone":
        assert rule.zone_world is not None
        away = np.linalg.norm(tracks.centre_world[..., :2] - np.asarray(rule.zone_world, float), axis=-1)
        inside = np.where(np.isfinite(away), away, np.inf) <= rule.zone_radius_m
        return inside.sum(axis=1).astype(float), "longest in the capture zone"
    if rule.used == "click":
        return _clicked(tracks, rule), "click"
    # Of two who are there all the time, the one whom more cameras see.
    return np.where(tracks.seen, tracks.views, 0).sum(axis=1).astype(float), "longest track"


def _clicked(tracks: PeopleTracks, rule: ParticipantRule) -> NDArray:
    assert rule.click is not None
    frame, name, pixel = rule.click
    people = tracks.people
    if name not in tracks.camera_names or not 0 <= frame < people.n_frames:
        raise KeypointError(
            f"The click is on frame {frame} of camera '{name}'; there are {people.n_frames} frames of "
            f"{list(tracks.camera_names)}.",
            "Click on a frame and camera of the recording.",
            code="NO_PERSON",
        )
    camera = tracks.camera_names.index(name)
    away = np.full(tracks.n_tracks, np.inf)
    for track, own in enumerate(tracks.person[:, camera, frame]):
        points = people.pixels[camera, frame, own]
        points = points[np.isfinite(points).all(axis=1)]
        if own >= 0 and len(points):
            low, high = points.min(axis=0), points.max(axis=0)
            slack = 0.1 * (high - low).max()
            if (np.asarray(pixel) > low - slack).all() and (np.asarray(pixel) < high + slack).all():
                away[track] = np.linalg.norm(points - np.asarray(pixel), axis=1).min()
    return np.where(np.isfinite(away), 1.0 / (1.0 + away), 0.0)


def _reason(tracks: PeopleTracks, rule: ParticipantRule, best: int, cause: str, certain: bool) -> str:
    n_frames = tracks.people.n_frames
    middle = tracks.middle_world[:2] if rule.zone_world is None else np.asarray(rule.zone_world, float)
    centre = tracks.centre_world[best, :, :2]
    away = np.linalg.norm(centre[np.isfinite(centre).all(axis=1)] - middle, axis=1)
    place = "the middle of what the cameras see" if rule.zone_world is None else "the middle of the zone"
    said = [f"participant: the {cause}, {int(tracks.seen[best].sum())} of {n_frames} frames, "
            f"{digits(float(np.median(away)))} m from {place}"]  # fmt: skip
    said += _others(tracks, best)
    if not certain:
        said.append(f"somebody else fits as well: state the zone, or click on the participant ({_STATED})")
    return "; ".join(said)


def _others(tracks: PeopleTracks, best: int) -> list[str]:
    """Say who else was there, how close, and for how long."""
    seen = tracks.people.people_seen - (tracks.person[best] >= 0)  # (camera, time)
    frames = (seen > 0).any(axis=0)
    if not frames.any():
        return ["nobody else in view"]
    where = [name for name, own in zip(tracks.camera_names, seen, strict=True) if (own > 0).any()]
    said = [f"another person in {counted(int(frames.sum()), 'frame')} of {_listed(where)}"]
    gap = np.linalg.norm(tracks.centre_world - tracks.centre_world[best], axis=-1)
    gap[best] = np.nan
    known = gap[np.isfinite(gap)]
    if len(known) and known.min() < _CLOSE_M:
        close = (np.where(np.isfinite(gap), gap, np.inf) < _CLOSE_M).any(axis=0).sum()
        said.append(f"within {_CLOSE_M} m in {int(close)} of them, {digits(float(known.min()))} m at the least")
    still = [track for track in range(tracks.n_tracks) if track != best and tracks.moved_m[track] <= _STILL_M]
    if still:
        said.append(f"{len(still)} of the others never moved (a poster or a reflection?)")
    return said


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
