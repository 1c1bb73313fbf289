"""Who saw the board together, and the walk that would connect what is apart."""

import numpy as np
import pytest

from calibration.errors import ViewGraphError
from calibration.quality.view_graph import connection_advice, seen_spans, view_graph
from calibration.view_checks import check_views

NAMES = ("cam_1", "cam_2", "cam_4", "cam_5")


def seen_in(*spans: tuple[int, int]) -> np.ndarray:
    """Views of four cameras over 200 frames, the board seen by each from one frame to another; 6 corners."""
    seen = np.zeros((len(spans), 200, 6), dtype=bool)
    for camera, (first, last) in enumerate(spans):
        seen[camera, first : last + 1] = True
    return seen


def test_shared_views_and_corners_are_counted() -> None:
    seen = seen_in((0, 99), (80, 129))
    seen[1, 80:90, 3:] = False
    graph = view_graph(seen, NAMES[:2], np.arange(200))
    assert graph.views.tolist() == [[100, 20], [20, 50]]
    assert graph.corners[0, 1] == 10 * 3 + 10 * 6 and graph.corners[0, 0] == 600
    assert graph.n_groups == 1 and graph.weakest_link() == ("cam_1", "cam_2", 20)
    assert connection_advice(graph) == ""


def test_the_weakest_link_is_that_of_the_strongest_tree() -> None:
    seen = seen_in((0, 50), (10, 60), (45, 90), (40, 48))
    graph = view_graph(seen, NAMES, np.arange(200))
    # 1-2 share 41, 2-4 16, 5 shares 9 with 1 and 2: 5 hangs on 9.
    assert graph.weakest_link() == ("cam_1", "cam_5", 9)


def test_advice_names_the_pair_that_handed_the_board_over() -> None:
    # Cameras 1 and 2, then 4 and 5 together; 2 lost the board 8 frames before 5 found it, 1 and 4 much earlier, later.
    graph = view_graph(seen_in((0, 60), (20, 90), (130, 199), (98, 180)), NAMES, np.arange(200))
    assert graph.n_groups == 2 and graph.weakest_link() is None
    advice = connection_advice(graph)
    assert "between cam_2 and cam_5" in advice
    assert "cam_2 saw it in frames 20-90" in advice and "cam_5 saw it in frames 98-180" in advice


def test_advice_prefers_a_pair_that_shares_a_view_already() -> None:
    seen = seen_in((0, 60), (20, 90), (130, 199), (98, 180))
    seen[2, 50] = True  # cam_4 saw it once together with 1 and 2
    assert "and cam_4" in connection_advice(view_graph(seen, NAMES, np.arange(200)))


def test_advice_for_a_camera_that_never_saw_the_board() -> None:
    seen = seen_in((0, 60), (20, 90), (10, 70), (0, 0))
    seen[3] = False
    assert "cam_5 never saw it" in connection_advice(view_graph(seen, NAMES, np.arange(200)))


def test_stretches_bridge_short_gaps() -> None:
    assert seen_spans(np.array([3, 4, 10, 40, 41])) == ((3, 10), (40, 41))
    assert seen_spans(np.array([], dtype=int)) == ()


def test_the_refusal_of_two_groups_names_the_walk_that_connects_them() -> None:
    usable = seen_in((0, 60), (20, 90), (130, 199), (98, 180)).any(axis=2)
    # Frames of the footage, every fifth of which was looked at.
    with pytest.raises(ViewGraphError) as caught:
        check_views(usable, NAMES, 5 * np.arange(200))
    assert caught.value.code == "CAMERAS_NOT_CONNECTED" and "cam_1 cam_2 | cam_4 cam_5" in caught.value.cause
    assert caught.value.remedy.startswith("Record a walk with the board between cam_2 and cam_5")
    assert "cam_2 saw it in frames 100-450" in caught.value.remedy


def test_boards_side_by_side_are_no_shared_view() -> None:
    # Both cameras always saw a board, never the same one.
    one = seen_in((0, 199), (0, 199)).any(axis=2) & [[True], [False]]
    other = ~one
    with pytest.raises(ViewGraphError, match="Hold the board where"):
        check_views(np.concatenate([one, other], axis=1), NAMES[:2], np.tile(np.arange(200), 2))
