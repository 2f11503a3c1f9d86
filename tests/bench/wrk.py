"""Load from wrk: one thread, kept connections, everything it sends made by a Lua script beside this file."""
import dataclasses
import json
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
PATIENCE_S = 30


class Unmeasured(Exception):
    """Something that should have been measured was not; the text says why."""


@dataclasses.dataclass
class Load:
    """What came back. `refused`: answers of 400 and more; `lost`: requests that met a broken or silent connection."""
    requests: int
    seconds: float
    refused: int
    lost: int
    p50_ms: float
    p99_ms: float

    @property
    def rate(self):
        return self.requests / self.seconds


def run(base_url, script, arguments, connections, seconds):
    """Runs a script for whole seconds; every answer must be a good one."""
    argv = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(HERE / script), base_url, "--",
            *map(str, arguments)]
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds + PATIENCE_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as e:
        raise Unmeasured(f"wrk {script}: {e}") from e
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or len(lines) != 1:
        raise Unmeasured(f"wrk {script} ended with {done.returncode}: {(done.stderr + done.stdout).strip()[-500:]}")
    said = json.loads(lines[0])
    load = Load(said["requests"], said["micros"] / 1e6, said["status"],
                said["connect"] + said["read"] + said["write"] + said["timeout"], said["p50_us"] / 1000, said["p99_us"] / 1000)
    if load.refused or load.lost or not load.requests:
        raise Unmeasured(f"wrk {script}: of {load.requests} requests {load.refused} refused and {load.lost} lost")
    return load
