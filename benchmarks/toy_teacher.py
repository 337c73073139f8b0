"""How good the built-in teacher is: a thousand held-out captions, drawn and judged; five minutes on two CPU cores.

    python benchmarks/toy_teacher.py        from the top of a checkout; writes nbs/results/toy-teacher.json
"""
import json
from pathlib import Path

from distill_sd.lab.ablation import evaluate_scenes
from distill_sd.machinery.scenes import held_out_captions
from distill_sd.machinery.scenes import judge_score, make_scene, render_scenes
from distill_sd.teacher import load_teacher
from distill_sd.lab.toy import through_vae

def main(n=1000):
    pipe, captions = load_teacher("toy"), held_out_captions(n)
    images = render_scenes([make_scene(4242, i, "test") for i in range(n)])/255
    out = dict(n=n, real=judge_score(images, captions), round_trip=judge_score(through_vae(pipe.vae, images), captions), drawn=evaluate_scenes(pipe, n=n))
    file = Path(__file__).resolve().parents[1]/"nbs/results/toy-teacher.json"
    file.write_text(json.dumps(out, indent=1)+"\n")
    print(file.read_text())

if __name__ == "__main__": main()
