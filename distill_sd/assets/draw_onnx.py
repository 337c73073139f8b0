"""Draws a caption with the networks beside this file: numpy, tokenizers, onnxruntime and pillow, no torch

    pip install numpy tokenizers onnxruntime pillow
    python draw.py "a large red circle" --seed 0 --output picture.png
"""
import argparse, json
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image
from tokenizers import Tokenizer

HERE = Path(__file__).resolve().parent

def read(name): return json.loads((HERE/name).read_text(encoding="utf-8"))

def network(name, threads):
    "`call(**arrays)`: each input in the type that the network declares"
    options = onnxruntime.SessionOptions()
    if threads: options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(HERE/name/"model.onnx", options, onnxruntime.get_available_providers())
    kinds = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(int32)": np.int32}
    takes = {i.name: kinds[i.type] for i in session.get_inputs()}
    return lambda **given: session.run(None, {n: np.asarray(given[n], kind) for n, kind in takes.items()})[0]

def tokens(captions):
    config, longest = read("tokenizer/tokenizer_config.json"), read("text_encoder/config.json")["max_position_embeddings"]
    tokenizer, pad = Tokenizer.from_file(str(HERE/"tokenizer"/"tokenizer.json")), config["pad_token"]
    pad = pad["content"] if isinstance(pad, dict) else pad
    longest = min(longest, config["model_max_length"])
    tokenizer.enable_truncation(longest)
    tokenizer.enable_padding(length=longest, pad_id=tokenizer.token_to_id(pad), pad_token=pad)
    return np.array([line.ids for line in tokenizer.encode_batch(captions)])

def normal(random, count):
    "torch's normal numbers on a CPU, for 16 or more: of each 16 uniform ones, 8 give radii and 8 give angles"
    def pairs(bits):
        u = (bits & 0xffffff).astype(np.float32)/np.float32(2**24)
        radius, angle = np.sqrt(-2*np.log(1-u[:, :8])), np.float32(2*np.pi)*u[:, 8:]
        return np.concatenate([radius*np.cos(angle), radius*np.sin(angle)], 1)
    draw = lambda n: random.randint(0, 2**32, n, dtype=np.uint32)
    bits, rest = draw(count), count % 16
    values = np.zeros(count, np.float32)
    values[:count-rest] = pairs(bits[:count-rest].reshape(-1, 16)).ravel()
    if rest: values[-16:] = pairs(draw(16)[None]).ravel()
    return values

def alphas_cumprod(c):
    first, last, T = c["beta_start"], c["beta_end"], c["num_train_timesteps"]
    if c.get("trained_betas") or c.get("rescale_betas_zero_snr") or c["beta_schedule"] not in ("linear", "scaled_linear"):
        raise SystemExit(f"draw.py knows the noise schedules linear and scaled_linear, got {c['beta_schedule']}, "
                         "trained_betas or rescale_betas_zero_snr; draw with diffusers")
    scaled = c["beta_schedule"] == "scaled_linear"
    betas = np.linspace(first**.5, last**.5, T, dtype=np.float32)**2 if scaled else np.linspace(first, last, T, dtype=np.float32)
    return np.cumprod(1-betas)

