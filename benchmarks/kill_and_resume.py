"""Same bytes, however it runs and however often it is killed.

    python benchmarks/kill_and_resume.py [--recipe configs/mix_2T.yaml] [--kills 10] [--seed 1]

Runs the recipe inline, on Ray with one and with two workers, and compares the SHA-256 of every
file of documents/, removed/, cut/, contamination/, tokenizer/ and shards/. Then runs it again and
again, each time with a SIGKILL at a random moment: at even turns to the driver (the run is then
started again), at odd turns to the first worker process seen from that moment on (the run must go
on by itself). Every turn must end with the same bytes. Last, times a run that has nothing to do.
Prints one line per run and ends with 0 only if all agree.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from formats.precompile import compile_kernels

COMPARED = ("documents", "removed", "cut", "contamination", "tokenizer", "shards")


def main() -> int:
    """Run all comparisons."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--recipe", default="configs/mix_2T.yaml")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="polymill-") as folder:
        return compare(options.recipe, options.kills, random.Random(options.seed), Path(folder))


def compare(recipe: str, kills: int, chance: random.Random, folder: Path) -> int:
    """All runs below ``folder``; the number of those that differ."""
    wrong = 0
    compile_kernels(2)
    started = time.monotonic()
    finish(start(recipe, folder / "two", "--workers", "2"))
    seconds = time.monotonic() - started
    expected = digests(folder / "two")
    print(f"ray, 2 workers: {len(expected)} files, {seconds:.1f} s")
    for name, arguments in (
        ("inline", ["--engine", "inline"]),
        ("ray, 1 worker", ["--workers", "1"]),
    ):
        out = folder / name.replace(" ", "-")
        finish(start(recipe, out, *arguments))
        wrong += report(name, expected, digests(out))
    for turn in range(kills):
        out = folder / f"kill-{turn}"
        victim = "driver" if turn % 2 == 0 else "worker"
        moment = chance.uniform(0.1, 0.95) * seconds
        what = kill_at(recipe, out, victim, moment, chance)
        wrong += report(f"turn {turn}: {what} at {moment:.1f} s", expected, digests(out))
    started = time.monotonic()
    finish(start(recipe, folder / "two", "--workers", "2"))
    print(f"again, nothing to do: {time.monotonic() - started:.1f} s")
    return wrong


def start(recipe: str, out: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a run in a process group of its own."""
    command = [sys.executable, "-m", "pipeline", "run", recipe, "--out", str(out), *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )


def finish(process: subprocess.Popen[bytes]) -> None:
    """Wait for a run that must end well."""
    _, log = process.communicate()
    if process.returncode != 0:
        raise SystemExit(f"a run failed with {process.returncode}:\n{log.decode()[-2000:]}")


def kill_at(recipe: str, out: Path, victim: str, moment: float, chance: random.Random) -> str:
    """Kill driver or worker of a run at a moment, and let the run come to its end."""
    process = start(recipe, out, "--workers", "2")
    time.sleep(moment)
    if victim == "driver":
        process.kill()
        process.wait()
        finish(start(recipe, out, "--workers", "2"))
        return "driver killed and started again"
    workers: list[int] = []
    while not workers and process.poll() is None:
        workers = task_processes(process.pid)
    if workers:
        os.kill(chance.choice(workers), signal.SIGKILL)
    finish(process)
    return "worker killed" if workers else "no worker was there to kill"


def task_processes(driver: int) -> list[int]:
    """The worker processes of this driver's Ray: at work, or gathering progress."""
    listed = subprocess.run(
        ["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True
    )
    parents, workers = {}, []
    for line in listed.stdout.splitlines()[1:]:
        pid, parent, arguments = line.split(maxsplit=2)
        parents[int(pid)] = int(parent)
        # Not Ray's agents, nor the idle workers it waits for in ray.init(): without those no Ray.
        if arguments.startswith(("ray::_run_in_worker", "ray::ProgressBoard")):
            workers.append(int(pid))
    return [pid for pid in workers if driver in ancestors(pid, parents)]


def ancestors(pid: int, parents: dict[int, int]) -> list[int]:
    """The processes above a process."""
    above = []
    while pid in parents and pid > 1:
        pid = parents[pid]
        above.append(pid)
    return above


def digests(out: Path) -> dict[str, str]:
    """SHA-256 of every file that must be the same."""
    files = sorted(p for name in COMPARED for p in (out / name).rglob("*") if p.is_file())
    return {str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def report(name: str, expected: dict[str, str], found: dict[str, str]) -> int:
    """Print whether two runs agree; 1 where they do not."""
    differing = sorted(k for k in expected.keys() | found.keys() if expected.get(k) != found.get(k))
    print(f"{name}: {'same bytes' if not differing else 'DIFFERENT: ' + ', '.join(differing[:5])}")
    return int(bool(differing))


if __name__ == "__main__":
    sys.exit(main())
