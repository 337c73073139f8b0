"""Teaching a model something new, on the built-in teacher and its bk-tiny student: the experiments of `10_adapt` and `05_adapters`.

    python benchmarks/tuning.py lora        from the top of a checkout; some three hours on one CPU core, and goes on where it was stopped
    python benchmarks/tuning.py keep        likewise, half an hour
    python benchmarks/tuning.py time        one training of a LoRA with nothing beside it, after `lora`
    python benchmarks/tuning.py lora --seeds 1 & python benchmarks/tuning.py lora --seeds 2        more than one at a time: give each other seeds

Writes nbs/results/lora.jsonl, nbs/results/lora-time.json, nbs/images/lora-{moon,wax}.jpg and nbs/results/finetune-keep.jsonl; pictures and trainings stay in runs/lora and runs/finetune-keep.
"""
import argparse, json
from pathlib import Path

from PIL import Image

from distill_sd.lab.forgetting import keep_arms, keep_experiment, keep_table
from distill_sd.machinery.lora import LoraSpec
from distill_sd.distill import with_denoiser
from distill_sd.lab.ablation import TOY, train_student
from distill_sd.machinery.report import machine
from distill_sd.lab.adapters import (
    LORA_LR, SETTINGS, concept_latents, lora_arms, lora_experiment, lora_table,
    train_concept)
from distill_sd.machinery.scenes import CONCEPTS
from distill_sd.loop import LoopConfig
from distill_sd.teacher import load_teacher

ROOT = Path(__file__).resolve().parents[1]
EXPERIMENTS = dict(lora=("lora", lora_experiment, lora_arms, lora_table), keep=("finetune-keep", keep_experiment, keep_arms, keep_table))

def time_of_one(threads):
    "Seconds of the 400 steps that teach `bk-tiny` the moon; so small a model gains nothing by a second thread"
    teacher = load_teacher("toy")
    student = with_denoiser(teacher, train_student(teacher, [], LoopConfig(**{**TOY, "steps": 4000}), output_dir=ROOT/"runs/lora/student", resume=True, progress=False)[0])
    config = LoopConfig(**SETTINGS, lr=LORA_LR, steps=400, threads=threads)
    result = train_concept(student, concept_latents(student, ROOT/"runs/lora/pictures-moon-200", "moon"), LoraSpec(4, targets="all"), config, progress=False)[1]
    out = json.dumps(dict(steps=400, rank=4, seconds=round(result.seconds, 1), machine=machine()))
    (ROOT/"nbs/results/lora-time.json").write_text(out+"\n")
    return out

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=[*EXPERIMENTS, "time"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    if args.what == "time": return print(time_of_one(args.threads))
    name, experiment, arms, table = EXPERIMENTS[args.what]
    folder, result = ROOT/"runs"/name, ROOT/f"nbs/results/{name}.jsonl"
    experiment(folder, arms=[arm for arm in arms() if arm.seed in args.seeds], threads=args.threads)
    lines = map(json.loads, (folder/f"{name}.jsonl").read_text().splitlines()) # those of other processes too
    order = {arm.name: i for i, arm in enumerate(arms())}
    rows = sorted({r["arm"]: r for r in lines}.values(), key=lambda r: order.get(r["arm"], -1))
    result.write_text("".join(json.dumps(r)+"\n" for r in rows))
    for concept in CONCEPTS:
        if (picture := folder/f"{concept}.png").exists(): Image.open(picture).convert("RGB").save(ROOT/f"nbs/images/{name}-{concept}.jpg", quality=90)
    print(table(rows))

if __name__ == "__main__": main()
