"""Weights at odd addresses: with this folder on PYTHONPATH, whatever is loaded onto the CPU lies 8 bytes past a 64-byte boundary.

A file's bytes may begin anywhere, and CPU kernels choose by address, so the same weights may give outputs that differ in the
last bit. Python imports this by its name when it starts. It wraps what loads weights, when that is first imported:
`safetensors.torch.load_file`, `Module.load_state_dict`, and `from_pretrained` of diffusers' and transformers' models.
Values, shapes, strides and gradients stay. `python -c "import sitecustomize; sitecustomize.self_check()"` tells if it works.
"""
import functools, importlib.abc, importlib.machinery, sys

BOUNDARY, PAST = 64, 8

def odd(tensor):
    "The same tensor at an odd address; itself if it is not a plain dense one on the CPU, or lies there already"
    import torch
    plain = type(tensor) is torch.Tensor and tensor.device.type == "cpu" and tensor.layout == torch.strided
    if not plain or not tensor.numel() or tensor.data_ptr() % BOUNDARY == PAST: return tensor
    dense = tensor.is_contiguous() or tensor.dim() == 4 and tensor.is_contiguous(memory_format=torch.channels_last)
    if not dense or tensor.element_size() > PAST: return tensor
    memory = torch.empty(tensor.numel()*tensor.element_size() + 2*BOUNDARY, dtype=torch.uint8)
    start = -memory.data_ptr() % BOUNDARY + PAST
    flat = memory[start:start + tensor.numel()*tensor.element_size()].view(tensor.dtype)
    return flat.as_strided(tensor.shape, tensor.stride(), flat.storage_offset()).copy_(tensor)

def move(module):
    "Every weight and buffer of a module; those that share memory go on sharing it"
    import torch
    moved = {}
    with torch.no_grad():
        for tensor in (*module.parameters(), *module.buffers()):
            data = tensor.data
            if data.device.type != "cpu" or type(data) is not torch.Tensor: continue
            place = data.data_ptr(), data.dtype, data.shape, data.stride()
            if place not in moved: moved[place] = odd(data)
            if moved[place] is not data: tensor.data = moved[place]
    return module

def wrap_load_file(module):
    load = module.load_file
    @functools.wraps(load)
    def load_file(*args, **kwargs): return {name: odd(tensor) for name, tensor in load(*args, **kwargs).items()}
    module.load_file = load_file

def wrap_load_state_dict(module):
    load = module.Module.load_state_dict
    @functools.wraps(load)
    def load_state_dict(self, *args, **kwargs):
        found = load(self, *args, **kwargs)
        move(self)
        return found
    module.Module.load_state_dict = load_state_dict

def wrap_from_pretrained(name):
    def wrap(module):
        kind = getattr(module, name)
        load = kind.from_pretrained.__func__
        @functools.wraps(load)
        def from_pretrained(cls, *args, **kwargs):
            found = load(cls, *args, **kwargs)
            move(found[0] if isinstance(found, tuple) else found)
            return found
        kind.from_pretrained = classmethod(from_pretrained)
    return wrap

WRAPS = {"safetensors.torch": wrap_load_file, "torch.nn.modules.module": wrap_load_state_dict,
         "diffusers.models.modeling_utils": wrap_from_pretrained("ModelMixin"),
         "transformers.modeling_utils": wrap_from_pretrained("PreTrainedModel")}

class Loader(importlib.abc.Loader):
    def __init__(self, loader, wrap): self.loader, self.wrap = loader, wrap
    def create_module(self, spec): return self.loader.create_module(spec)
    def exec_module(self, module):
        self.loader.exec_module(module)
        self.wrap(module)

class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name not in WRAPS: return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is not None: spec.loader = Loader(spec.loader, WRAPS[name])
        return spec

sys.meta_path.insert(0, Finder())

def self_check():
    "Load weights in every way that is wrapped, and look where they lie and what they are"
    import tempfile, torch
    from pathlib import Path
    from diffusers import AutoencoderTiny
    from safetensors.torch import load_file, save_file
    from transformers import CLIPTextConfig, CLIPTextModel

    def check(what, found, expected):
        bad = [n for n, t in found.items() if t.data_ptr() % BOUNDARY != PAST]
        assert found and not bad, f"{what}: {len(bad)} of {len(found)} tensors are where they always are, such as {bad[:1]}"
        for n, t in expected.items(): assert torch.equal(found[n], t), f"{what} changed {n}"

    with tempfile.TemporaryDirectory() as folder:
        linear, other = torch.nn.Linear(5, 3), torch.nn.Linear(5, 3)
        save_file(linear.state_dict(), Path(folder)/"x.safetensors")
        check("load_file", load_file(Path(folder)/"x.safetensors"), linear.state_dict())
        other.load_state_dict(linear.state_dict())
        check("load_state_dict", other.state_dict(), linear.state_dict())
        other(torch.ones(1, 5)).sum().backward()
        assert other.weight.requires_grad and torch.equal(other.weight.grad, torch.ones(3, 5)), "gradients are lost"
        text = CLIPTextConfig(vocab_size=9, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1)
        for model in (AutoencoderTiny(encoder_block_out_channels=(4, 4), decoder_block_out_channels=(4, 4),
                                      num_encoder_blocks=(1, 1), num_decoder_blocks=(1, 1)), CLIPTextModel(text)):
            model.save_pretrained(folder)
            weights = dict(model.named_parameters())
            check(f"{type(model).__name__}.from_pretrained", dict(type(model).from_pretrained(folder).named_parameters()), weights)
    print("weights lie at odd addresses")
