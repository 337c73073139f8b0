"""Peak memory and seconds of tuning a bk-tiny student at the size of Stable Diffusion 1.x, 512×512, with random weights: a LoRA of rank 4, or all weights.

    python benchmarks/finetune_memory.py        from the top of a checkout; writes nbs/results/finetune-memory-lora.json

Everything that such a training holds is there: the student, its text encoder and VAE, and the pipeline as it was. `--small` is a check of the script with a tenth of the width.
"""
import argparse, json, resource, sys, tempfile, time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from distill_sd.machinery.sources import DataConfig, open_data
from distill_sd.data import cache_latents
from distill_sd.machinery.report import machine
from distill_sd.adapt import Tuning, finetune
from distill_sd.loop import LoopConfig
from distill_sd.student import UNET_CONFIGS, student_config
from distill_sd.lab.toy import toy_scheduler, toy_tokenizer

def peak(): # Bytes: of this process on a CPU, of the allocator on a GPU
    if torch.cuda.is_available(): return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss*(1 if sys.platform == "darwin" else 1024)

def random_pipeline(small:bool):
    "SD-1.x around a bk-tiny UNet, untrained; the tokenizer is the toy's, which has another vocabulary but the same interface"
    from diffusers import AutoencoderKL, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel
    torch.manual_seed(0)
    config, shrink = student_config(UNET_CONFIGS["SD-1.x"], "bk-tiny"), 10 if small else 1
    if small: config = {**config, "block_out_channels": tuple(c//10 for c in config["block_out_channels"]), "cross_attention_dim": 96, "norm_num_groups": 16, "attention_head_dim": 4, "sample_size": 16}
    unet = UNet2DConditionModel.from_config(config)
    vae = AutoencoderKL(in_channels=3, out_channels=3, latent_channels=4, block_out_channels=(128, 256, 512, 512) if not small else (16, 32, 32, 32), layers_per_block=2, norm_num_groups=16 if small else 32,
                        down_block_types=["DownEncoderBlock2D"]*4, up_block_types=["UpDecoderBlock2D"]*4, sample_size=512, scaling_factor=.18215)
    text = CLIPTextModel(CLIPTextConfig(vocab_size=49408, hidden_size=768//(8 if small else 1), intermediate_size=3072//shrink, num_hidden_layers=12, num_attention_heads=12, max_position_embeddings=77, hidden_act="quick_gelu"))
    pipe = StableDiffusionPipeline(vae=vae, text_encoder=text, tokenizer=toy_tokenizer(77), unet=unet, scheduler=toy_scheduler(), safety_checker=None, feature_extractor=None, requires_safety_checker=False)
    for part in (unet, vae, text): part.eval().requires_grad_(False)
    return pipe.to("cuda") if torch.cuda.is_available() else pipe

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", choices=["lora", "full"], default="lora")
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=1)
    parser.add_argument("--rank", type=int, default=4)
    parser.add_argument("--gradient-checkpointing", action="store_true")
    parser.add_argument("--small", action="store_true")
    args = parser.parse_args()
    pipe, side = random_pipeline(args.small), 128 if args.small else 512
    built = peak()
    with tempfile.TemporaryDirectory() as folder:
        for i in range(args.batch_size): Image.fromarray(np.random.default_rng(i).integers(0, 256, (side, side, 3), dtype=np.uint8)).save(Path(folder)/f"{i}.png")
        data = cache_latents(pipe, open_data(DataConfig(folder, caption="a photo"), side), batch_size=1, progress=False)
        encoded, began = peak(), time.perf_counter()
        tuning = Tuning("lora", lora_rank=args.rank, lora_alpha=32., lora_text_rank=args.rank) if args.train == "lora" else Tuning()
        config = LoopConfig(steps=args.steps, batch_size=args.batch_size, lr=1e-4, ema_decay=0., log_every=1, gradient_checkpointing=args.gradient_checkpointing)
        tuned, result = finetune(pipe, data, tuning, config, progress=False)
    result = dict(train=args.train, rank=args.rank if args.train == "lora" else None, size=side, small=args.small, batch_size=args.batch_size, steps=args.steps, gradient_checkpointing=args.gradient_checkpointing,
                  unet_parameters=sum(p.numel() for n, p in tuned.unet.named_parameters() if "lora_" not in n), gib_built=round(built/2**30, 2), gib_images_encoded=round(encoded/2**30, 2), gib_peak=round(peak()/2**30, 2),
                  seconds_per_step=round(args.batch_size/result.metrics[-1]["images_per_second"], 2), seconds=round(time.perf_counter()-began, 1), machine=machine(pipe.device))
    if not args.small: (Path(__file__).resolve().parents[1]/f"nbs/results/finetune-memory-{args.train}.json").write_text(json.dumps(result, indent=1)+"\n")
    print(json.dumps(result, indent=1))

if __name__ == "__main__": main()
