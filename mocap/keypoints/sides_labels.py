"""The most probable labels of all views and frames, from what these say of each other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mocap.keypoints.sides_kernels import best_states
from mocap.signal.runs import runs

_BLOCK, _AHEAD = 1024, 128
_ABOUT, _MOST_ABOUT = 256, 0.5  # frames looked at about doubted ones, and the share from which on all are
_FIXED = 1e6  # log-odds of a label that stays as it is


@dataclass(frozen=True, eq=False)
class Agreement:
    """What views, and frames, say of each other.

    Attributes
    ----------
    pair : ndarray, shape (camera, camera, time)
        Of a camera and a later one: above 0 where they agree with their labels alike.
    turned : ndarray, shape (time, camera)
        -1 where `pair` is to be taken with a camera's labels exchanged, else 1.
    stay : ndarray, shape (time - 1, camera)
        Above 0 where the labels go on as they were.
    """

    pair: NDArray
    turned: NDArray
    stay: NDArray

    def solved(self, field: NDArray) -> NDArray:
        """Most probable exchanges, shape (camera, time); `field`, (time, camera), says what labels look right by."""
        states = best_states(
            np.ascontiguousarray(self.pair),
            *(np.ascontiguousarray(own, float) for own in (self.turned, field, self.stay)), _BLOCK, _AHEAD,
        )  # fmt: skip
        return ((states[None, :] >> np.arange(field.shape[1])[:, None]) & 1).astype(bool)

    def solved_again(self, field: NDArray, first: NDArray, doubted: NDArray) -> NDArray:
        """Most probable exchanges with a field that speaks for the `first` ones in all but the doubted frames.

        Labels change nowhere but in stretches about doubted frames: only these are looked at, between labels that
        stay as they are, and everything where a stretch does not end well before.
        """
        window = np.ones(2 * _ABOUT + 1)
        near = np.convolve(doubted, window)[_ABOUT : _ABOUT + len(doubted)] > 0.5
        if near.mean() > _MOST_ABOUT:
            return self.solved(field)
        answer = first.copy()
        for start, stop in runs(near):
            own = np.array(field[start:stop])
            for frame in {start, stop - 1} - {0, len(field) - 1}:
                own[frame - start] += _FIXED * signs(first[:, frame])
            part = Agreement(self.pair[..., start:stop], self.turned[start:stop], self.stay[start : stop - 1])
            answer[:, start:stop] = part.solved(own)
            changed = np.flatnonzero((answer != first)[:, start:stop].any(axis=0))
            before, after = (_ABOUT // 2 if start else 0), (_ABOUT // 2 if stop < len(field) else 0)
            if len(changed) and (changed[0] < before or changed[-1] >= stop - start - after):
                return self.solved(field)
        return answer


def signs(exchanged: NDArray) -> NDArray:
    """Return -1 where labels are exchanged, else 1."""
    return np.where(exchanged, -1.0, 1.0)
