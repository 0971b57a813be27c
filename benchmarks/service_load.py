"""Sixteen users send one photo after the other: `python benchmarks/service_load.py PHOTO [--seconds 120]`.

Starts `dermis serve` on a free loopback port and a store of its own, and prints the seconds of a single photo when
nobody else asks, then the answers, their quantiles and the memory of the service and its workers under load.
"""

import argparse
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path


def send(url, data):
    """Return status, Retry-After and seconds of one photo."""
    request = urllib.request.Request(f"{url}/v1/analyses", data=data, headers={"Content-Type": "image/jpeg"})
    start = time.perf_counter()
    try:
        with urllib.request.urlopen(request, timeout=300) as answer:
            answer.read()
            return answer.status, None, time.perf_counter() - start
    except urllib.error.HTTPError as refusal:
        refusal.read()
        return refusal.code, refusal.headers.get("Retry-After"), time.perf_counter() - start


def memory_mb(pid):
    """Return the resident memory of a process and its children in megabytes."""
    total = 0
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                total += int(line.split()[1]) // 1024
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            total += memory_mb(child)
    return total


def user(url, data, until, answers):
    """Send photos until the time is up; wait as long as the service says."""
    while time.perf_counter() < until:
        status, retry_after, seconds = send(url, data)
        answers.append((status, retry_after, seconds))
        if retry_after is not None:
            time.sleep(float(retry_after))


def load(url, pid, data, users, seconds):
    """Return the answers to all users, and the memory of each second."""
    answers, memory, until = [], [], time.perf_counter() + seconds
    threads = [threading.Thread(target=user, args=(url, data, until, answers)) for _ in range(users)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        memory.append(memory_mb(pid))
        time.sleep(1)
    return answers, memory


def figures(alone, answers, memory):
    """Return what is printed."""
    done = sorted(seconds for status, _, seconds in answers if status == 201)
    refused = [retry_after for status, retry_after, _ in answers if status == 503]
    p95 = done[int(0.95 * (len(done) - 1))]
    return {
        "single_s": round(statistics.median(alone), 2),
        "answered": len(done),
        "refused_503": len(refused),
        "refused_without_retry_after": sum(retry_after is None for retry_after in refused),
        "other": sorted({status for status, _, _ in answers} - {201, 503}),
        "p50_s": round(statistics.median(done), 2),
        "p95_s": round(p95, 2),
        "p95_over_single": round(p95 / statistics.median(alone), 1),
        "memory_mb_first_quarter": max(memory[: max(1, len(memory) // 4)]),
        "memory_mb_last_quarter": max(memory[-max(1, len(memory) // 4) :]),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", type=Path)
    parser.add_argument("--users", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=120)
    options = parser.parse_args()
    data = options.photo.read_bytes()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        words = [
            "serve",
            "--port",
            str(port),
            "--db",
            f"sqlite:///{folder}/store.sqlite",
            "--workers",
            "2",
            "--rate",
            "0",
        ]
        service = subprocess.Popen([sys.executable, "-m", "dermis", *words])
        try:
            url = f"http://127.0.0.1:{port}"
            while True:
                with suppress(OSError), urllib.request.urlopen(f"{url}/v1/health"):
                    break
                time.sleep(0.2)
            for _ in range(4):
                send(url, data)
            alone = [send(url, data)[2] for _ in range(10)]
            print(json.dumps(figures(alone, *load(url, service.pid, data, options.users, options.seconds)), indent=1))
        finally:
            service.terminate()
            service.wait()


if __name__ == "__main__":
    main()