def spaced(c, steps):
    "A solver's timesteps, from much noise to little"
    T, spacing = c["num_train_timesteps"], c.get("timestep_spacing", "leading")
    if spacing == "linspace": return np.linspace(0, T-1, steps)[::-1]
    if spacing == "trailing": return np.round(np.arange(T, 0, -T/steps))-1
    return (np.arange(steps)*(T//steps))[::-1].astype(float)+c.get("steps_offset", 0)

def split(c, x, said, a):
    "`(x0, noise)`: what the network's answer says is in `x`, where a share `a` is picture"
    kind, b = c.get("prediction_type", "epsilon"), 1-a
    if kind == "epsilon": return (x-b**.5*said)/a**.5, said
    if kind == "v_prediction": return a**.5*x-b**.5*said, a**.5*said+b**.5*x
    if kind == "sample": return said, (x-a**.5*said)/b**.5
    raise SystemExit(f"draw.py knows no prediction_type {kind!r}; draw with diffusers")

def ddim(c, ask, x, steps, random):
    a, T, c = alphas_cumprod(c), c["num_train_timesteps"], {"clip_sample": True, **c}
    end = 1. if c.get("set_alpha_to_one", True) else a[0]
    for t in np.round(spaced(c, steps)).astype(int):
        said, before = ask(x, t), t-T//steps
        x0, noise = split(c, x, said, a[t])
        if c["clip_sample"]:
            x0 = x0.clip(-c.get("clip_sample_range", 1), c.get("clip_sample_range", 1))
        to = a[before] if before >= 0 else end
        x = to**.5*x0+(1-to)**.5*noise
    return x

def lcm(c, ask, x, steps, random):
    a, T, many = alphas_cumprod(c), c["num_train_timesteps"], c.get("original_inference_steps", 50)
    theirs = (np.arange(1, many+1)*(T//many)-1)[::-1]
    ours = theirs[np.floor(np.linspace(0, many, steps, endpoint=False)).astype(int)]
    for t, to in zip(ours, [*ours[1:], None]):
        scaled = t*c.get("timestep_scaling", 10.)
        skip, out = .25/(scaled**2+.25), scaled/(scaled**2+.25)**.5
        x0 = out*split(c, x, ask(x, t), a[t])[0]+skip*x
        x = x0 if to is None else a[to]**.5*x0+(1-a[to])**.5*normal(random, x.size).reshape(x.shape)
    return x

def euler(c, ask, x, steps, random):
    a, times = alphas_cumprod(c), spaced({"timestep_spacing": "linspace", **c}, steps)
    levels = np.interp(times, np.arange(len(a)), ((1-a)/a)**.5)
    leading = c.get("timestep_spacing", "linspace") == "leading"
    x = x*((levels[0]**2+1)**.5 if leading else levels[0])
    for t, s, to in zip(times, levels, [*levels[1:], 0.]):
        seen, share = x/(s**2+1)**.5, 1/(s**2+1)
        x0, noise = split(c, seen, ask(seen, t), share)
        x = x0+to*noise
    return x

SOLVERS = {"DDIMScheduler": ddim, "LCMScheduler": lcm, "EulerDiscreteScheduler": euler}
ODD = ("thresholding", "use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas")

def draw(caption, negative, seed, steps, guidance, threads):
    "A picture `(h w 3)` of bytes"
    c, u, v = read("scheduler/scheduler_config.json"), read("unet/config.json"), read("vae_decoder/config.json")
    odd = [name for name in ODD if c.get(name)]
    if c["_class_name"] not in SOLVERS or odd:
        raise SystemExit(f"draw.py knows the solvers {', '.join(SOLVERS)}, plain; the folder wants {c['_class_name']}"
                         f"{' with '+odd[0] if odd else ''}; draw with diffusers")
    captions = [negative, caption] if guidance > 1 else [caption]
    states = network("text_encoder", threads)(input_ids=tokens(captions))
    denoiser = network("unet", threads)
    def ask(x, t):
        n = len(states)
        said = denoiser(sample=np.concatenate([x]*n), timestep=np.full(n, t), encoder_hidden_states=states)
        return said if n == 1 else said[:1]+guidance*(said[1:]-said[:1])
    side, random = u["sample_size"], np.random.RandomState(seed)
    height, width = (side, side) if isinstance(side, int) else side
    x = normal(random, v["latent_channels"]*height*width).reshape(1, -1, height, width)
    x = SOLVERS[c["_class_name"]](c, ask, x, steps, random)
    image = network("vae_decoder", threads)(latent_sample=x/v["scaling_factor"]+(v.get("shift_factor") or 0))
    return ((image[0]/2+.5).clip(0, 1)*255).round().astype(np.uint8).transpose(1, 2, 0)

if __name__ == "__main__":
    settings = read("settings.json")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("caption")
    parser.add_argument("--negative", default="", help="what guidance moves away from")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=settings["num_inference_steps"])
    parser.add_argument("--guidance", type=float, default=settings["guidance_scale"], help="1 or less: none")
    parser.add_argument("--threads", type=int, default=None)
    parser.add_argument("--output", default="picture.png")
    given = parser.parse_args()
    picture = draw(given.caption, given.negative, given.seed, given.steps, given.guidance, given.threads)
    Image.fromarray(picture).save(given.output)
    print(given.output)
