"""Seconds of a denoiser call at the size of Stable Diffusion 1.x, 512×512, with random weights: the teacher and each plan.

    python benchmarks/unet_latency.py        from the top of a checkout; writes nbs/results/unet-latency.{json,md}

Needs some 8 GB of memory; minutes on a GPU, an hour on two CPU cores. `--repeats 1 --modes eager` is the short version.
"""
import argparse, json
from pathlib import Path

import torch

from distill_sd.benchmark import benchmark_denoisers
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
    file.write_text(json.dumps(result.to_dict(), indent=1)+"\n")
    file.with_suffix(".md").write_text(result._repr_markdown_()+"\n")
    print(result._repr_markdown_())

if __name__ == "__main__": main()
