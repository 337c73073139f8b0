"""Students of the built-in teacher, measured: trains bk-base, bk-small and bk-tiny by the default recipe, compares them with their teacher on the same
held-out captions and noise, and times all four.

    python benchmarks/evidence.py        from the top of a checkout; about an hour on two CPU cores, and goes on where it was stopped

Writes runs/evidence/report.html (to look at), nbs/results/evidence.json (scores with intervals, by attribute) and nbs/results/inference.{json,md}.
"""
import argparse, json, shutil
from pathlib import Path

from distill_sd.benchmark import benchmark_inference, write_benchmark
from distill_sd.compare import compare
from distill_sd.stats import Interval
from distill_sd.train import run

ROOT = Path(__file__).resolve().parents[1]

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=500, help="captions")
    parser.add_argument("--steps", type=int, help="optimizer steps of each training; the recipe's if not given")
    parser.add_argument("--modes", nargs="+", default=["eager", "channels_last", "compile", "bf16"])
    args = parser.parse_args()
    folder, results = ROOT/"runs/evidence", ROOT/"nbs/results"
    models = {"teacher": "toy", **{plan: str(student(folder/plan, plan, args.steps)/"pipeline") for plan in ("bk-base", "bk-small", "bk-tiny")}}
    compare(list(models.values()), n=args.n, output_dir=str(folder))
    scores = json.loads((folder/"scores.json").read_text())
    (results/"evidence.json").write_text(json.dumps({k: scores[k] for k in ("settings", "scores", "environment")}, indent=1)+"\n")
    measured = benchmark_inference(models, args.modes)
    overall = next(row for row in scores["scores"] if row["quantity"] == "all as asked")
    page = write_benchmark(measured, folder/"benchmark", dict(zip(models, (Interval(*v) for v in overall["mean"].values()))))
    for suffix in ("json", "md"): shutil.copy(page.with_suffix(f".{suffix}"), results/f"inference.{suffix}")
    print(measured._repr_markdown_())

def student(folder, plan, steps):
    "A finished run of the default recipe"
    if not (folder/"report.md").exists():
        given = {} if steps is None else dict(steps=steps)
        run("toy", plan=plan, output_dir=str(folder), resume=(folder/"config.yaml").exists(), latency_repeats=0, **given)
    return folder

if __name__ == "__main__": main()
