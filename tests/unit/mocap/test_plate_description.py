"""plates.toml: read, refused, made from a few numbers, printed true to scale."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from mocap.config.plates import (
    PlateSet,
    confidence_of_sd,
    folded_plate,
    plates_text,
    read_plates,
    sd_of_confidence,
    tag_fronts,
    with_corners,
)
from mocap.config.presets import preset_names
from mocap.errors import ConfigError
from mocap.report.plate_pages import unfolded, write_plates_pdf


@pytest.mark.parametrize("name", preset_names("plates"))
def test_presets_are_read_and_written_equal(name: str, tmp_path: Path) -> None:
    plates = read_plates(name)
    path = tmp_path / "plates.toml"
    path.write_text(plates_text(plates), encoding="utf-8")
    assert read_plates(path) == plates
    assert all(np.allclose(np.rad2deg(plate.facet_angles()), 30.0, atol=1e-4) for plate in plates)


@pytest.mark.parametrize("fold", ["upright", "level"])
def test_folded_plate_is_what_was_asked_for(fold: str) -> None:
    plate = folded_plate("a", "other", 3, 0.05, 24.0, tags_per_facet=2, fold=fold, margin=0.01)
    corners, fronts = plate.corners_plate, tag_fronts(plate.corners_plate)
    assert plate.ids == (3, 4, 5, 6)
    assert [list(facet) for facet in plate.facets] == [[0, 1], [2, 3]]
    np.testing.assert_allclose(np.rad2deg(plate.facet_angles()), [24.0], atol=1e-4)
    # Seen from the front: corner 0 is up and left of corner 2, on every tag.
    assert (corners[:, 0, 1] > corners[:, 2, 1]).all() and (corners[:, 0, 0] < corners[:, 2, 0]).all()
    # Folded backwards: fronts look outwards and to the viewer, and nothing lies before the fold.
    middles = corners.mean(axis=1)
    assert (fronts[:, 2] > 0.9).all() and (corners[..., 2] < 0).all()
    side = 0 if fold == "upright" else 1
    assert (fronts[:, side] * middles[:, side] > 0).all()
    np.testing.assert_allclose(np.linalg.norm(corners[:, 0] - corners[:, 1], axis=1), 0.05, atol=1e-8)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("tag_size = 0.06", "tag_size = 60.0", "lengths are in metres"),
        ("tag_size = 0.06", "tag_size = 0.05", "not those of a square of tag_size 50 mm"),
        ("tag_size", "tagsize", "did you mean 'tag_size'"),
        ('segment = "pelvis"', 'segment = "hips"', "segment 'hips'"),
        ("id = 1", "id = 0", "doubled"),
        ("id = 1", "id = 587", "not among the 587"),
        ("DICT_APRILTAG_36h11", "DICT_APRILTAG_36H11", "no dictionary"),
        ("id = 1", "ident = 1", "unknown key 'ident'"),
        ('name = "sacrum"', 'name = "a.b"', "other characters"),
    ],
)
def test_wrong_files_are_refused_with_the_reason(old: str, new: str, said: str, tmp_path: Path) -> None:
    text = plates_text(read_plates("sacrum_60"))
    assert old in text
    path = tmp_path / "plates.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError, match=said) as refused:
        read_plates(path)
    # The place and the reason, neither the whole plate nor the remedy of something within.
    assert "PLATES" not in str(refused.value) and str(refused.value).count("Remedy") == 1
    assert "[plate.0" in refused.value.cause and "-0.065199993" not in refused.value.cause


def test_a_tag_is_on_one_plate_alone() -> None:
    with pytest.raises(ConfigError, match="tag 1 is on 'a' and on 'b'"):
        PlateSet((folded_plate("a", "pelvis", 0, 0.06), folded_plate("b", "lumbar", 1, 0.06)))
    # The same number of another dictionary is another tag.
    other = folded_plate("b", "lumbar", 1, 0.06, dictionary="DICT_4X4_50")
    assert len(PlateSet((folded_plate("a", "pelvis", 0, 0.06), other))) == 2


def test_confidence_stands_for_a_standard_deviation() -> None:
    sd = np.array([0.01, 0.05, 0.3, 1.0])
    np.testing.assert_allclose(sd_of_confidence(confidence_of_sd(sd)), sd, rtol=1e-9)
    assert (np.diff(confidence_of_sd(sd)) < 0).all()


@pytest.mark.parametrize("fold", ["upright", "level"])
def test_laid_flat_nothing_is_stretched(fold: str) -> None:
    plate = folded_plate("a", "other", 0, 0.04, 37.0, fold=fold, tags_per_facet=2)
    flat, drawn = unfolded(plate), folded_plate("a", "other", 0, 0.04, 0.0, fold=fold, tags_per_facet=2)
    # A plate folded by 0 deg is the flat one.
    expected = 1e3 * drawn.corners_plate[..., :2]
    np.testing.assert_allclose(
        flat.tags - flat.tags.mean(axis=(0, 1)), expected - expected.mean(axis=(0, 1)), atol=1e-4
    )
    (ends, angle), = flat.folds
    assert angle == pytest.approx(37.0, abs=1e-3)
    axis = 0 if fold == "upright" else 1
    np.testing.assert_allclose(ends[:, axis], flat.tags[..., axis].mean(), atol=1e-3)


def test_a_plate_that_folds_forwards_says_so() -> None:
    plate = folded_plate("a", "other", 0, 0.04, 30.0)
    hollow = with_corners(plate, plate.corners_plate * [1.0, 1.0, -1.0], "")
    assert unfolded(hollow).folds[0][1] == pytest.approx(-30.0, abs=1e-3)


def test_the_print_shows_the_tags_true_to_scale(tmp_path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    from mocap.report import plate_pages

    plate = read_plates("sacrum_60").plate[0]
    write_plates_pdf((plate,), tmp_path / "plates.pdf")
    first = (tmp_path / "plates.pdf").read_bytes()
    write_plates_pdf((plate,), tmp_path / "plates.pdf")
    assert (tmp_path / "plates.pdf").read_bytes() == first
    figure = plate_pages._page(plate)
    canvas = FigureCanvasAgg(figure)
    figure.set_dpi(127.0)  # 5 px per mm
    canvas.draw()
    gray = np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., 0])
    table = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)
    corners, ids, _ = cv2.aruco.ArucoDetector(table).detectMarkers(gray)
    found = {int(number): own.reshape(4, 2) for number, own in zip(np.ravel(ids), corners, strict=True)}
    assert set(found) == {0, 1}
    for own in found.values():
        np.testing.assert_allclose(np.linalg.norm(np.diff(own, axis=0), axis=1), 300.0, atol=1.5)
    # Across both: two tags and twice the margin of 7.5 mm; the upper left corner of a tag is up and left on the page.
    assert found[1][1, 0] - found[0][0, 0] == pytest.approx(675.0, abs=1.5)
    assert found[0][0, 1] < found[0][3, 1] and found[0][0, 0] < found[0][1, 0]
