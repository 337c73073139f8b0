"""Run every notebook as a test, each in a process of its own and with a time limit.

    python .ci/test.py                       all notebooks
    python .ci/test.py 02 machinery lab/10   those whose name, or path below nbs/, begins so
    python .ci/test.py --timeout 60          seconds that one notebook may take
    python .ci/test.py --jobs 1              one after the other; otherwise two at once, each with its share of the cores
    python .ci/test.py --conditions odd      under one of these conditions, where outputs may differ and tests may not:

        default, avx2             the CPU kernels of older machines
        odd                       weights at addresses where other kernels begin (see .ci/odd/sitecustomize.py)
        one-thread, two-threads   sums are split otherwise
        busy                      another process keeps a core busy meanwhile

The last line counts them: `N passed, N failed`; the exit status is 1 if any failed.
A notebook runs as `nbdev_test` runs it: cells flagged slow or cuda, or `eval: false`, are left out.
"""
import argparse, os, signal, subprocess, sys, time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ONE = """
import sys
from pathlib import Path
from nbdev.config import get_config
from nbdev.test import test_nb
ok, _ = test_nb(Path(sys.argv[1]), skip_flags=get_config().tst_flags.split(), basepath=get_config().config_path)
sys.exit(not ok)
"""
CONDITIONS = {
    "default": dict(ATEN_CPU_CAPABILITY="default", ONEDNN_MAX_CPU_ISA="SSE41"),
    "avx2": dict(ATEN_CPU_CAPABILITY="avx2", ONEDNN_MAX_CPU_ISA="AVX2"),
    "odd": dict(PYTHONPATH=os.pathsep.join(filter(None, [str(ROOT/".ci"/"odd"), os.environ.get("PYTHONPATH")]))),
    "one-thread": dict(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1"),
    "two-threads": dict(OMP_NUM_THREADS="2", MKL_NUM_THREADS="2"),
    "busy": {},
}
CHECKS = { # that a condition takes effect, as Python
    "default": "import torch; assert torch.backends.cpu.get_cpu_capability() == 'DEFAULT'",
    "avx2": "import torch; assert torch.backends.cpu.get_cpu_capability() in ('AVX2', 'DEFAULT')", # or an older machine
    "odd": "import sitecustomize; sitecustomize.self_check()",
    "one-thread": "import torch; assert torch.get_num_threads() == 1",
    "two-threads": "import torch; assert torch.get_num_threads() == 2",
}

def environment(condition, threads):
    "What a notebook's process finds; a condition overrides what is set"
    ours = {"OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1", "MPLBACKEND": "agg", "TOKENIZERS_PARALLELISM": "false"}
    return {**ours, **os.environ, **CONDITIONS.get(condition, {})}

def run(notebook, timeout, env):
    "`(passed, what went wrong, seconds)`; a notebook that overruns is stopped with every process that it started"
    start = time.monotonic()
    process = subprocess.Popen([sys.executable, "-c", ONE, str(notebook)], cwd=ROOT, env=env, start_new_session=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    try: output, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        return False, f"{output}\nstopped after {timeout} s", timeout
    return process.returncode == 0, output, time.monotonic() - start

def check(condition, env):
    "Stop if a condition does not take effect: a pass would mean nothing"
    if condition not in CHECKS: return
    found = subprocess.run([sys.executable, "-c", CHECKS[condition]], cwd=ROOT, env=env, capture_output=True, text=True)
    if found.returncode: sys.exit(f"{found.stderr[-2000:]}\nthe condition {condition!r} does not take effect here")

@contextmanager
def busy(wanted):
    "A process that keeps a core busy"
    if not wanted: yield
    else:
        other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
        try: yield
        finally:
            other.kill()
            other.wait()

def find(names):
    "All notebooks, or those whose name or path below `nbs/` begins with one of the names; a name that finds none is an error"
    notebooks = sorted(p for p in (ROOT/"nbs").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
    def fits(path, name): return path.name.startswith(name) or path.relative_to(ROOT/"nbs").as_posix().startswith(name)
    for name in names:
        if not any(fits(path, name) for path in notebooks): sys.exit(f"no notebook's name or path begins with {name!r}")
    return [path for path in notebooks if not names or any(fits(path, name) for name in names)]

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="beginnings of notebook names or paths (default: all)")
    parser.add_argument("--timeout", type=float, default=600, help="seconds per notebook (default: %(default)s)")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parser.add_argument("--jobs", type=int, default=min(2, cores), help="notebooks at once (default: %(default)s)")
    parser.add_argument("--conditions", choices=CONDITIONS, metavar="NAME", help="one of "+", ".join(CONDITIONS))
    args = parser.parse_args()
    notebooks = find([name.removeprefix("nbs/") for name in args.names])
    env = environment(args.conditions, max(1, cores//args.jobs))
    check(args.conditions, env)
    failed, longest_first = 0, sorted(notebooks, key=lambda p: -p.stat().st_size)
    with busy(args.conditions == "busy"), ThreadPoolExecutor(args.jobs) as pool:
        running = {notebook: pool.submit(run, notebook, args.timeout, env) for notebook in longest_first}
        for notebook in notebooks:
            passed, output, seconds = running[notebook].result()
            failed += not passed
            print(f"{'ok    ' if passed else 'FAILED'} {notebook.relative_to(ROOT)}  {seconds:.0f} s", flush=True)
            if not passed: print(output[-6000:], flush=True)
    print(f"{len(notebooks) - failed} passed, {failed} failed")
    return 1 if failed or not notebooks else 0

if __name__ == "__main__": sys.exit(main())
