"""Plates with tags: read by name or path, made from a few numbers, printed."""

from pathlib import Path

from mocap.config.plates import PlateSet, folded_plate, plates_text, read_plates
from mocap.errors import ConfigError, MocapError
from mocap.pipeline.output_kinds import Kind
from mocap.pipeline.outputs import check_output, check_outputs
from mocap.report.plate_pages import CREATOR, write_plates_pdf

PAGES = Kind("PDF of plates written here", rb"/Creator \(" + CREATOR.encode() + rb"\)", 64_000_000, b"%PDF")


def print_plates(name_or_path: Path, out: Path) -> PlateSet:
    """Write the PDF of a `plates.toml`, or of a preset; return the plates."""
    plates = read_plates(name_or_path)
    check_outputs({out: PAGES}, [name_or_path])
    write_plates_pdf(plates, out)
    return plates


def write_new_plate(
    out: Path, name: str, segment: str, tag_size: float, facet_angle_deg: float, first_id: int, tags_per_facet: int,
    fold: str, dictionary: str,
) -> tuple[PlateSet, Path, Path]:  # fmt: skip
    """Write the description and the PDF of a new plate side by side; return it with both paths.

    Raises
    ------
    ConfigError
        PAGE_NAME; PLATES_EXIST, where the description exists and says something else: it may be a measured one.
    """
    if out.suffix.lower() not in (".toml", ".pdf"):
        raise ConfigError(
            f"'{out.name}' ends in neither .toml nor .pdf.", "Give --out plates.toml; the PDF comes beside it.",
            "PAGE_NAME",
        )  # fmt: skip
    plate = folded_plate(
        name, segment, first_id, tag_size, facet_angle_deg, tags_per_facet=tags_per_facet, fold=fold,
        dictionary=dictionary,
    )  # fmt: skip
    plates, toml, pdf = PlateSet((plate,)), out.with_suffix(".toml"), out.with_suffix(".pdf")
    check_output(toml)
    check_outputs({pdf: PAGES}, [])
    if toml.exists() and not _describes(toml, plates):
        raise ConfigError(
            f"{toml} exists and describes other plates, or measured ones; it is kept.",
            f"Name another file with --out, or print the one that is described: mocap plates {toml} --out {pdf}.",
            code="PLATES_EXIST",
        )
    write_plates_pdf(plates, pdf)
    toml.write_text(plates_text(plates), encoding="utf-8")
    return plates, toml, pdf


def _describes(toml: Path, plates: PlateSet) -> bool:
    try:
        return read_plates(toml) == plates
    except MocapError:
        return False
