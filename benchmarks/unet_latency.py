"""Seconds of a denoiser call at the size of Stable Diffusion 1.x, 512×512, with random weights: the teacher and each plan.

    python benchmarks/unet_latency.py        from the top of a checkout; writes nbs/results/unet-latency.{json,md}
    python benchmarks/unet_latency.py --modes compile        measures one mode and keeps what is there of the others

Needs some 10 GB of memory; minutes on a GPU, an hour on two CPU cores. `--repeats 1 --modes eager` is the short version.
"""
import argparse, dataclasses, json
from pathlib import Path

import torch

from distill_sd.benchmark import Benchmark, benchmark_denoisers
from distill_sd.student import UNET_CONFIGS, student_config

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--modes", nargs="+", default=["eager", "channels_last", "compile", "bf16", "bf16+compile"])
    parser.add_argument("--plans", nargs="+", default=["bk-base", "bk-small", "bk-tiny"])
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    teacher = UNET_CONFIGS["SD-1.x"]
    result = benchmark_denoisers({"teacher": teacher, **{plan: student_config(teacher, plan) for plan in args.plans}}, args.modes,
                                 repeats=args.repeats, device="cuda" if torch.cuda.is_available() else "cpu")
    file = Path(__file__).resolve().parents[1]/"nbs/results/unet-latency.json"
    if file.exists(): result = beside(Benchmark.from_dict(json.loads(file.read_text())), result)
    file.write_text(json.dumps(result.to_dict(), indent=1)+"\n")
    file.with_suffix(".md").write_text(result._repr_markdown_()+"\n")
    print(result._repr_markdown_())

def beside(before, now):
    "The modes of an earlier run on the same machine, and those of this one"
    if before.environment != now.environment: return now
    measured = {row.mode for row in now.rows}
    return dataclasses.replace(now, rows=[*(row for row in before.rows if row.mode not in measured), *now.rows], left_out={**before.left_out, **now.left_out})

if __name__ == "__main__": main()
