"""Images a second of a distillation step, each speed option on and off, beside a loop written as the published scripts are.

    python benchmarks/throughput.py        from the top of a checkout, on a GPU: SD-1.5 at 512×512, bk-base and bk-tiny, batches of 32 and 64, bf16
    python benchmarks/throughput.py --size sd15-256 --plans bk-tiny --batch_sizes 2 --precision fp32 --modes plain keep_memory        two CPU cores, 12 GB
    python benchmarks/throughput.py --size toy --plans bk-tiny --batch_sizes 32 --precision fp32 --modes plain live prefetch keep_memory channels_last recompute compile

Weights are random, nothing is downloaded; diffusers and transformers must be installed. What is measured is written as soon as it is there, to nbs/results/throughput-SIZE.{json,md},
so a run that is cut short leaves what it has. The goal on one H200 is 141 images/s for bk-base.
"""
import argparse, json, tempfile
from pathlib import Path

import torch

from distill_sd.lab.throughput import TRAIN_SIZES, open_size, train_benchmark

GPU_MODES = ["teacher+channels_last+compile+prefetch", "teacher+channels_last+autotune+prefetch", "teacher+channels_last+graphs+prefetch", "plain", "prefetch", "teacher", "channels_last",
             "compile", "teacher+channels_last+compile+prefetch+recompute", "live"]   # the goal first, then one option at a time

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=list(TRAIN_SIZES), default="sd15-512")
    parser.add_argument("--plans", nargs="+", default=["bk-base", "bk-tiny"])
    parser.add_argument("--batch_sizes", nargs="+", type=int, default=[32, 64])
    parser.add_argument("--modes", nargs="+", default=GPU_MODES)
    parser.add_argument("--precision", default="bf16")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--steps_per_turn", type=int)
    parser.add_argument("--output", default=str(Path(__file__).resolve().parents[1]/"nbs/results"), help="folder")
    args = parser.parse_args()
    pipe, found = open_size(args.size, "cuda" if torch.cuda.is_available() else "cpu"), []
    file = Path(args.output)/f"throughput-{args.size}.json"
    for plan in args.plans:
        for batch_size in args.batch_sizes:
            for mode in args.modes:
                with tempfile.TemporaryDirectory() as folder:
                    try: result = train_benchmark(args.size, plan, batch_size, [mode], args.precision, args.repeats, args.steps_per_turn, folder, pipe)
                    except RuntimeError as e:
                        print(f"{plan}, {batch_size} at once, {mode}: {e}", flush=True)
                        continue
                found.append(result)
                print(f"\n## {plan}, {batch_size} at once\n\n{result._repr_markdown_()}", flush=True)
                file.write_text(json.dumps([r.to_dict() for r in found], indent=1)+"\n")
                file.with_suffix(".md").write_text("\n".join(page(found))+"\n")

def page(found):
    "One table of all"
    head, line = found[0].table().splitlines()[:2]
    return [f"| plan {head}", f"|---{line}", *(f"| {r.plan} {r.table().splitlines()[2]}" for r in found), "", found[0].note(), "", *(f"{r.where()}\n" for r in found)]

if __name__ == "__main__": main()
