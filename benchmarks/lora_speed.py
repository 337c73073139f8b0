"""Is LoRA training on a pruned student faster than on its teacher? Optimizer steps in turns, medians, one run.

    python benchmarks/lora_speed.py            # toy size, batch 16
    python benchmarks/lora_speed.py --sd       # SD-1.5 size from random weights, 512x512, batch 1, r=4: 2 steps each, peak memory

Writes nbs/results/lora-speed-{toy,sd}.json.
"""
import argparse, gc, json, resource, sys
from pathlib import Path
from statistics import median

import torch
from diffusers import UNet2DConditionModel

from distill_sd.machinery.lora import LoraSpec, add_lora
from distill_sd.evaluate import take_turns
from distill_sd.machinery.report import machine
from distill_sd.student import UNET_CONFIGS, count_parameters, student_config
from distill_sd.teacher import load_teacher


def stepper(config, spec, batch_size, tokens, gradient_checkpointing=False):
    "One optimizer step of a LoRA on a UNet with random weights, as a function"
    torch.manual_seed(0)
    unet = add_lora(UNet2DConditionModel.from_config(config), spec).train()
    if gradient_checkpointing: unet.enable_gradient_checkpointing()
    optimizer = torch.optim.AdamW([p for p in unet.parameters() if p.requires_grad], lr=1e-4)
    noisy = torch.randn(batch_size, config["in_channels"], config["sample_size"], config["sample_size"])
    states = torch.randn(batch_size, tokens, config["cross_attention_dim"])
    def step():
        loss = (unet(noisy, torch.full((batch_size,), 500), encoder_hidden_states=states).sample - noisy).square().mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    step.parameters, step.trained = count_parameters(unet), sum(p.numel() for p in unet.parameters() if p.requires_grad)
    return step


def peak_gib(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/2**(30 if sys.platform == "darwin" else 20)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sd", action="store_true", help="SD-1.5 size")
    parser.add_argument("--repeats", type=int, help="steps of each that count (15; 2 at SD-1.5 size)")
    parser.add_argument("--batch_size", type=int, help="16; 1 at SD-1.5 size")
    parser.add_argument("--rank", type=int, default=4)
    parser.add_argument("--targets", default="attention")
    parser.add_argument("--gradient_checkpointing", action="store_true")
    parser.add_argument("--threads", type=int)
    a = parser.parse_args()
    if a.threads: torch.set_num_threads(a.threads)
    config = dict(UNET_CONFIGS["SD-1.x"]) if a.sd else dict(load_teacher("toy").unet.config)
    batch_size, repeats, tokens = a.batch_size or (1 if a.sd else 16), a.repeats or (2 if a.sd else 15), 77 if a.sd else 24
    spec, configs, rows = LoraSpec(a.rank, 32, a.targets), {"bk-tiny": student_config(config, "bk-tiny"), "teacher": config}, {}
    make = lambda c: stepper(c, spec, batch_size, tokens, a.gradient_checkpointing)
    if a.sd: # one after the other: the small one first, so that the process's peak so far is its own
        seconds = {}
        for name, c in configs.items():
            seconds |= take_turns({name: (step := make(c))}, repeats)
            rows[name] = dict(parameters=step.parameters, trained=step.trained, peak_gib=round(peak_gib(), 2))
            del step
            gc.collect()
    else:
        steps = {name: make(c) for name, c in configs.items()}
        seconds = take_turns(steps, repeats, warmup=2)
        rows = {name: dict(parameters=s.parameters, trained=s.trained) for name, s in steps.items()}
    for name, row in rows.items(): row.update(seconds=round(median(seconds[name]), 4), steps_per_second=round(1/median(seconds[name]), 3), all=[round(s, 4) for s in seconds[name]])
    ratio = [t/s for s, t in zip(seconds["bk-tiny"], seconds["teacher"])]
    text = json.dumps(dict(size="SD-1.5, 512 px" if a.sd else "toy, 64 px", batch_size=batch_size, rank=a.rank, targets=a.targets, threads=torch.get_num_threads(), **rows,
                          ratio=round(median(ratio), 3), ratios=[round(min(ratio), 3), round(max(ratio), 3)], machine=machine()), indent=1)
    (Path(__file__).resolve().parents[1]/f"nbs/results/lora-speed-{'sd' if a.sd else 'toy'}.json").write_text(text+"\n")
    print(text)


if __name__ == "__main__": main()
