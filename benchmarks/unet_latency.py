"""Seconds of a denoiser call at the size of Stable Diffusion 1.x, 512×512, with random weights: the teacher and each plan.

    python benchmarks/unet_latency.py        from the top of a checkout; writes nbs/results/unet-latency.{json,md}
    python benchmarks/unet_latency.py --modes compile        measures one mode and keeps what is there of the others
    python benchmarks/unet_latency.py --where        instead: which operations take the time; writes nbs/results/unet-where.json

Needs some 10 GB of memory; minutes on a GPU, an hour on two CPU cores. `--repeats 1 --modes eager` is the short version.
"""
import argparse, dataclasses, json
from pathlib import Path
from statistics import median

import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from distill_sd.lab.benchmark import Benchmark, _random_call, benchmark_denoisers
from distill_sd.evaluate import count_macs
from distill_sd.machinery.report import environment
from distill_sd.student import UNET_CONFIGS, student_config

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--modes", nargs="+", default=["eager", "channels_last", "compile", "bf16", "bf16+compile"])
    parser.add_argument("--plans", nargs="+", default=["bk-base", "bk-small", "bk-tiny"])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--where", action="store_true", help="seconds by kind of operation, eager and channels_last, on the CPU")
    args = parser.parse_args()
    teacher, results = UNET_CONFIGS["SD-1.x"], Path(__file__).resolve().parents[1]/"nbs/results"
    configs = {"teacher": teacher, **{plan: student_config(teacher, plan) for plan in args.plans}}
    if args.where:
        found = dict(modes={mode: where(configs, mode, args.repeats) for mode in ("eager", "channels_last")}, repeats=args.repeats, environment=environment())
        (results/"unet-where.json").write_text(json.dumps(found, indent=1)+"\n")
        return print(json.dumps(found["modes"], indent=1))
    result = benchmark_denoisers(configs, args.modes, repeats=args.repeats, device="cuda" if torch.cuda.is_available() else "cpu")
    file = results/"unet-latency.json"
    if file.exists(): result = beside(Benchmark.from_dict(json.loads(file.read_text())), result)
    file.write_text(json.dumps(result.to_dict(), indent=1)+"\n")
    file.with_suffix(".md").write_text(result._repr_markdown_()+"\n")
    print(result._repr_markdown_())

def beside(before, now):
    "The modes of an earlier run on the same machine, and those of this one"
    if before.environment != now.environment: return now
    measured = {row.mode for row in now.rows}
    return dataclasses.replace(now, rows=[*(row for row in before.rows if row.mode not in measured), *now.rows], left_out={**before.left_out, **now.left_out})

KINDS = {"convolution": ("convolution",), "linear layers": ("addmm", "aten::mm", "aten.mm"), "attention": ("scaled_dot_product",)}

def kind(operation): return next((k for k, words in KINDS.items() if any(w in operation for w in words)), "the rest")

def where(configs, mode, repeats):
    "Kind of operation -> {name: median seconds and multiply-accumulates of a call}; turns alternate"
    calls = {name: _random_call(config, 1, config["sample_size"], mode, "cpu")[1] for name, config in configs.items()}
    seconds, macs = {}, {}
    for name, call in calls.items(): # warms up, too
        with FlopCounterMode(display=False) as counter: call()
        for operation, flops in counter.get_flop_counts()["Global"].items(): macs[kind(str(operation)), name] = macs.get((kind(str(operation)), name), 0) + flops//2
    for name, config in configs.items(): macs["attention", name] = count_macs(config, config["sample_size"]).total - sum(n for (_, m), n in macs.items() if m == name) # torch does not count it on CPUs
    for _ in range(repeats):
        for name, call in calls.items():
            with profile(activities=[ProfilerActivity.CPU]) as p: call()
            turn = {}
            for event in p.key_averages(): turn[kind(event.key)] = turn.get(kind(event.key), 0) + event.self_cpu_time_total/1e6
            for k, s in turn.items(): seconds.setdefault((k, name), []).append(s)
    return {k: {name: dict(seconds=median(seconds[k, name]), macs=macs.get((k, name), 0)) for name in configs} for k in (*KINDS, "the rest")}

if __name__ == "__main__": main()
