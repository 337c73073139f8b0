"""How good the built-in teacher is: a thousand held-out captions, drawn and judged; five minutes on two CPU cores.

    python benchmarks/toy_teacher.py        from the top of a checkout; writes nbs/results/toy-teacher.json
"""
import json
from pathlib import Path

import torch

from distill_sd.distill import evaluate_scenes
from distill_sd.scenes import judge_score, make_scene, render_scenes
from distill_sd.teacher import load_teacher

def main(n=1000):
    scenes, vae = [make_scene(4242, i, "test") for i in range(n)], (pipe := load_teacher("toy")).vae
    images, captions = render_scenes(scenes)/255, [s.caption for s in scenes]
    with torch.no_grad(): through = torch.cat([vae.decode(vae.encode(x*2-1).latent_dist.mean).sample for x in images.split(50)])
    out = dict(n=n, real=judge_score(images, captions), round_trip=judge_score((through/2+.5).clamp(0, 1), captions), drawn=evaluate_scenes(pipe, n=n))
    file = Path(__file__).resolve().parents[1]/"nbs/results/toy-teacher.json"
    file.write_text(json.dumps(out, indent=1)+"\n")
    print(file.read_text())

if __name__ == "__main__": main()
