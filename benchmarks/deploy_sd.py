"""Where the seconds of a picture go at the size of Stable Diffusion 1.5, 512×512, before deploying and after.

    python benchmarks/deploy_sd.py                  two CPU cores, 15 GB, eight minutes
    python benchmarks/deploy_sd.py --repeats 5

Weights are random (they take the same time), nothing is downloaded; the extra [openvino] must be installed. Parts are timed apart, in turns:
text encoder, denoiser call, decoder, of the teacher in PyTorch and of a bk-tiny student with a small decoder in PyTorch and OpenVINO, in 32 and in
8 bits; where the CPU has units for bf16, in 8 bits with bf16 for the rest, too. A picture is put together of them: the teacher's of 50 guided steps, the student's of 4 calls and of 1, without guidance.
Written to nbs/results/deploy-sd15.{json,md}.
"""
import argparse, copy, tempfile
from functools import partial
from pathlib import Path
from statistics import median

import torch

from distill_sd.decoder import small_autoencoder
from distill_sd.deploy import asked_while_drawing, runtime_parts
from distill_sd.direct import few_step_scheduler
from distill_sd.evaluate import take_turns
from distill_sd.lab.throughput import open_size
from distill_sd.machinery.files import write_json, write_whole
from distill_sd.machinery.quantize import quantizable, quantization_of, watch_inputs, wear
from distill_sd.machinery.report import environment, markdown_table, si
from distill_sd.machinery.runtimes import OpenVINOEngine, needs, relative_difference, write_openvino
from distill_sd.student import make_student
from distill_sd.teacher import decode_latents, generate, with_parts

CAPTION, ONE_CALL = ["a large red heart at night"], dict(num_inference_steps=1, guidance_scale=1.)
PARTS = ("text_encoder", "unet", "vae_decoder")

def student_of(teacher):
    "A bk-tiny student with a small decoder, random weights"
    torch.manual_seed(0)
    vae = small_autoencoder(teacher.vae).eval().requires_grad_(False)
    unet = make_student(teacher.unet, "bk-tiny").eval().requires_grad_(False)
    return with_parts(teacher, unet=unet, vae=vae, scheduler=few_step_scheduler(teacher.scheduler, "ddim"))

def in_8_bits(pipe):
    "Every convolution and every linear layer of denoiser and decoder rounded, inputs too; the text encoder's weights alone"
    networks = {name: copy.deepcopy(getattr(pipe, name)) for name in ("unet", "vae", "text_encoder")}
    light = with_parts(pipe, **networks)
    with watch_inputs(light.unet, quantizable(light.unet)) as unet, watch_inputs(light.vae, quantizable(light.vae)) as vae:
        generate(light, CAPTION, seeds=[0], **ONE_CALL)
    for name, seen in (("unet", unet), ("vae", vae)): wear(networks[name], quantization_of("int8-static", seen, networks[name]))
    wear(light.text_encoder, quantization_of("int8-weights", {}, light.text_encoder))
    return light

def engines_of(pipe, folder, threads):
    "Each part in OpenVINO"
    return {part.name: OpenVINOEngine(write_openvino(part, folder/part.name), threads) for part in runtime_parts(pipe)}

def in_bf16(engines, threads):
    "The same files, with arithmetic in bf16 where there are no 8 bits"
    return {name: OpenVINOEngine(engine.path, threads, precision="bf16") for name, engine in engines.items()}

def has_bf16():
    "Does OpenVINO know units for bf16 in this CPU?"
    return "BF16" in needs("openvino").Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")

