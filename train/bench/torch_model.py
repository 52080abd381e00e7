"""The same model, loss and optimizer step in PyTorch, written as one would there, to measure ours beside."""

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np

# CI checks the types where torch is not installed.
import torch  # pyright: ignore[reportMissingImports]
import torch.nn.functional as F  # pyright: ignore[reportMissingImports]
from torch import Tensor, nn  # pyright: ignore[reportMissingImports]

from model.config import ModelConfig
from model.transformer import NORM_EPSILON, Transformer
from train.scales import OptimizerConfig


class TorchBlock(nn.Module):
    """One layer, `x + attention(norm(x)) + mlp(norm(x))`."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.heads = config.heads
        self.norm = nn.LayerNorm(config.width, eps=NORM_EPSILON, bias=False)
        self.qkv = nn.Linear(config.width, 3 * config.width, bias=False)
        self.attention_out = nn.Linear(config.width, config.width, bias=False)
        self.gate_up = nn.Linear(config.width, 2 * config.hidden, bias=False)
        self.down = nn.Linear(config.hidden, config.width, bias=False)

    def forward(self, x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        """The layer's output, for `x` of [batch, time, width]."""
        normed = self.norm(x)
        q, k, v = self.qkv(normed).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(turned(q, cosine, sine), turned(k, cosine, sine), v, is_causal=True)
        gate, up = self.gate_up(normed).chunk(2, dim=-1)
        return x + self.attention_out(attended.transpose(1, 2).flatten(2)) + self.down(F.silu(gate) * up)


class TorchTransformer(nn.Module):
    """The mean next-token loss of rows of token ids, in nats, by layers with the shapes of `config`."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.embedding = nn.Embedding(config.vocab_size, config.width)
        self.blocks = nn.ModuleList(TorchBlock(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width, eps=NORM_EPSILON, bias=False)
        half = torch.arange(0, config.head_width, 2, dtype=torch.float32) / config.head_width
        angle = torch.arange(config.context_tokens)[:, None] * config.rope_base**-half
        self.register_buffer("cosine", angle.cos())
        self.register_buffer("sine", angle.sin())

    def forward(self, rows: Tensor) -> Tensor:
        """The loss of `rows` of [batch, context_tokens + 1]."""
        x = self.embedding(rows[:, :-1])
        for block in self.blocks:
            x = block(x, self.cosine, self.sine)
        logits = F.linear(self.norm(x), self.embedding.weight)
        return F.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten())


def turned(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Queries or keys of [batch, heads, time, head_width], turned by their position as ours are."""
    left, right = x.chunk(2, dim=-1)
    return torch.cat((left * cosine - right * sine, right * cosine + left * sine), dim=-1)


def torch_copy(model: Transformer) -> TorchTransformer:
    """The model in PyTorch with the weights of one of ours."""
    copy = TorchTransformer(model.config)
    copy.load_state_dict({name: torch.tensor(array) for name, array in named_arrays(model)}, strict=False)
    return copy


def named_arrays(tree: Transformer) -> Iterator[tuple[str, np.ndarray]]:
    """The arrays of a model or of its gradient as PyTorch names and lays them out: a matrix is [outputs, inputs]."""
    yield "embedding.weight", np.asarray(tree.embedding)
    yield "norm.weight", np.asarray(tree.norm)
    for field in dataclasses.fields(tree.blocks):
        for layer, array in enumerate(np.asarray(getattr(tree.blocks, field.name))):
            yield f"blocks.{layer}.{field.name}.weight", array.T


def descend(
    loss_of: Callable[[Tensor], Tensor], optimizer: torch.optim.AdamW, rows: Tensor, *, clip_norm: float
) -> Tensor:
    """One optimizer step on the mean loss of `rows`, behind a clip by global norm; returns the loss."""
    optimizer.zero_grad(set_to_none=True)
    loss = loss_of(rows)
    loss.backward()
    nn.utils.clip_grad_norm_([each for group in optimizer.param_groups for each in group["params"]], clip_norm)
    optimizer.step()
    return loss.detach()


def adamw(model: TorchTransformer, config: OptimizerConfig, *, learning_rate: float) -> torch.optim.AdamW:
    """AdamW of one fused call, which decays matrices and the embedding, and not the scales of layer norms."""
    matrices = [parameter for parameter in model.parameters() if parameter.ndim == 2]
    scales = [parameter for parameter in model.parameters() if parameter.ndim == 1]
    groups = [{"params": matrices, "weight_decay": config.weight_decay}, {"params": scales, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=learning_rate, betas=(config.b1, config.b2), eps=config.eps, fused=True)
