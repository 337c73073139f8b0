"""Students of the built-in teacher, measured: trains bk-base, bk-small and bk-tiny by the default recipe with several seeds, draws the same held-out captions and
noise with them and their teacher, and times them. Few-step students and the `bk-tiny` of 4,000 steps are measured beside them if benchmarks/few_steps.py has trained them.

    python benchmarks/evidence.py            from the top of a checkout; some two hours on two CPU cores, and goes on where it was stopped
    python benchmarks/evidence.py --seeds 0  half of it
    python benchmarks/evidence.py --only time --modes eager      a part, of what is trained already: time or quality

Writes runs/evidence/report.html (to look at), nbs/results/evidence.json (scores with intervals, by attribute, and of every seed) and nbs/results/inference.{json,md}.
"""
import argparse, json, shutil
from pathlib import Path

import numpy as np

from distill_sd.lab.benchmark import benchmark_inference, named, write_benchmark
from distill_sd.lab.compare import compare, draw_same
from distill_sd.lab.few_steps import FewSteps, few_step_students
from distill_sd.machinery.scenes import held_out_captions
from distill_sd.machinery.report import Report, attribute_scores, write_card
from distill_sd.machinery.stats import Interval, samples_needed
from distill_sd.teacher import load_teacher, recommended, with_parts
from distill_sd.train import run, save_pipeline

ROOT = Path(__file__).resolve().parents[1]
FOLDER, FEW_STEPS, RESULTS = ROOT/"runs/evidence", ROOT/"runs/few-steps", ROOT/"nbs/results"
PLANS = ("bk-base", "bk-small", "bk-tiny")
SCORE = "all as asked"

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=500, help="captions")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="of the trainings; the first one's students are those that are timed")
    parser.add_argument("--steps", type=int, help="optimizer steps of each training; the recipe's if not given")
    parser.add_argument("--modes", nargs="+", default=["eager", "channels_last", "compile", "bf16"])
    parser.add_argument("--only", choices=["train", "quality", "time"], help="a part of the work")
    args = parser.parse_args()
    for seed in args.seeds: [student(plan, seed, args.steps) for plan in PLANS]
    if args.only == "train": return
    models = ["toy", *(str(student(plan, args.seeds[0], args.steps)) for plan in PLANS), *few_step_models()]
    if args.only != "time": quality(models, args)
    if args.only != "quality":
        overall = next(row for row in json.loads((RESULTS/"evidence.json").read_text())["scores"] if row["quantity"] == SCORE)["mean"]
        measured = benchmark_inference(named(models), args.modes)
        page = write_benchmark(measured, FOLDER/"benchmark", {name: Interval(*v) for name, v in overall.items()})
        for suffix in ("json", "md"): shutil.copy(page.with_suffix(f".{suffix}"), RESULTS/f"inference.{suffix}")
        print(measured._repr_markdown_())

def student(plan, seed, steps):
    "The pipeline of a finished run of the default recipe"
    folder = FOLDER/(plan if not seed else f"{plan}-seed-{seed}")
    if not (folder/"report.md").exists():
        given = {} if steps is None else dict(steps=steps)
        run("toy", plan=plan, seed=seed, output_dir=str(folder), resume=(folder/"config.yaml").exists(), latency_repeats=0, eval_images=0, progress=False, **given)
    return folder/"pipeline"

def few_step_models():
    "Pipelines of what benchmarks/few_steps.py has trained, if it has"
    wanted = {"bk-tiny-4000-steps": FewSteps("bk-tiny", "before", (4,)), "teacher-in-4-steps": FewSteps("unet", "direct", (4,), term="huber"), "bk-tiny-in-4-steps": FewSteps("bk-tiny", "direct", (4,))}
    folders = {name: FOLDER/name/"pipeline" for name in wanted}
    todo = [name for name, folder in folders.items() if not (folder/"README.md").exists()]
    if todo and not (FEW_STEPS/"few-steps.jsonl").exists(): return []
    teacher = load_teacher("toy")
    for name, (arm, pipe, _) in zip(todo, few_step_students(FEW_STEPS, [wanted[name] for name in todo], steps=150, rows=2400)):
        settings = dict(num_inference_steps=4, guidance_scale=1.)
        if arm.method == "before": pipe, settings = with_parts(teacher, unet=pipe.unet), recommended(teacher)
        save_pipeline(pipe, folders[name])
        write_card(folders[name], Report(f"# {name}\n\nTrained by benchmarks/few_steps.py ({arm.name}).\n", {}), settings=settings)
    return [str(folder) for folder in folders.values()]

def quality(models, args):
    compare(models, n=args.n, repeats=0, output_dir=str(FOLDER), overwrite=True)
    drawn = json.loads((FOLDER/"scores.json").read_text())
    right = {name: np.array(v, bool) for name, v in drawn["right"].items()}
    first = next(iter(right))
    needed = {name: samples_needed(right[first], v, .01) for name, v in right.items() if name != first}
    seeds = [dict(plan=plan, seed=args.seeds[0], **{row["quantity"]: row["mean"][plan][0] for row in drawn["scores"]}) for plan in PLANS]
    seeds += [dict(plan=plan, seed=seed, **other_seed(plan, seed, args)) for seed in args.seeds[1:] for plan in PLANS]
    out = {k: drawn[k] for k in ("settings", "scores", "environment")}
    out.update(seeds=seeds, needed={name: dict(difference=.01, paired=v.paired, unpaired=v.unpaired) for name, v in needed.items()})
    (RESULTS/"evidence.json").write_text(json.dumps(out, indent=1)+"\n")

def other_seed(plan, seed, args):
    "Scores of another training, in %, on the captions and noise of the first"
    pipeline = student(plan, seed, args.steps)
    kept = pipeline.parent/f"scores-{args.n}.json"
    if not kept.exists():
        captions = held_out_captions(args.n)
        scores = attribute_scores(draw_same({plan: load_teacher(pipeline)}, captions, range(args.n)).images, captions)
        kept.write_text(json.dumps({quantity: scores.mean(quantity, plan).value for quantity in scores.values}))
    return json.loads(kept.read_text())

if __name__ == "__main__": main()
