"""Run every notebook as a test, each in a process of its own and with a time limit.

    python .ci/test.py                  all notebooks
    python .ci/test.py 02 04            those whose name starts so
    python .ci/test.py --timeout 60     seconds that one notebook may take

The last line counts them: `N passed, N failed`; the exit status is 1 if any failed.
A notebook runs as `nbdev_test` runs it: cells flagged slow or cuda, or `eval: false`, are left out.
"""
import argparse, os, signal, subprocess, sys, time
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

def run(notebook, timeout):
    "`(passed, what went wrong)`; a notebook that overruns is stopped with every process that it started"
    env = {"HF_HUB_OFFLINE": "1", "MPLBACKEND": "agg", "TOKENIZERS_PARALLELISM": "false", **os.environ}
    process = subprocess.Popen([sys.executable, "-c", ONE, str(notebook)], cwd=ROOT, env=env, start_new_session=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    try: output, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        return False, f"{output}\nstopped after {timeout} s"
    return process.returncode == 0, output

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="beginnings of notebook names (default: all)")
    parser.add_argument("--timeout", type=float, default=600, help="seconds per notebook (default: %(default)s)")
    args = parser.parse_args()
    notebooks = sorted(p for p in (ROOT/"nbs").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
    if args.names: notebooks = [p for p in notebooks if p.name.startswith(tuple(args.names))]
    failed = 0
    for notebook in notebooks:
        start = time.monotonic()
        passed, output = run(notebook, args.timeout)
        failed += not passed
        print(f"{'ok    ' if passed else 'FAILED'} {notebook.relative_to(ROOT)}  {time.monotonic() - start:.0f} s", flush=True)
        if not passed: print(output[-6000:], flush=True)
    print(f"{len(notebooks) - failed} passed, {failed} failed")
    return 1 if failed or not notebooks else 0

if __name__ == "__main__": sys.exit(main())
