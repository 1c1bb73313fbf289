"""Films: decoded again, every picture is there at its time in its colours, and nothing is left of one given up."""

import av
import numpy as np
import pytest

from mocap.errors import ExportError, ShapeError
from mocap.export.film import FilmFile

SIZE = (160, 96)
COLOURS = ((230, 60, 40), (40, 200, 70), (50, 80, 220), (245, 245, 245), (22, 24, 29))


def plain(colour):
    return np.broadcast_to(np.uint8(colour), (SIZE[1], SIZE[0], 3))


def film_of(path, rate_hz=25.0, encoders=None, title="", comment=""):
    film = FilmFile(path, SIZE, rate_hz, title, comment, **({} if encoders is None else {"encoders": encoders}))
    for colour in COLOURS:
        film.add(plain(colour))
    return film.finish()


def decoded(path):
    """Times and pictures as FFmpeg reads them, with the colour matrix that the film itself names."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
        return [frame.time for frame in frames], [frame.to_ndarray(format="rgb24") for frame in frames]


@pytest.mark.parametrize("encoders", [None, ("mpeg4",)])
def test_every_picture_comes_back_at_its_time_and_in_its_colour(tmp_path, encoders):
    told = film_of(tmp_path / "a.mp4", encoders=encoders)
    times, pictures = decoded(tmp_path / "a.mp4")
    assert (told.n_frames, told.size, told.duration_s) == (5, SIZE, 0.2)
    np.testing.assert_allclose(times, np.arange(5) / 25.0, atol=1e-6)
    for colour, picture in zip(COLOURS, pictures, strict=True):
        assert picture.shape == (SIZE[1], SIZE[0], 3)
        np.testing.assert_allclose(picture.reshape(-1, 3).mean(axis=0), colour, atol=6)


def test_a_rate_that_is_no_whole_number_keeps_its_times(tmp_path):
    told = film_of(tmp_path / "a.mp4", rate_hz=30000 / 1001)
    times, _ = decoded(tmp_path / "a.mp4")
    assert told.rate_hz == pytest.approx(29.97003)
    np.testing.assert_allclose(times, np.arange(5) * 1001 / 30000, atol=1e-5)


def test_left_stays_left_and_top_stays_top(tmp_path):
    picture = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    picture[:32, :48] = 255
    film = FilmFile(tmp_path / "a.mp4", SIZE, 10.0)
    film.add(picture)
    film.finish()
    back = decoded(tmp_path / "a.mp4")[1][0].astype(float)
    assert np.abs(back - picture).mean() < 2


def test_title_and_comment_are_kept(tmp_path):
    film_of(tmp_path / "a.mp4", title="squat · S01", comment="x 0.5 of real time")
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert container.metadata["title"] == "squat · S01"
        assert "x 0.5 of real time" in container.metadata["comment"]


def test_a_film_given_up_leaves_nothing(tmp_path):
    film = FilmFile(tmp_path / "a.mp4", SIZE, 25.0)
    film.add(plain(COLOURS[0]))
    assert [one.name for one in tmp_path.iterdir()] != ["a.mp4"], "it has its name before it is whole"
    film.give_up()
    film.give_up()
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_that_name_stays_as_it_is(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"kept")
    with pytest.raises(ExportError, match="FILM_EXISTS"):
        FilmFile(path, SIZE, 25.0)
    path.unlink()
    film = FilmFile(path, SIZE, 25.0)
    film.add(plain(COLOURS[0]))
    path.write_bytes(b"came meanwhile")
    with pytest.raises(ExportError, match="FILM_EXISTS"):
        film.finish()
    assert [one.name for one in tmp_path.iterdir()] == ["a.mp4"]
    assert path.read_bytes() == b"came meanwhile"
    assert film_over(path).n_frames == 1


def film_over(path):
    film = FilmFile(path, SIZE, 25.0, overwrite=True)
    film.add(plain(COLOURS[0]))
    return film.finish()


@pytest.mark.parametrize(
    ("name", "size", "refused", "code"),
    [
        ("a.avi", SIZE, ExportError, "FILM_NAME"),
        ("none/a.mp4", SIZE, ExportError, "NOT_WRITTEN"),
        ("a.mp4", (161, 96), ShapeError, "even"),
        ("a.mp4", (0, 96), ShapeError, "even"),
    ],
)
def test_what_cannot_be_a_film_is_refused_in_a_line(tmp_path, name, size, refused, code):
    with pytest.raises(refused, match=code):
        FilmFile(tmp_path / name, size, 25.0)
    assert list(tmp_path.iterdir()) == []


def test_without_any_encoder_the_remedy_is_told(tmp_path):
    with pytest.raises(ExportError, match="FILM_ENCODER"):
        FilmFile(tmp_path / "a.mp4", SIZE, 25.0, encoders=("no_such_encoder",))
    assert list(tmp_path.iterdir()) == []


def test_a_picture_of_another_size_is_refused(tmp_path):
    film = FilmFile(tmp_path / "a.mp4", SIZE, 25.0)
    with pytest.raises(ShapeError, match="160 x 96"):
        film.add(np.zeros((96, 96, 3), np.uint8))
    film.give_up()
