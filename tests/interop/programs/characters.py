"""A small GPT that learns two sentences by heart, character by character."""

import torch
import torch.nn as nn
from torch.nn import functional as F

TEXT = "the quick brown fox jumps over the lazy dog. pack my box with five dozen liquor jugs. " * 4
LENGTH = 16


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.to_qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        future = torch.triu(torch.ones(LENGTH, LENGTH), diagonal=1).bool()
        self.register_buffer("future", future)

    def forward(self, x):
        batch, length, width = x.size()
        q, k, v = (
            part.view(batch, length, self.heads, -1).transpose(1, 2)
            for part in self.to_qkv(x).chunk(3, dim=-1)
        )
        scores = torch.matmul(q, k.transpose(-2, -1)) / k.size(-1) ** 0.5
        scores = scores.masked_fill(self.future[:length, :length], float("-inf"))
        mixed = torch.softmax(scores, dim=-1) @ v
        return self.out(mixed.transpose(1, 2).contiguous().view(batch, length, width))


class Layer(nn.Module):
    def __init__(self, width, heads, dropout):
        super().__init__()
        self.norms = nn.ModuleList([nn.LayerNorm(width) for _ in range(2)])
        self.attention = Attention(width, heads)
        self.feedforward = nn.Sequential(
            nn.Linear(width, 4 * width), nn.ReLU(inplace=True), nn.Linear(4 * width, width)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x):
        x = x + self.dropout(self.attention(self.norms[0](x)))
        return x + self.dropout(self.feedforward(self.norms[1](x)))


class CharacterModel(nn.Module):
    def __init__(self, vocabulary, width=32, heads=2, depth=2, dropout=0.0):
        super().__init__()
        self.embeddings = nn.ModuleDict(
            {"token": nn.Embedding(vocabulary, width), "place": nn.Embedding(LENGTH, width)}
        )
        self.layers = nn.ModuleList()
        for _ in range(depth):
            self.layers.append(Layer(width, heads, dropout))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)
        self.apply(self.start)

    @staticmethod
    def start(module):
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, mean=0.0, std=0.02)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)

    def forward(self, tokens, targets=None):
        places = torch.arange(tokens.size(1), dtype=torch.long, device=tokens.device)
        x = self.embeddings["token"](tokens) + self.embeddings["place"](places).unsqueeze(0)
        for layer in self.layers:
            x = layer(x)
        logits = self.head(self.norm(x))
        if targets is None:
            return logits
        return logits, F.cross_entropy(logits.view(-1, logits.size(-1)), targets.view(-1))

    @torch.no_grad()
    def write(self, tokens, count, temperature, k):
        self.eval()
        for _ in range(count):
            logits = self(tokens[:, -LENGTH:])[:, -1] / temperature
            best, _ = torch.topk(logits, k)
            logits = torch.where(logits < best[:, -1:], float("-inf"), logits)
            drawn = torch.multinomial(F.softmax(logits, dim=-1), num_samples=1)
            tokens = torch.cat((tokens, drawn), dim=1)
        return tokens


def main(steps=250):
    torch.manual_seed(7)
    letters = sorted(set(TEXT))
    number = {letter: i for i, letter in enumerate(letters)}
    data = torch.tensor([number[letter] for letter in TEXT], dtype=torch.long)
    model = CharacterModel(len(letters))
    print(f"{sum(p.numel() for p in model.parameters() if p.requires_grad):,} parameters")
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.95), weight_decay=0.1)
    for step in range(steps):
        starts = torch.randint(0, len(data) - LENGTH, (8,))
        inputs = torch.stack([data[i : i + LENGTH] for i in starts])
        targets = torch.stack([data[i + 1 : i + 1 + LENGTH] for i in starts])
        _, loss = model(inputs, targets)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        optimizer.step()
        if step % 50 == 0:
            print(f"step {step}: loss {loss:.4f}")
    begin = torch.tensor([[number[letter] for letter in "the quick"]], dtype=torch.long)
    written = model.write(begin, 30, temperature=0.1, k=3)[0].tolist()
    return loss.item(), "".join(letters[i] for i in written)
