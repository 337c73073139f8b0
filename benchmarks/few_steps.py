"""Few steps on the built-in teacher: trains what `08_direct` compares, judges it, draws the same captions and noise with the best of each, and times
the teacher at 50 steps with guidance against the small student at 4 without.

    python benchmarks/few_steps.py        from the top of a checkout; some four hours on two CPU cores, and goes on where it was stopped
    python benchmarks/few_steps.py --seeds 0 --steps 4        the heart of it, half an hour
    python benchmarks/few_steps.py --picture                  only the picture and the timing, of what is trained already

Writes nbs/results/few-steps.{jsonl,json} and nbs/images/few-steps.jpg; trainings stay in runs/few-steps.
"""
import argparse, json, shutil
from pathlib import Path
from statistics import median

import torch

from distill_sd.lab.few_steps import (
    FewSteps, few_step_arms, few_step_experiment, few_step_students, few_step_table)
from distill_sd.machinery.scenes import held_out_captions
from distill_sd.evaluate import take_turns
from distill_sd.machinery.report import machine
from distill_sd.teacher import (
    decode_latents, encode_captions, generate, image_grid, initial_noise, load_teacher)

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = dict(steps=150, rows=2400)
CAPTIONS, SEED = held_out_captions(8, seed=77), 77

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--steps", nargs="+", type=int, default=[1, 2, 4, 8], help="numbers of steps that are trained for")
    parser.add_argument("--repeats", type=int, default=7, help="turns of the timing")
    parser.add_argument("--picture", action="store_true", help="train nothing")
    args = parser.parse_args()
    folder, results = ROOT/"runs/few-steps", ROOT/"nbs/results"
    arms = [] if args.picture else few_step_arms(tuple(args.seeds), tuple(args.steps))
    print(few_step_table(few_step_experiment(folder, arms, **SETTINGS)))
    shutil.copy(folder/"few-steps.jsonl", results/"few-steps.jsonl")
    teacher = load_teacher("toy")
    shown = [FewSteps("unet", "direct", (4,)), FewSteps("lora", "direct", (4,)), FewSteps("bk-tiny", "direct", (4,)), FewSteps("unet", "lcm", (1, 2, 4, 8))]
    students = {arm.start if arm.method == "direct" else arm.method: drawing for arm, drawing, _ in few_step_students(folder, shown, **SETTINGS)}
    rows = [draw(teacher, 50, 3.), draw(teacher, 4, 3.), draw(teacher, 4, 1.), *(draw(pipe, 4, 1.) for pipe in students.values())]
    image_grid(torch.cat(rows), ncols=len(CAPTIONS)).save(ROOT/"nbs/images/few-steps.jpg", quality=90)
    out = dict(settings=SETTINGS, captions=CAPTIONS, rows=["teacher, 50 steps, guidance 3", "teacher, 4 steps, guidance 3", "teacher, 4 steps", *students],
               seconds=seconds(teacher, students["bk-tiny"], args.repeats), machine=machine(torch.device("cpu")))
    (results/"few-steps.json").write_text(json.dumps(out, indent=1)+"\n")
    print(json.dumps(out["seconds"], indent=1))

def draw(pipe, steps, guidance_scale): return generate(pipe, CAPTIONS, seeds=range(SEED, SEED+len(CAPTIONS)), num_inference_steps=steps, guidance_scale=guidance_scale)

@torch.no_grad()
def around(pipe):
    "What a picture takes beside the denoiser, the same for every student"
    latents = initial_noise(pipe, [SEED])
    return lambda: (encode_captions(pipe, CAPTIONS[:1]), decode_latents(pipe, latents))

def seconds(teacher, student, repeats):
    "Medians of turns that alternate, one picture each, text and decoder included"
    one = lambda pipe, steps, g: lambda: generate(pipe, CAPTIONS[:1], seeds=[SEED], num_inference_steps=steps, guidance_scale=g)
    took = take_turns({"teacher, 50 steps, guidance": one(teacher, 50, 3.), "teacher, 4 steps": one(teacher, 4, 1.), "bk-tiny, 4 steps": one(student, 4, 1.), "text and decoder": around(teacher)}, repeats)
    out = {name: dict(median=median(s), all=s) for name, s in took.items()}
    first = out["teacher, 50 steps, guidance"]
    for name, r in out.items():
        ratios = [a/b for a, b in zip(first["all"], r["all"])]
        r.update(ratio=median(ratios), ratio_range=[min(ratios), max(ratios)])
    return out

if __name__ == "__main__": main()
