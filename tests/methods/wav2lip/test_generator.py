"""The network against the published one's shapes, and against plain tensor operations."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tgbench.methods.wav2lip.generator import Block, Generator

PUBLISHED = {
    "face_encoder_blocks.0.0.conv_block.0.weight": (16, 6, 7, 7),
    "face_encoder_blocks.1.0.conv_block.0.weight": (32, 16, 3, 3),
    "face_encoder_blocks.2.3.conv_block.1.running_var": (64,),
    "face_encoder_blocks.5.0.conv_block.0.weight": (512, 256, 3, 3),
    "face_encoder_blocks.6.1.conv_block.0.weight": (512, 512, 1, 1),
    "audio_encoder.0.conv_block.0.weight": (32, 1, 3, 3),
    "audio_encoder.9.conv_block.0.weight": (256, 128, 3, 3),
    "audio_encoder.12.conv_block.0.weight": (512, 512, 1, 1),
    "face_decoder_blocks.0.0.conv_block.0.weight": (512, 512, 1, 1),
    "face_decoder_blocks.1.0.conv_block.0.weight": (1024, 512, 3, 3),
    "face_decoder_blocks.2.0.conv_block.0.weight": (1024, 512, 3, 3),
    "face_decoder_blocks.3.0.conv_block.0.weight": (768, 384, 3, 3),
    "face_decoder_blocks.4.0.conv_block.0.weight": (512, 256, 3, 3),
    "face_decoder_blocks.5.0.conv_block.0.weight": (320, 128, 3, 3),
    "face_decoder_blocks.6.0.conv_block.0.weight": (160, 64, 3, 3),
    "face_decoder_blocks.6.2.conv_block.0.bias": (64,),
    "output_block.0.conv_block.0.weight": (32, 80, 3, 3),
    "output_block.1.weight": (3, 32, 1, 1),
}
PARAMETERS = 36_298_035


@pytest.fixture(scope="module")
def published() -> Generator:
    with torch.device("meta"):
        return Generator()


def test_names_and_shapes_are_those_of_the_published_checkpoints(published: Generator) -> None:
    state = published.state_dict()
    assert {key: tuple(state[key].shape) for key in PUBLISHED} == PUBLISHED
    assert sum(p.numel() for p in published.parameters()) == PARAMETERS


def test_resolutions_and_channels_are_those_of_the_facts_page() -> None:
    narrow = Generator(1 / 16).eval()
    seen: list[tuple[int, ...]] = []
    for level in (*narrow.face_encoder_blocks, *narrow.face_decoder_blocks):
        level.register_forward_hook(lambda *parts: seen.append(tuple(parts[2].shape[1:])))
    with torch.no_grad():
        made = narrow(torch.zeros(1, 1, 80, 16), torch.zeros(1, 6, 96, 96))
    sides, channels = (96, 48, 24, 12, 6, 3, 1), (16, 32, 64, 128, 256, 512, 512)
    encoder = [
        (max(12, count // 16), side, side) for count, side in zip(channels, sides, strict=True)
    ]
    decoded = (512, 512, 512, 384, 256, 128, 64)
    decoder = [
        (max(12, count // 16), side, side) for count, side in zip(decoded, sides[::-1], strict=True)
    ]
    assert seen == encoder + decoder
    assert made.shape == (1, 3, 96, 96)


def test_forward_is_the_network_written_out_in_double_precision() -> None:
    torch.manual_seed(3)
    network = Generator(1 / 16).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.5, 0.5)
            module.running_var.uniform_(0.5, 2.0)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.2, 0.2)
    mel, faces = torch.randn(1, 1, 80, 16), torch.rand(1, 6, 96, 96)
    expected = written_out(
        {key: value.double() for key, value in network.state_dict().items()},
        mel.double(),
        faces.double(),
    )
    with torch.no_grad():
        found = network(mel, faces)
    assert expected.std() > 1e-3
    torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-5)


def written_out(state: dict[str, Tensor], mel: Tensor, faces: Tensor) -> Tensor:
    """Return what the network makes, by its parameters' names alone."""

    def layer(
        x: Tensor, name: str, stride: object = 1, padding: int = 1, how: str = "plain"
    ) -> Tensor:
        weight, bias = state[f"{name}.conv_block.0.weight"], state[f"{name}.conv_block.0.bias"]
        if how == "up":
            y = functional.conv_transpose2d(x, weight, bias, 2, 1, 1)
        elif how == "open":
            y = functional.conv_transpose2d(x, weight, bias)
        else:
            y = functional.conv2d(x, weight, bias, stride, padding)  # type: ignore[arg-type]
        mean, variance, scale, shift = (
            state[f"{name}.conv_block.1.{part}"][:, None, None]
            for part in ("running_mean", "running_var", "weight", "bias")
        )
        y = (y - mean) / (variance + 1e-5) ** 0.5 * scale + shift
        return (y + x if how == "residual" else y).clamp(min=0)

    def residuals(x: Tensor, prefix: str, numbers: range) -> Tensor:
        for number in numbers:
            x = layer(x, f"{prefix}{number}", how="residual")
        return x

    seen = [layer(faces, "face_encoder_blocks.0.0", padding=3)]
    for level, count in enumerate((2, 3, 2, 2, 1), start=1):
        x = layer(seen[-1], f"face_encoder_blocks.{level}.0", 2)
        seen.append(residuals(x, f"face_encoder_blocks.{level}.", range(1, 1 + count)))
    point = layer(seen[-1], "face_encoder_blocks.6.0", padding=0)
    seen.append(layer(point, "face_encoder_blocks.6.1", padding=0))

    heard = layer(mel, "audio_encoder.0")
    heard = residuals(heard, "audio_encoder.", range(1, 3))
    heard = residuals(layer(heard, "audio_encoder.3", (3, 1)), "audio_encoder.", range(4, 6))
    heard = residuals(layer(heard, "audio_encoder.6", 3), "audio_encoder.", range(7, 9))
    heard = residuals(layer(heard, "audio_encoder.9", (3, 2)), "audio_encoder.", range(10, 11))
    heard = layer(layer(heard, "audio_encoder.11", padding=0), "audio_encoder.12", padding=0)

    x = layer(heard, "face_decoder_blocks.0.0", padding=0)
    x = torch.cat((x, seen[6]), 1)
    x = layer(x, "face_decoder_blocks.1.0", how="open")
    x = torch.cat((residuals(x, "face_decoder_blocks.1.", range(1, 2)), seen[5]), 1)
    for level in range(2, 7):
        x = layer(x, f"face_decoder_blocks.{level}.0", how="up")
        x = residuals(x, f"face_decoder_blocks.{level}.", range(1, 3))
        x = torch.cat((x, seen[6 - level]), 1)
    x = layer(x, "output_block.0")
    return functional.conv2d(
        x, state["output_block.1.weight"], state["output_block.1.bias"]
    ).sigmoid()


def test_a_residual_block_adds_before_it_rectifies() -> None:
    block = Block(torch.nn.Conv2d(2, 2, 1), 2, residual=True).eval()
    torch.nn.init.zeros_(block.conv_block[0].weight)
    torch.nn.init.zeros_(block.conv_block[0].bias)
    x = torch.tensor([-1.0, 2.0]).reshape(1, 2, 1, 1)
    assert block(x).flatten().tolist() == [0.0, 2.0]
