"""Which options of `mocap calibrate` belong to which way of calibrating: none is ignored in silence."""

import typer

_ALWAYS = {"source_dir", "board", "wand", "person", "check", "as_json"}
_ALL = {"out", "world", "length", "rate", "report", "anyway"}
_OF_POINTS = {*_ALL, "lenses", "image_size", "skeleton"}
#: By way: the options that it takes beside those that choose it.
_TAKEN = {
    "--board": {*_ALL, "lens", "frames", "timing", "bending", "frame_times"},
    "--wand": _OF_POINTS,
    "--person": _OF_POINTS,
    "--check with --board": {"repair", "out", "limit_mm", "limit_hours"},
    "--check with --wand": {"repair", "out", "limit_mm", "limit_hours", "rate", "skeleton"},
    "--check with --person": {"repair", "out", "limit_mm", "limit_hours", "rate", "skeleton"},
}


def refuse_strays(context: typer.Context, way: str) -> None:
    """Refuse options that were given and mean nothing in this way of calibrating.

    Parameters
    ----------
    context : typer.Context
    way : str
        '--board', '--wand', '--person', or '--check with' one of them.

    Raises
    ------
    typer.BadParameter
        Names each of them and where it belongs.
    """
    strays = []
    for parameter in context.command.params:
        name = str(parameter.name)
        if name in _ALWAYS | _TAKEN[way] or not _given(context, name):
            continue
        owners = " or ".join(owner for owner, taken in _TAKEN.items() if name in taken)
        strays.append(f"{max(parameter.opts, key=len)} (it goes with {owners})")
    if strays:
        raise typer.BadParameter(f"{way} takes no {', no '.join(strays)}")
    if way.startswith("--check") and _given(context, "out") and not context.params["repair"]:
        raise typer.BadParameter("--check writes nothing to --out but a camera that is placed anew, with --repair")


def _given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
