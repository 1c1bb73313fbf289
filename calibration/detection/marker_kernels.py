"""Compiled core of `markers`: the cells of square markers read through homographies, and looked up."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

MIN_CONTRAST = 12.0  # gray levels between paper and ink
MAX_BORDER_ERRORS = 0.2  # share of border cells that may look light
DOUBT = 0.8  # inner cells, by their distance from mid-gray over its mean, that blur may have turned
_SAMPLES = 3  # per cell and axis
_RIM = 0.1  # of a side: so far out the paper around a marker is read
_HORIZON = 0.05  # least depth of anything read, of that of the first corner


@njit(cache=True, nogil=True)
def read_markers(gray: NDArray, quads: NDArray, codes: NDArray, bits: int, max_errors: int) -> NDArray:
    """Read the marker in each quadrilateral.

    Parameters
    ----------
    gray : ndarray of uint8, shape (height, width)
    quads : ndarray, shape (quad, 4, 2)
        Corners in px, clockwise as seen.
    codes : ndarray of uint64, shape (4, marker)
        Inner cells row by row, paper 1, of every marker as seen after that many quarter turns
        counter-clockwise.
    bits : int
        Inner cells along a side.
    max_errors : int
        Wrong inner cells that are forgiven.

    Returns
    -------
    ndarray of int64, shape (quad, 2)
        Marker id, -1 where none fits, and the place in `quads` of its first corner.
    """
    answer = np.full((len(quads), 2), -1, np.int64)
    cells = np.empty((bits + 2, bits + 2))
    h = np.empty(8)
    for i in range(len(quads)):
        if not _square_to_quad(quads[i], h):
            continue
        code = _code(gray, h, bits, cells)
        if code[0] == 0:
            continue
        best = (max_errors + DOUBT) / bits**2
        for turn in range(4):
            for k in range(codes.shape[1]):
                wrong = codes[turn, k] ^ code[1]
                if _ones(wrong) > max_errors + 2:
                    continue
                doubt = _doubt(wrong, cells, code[2])
                if doubt < best:
                    best = doubt
                    answer[i, 0], answer[i, 1] = k, (4 - turn) % 4
    return answer


@njit(cache=True, nogil=True)
def _square_to_quad(quad: NDArray, h: NDArray) -> bool:
    """Write the homography from the unit square to the corners (Heckbert 1989, 2.2.3); False where there is none.

    Where corners are not convex, or nearly so, the horizon crosses the square or the paper around it: no marker.
    """
    x0, y0, x1, y1 = quad[0, 0], quad[0, 1], quad[1, 0], quad[1, 1]
    x2, y2, x3, y3 = quad[2, 0], quad[2, 1], quad[3, 0], quad[3, 1]
    dx1, dx2, sx = x1 - x2, x3 - x2, x0 - x1 + x2 - x3
    dy1, dy2, sy = y1 - y2, y3 - y2, y0 - y1 + y2 - y3
    determinant = dx1 * dy2 - dx2 * dy1
    if abs(determinant) < 1e-9:
        return False
    h[6] = (sx * dy2 - dx2 * sy) / determinant
    h[7] = (dx1 * sy - sx * dy1) / determinant
    nearest = 1.0 + min(-_RIM * h[6], (1.0 + _RIM) * h[6]) + min(-_RIM * h[7], (1.0 + _RIM) * h[7])
    if nearest < _HORIZON:
        return False
    h[0], h[1], h[2] = x1 - x0 + h[6] * x1, x3 - x0 + h[7] * x3, x0
    h[3], h[4], h[5] = y1 - y0 + h[6] * y1, y3 - y0 + h[7] * y3, y0
    return True


@njit(cache=True, nogil=True)
def _level(gray: NDArray, h: NDArray, u: float, v: float) -> float:
    """Gray level at a place of the unit square."""
    depth = h[6] * u + h[7] * v + 1.0
    x = (h[0] * u + h[1] * v + h[2]) / depth
    y = (h[3] * u + h[4] * v + h[5]) / depth
    return _at(gray, x, y)


@njit(cache=True, nogil=True)
def _code(gray: NDArray, h: NDArray, bits: int, cells: NDArray) -> tuple[int, np.uint64, float]:
    """Fill in the gray levels of the cells; return 1, the code and mid-gray when it looks like a marker, else 0."""
    n = bits + 2
    step = 1.0 / n
    black, white = 0.0, 0.0
    for row in range(n):
        for column in range(n):
            total = 0.0
            for i in range(_SAMPLES):
                for j in range(_SAMPLES):
                    u = (column + (j + 1.0) / (_SAMPLES + 1.0)) * step
                    v = (row + (i + 1.0) / (_SAMPLES + 1.0)) * step
                    total += _level(gray, h, u, v)
            cells[row, column] = total / _SAMPLES**2
    for k in range(n):
        black += cells[0, k] + cells[n - 1, k] + cells[k, 0] + cells[k, n - 1]
        place = (k + 0.5) * step
        white += _level(gray, h, place, -0.45 * step) + _level(gray, h, place, 1 + 0.45 * step)
        white += _level(gray, h, -0.45 * step, place) + _level(gray, h, 1 + 0.45 * step, place)
    black, white = black / (4 * n), white / (4 * n)
    if white - black < MIN_CONTRAST:
        return 0, np.uint64(0), 0.0
    middle = 0.5 * (black + white)
    errors = 0
    for k in range(n):
        errors += (cells[0, k] > middle) + (cells[n - 1, k] > middle)
        errors += (cells[k, 0] > middle) + (cells[k, n - 1] > middle)
    if errors > MAX_BORDER_ERRORS * 4 * n:
        return 0, np.uint64(0), 0.0
    code = np.uint64(0)
    for row in range(1, n - 1):
        for column in range(1, n - 1):
            code = (code << np.uint64(1)) | np.uint64(cells[row, column] > middle)
    return 1, code, middle


@njit(cache=True, nogil=True)
def _doubt(wrong: np.uint64, cells: NDArray, middle: float) -> float:
    """Share of the cells' distances from mid-gray that contradicts a code."""
    n = len(cells)
    total = against = 0.0
    for row in range(n - 2, 0, -1):  # the lowest bit is the last cell
        for column in range(n - 2, 0, -1):
            size = abs(cells[row, column] - middle)
            total += size
            if wrong & np.uint64(1):
                against += size
            wrong >>= np.uint64(1)
    return against / max(total, 1e-9)


