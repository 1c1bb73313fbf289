"""What a lab knows of its own measurements of one metric, as whoever reads its reliability says it."""

from dataclasses import dataclass

NOT_FROM_LAB = "default, not from this lab"


@dataclass(frozen=True)
class LabFigures:
    """Figures of one metric from the lab's own reliability, in its unit; NaN is not known.

    Attributes
    ----------
    mdc95 : float
        Smallest detectable change, 95 %.
    sem : float
        Standard error of measurement (agreement).
    source : str
        Where they are from, in words.
    norm_mean, norm_sd : float
        Mean and SD over people, each by one measurement.
    norm_people : int
        How many they are; 0 where there is no norm.
    """

    mdc95: float
    sem: float
    source: str
    norm_mean: float = float("nan")
    norm_sd: float = float("nan")
    norm_people: int = 0


def no_lab(name: str, unit: str, repetitions: tuple[int, int] = (0, 0)) -> LabFigures | None:
    """Return what is known where the lab has no reliability of its own: nothing."""
    del name, unit, repetitions
    return None
