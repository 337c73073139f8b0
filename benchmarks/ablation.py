"""What each term of block-removal distillation is worth, on the built-in teacher: the arms of `07_distill`, trained and judged.

    python benchmarks/ablation.py        from the top of a checkout; some three hours on one CPU core, and goes on where it was stopped
    python benchmarks/ablation.py --seeds 1 & python benchmarks/ablation.py --seeds 2        more than one at a time: give each other seeds

Writes nbs/results/ablation.jsonl; trainings stay in runs/ablation.
"""
import argparse, json
from pathlib import Path

from distill_sd.lab.ablation import (
    ARMS, FULL, ablate, ablation_table, compare_arms, comparison_table)

ROOT = Path(__file__).resolve().parents[1]

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=400, help="of every arm")
    parser.add_argument("--long", type=int, default=4000, help="steps of the full loss once more, with the first seed; 0 is never")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    folder, result = ROOT/"runs/ablation", ROOT/"nbs/results/ablation.jsonl"
    ablate(folder, args.steps, seeds=args.seeds, threads=args.threads)
    if args.long and 0 in args.seeds: ablate(folder, args.long, arms=[arm for arm in ARMS if arm.name == FULL], threads=args.threads)
    lines = map(json.loads, (folder/"ablation.jsonl").read_text().splitlines()) # those of other processes too
    rows = list({(r["arm"], r["steps"], r["seed"]): r for r in lines}.values())
    order = {name: i for i, name in enumerate(["teacher", *(arm.name for arm in ARMS)])}
    rows.sort(key=lambda r: (r["steps"] > args.steps, order[r["arm"]], r["seed"]))
    result.write_text("".join(json.dumps(r)+"\n" for r in rows))
    print(ablation_table(rows), comparison_table(compare_arms(rows, args.steps)), sep="\n\n")

if __name__ == "__main__": main()