@njit(cache=True, nogil=True)
def _ones(value: np.uint64) -> int:
    """Number of bits set."""
    count = 0
    while value != np.uint64(0):
        value &= value - np.uint64(1)
        count += 1
    return count


@njit(cache=True, nogil=True)
def sharpen_quads(gray: NDArray, quads: NDArray, reach: NDArray) -> None:
    """Move corners to where straight lines through the steepest places of the sides cross.

    Parameters
    ----------
    gray : ndarray of uint8, shape (height, width)
    quads : ndarray, shape (quad, 4, 2)
        Corners in px, clockwise as seen, dark inside; changed in place where all four sides are found.
    reach : ndarray, shape (quad,)
        How far from a side its edge is looked for, in px.
    """
    lines = np.empty((4, 3))
    corners = np.empty((4, 2))
    for i in range(len(quads)):
        ok = True
        for side in range(4):
            ok = ok and _side_line(gray, quads[i, side], quads[i, (side + 1) % 4], reach[i], lines[side])
        for k in range(4):
            a, b = lines[(k + 3) % 4], lines[k]
            determinant = a[0] * b[1] - a[1] * b[0]
            if not ok or abs(determinant) < 0.1:
                ok = False
                break
            corners[k, 0] = (a[2] * b[1] - a[1] * b[2]) / determinant
            corners[k, 1] = (a[0] * b[2] - a[2] * b[0]) / determinant
            away = max(abs(corners[k, 0] - quads[i, k, 0]), abs(corners[k, 1] - quads[i, k, 1]))
            ok = ok and away < 2 * reach[i]
        if ok:
            for k in range(4):  # by hand: a copy by slices takes the compiler seconds
                quads[i, k, 0], quads[i, k, 1] = corners[k, 0], corners[k, 1]


@njit(cache=True, nogil=True)
def _side_line(gray: NDArray, start: NDArray, end: NDArray, reach: float, line: NDArray) -> bool:
    """Write the line n x = d along the dark inside's edge between two corners."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = np.hypot(dx, dy)
    if length < 4.0:
        return False
    ux, uy = dx / length, dy / length
    nx, ny = uy, -ux  # outwards, clockwise as seen with y down
    n = 9
    steps = int(np.ceil(reach / 0.5))
    count, s_t, s_o, s_tt, s_to = 0, 0.0, 0.0, 0.0, 0.0
    for k in range(n):
        along = length * (0.15 + 0.7 * k / (n - 1))
        weight, moment = 0.0, 0.0
        for step in range(-steps, steps + 1):
            offset = 0.5 * step
            x, y = start[0] + along * ux + offset * nx, start[1] + along * uy + offset * ny
            rise = _at(gray, x + 0.5 * nx, y + 0.5 * ny) - _at(gray, x - 0.5 * nx, y - 0.5 * ny)
            if rise > 3.0:
                weight += rise * rise
                moment += rise * rise * offset
        if weight > 0.0:
            o = moment / weight
            count, s_t, s_o, s_tt, s_to = count + 1, s_t + along, s_o + o, s_tt + along * along, s_to + along * o
    if count < 4:
        return False
    spread = s_tt - s_t * s_t / count
    slope = (s_to - s_t * s_o / count) / spread
    base = (s_o - slope * s_t) / count
    # Direction of the line: u + slope n; its normal turned likewise.
    scale = 1.0 / np.sqrt(1 + slope * slope)
    line[0], line[1] = (nx - slope * ux) * scale, (ny - slope * uy) * scale
    line[2] = line[0] * (start[0] + base * nx) + line[1] * (start[1] + base * ny)
    return True


@njit(cache=True, nogil=True)
def _at(gray: NDArray, x: float, y: float) -> float:
    """Gray level between pixels; the nearest pixel's outside the image."""
    x = min(max(x, 0.0), gray.shape[1] - 1.001)
    y = min(max(y, 0.0), gray.shape[0] - 1.001)
    i, j = int(y), int(x)
    a, b = x - j, y - i
    top = (1 - a) * gray[i, j] + a * gray[i, j + 1]
    return (1 - b) * top + b * ((1 - a) * gray[i + 1, j] + a * gray[i + 1, j + 1])
