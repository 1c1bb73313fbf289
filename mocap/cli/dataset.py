"""`mocap dataset`: ground truth for learning."""

from pathlib import Path
from typing import Annotated

import typer

from calibration.digits import counted
from mocap.cli.common import JsonFlag, progress_bars, show

NAME = "dataset"
EXAMPLE = "mocap dataset recordings/ --to coco --out truth/ --images"
# Told here, since --help should not have to import what writes them; a test holds both together.
KINDS = ("coco", "yolo", "parquet")
PURPOSES = ("research", "machine-learning", "publication", "teaching", "commercial")
_MOST_TOLD = 12


def command(
    sessions: Annotated[list[Path], typer.Argument(help="Session folders, folders of them, or trial files.")],
    to: Annotated[str, typer.Option(help=f"Format: {', '.join(KINDS)}.")],
    out: Annotated[Path, typer.Option(help="New folder for the dataset.")],
    purpose: Annotated[
        str, typer.Option(help=f"What for; consent has to cover it: {', '.join(PURPOSES)}.")
    ] = "machine-learning",
    images: Annotated[bool, typer.Option("--images", help="Write the pictures, too; faces are blurred.")] = False,
    split: Annotated[str, typer.Option(help="Shares of train, val and test, by people.")] = "0.7,0.15,0.15",
    seed: Annotated[int, typer.Option(help="Decides who goes where among equals.")] = 0,
    min_change_mm: Annotated[
        float, typer.Option(min=0, help="Leave out poses nearer than this to one of the same recording; 0 keeps all.")
    ] = 5.0,
    every: Annotated[int, typer.Option(min=1, help="Look at every so many frames.")] = 1,
    max_sigma_px: Annotated[float, typer.Option(min=0, help="Label no point that is less certain.")] = 10.0,
    results: Annotated[
        Path | None, typer.Option(help="Where `mocap batch --out` put the results of the sessions.")
    ] = None,
    identified: Annotated[
        bool, typer.Option("--identified", help="Keep codes, names of recordings, and faces as they are.")
    ] = False,
    key: Annotated[
        Path | None,
        typer.Option(help="Keeps who is behind the pseudonyms; default MOCAP_KEY, or ~/.config/mocap/key.json."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a dataset that is there.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Write what every camera should have seen of a person, with the person's true angles in each frame.

    Points are projected from 3D with their uncertainty in px, and told visible or hidden; pelvic tilt, lumbar flexion,
    ankle dorsiflexion and the phase of the tuck go along, or why they are missing. Only sessions whose [consent] in
    session.toml names the purpose are taken. The same inputs and key give the same bytes.
    """
    from datetime import UTC, datetime

    from mocap.export.dataset.splits import checked_shares
    from mocap.pipeline.dataset import DatasetOptions, make_dataset
    from mocap.pipeline.dataset_options import checked_kind, checked_purpose, parsed_shares
    from mocap.pipeline.dataset_sources import dataset_sources
    from mocap.pipeline.export_privacy import chosen_key

    shares = checked_shares(parsed_shares(split))
    options = DatasetOptions(
        checked_kind(to, KINDS), checked_purpose(purpose), images, identified, shares, seed, every, min_change_mm,
        max_sigma_px, chosen_key(key, not identified),
    )  # fmt: skip
    found, left_out = dataset_sources(sessions, options.purpose, images, datetime.now(UTC).date(), results)
    with progress_bars() as progress:
        made = make_dataset(found, left_out, options, out, progress, overwrite=overwrite)
    counts = made.counts
    people = {name: sorted(who) for name, who in counts.subjects.items()}
    lines = [f"  left out: {one.what}: {one.reason}" for one in made.left_out[:_MOST_TOLD]]
    if len(made.left_out) > _MOST_TOLD:
        lines.append(f"  and {len(made.left_out) - _MOST_TOLD} more, counted by reason in README.md")
    lines += [f"  {name}: {counted(len(people.get(name, ())), 'person', 'people')}, "
              f"{counted(sum(n for (one, _, _), n in counts.pictures.items() if one == name), 'picture')}"
              for name in ("train", "val", "test")]  # fmt: skip
    if options.key is not None:
        lines.append(f"  pseudonyms: {options.key} keeps who they are; keep it apart from the dataset")
    told = {"out": out, "pictures": counts.n_pictures, "labels": counts.n_labels, "people": people,
            "left_out": [vars(one) for one in made.left_out], "files": made.files}  # fmt: skip
    show(told, as_json, [*lines, f"{out}: {counted(counts.n_pictures, 'picture')}, {counts.n_labels} labels"])
