"""By what the files of an earlier export are known, so that a new one may take their place."""

from mocap.pipeline.output_kinds import CHECKS, COLUMNS, CONVENTIONS, MEASURES, TRIAL, Kind

# Parquet tells of itself at its end; of larger files it is not looked for.
_MOST_BYTES = 64_000_000

# What a format's files say of themselves; a format that says nothing is not here, and its files stay where they are.
KINDS: dict[str, tuple[Kind, ...]] = {
    "h5": (TRIAL,),
    "csv": (
        COLUMNS, CONVENTIONS, MEASURES, CHECKS,
        Kind("table of a trial's events", b"", start=b"time_s,label,side,confidence,source,"),
        Kind("table of a trial's metrics", b"", start=b"task,table,row,metric,unit,value,"),
        Kind("table of a trial's analog channels", b"", start=b"analog_time_s,"),
        Kind("table of a trial's force plates", b"", start=b"plate,kind,corner,x_m,"),
    ),
    "c3d": (Kind("C3D file written here", rb"mocap c3d \d", start=b"\2P"),),
    "trc": (
        Kind("TRC file written here", rb"\A[^\n]*\tmocap: x y z here are ", start=b"PathFileType"),
        Kind("table of a TRC file's points", b"", start=b"column,point,frames,missing,"),
        Kind("table of a TRC file's samples", b"", start=b"frame,time_s,point,status,meaning"),
    ),
    "mot": (
        Kind("MOT file written here", rb"\A((sd of )?angles|ground reaction forces) of mocap\nversion=2\n"),
        Kind("table of a MOT file's plates", b"", start=b"plate,kind,columns,unloaded_below_n,"),
        Kind("table of a MOT file's angles", b"", start=b"column,angle,unit,definition,"),
        Kind("table of a MOT file's flags", b"", start=b"angle,first_frame,last_frame,"),
    ),
    "parquet": (Kind("Parquet table written here", rb'\{"format": "mocap-parquet"', _MOST_BYTES, b"PAR1"),),
    "bids": (
        Kind("description of a dataset written here", rb'"GeneratedBy": \[\s*\{\s*"Name": "mocap",', start=b"{"),
        Kind("list of participants written here", b"", start=b"participant_id\tsubject_code\t"),
        Kind("list of recordings", b"", start=b"filename\tacq_time\n"),
        Kind("description of participants written here", rb'\{\s*"subject_code": ', start=b"{"),
        Kind("words on a dataset written here", rb"written by mocap", start=b"# Motion capture\n"),
    ),
    "nwb": (Kind("NWB file written here", rb"mocap export", _MOST_BYTES, b"\x89HDF\r\n\x1a\n"),),
    "json": (Kind("metrics written here", b"", start=b'{\n "format": "mocap-metrics",'),),
}

# What an export into one file writes beside it, by what stands behind its stem: not every trial has all of them.
COMPANIONS: dict[str, tuple[str, ...]] = {
    "csv": tuple(f"_{name}.csv" for name in (
        "conventions", "verdicts", "events", "metrics", "analog", "force_plates",
    )),
    "trc": ("_smoothed.trc", *(f"{part}_{name}.csv" for part in ("", "_smoothed") for name in ("points", "samples"))),
    "mot": ("_sd.mot", "_grf.mot", "_sd.sto", "_grf.sto", *(f"_{name}.csv" for name in ("plates", "angles", "flags"))),
    "parquet": tuple(f"_{name}.parquet" for name in (
        "points_smoothed", "segments", "angles", "measures", "events", "metrics", "checks", "analog", "force_plates",
        "model_outputs",
    )),
}  # fmt: skip
