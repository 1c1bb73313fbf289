"""The most probable sequence of side labels: exact dynamic programming over all patterns of exchanged cameras.

A state is one bit per camera, 1 where left and right are exchanged; its sign is -1 there and +1 elsewhere. The energy
of a sequence is minus the sum of `pair[a, b] sign_a sign_b`, `own[a] sign_a` and, between frames,
`stay[a] sign_a(t) sign_a(t + 1)`. All states of a frame are summed up camera by camera, each doubling their number;
the step between frames factorises over cameras, so that it costs cameras x states.
"""

import numpy as np
from numba import njit

#: Helpers are inlined: compiled once, with what calls them.
OPTIONS = {"cache": True, "nogil": True, "error_model": "numpy"}


@njit(inline="always", **OPTIONS)
def _add_energies(pair, frame, turned, own, field, energy, value):
    """Add the energy of every state of one frame to `value`; `turned` holds the signs that `pair` is taken with."""
    energy[0] = 0.0
    for k in range(len(own)):
        field[0] = own[k]
        for a in range(k):  # what camera k gains by its label, for all labels of those before it
            between, bit = pair[a, k, frame] * turned[k] * turned[a], 1 << a
            for state in range(bit):
                field[state + bit] = field[state] - between
                field[state] += between
        bit = 1 << k
        for state in range(bit):
            energy[state + bit] = energy[state] + field[state]
            energy[state] -= field[state]
    for state in range(len(value)):
        value[state] += energy[state]


@njit(inline="always", **OPTIONS)
def _step(before, stay, space, value):
    """Least energies of the states after one step, from those `before`.

    Every camera in turn is the topmost bit and becomes the lowest one: what is read lies in rows.
    """
    half = len(value) // 2
    for state in range(len(value)):
        value[state] = before[state]
    for a in range(len(stay) - 1, -1, -1):
        kept = stay[a]
        for i in range(half):
            one, other = value[i], value[i + half]
            space[i] = min(one - kept, other + kept)
            space[i + half] = min(other - kept, one + kept)
        for i in range(half):
            value[2 * i] = space[i]
            value[2 * i + 1] = space[i + half]


@njit(inline="always", **OPTIONS)
def _came_from(before, state, stay):
    """State of the frame before on the best way to a state: the same one where several are."""
    best, answer, least = before[state], state, 0.0
    for a in range(len(stay)):
        least += 2.0 * min(stay[a], 0.0)
    for other in range(len(before)):
        if before[other] + least < best:  # else no change is worth it
            total = before[other]
            for a in range(len(stay)):
                if (state ^ other) >> a & 1:
                    total += 2.0 * stay[a]
            if total < best:
                best, answer = total, other
    return answer


@njit(**OPTIONS)
def best_states(pair, turned, own, stay, n_block, n_ahead):
    """Return the best state per frame, shape (time,).

    Parameters
    ----------
    pair : ndarray, shape (camera, camera, time)
        Of a camera and a later one; above 0 where they agree with their labels alike.
    turned : ndarray, shape (time, camera)
        -1 where a camera's labels are exchanged before they are looked at, else 1.
    own : ndarray, shape (time, camera)
        Above 0 where a camera's labels look right.
    stay : ndarray, shape (time - 1, camera)
        Above 0 where the labels go on as they were.
    n_block, n_ahead : int
        Frames that are decided at once, and frames that are looked ahead for it: memory grows with neither.
    """
    n_frames, n_cameras = own.shape
    n_states = 1 << n_cameras
    answer = np.zeros(n_frames, np.int64)
    energy, field, space = np.empty(n_states), np.empty(n_states), np.empty(n_states)
    value = np.empty((min(n_block + n_ahead, max(n_frames, 1)), n_states))
    for start in range(0, n_frames, n_block):
        stop = min(start + n_block, n_frames)
        end = min(stop + n_ahead, n_frames)
        for frame in range(start, end):
            here = value[frame - start]
            if frame > start:
                _step(value[frame - start - 1], stay[frame - 1], space, here)
            for state in range(n_states if frame == start else 0):
                here[state] = 0.0
                for a in range(n_cameras if frame > 0 else 0):
                    here[state] += 2.0 * stay[frame - 1, a] if (state ^ answer[frame - 1]) >> a & 1 else 0.0
            _add_energies(pair, frame, turned[frame], own[frame], field, energy, here)
        state = 0
        for other in range(1, n_states):
            if value[end - 1 - start, other] < value[end - 1 - start, state]:
                state = other
        for frame in range(end - 1, start - 1, -1):
            if frame < stop:
                answer[frame] = state
            if frame > start:
                state = _came_from(value[frame - 1 - start], state, stay[frame - 1])
    return answer
