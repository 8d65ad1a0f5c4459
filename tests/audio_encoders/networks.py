"""Small wav2vec 2.0 and HuBERT with random weights, in folders as transformers writes them."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import (
    HubertConfig,
    HubertModel,
    Wav2Vec2Config,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForCTC,
)

SMALL = {
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "conv_dim": [8] * 7,
    "conv_bias": True,
    "feat_extract_norm": "layer",
    "do_stable_layer_norm": True,
    "num_conv_pos_embeddings": 4,
    "num_conv_pos_embedding_groups": 2,
}
PREPARE = Wav2Vec2FeatureExtractor(do_normalize=True)


def small_wav2vec2() -> Wav2Vec2ForCTC:
    """A network with the published number of letters."""
    torch.manual_seed(0)
    return Wav2Vec2ForCTC(Wav2Vec2Config(**SMALL, hidden_size=16, vocab_size=44)).eval()


def small_hubert() -> HubertModel:
    """A network with the published width of hidden states."""
    torch.manual_seed(0)
    return HubertModel(HubertConfig(**SMALL, hidden_size=1024)).eval()


def saved(model: torch.nn.Module, folder: Path) -> Path:
    """Write the folder of a network, and return it."""
    model.save_pretrained(folder)  # type: ignore[operator]
    PREPARE.save_pretrained(folder)
    return folder
