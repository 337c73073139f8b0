"""Make a Stable Diffusion model smaller and faster, with the measured evidence.

The names that people type are here and are loaded when they are first used; everything else is in its module.
"""
__version__ = "0.1.0"

from importlib import import_module

_HOMES = {
    "train": ["run", "save_pipeline"],
    "stages": ["Recipe", "load_recipe", "recipes"],
    "distill": ["Distill"],
    "direct": ["Direct", "make_trajectories", "open_trajectories"],
    "consistency": ["LCM"],
    "decoder": ["Decoder"],
    "adapt": ["Finetune", "LoRA", "Subject", "merge_lora", "carry_lora"],
    "teacher": ["describe", "generate", "image_grid", "load_teacher"],
    "student": ["StudentPlan", "feature_pairs", "make_student", "show_plan", "size_table", "student_config", "weight_map"],
    "losses": ["kd_losses"],
    "loop": ["LoopConfig", "fit"],
    "data": ["cache_latents"],
    "machinery.sources": ["DataConfig", "open_data"],
    "machinery.lora": ["save_lora"],
    "lab.compare": ["compare"],
}
_FACE = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_FACE)

def __getattr__(name):
    if name not in _FACE: raise AttributeError(f"module 'distill_sd' has no attribute {name!r}; it offers {', '.join(__all__)}")
    return getattr(import_module(f"distill_sd.{_FACE[name]}"), name)

def __dir__(): return [*__all__, "__version__"]