def timed(call):
    def run():
        with torch.no_grad(): return call()
    return run

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3, help="turns that count")
    parser.add_argument("--output", default=str(Path(__file__).resolve().parents[1]/"nbs/results"), help="folder")
    args = parser.parse_args()
    threads, teacher = torch.get_num_threads(), open_size("sd15-512")
    student = student_of(teacher)
    calls = {name: found[0] for name, found in asked_while_drawing(student, CAPTION, [0], **ONE_CALL).items()}
    twice = {name: torch.cat([x, x]) for name, x in calls["unet"].items()}      # with guidance
    latents = torch.randn(1, 4, 64, 64)
    with tempfile.TemporaryDirectory() as folder:
        light = in_8_bits(student)
        kinds = {"OpenVINO, 32 bits": engines_of(student, Path(folder)/"fp32", threads),
                 "OpenVINO, 8 bits": engines_of(light, Path(folder)/"int8", threads)}
        sizes = {kind: sum(engine.path.with_suffix(".bin").stat().st_size for engine in engines.values()) for kind, engines in kinds.items()}
        if has_bf16(): kinds["OpenVINO, 8 bits and bf16"] = in_bf16(kinds["OpenVINO, 8 bits"], threads)
        jobs = {("teacher, PyTorch", "text_encoder"): timed(lambda: teacher.text_encoder(**calls["text_encoder"])),
                ("teacher, PyTorch", "unet"): timed(lambda: teacher.unet(**twice)),
                ("teacher, PyTorch", "vae_decoder"): timed(lambda: decode_latents(teacher, latents)),
                ("student, PyTorch", "text_encoder"): timed(lambda: student.text_encoder(**calls["text_encoder"])),
                ("student, PyTorch", "unet"): timed(lambda: student.unet(**calls["unet"])),
                ("student, PyTorch", "vae_decoder"): timed(lambda: decode_latents(student, latents))}
        for kind, engines in kinds.items():
            for name, engine in engines.items(): jobs[f"student, {kind}", name] = partial(engine, **calls[name])
        took = take_turns(jobs, args.repeats)
        errors = {}
        for part in runtime_parts(student):
            with torch.no_grad(): should = part.module(**calls[part.name])
            errors[part.name] = relative_difference(kinds["OpenVINO, 32 bits"][part.name](**calls[part.name]), should)
    report(took, sizes, errors, args)

def report(took, sizes, errors, args):
    "Table, numbers, both written"
    whole, rows = {}, []
    for who in dict.fromkeys(who for who, _ in took):
        text, call, decode = (median(took[who, part]) for part in PARTS)
        texts, counts = (2, {"50 guided": 50}) if who.startswith("teacher") else (1, {"4 calls": 4, "1 call": 1})
        for words, n in counts.items():
            whole[who, words] = texts*text + n*call + decode
            shares = " / ".join(f"{100*s/whole[who, words]:.0f}" for s in (texts*text, n*call, decode))
            seconds = (f"{s:.3g}" for s in (text, call, decode, whole[who, words]))
            rows.append([who, words, *seconds, f"{whole['teacher, PyTorch', '50 guided']/whole[who, words]:.0f}", shares])
    heads = ["", "steps", "text, s", "denoiser call, s", "decode, s", "a picture, s", "times as fast", "text / denoiser / decoder, %"]
    where, turns = environment(), len(next(iter(took.values())))
    error = ", ".join(f"{name} {e:.1e}" for name, e in errors.items())
    stored = ", ".join(f"{kind} {si(size, 'B')}" for kind, size in sizes.items())
    units = "with units for bf16" if has_bf16() else "without units for bf16"
    note = (f"Medians of {turns} turns, parts timed apart and put together; a guided call has two latents. bk-tiny with a decoder of TAESD's size, "
            f"random weights. On disk: {stored}. OpenVINO in 32 bits against PyTorch, "
            f"relative: {error}. {where['machine']} {units}, torch {where['torch']}.")
    text = f"{markdown_table(heads, rows)}\n\n{note}"
    print(text)
    write_whole(Path(args.output)/"deploy-sd15.md", f"{text}\n")
    write_json(Path(args.output)/"deploy-sd15.json", dict(seconds={f"{who}, {part}": s for (who, part), s in took.items()}, bytes=sizes,
                                                          errors=errors, environment=where))

if __name__ == "__main__": main()
