"""Batches: the same bytes however the work is spread, nothing lost but what is bad itself."""

import csv
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

import mocap
from mocap.batch.cluster import Workers
from mocap.batch.plan import plan_batch
from mocap.batch.rows import Row
from mocap.batch.run import batch_files, run_batch
from mocap.pipeline.session_folders import find_sessions
from tests.fixtures.dask_processes import DaskProcesses, dask_processes
from tests.fixtures.lab_network import lab_network
from tests.fixtures.many_sessions import many_sessions, results_below
from tests.fixtures.small_session import silent

pytest.importorskip("distributed", reason="the library distributed is not installed")
SERIAL = Workers(1, 0)
CLIENT = Path(__file__).parents[1] / "fixtures" / "batch_client.py"


def batch(root: Path, out: Path, workers: Workers = SERIAL) -> list[Row]:
    plan = plan_batch(root, find_sessions(root), "results", out)
    return run_batch(plan, workers, batch_files(out), silent, lambda line: None)


def states(rows: list[Row]) -> dict[str, str]:
    return {row.name: row.state for row in rows}


def lost(rows: list[Row]) -> list[str]:
    """The codes of what has no result. A row that is lost on its way is asked for again: its trial is skipped then."""
    return [row.code for row in rows if row.state not in ("done", "skipped")]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sessions; the squat of the second one cannot be read."""
    return many_sessions(tmp_path_factory.mktemp("batch") / "sessions", 3, bad=1)


@pytest.fixture(scope="module")
def serial(root: Path) -> Path:
    """The results of a batch in one process."""
    out = root.parent / "serial"
    rows = batch(root, out)
    assert [row.name for row in rows if row.state != "done"] == ["P001/squat"]
    return out


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> DaskProcesses:
    with dask_processes(tmp_path_factory.mktemp("dask")) as running:
        yield running


def kill_when_first_is_there(running: DaskProcesses, out: Path) -> threading.Thread:
    def kill() -> None:
        while not list(out.rglob("squat.h5")):
            time.sleep(0.02)
        running.kill_worker(0)

    thread = threading.Thread(target=kill)
    thread.start()
    return thread


def check_table(out: Path, n_rows: int) -> None:
    with (out / "batch.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == n_rows
    bad = [row for row in rows if row["state"] not in ("done", "skipped")]
    assert [(row["trial"], row["code"]) for row in bad] == [("squat", "NOT_A_TABLE")]
    page = (out / "batch.html").read_text("utf-8")
    assert "1 without a result" in page and "NOT_A_TABLE" in page


def test_a_cluster_that_loses_a_worker_gives_the_bytes_of_one_process(
    root: Path, serial: Path, dask: DaskProcesses, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    killer = kill_when_first_is_there(dask, out)
    rows = batch(root, out, Workers(2, 0, dask.address))
    killer.join()
    assert dask.workers[0].wait(timeout=10) != 0
    assert results_below(out) == results_below(serial)
    assert lost(rows) == ["NOT_A_TABLE"] and len(rows) == len(states(rows)) == 9
    check_table(out, 9)
    # Nothing changed: nothing is made, and the bad one is told again.
    again = batch(root, out, Workers(2, 0, dask.address))
    assert sorted(row.state for row in again) == ["refused"] + ["skipped"] * 8
    assert results_below(out) == results_below(serial)


def test_the_command_resumes_and_its_status_tells_of_a_bad_trial(root: Path, serial: Path, mocap_cli) -> None:
    done = mocap_cli("batch", root, "--jobs", "1", "--out", serial, "--json")
    told = json.loads(done.out)
    assert done.status == 1 and "P001/squat" in done.err and "NOT_A_TABLE" in done.err
    assert told["counts"] == {"done": 0, "skipped": 5, "refused": 1, "failed": 0, "not run": 0, "look": 5}
    planned = mocap_cli("batch", root, "--dry-run")
    assert planned.status == 0 and "3 sessions, 6 trials found" in planned.out


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--scheduler", "tcp://127.0.0.1:1"], "BATCH_SCHEDULER"),
        (["--scheduler", "nonsense://x"], "BATCH_SCHEDULER"),
        (["--scheduler", "tcp://127.0.0.1:1", "--jobs", "2"], "BATCH_WORKERS"),
        (["--slurm-set", "queue=short"], "BATCH_WORKERS"),
        (["--slurm", "--slurm-set", "short"], "BATCH_WORKERS"),
    ],
)
def test_workers_that_cannot_be_had_are_one_line(
    root: Path, tmp_path: Path, mocap_cli, monkeypatch, options: list[str], code: str
) -> None:
    monkeypatch.setattr("mocap.batch.cluster._CONNECT_S", "0.3s")
    done = mocap_cli("batch", root, "--out", tmp_path / "out", *options)
    assert done.status == 1 and code in done.error_line


def test_folders_without_sessions_and_sessions_that_cannot_be_read(tmp_path: Path, mocap_cli) -> None:
    assert "BATCH_ROOT" in mocap_cli("batch", tmp_path / "none").error_line
    assert "BATCH_EMPTY" in mocap_cli("batch", tmp_path).error_line
    (tmp_path / "lab" / "P1").mkdir(parents=True)
    (tmp_path / "lab" / "P1" / "session.toml").write_text("[session\n", encoding="utf-8")
    (tmp_path / "lab" / "P2").symlink_to(tmp_path / "lab" / "P1", target_is_directory=True)
    (tmp_path / "lab" / "loop").symlink_to(tmp_path / "lab", target_is_directory=True)
    done = mocap_cli("batch", tmp_path, "--jobs", "1")
    assert done.status == 1 and "TOML" in done.err and "1 session and 0 trials found: 1 refused" in done.out


def test_a_session_whose_calibration_is_refused_costs_its_own_trials_alone(root: Path, tmp_path: Path) -> None:
    sessions = many_sessions(tmp_path / "two", 1)
    (sessions / "P000" / "calibration.toml").write_text("nonsense = 1\n", encoding="utf-8")
    rows = batch(sessions, tmp_path / "out")
    assert states(rows) == {"P000/calibration": "refused", "P000/standing": "not run", "P000/squat": "not run"}


def test_a_worker_with_other_versions_makes_nothing(root: Path, tmp_path: Path) -> None:
    from mocap.batch.serial import run_serial

    rows: list[Row] = []
    plan = plan_batch(root, find_sessions(root)[:1], "results", tmp_path / "out")
    run_serial(plan.jobs, {"mocap": "0.0"}, rows.append)
    assert rows[0].code == "WORKER_VERSIONS" and not list(tmp_path.rglob("*.h5"))


def test_workers_that_do_not_see_the_disk_are_told(tmp_path: Path) -> None:
    from mocap.batch import cluster
    from mocap.errors import SourceError

    class Blind:
        dashboard_link = ""

        def wait_for_workers(self, count: int, timeout: float) -> None: ...

        def run(self, function, token: str) -> dict:
            return {"tcp://other:1": function(token + ".elsewhere")}

    with pytest.raises(SourceError, match="BATCH_DISK: The worker tcp://other:1 does not see"):
        cluster.check_workers(Blind(), cluster.worker_state("")[0], [tmp_path])
    assert list(tmp_path.iterdir()) == []


def test_slurm_is_asked_for_processes_of_this_program(monkeypatch, tmp_path: Path) -> None:
    pytest.importorskip("dask_jobqueue", reason="dask-jobqueue is not installed")
    from mocap.batch.cluster import slurm_cluster

    workers = Workers(4, 3 << 30, slurm=True, slurm_settings={"queue": "short", "walltime": "02:00:00"})
    with slurm_cluster(workers) as cluster:
        script = cluster.job_script()
    assert "#SBATCH -p short" in script and "#SBATCH -t 02:00:00" in script and "#SBATCH --mem=3G" in script
    assert "OMP_NUM_THREADS=1" in script and sys.executable in script


def queued(dask: DaskProcesses, count: int, folder: Path) -> dict:
    """Trials of sessions that are not there: what the client itself takes to queue and follow them."""
    done = subprocess.run(
        [sys.executable, str(CLIENT), dask.address, str(count), str(folder)], capture_output=True, text=True,
        check=False, env={**os.environ, "PYTHONPATH": str(Path(mocap.__file__).parents[1])},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["states"] == {"refused": count, "not run": count}
    return told


def test_the_client_stays_small(dask: DaskProcesses, tmp_path: Path) -> None:
    assert queued(dask, 100, tmp_path)["peak_mb"] < 500  # 232


@pytest.mark.heavy  # smaller: a hundred above
def test_ten_thousand_queued_trials_keep_the_client_small(tmp_path: Path, capsys) -> None:
    with dask_processes(tmp_path / "dask") as running:
        told = queued(running, 10_000, tmp_path)
    with capsys.disabled():
        print(f"\n10 000 trials: client {told['peak_mb']:.0f} MB, {told['seconds'] / 10_000 * 1e3:.1f} ms each")
    assert told["peak_mb"] < 500


@pytest.mark.heavy  # smaller: a worker that is killed, above
def test_a_worker_that_is_cut_off_the_network_is_given_up_and_its_trials_are_made(
    root: Path, serial: Path, tmp_path: Path
) -> None:
    sessions = many_sessions(tmp_path / "sessions", 8, bad=1)
    batch(sessions, tmp_path / "one")
    out = tmp_path / "out"
    with ExitStack() as stack:
        network = stack.enter_context(lab_network(3))
        running = stack.enter_context(
            dask_processes(tmp_path / "dask", 2, network.prefixes, network.addresses[0])
        )
        assert network.addresses[0] in running.address

        def cut() -> None:
            while not list(out.rglob("squat.h5")):
                time.sleep(0.02)
            network.cut_off(1)

        thread = threading.Thread(target=cut)
        thread.start()
        rows = batch(sessions, out, Workers(2, 0, running.address))
        thread.join()
        assert running.workers[0].poll() is None  # it lives, and works for nobody
    assert lost(rows) == ["NOT_A_TABLE"] and len(rows) == len(states(rows)) == 24
    assert results_below(out) == results_below(tmp_path / "one")


@pytest.mark.heavy  # smaller: three sessions above
@pytest.mark.timeout(3000)
def test_two_hundred_sessions_on_a_cluster_that_loses_a_worker(tmp_path: Path, capsys) -> None:
    root = many_sessions(tmp_path / "sessions", 200, bad=77)
    started = time.monotonic()
    one = batch(root, tmp_path / "one")
    alone_s = time.monotonic() - started
    with dask_processes(tmp_path / "dask") as running:
        killer = kill_when_first_is_there(running, tmp_path / "two")
        started = time.monotonic()
        rows = batch(root, tmp_path / "two", Workers(2, 0, running.address))
        killer.join()
    cluster_s = time.monotonic() - started
    assert results_below(tmp_path / "two") == results_below(tmp_path / "one")
    assert states(rows).keys() == states(one).keys() and len(rows) == 600
    assert lost(rows) == ["NOT_A_TABLE"] and states(rows)["P077/squat"] == "refused"
    work_s = sum(row.seconds for row in rows)
    with capsys.disabled():
        print(f"\n200 sessions, 400 trials: {alone_s:.0f} s in one process; {cluster_s:.0f} s with one worker of two "
              f"killed, of which {work_s:.0f} s work: {1e3 * (cluster_s - work_s) / 400:.0f} ms beside it a trial")
