"""What static 8 bits do to the decoder of a run, by how many of its dearest layers stay in floating point.

    python benchmarks/decoder_rounding.py runs/toy-deploy        under a minute on two cores, for a run that has a stage decoder

Latents are drawn once by the pipeline that the decoder stands in; the judge of the scenes reads what each rounding makes of them.
Written to nbs/results/decoder-rounding.json, which nbs/11b_deploy.ipynb shows.
"""
import argparse, copy
from dataclasses import asdict
from pathlib import Path

from distill_sd.decoder import Decoder
from distill_sd.deploy import pixels_of
from distill_sd.machinery.files import write_json
from distill_sd.machinery.quantize import dearest, layer_prices, quantizable, quantization_of, watch_inputs, wear
from distill_sd.machinery.report import all_correct, environment
from distill_sd.machinery.runtimes import relative_difference
from distill_sd.machinery.scenes import held_out_captions
from distill_sd.machinery.stats import mean_interval, paired_difference
from distill_sd.machinery.trajectories import read_captions
from distill_sd.stages import load_recipe
from distill_sd.teacher import decode_latents, generate, latents_of_vae, load_teacher, with_parts
from distill_sd.train import load_stage, stage_folders

SHARES = 0, .3, .6, .9, .95 # Of the squared error, that the layers which are kept hold

def pipeline_of(folder):
    "The pipeline after the stage decoder, and its sampling settings"
    recipe, settings = load_recipe(str(folder/"recipe.yaml")), {}
    pipe = load_teacher(recipe.teacher.source)
    for stage, where in zip(recipe.stages, stage_folders(recipe, folder)):
        pipe, settings = load_stage(pipe, where), stage.about().settings or settings
        if isinstance(stage, Decoder): return pipe, settings
    raise SystemExit(f"{folder} has no stage decoder")

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="a run folder")
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parents[1]/"nbs/results/decoder-rounding.json")
    args = parser.parse_args()
    pipe, settings = pipeline_of(args.run)
    def drawn(captions, first): return generate(pipe, captions, seeds=range(first, first+len(captions)), output_type="latent", **settings)
    some, captions = drawn(read_captions("scenes", 32), 2**20), held_out_captions(args.images)
    latents, vae = drawn(captions, 0), pipe.vae
    with watch_inputs(vae, quantizable(vae)) as seen: decode_latents(pipe, some)
    ask = pixels_of([dict(latent_sample=latents_of_vae(vae, some[:8]))])
    def right(decoder): return all_correct(decode_latents(with_parts(pipe, vae=decoder), latents), captions)
    prices, before = layer_prices(vae, quantization_of("int8-static", seen, vae), ask), right(vae)
    rows = []
    for share in SHARES:
        kept = dearest(prices, share)
        light = wear(copy.deepcopy(vae), quantization_of("int8-static", seen, vae, keep=kept))
        points = paired_difference(before, right(light))*100
        rows.append(dict(share=share, kept=list(kept), error=relative_difference(ask(light), ask(vae)), points=asdict(points)))
        print(share, len(kept), f"{rows[-1]['error']:.3f}", format(points, "+.1f"), flush=True)
    write_json(args.output, dict(n=args.images, before=asdict(mean_interval(before)*100), prices=prices, rows=rows, environment=environment()))

if __name__ == "__main__": main()
