"""The main job, measured: `run()` from nothing to report; writes the table and the picture of the README.

    python benchmarks/toy_run.py        from the top of a checkout; about six minutes on two CPU cores

Prints what it wrote to nbs/results/toy-run.json; the picture goes to nbs/images/pairs.jpg.
"""
import json, resource, shutil, sys, time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

def main():
    start = time.perf_counter()
    from distill_sd.train import run
    result = run(overwrite=True, output_dir=str(ROOT/"runs/toy"))
    minutes = (time.perf_counter()-start)/60
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss*(1 if sys.platform == "darwin" else 1024)/1e9
    m, out = result.metrics, describe(result.output_dir)
    out.update(seconds=[m["seconds_per_image/teacher"], m["seconds_per_image/student"]], speedup=m["speedup"],
               all_correct=[m["judge/teacher"], m["judge/student"]], minutes=minutes, peak_gb=peak)
    (ROOT/"nbs/results/toy-run.json").write_text(json.dumps(out, indent=1)+"\n")
    shutil.copy(result.output_dir/"report/pairs.jpg", ROOT/"nbs/images/pairs.jpg")
    print(json.dumps(out, indent=1))

def describe(run_folder):
    "Sizes, the number of pictures judged, the machine"
    import torch, yaml
    from distill_sd.evaluate import count_macs
    from distill_sd.machinery.report import machine
    from distill_sd.teacher import denoiser, load_teacher
    models = [denoiser(load_teacher(name)) for name in ("toy", str(run_folder/"pipeline"))]
    recipe = yaml.safe_load((run_folder/"recipe.yaml").read_text())
    return dict(parameters=[sum(p.numel() for p in m.parameters()) for m in models], macs=[count_macs(m).total for m in models],
                n=recipe["report"]["images"], steps=recipe["stages"][0]["distill"]["steps"], machine=machine(torch.device("cpu")))

if __name__ == "__main__": main()
