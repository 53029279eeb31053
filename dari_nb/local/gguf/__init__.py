"""Models that are files of this machine: pulled, kept, and run in processes of their own."""

from .boxed import BOXED, BoxedModel, Tools
from .listing import ModelState, list_models, remove_model
from .model_file import ModelFile, model_file
from .pulling import pull_model
from .ready import pulled_llms
from .running import ModelError, Running, lacking
from .template import template_takes_tools

__all__ = [
    "BOXED",
    "BoxedModel",
    "ModelError",
    "ModelFile",
    "ModelState",
    "Running",
    "Tools",
    "lacking",
    "list_models",
    "model_file",
    "pull_model",
    "pulled_llms",
    "remove_model",
    "template_takes_tools",
]
