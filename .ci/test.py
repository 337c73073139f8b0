"""Run every notebook as a test, each in a process of its own and with a time limit.

    python .ci/test.py                  all notebooks
    python .ci/test.py 02 04            those whose name starts so
    python .ci/test.py --timeout 60     seconds that one notebook may take
    python .ci/test.py --jobs 1         one after the other; otherwise two at once, each with its share of the cores

The last line counts them: `N passed, N failed`; the exit status is 1 if any failed.
A notebook runs as `nbdev_test` runs it: cells flagged slow or cuda, or `eval: false`, are left out.
"""
import argparse, os, signal, subprocess, sys, time
from concurrent.futures import ThreadPoolExecutor
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

def run(notebook, timeout, threads):
    "`(passed, what went wrong, seconds)`; a notebook that overruns is stopped with every process that it started"
    start = time.monotonic()
    env = {"OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1", "MPLBACKEND": "agg", "TOKENIZERS_PARALLELISM": "false", **os.environ}
    process = subprocess.Popen([sys.executable, "-c", ONE, str(notebook)], cwd=ROOT, env=env, start_new_session=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    try: output, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        return False, f"{output}\nstopped after {timeout} s", timeout
    return process.returncode == 0, output, time.monotonic() - start

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="beginnings of notebook names (default: all)")
    parser.add_argument("--timeout", type=float, default=600, help="seconds per notebook (default: %(default)s)")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parser.add_argument("--jobs", type=int, default=min(2, cores), help="notebooks at once (default: %(default)s)")
    args = parser.parse_args()
    notebooks = sorted(p for p in (ROOT/"nbs").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
    if args.names: notebooks = [p for p in notebooks if p.name.startswith(tuple(args.names))]
    failed, longest_first = 0, sorted(notebooks, key=lambda p: -p.stat().st_size)
    with ThreadPoolExecutor(args.jobs) as pool:
        running = {notebook: pool.submit(run, notebook, args.timeout, max(1, cores//args.jobs)) for notebook in longest_first}
        for notebook in notebooks:
            passed, output, seconds = running[notebook].result()
            failed += not passed
            print(f"{'ok    ' if passed else 'FAILED'} {notebook.relative_to(ROOT)}  {seconds:.0f} s", flush=True)
            if not passed: print(output[-6000:], flush=True)
    print(f"{len(notebooks) - failed} passed, {failed} failed")
    return 1 if failed or not notebooks else 0

if __name__ == "__main__": sys.exit(main())
