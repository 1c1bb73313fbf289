"""Two windows, tied by a dialog, and a film of both; what events two trials are aligned at."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from mocap.pipeline.review_film import open_film
from mocap.trial import Event
from mocap.viewer.pairing import EventName, best_match, event_time, events_of, pair_labels
from tests.viewer.test_filming import cursor_of, decoded, settle


def named(*words):
    return tuple((EventName(label, side, number), at) for label, side, number, at in words)


def test_events_are_listed_by_the_names_that_find_them(squat_trial):
    events = (*squat_trial.events, Event(0.5, "contact", "left"), Event(0.4, "contact", "right"),
              Event(1.2, "contact", "left"))  # fmt: skip
    trial = dataclasses.replace(squat_trial, events=events)
    found = events_of(trial)
    assert [event.words for event, _ in found] == [
        "squat start 1", "contact right 1", "contact left 1", "squat bottom 1", "contact left 2", "squat end 1",
    ]  # fmt: skip
    assert [event_time(trial, event) for event, _ in found] == [at for _, at in found]


def test_trials_are_aligned_at_what_both_have_nearest_to_now():
    first = named(("start", "", 1, 0.0), ("bottom", "", 1, 1.0), ("bottom", "", 2, 3.0))
    second = named(("bottom", "", 1, 5.0), ("start", "", 1, 4.0), ("jump", "", 1, 9.0))
    assert best_match((first, second), 2.9) == (1, 0)
    assert best_match((first, second), 0.1) == (0, 1)
    assert best_match((first, second[2:]), 2.9) == (0, 0)
    assert best_match((first, ()), 0.0) == (0, -1)


def test_trials_of_one_name_are_called_by_their_folders_too():
    assert pair_labels((Path("a/squat.h5"), Path("b/jump.h5"))) == ("squat", "jump")
    assert pair_labels((Path("a/squat.h5"), Path("b/squat.h5"))) == ("a/squat", "b/squat")
    assert pair_labels((Path("a.h5"), Path("a.h5"))) == ("a (first)", "a (second)")


@pytest.fixture
def windows(display, squat_trial, monkeypatch):
    """Two windows: in the second trial all is 0.4 s later, and so is the event."""
    from mocap.viewer import open_viewer, opening
    from mocap.viewer.work import close_quietly

    later = dataclasses.replace(
        squat_trial, trial_id="late", points=dataclasses.replace(squat_trial.points, start_s=0.4),
        angles=dataclasses.replace(squat_trial.angles, start_s=0.4),
        events=tuple(dataclasses.replace(one, time_s=one.time_s + 0.4) for one in squat_trial.events),
    )  # fmt: skip
    monkeypatch.setattr(opening, "remember_file", lambda source: None)
    opened = []
    for trial, name in ((squat_trial, "before"), (later, "after")):
        _, handles = open_viewer(trial, open_film)
        opening.keep_source(handles, f"/there/{name}.h5")
        opened.append(handles)
    settle()
    yield opened
    for handles in opened:
        close_quietly(handles.viewer)
    settle()


@pytest.mark.viewer
def test_a_dialog_ties_two_windows_and_the_film_shows_both(windows, tmp_path, monkeypatch):
    from mocap.viewer import film_dialog as module
    from mocap.viewer.menu import compare, film_dialog

    first, second = windows
    second.set_frame(49)  # near the bottom
    dialog = compare(second)
    assert [dialog.other_box.itemText(row) for row in range(dialog.other_box.count())] == ["before"]
    assert dialog.here_box.currentText() == "squat bottom 1, at 1.40 s"
    assert dialog.there_box.currentText() == "squat bottom 1, at 1.00 s"
    assert dialog.tie_button.isEnabled() and dialog.untie_button.isHidden()
    dialog.tie()
    assert (first.frame, second.frame) == (50, 50)
    first.set_frame(45)
    assert second.frame == 45

    filming = film_dialog(second)
    filming.span_box.setCurrentIndex(filming.span_box.count() - 1)
    filming.from_box.setValue(1.2)
    filming.to_box.setValue(1.5)
    filming.width_box.setCurrentIndex(0)
    assert filming.words.text().startswith("-0.20 to +0.10 s from squat bottom 1: 10 pictures")
    filming.film(tmp_path / "pair.mp4")
    settle((tmp_path / "pair.mp4").exists)
    settle()
    assert (first.frame, second.frame) == (45, 45)
    pictures = decoded(tmp_path / "pair.mp4")
    assert len(pictures) == 10
    across = [cursor_of(picture) for picture in pictures]
    np.testing.assert_allclose(across, np.linspace(across[0], across[-1], 10), atol=3)
    scene = pictures[6][int(0.12 * len(pictures[6])) : int(0.4 * len(pictures[6]))]
    half = scene.shape[1] // 2
    seen = [np.flatnonzero((side.max(axis=2) > 120).any(axis=0))
            for side in (scene[:, : half - 3], scene[:, half + 3 :])]  # fmt: skip
    assert abs(seen[0].min() - seen[1].min()) <= 4 and abs(seen[0].max() - seen[1].max()) <= 4

    told = []
    monkeypatch.setattr(module, "tell_error", lambda error: told.append(error.code))
    filming = film_dialog(first)
    filming.film(tmp_path / "cut.mp4")
    settle(lambda: filming.bar.value() >= 2)
    shown = second.frame
    first.set_frame(shown + 20)  # as where their rates differ: who is set must not lead the other away
    assert second.frame == shown
    second.viewer.window._qt_window.close()
    settle()
    assert not filming.filming and not filming.both_box.isEnabled() and told == []
    assert [one.name for one in tmp_path.iterdir()] == ["pair.mp4"]
    filming.close()
    assert compare_words(first) == "Open the other trial first"


def compare_words(handles):
    """Return what is told where there is nothing to compare with."""
    from qtpy.QtWidgets import QMessageBox

    from mocap.viewer.menu import compare

    assert compare(handles) is None
    box = handles.viewer.window._qt_window.findChild(QMessageBox)
    words = box.text().partition(":")[0]
    box.close()
    return words
