"""The experiment of 2017: a transformer answers questions, one token after the other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from milestones.experiments import OnEpoch

if TYPE_CHECKING:
    from tinytorch.dataloader import DataLoader
    from tinytorch.datasets import TinyTalks
    from tinytorch.tensor import Tensor
    from tinytorch.tokenization import BPETokenizer
    from tinytorch.training import CosineSchedule
    from tinytorch.transformers import GPT

VOCABULARY = 1024
CONTEXT = 56
SIZES = {"embed_dim": 96, "num_heads": 4, "num_layers": 2}
TOKENS_LARGER, BLOCKS_LARGER = 5, 3
"""How much larger the first weights are than GPT-2's, which suit vectors of 768 numbers or more. With 96
they are so small that for many epochs little else is learned than to make them larger."""

EPOCHS, CONTROL_EPOCHS = 16, 10
BATCH = 16
LEARNING_RATE = 6e-3
WARMUP_STEPS = 20
BETAS = (0.9, 0.98)
LONGEST_GRADIENT = 1.0
CONTROL_QUESTIONS = 70
"""How many questions the model without a mask is asked: it never ends an answer, so each takes long."""

DROPPED = 0.15
"""Of the tokens of every second question: so that not all of it hangs on a single word."""

NEWLINE = 10
"""The token of a line's end, the byte itself: it ends an answer."""

IGNORED = -1


@dataclass(frozen=True)
class Answers:
    """What a model answers to some questions, beside what is expected."""

    questions: list[str]
    expected: list[str]
    given: list[str]

    @property
    def exact(self) -> float:
        """The share that is right to the letter."""
        return float(np.mean(np.array(self.given) == np.array(self.expected)))


@dataclass(frozen=True)
class Result:
    """What one run found.

    Attributes:
        model: the trained one.
        tokenizer: what it reads and writes with.
        learned, new: the `Answers` to questions it was trained on, and to such in other words.
        nats, bigram_nats: of the model and of a bigram model, per character of answers to questions in
            other words.
        parameters: how many numbers were trained.
    """

    model: GPT
    tokenizer: BPETokenizer
    learned: Answers
    new: Answers
    nats: float
    bigram_nats: float
    parameters: int


def prompt(question: str) -> str:
    """A question as the model reads it: what follows is the answer."""
    return f"Q: {question}\nA:"


class Conversations:
    """Questions and answers as rows of tokens, and for each the token that follows.

    Only answers are learned: elsewhere the following token is IGNORED. In half of the rows some tokens
    of the question are left out.
    """

    def __init__(
        self, talks: TinyTalks, tokenizer: BPETokenizer, generator: np.random.Generator
    ) -> None:
        self.rows = [
            (tokenizer.encode(prompt(question)), tokenizer.encode(f" {answer}\n"))
            for question, answer in zip(talks.questions, talks.answers, strict=True)
        ]
        self.generator = generator

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """(inputs, targets) of one conversation, both (CONTEXT,)."""
        return self.row(*self.rows[index])

    def fetch(self, indices: Iterable[int]) -> tuple[np.ndarray, np.ndarray]:
        """(inputs, targets), both (N, T): as long as the longest of them, CONTEXT at most."""
        inputs, targets = map(np.stack, zip(*(self[index] for index in indices), strict=True))
        length = 1 + np.flatnonzero((targets != IGNORED).any(axis=0))[-1]
        return inputs[:, :length], targets[:, :length]

    def row(self, question: np.ndarray, answer: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """One conversation: the tokens, and for each the one to be guessed."""
        if self.generator.random() < 0.5:
            kept = self.generator.random(len(question)) >= DROPPED
            kept[-3:] = True  # the end of the question is where the answer begins
            question = question[kept]
        tokens = np.concatenate([question, answer])[: CONTEXT + 1]
        inputs = np.full(CONTEXT, NEWLINE)
        targets = np.full(CONTEXT, IGNORED)
        inputs[: len(tokens) - 1] = tokens[:-1]
        targets[len(question) - 1 : len(tokens) - 1] = tokens[len(question) :]
        return inputs, targets


class Groups:
    """Conversations in batches of about the same length: little of a batch is padding.

    Each item is a whole batch.
    """

    def __init__(self, rows: Conversations, size: int) -> None:
        lengths = [len(question) + len(answer) for question, answer in rows.rows]
        order = np.argsort(lengths, kind="stable")
        self.rows = rows
        self.groups = np.array_split(order, -(-len(order) // size))

    def __len__(self) -> int:
        return len(self.groups)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """(inputs, targets) of one group, both (N, T)."""
        return self.rows.fetch(self.groups[index])

    def fetch(self, indices: Iterable[int]) -> tuple[np.ndarray, np.ndarray]:
        """The group of the only index: a DataLoader asks for one at a time."""
        (index,) = indices
        return self[index]


def new_gpt(
    tokenizer: BPETokenizer,
    context: int,
    generator: np.random.Generator,
    kind: type[GPT] | None = None,
) -> GPT:
    """A GPT for so many tokens of text, whose first weights suit its width.

    Args:
        kind: the class to make it of; GPT unless given.
    """
    from tinytorch.transformers import GPT, GPTConfig

    config = GPTConfig(tokenizer.vocab_size, context, **SIZES)
    model = (kind or GPT)(config, generator=generator)
    model.token_embedding.weight.data[...] *= TOKENS_LARGER
    for parameter in model.blocks.parameters():
        if parameter.ndim == 2:
            parameter.data[...] *= BLOCKS_LARGER
    return model


def answer_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy over the places that are to be guessed, from logits (N, T, V)."""
    from tinytorch.losses import cross_entropy

    wanted = targets.data.ravel()
    places = np.flatnonzero(wanted != IGNORED)
    return cross_entropy(logits.reshape(-1, logits.shape[-1])[places], wanted[places])


def train(
    model: GPT,
    talks: TinyTalks,
    tokenizer: BPETokenizer,
    epochs: int,
    generator: np.random.Generator,
    on_epoch: OnEpoch | None = None,
) -> None:
    """Teach a GPT to answer, with freed memory kept for the next step."""
    from tinytorch.memory import keep_freed_memory
    from tinytorch.optimizers import AdamW
    from tinytorch.training import Trainer

    keep_freed_memory()
    batches = loader(talks, tokenizer, generator)
    schedule = rates(epochs, len(batches))
    optimizer = AdamW(model.parameters(), lr=LEARNING_RATE, betas=BETAS)
    trainer = Trainer(model, optimizer, answer_loss, schedule, clip_norm=LONGEST_GRADIENT)
    trainer.fit(batches, epochs, on_epoch=on_epoch)


def loader(talks: TinyTalks, tokenizer: BPETokenizer, generator: np.random.Generator) -> DataLoader:
    """Batches of conversations of about the same length, in another order each time."""
    from tinytorch.dataloader import DataLoader

    rows = Conversations(talks, tokenizer, generator)
    return DataLoader(Groups(rows, BATCH), shuffle=True, generator=generator)


def rates(epochs: int, batches: int) -> CosineSchedule:
    """The learning rate of each step, for so many batches an epoch."""
    from tinytorch.training import CosineSchedule

    return CosineSchedule(LEARNING_RATE, epochs * batches, warmup_steps=WARMUP_STEPS)


def experiment(seed: int = 0, on_epoch: OnEpoch | None = None) -> Result:
    """Train a GPT on TinyTalks, and let it answer.

    Args:
        seed: of the first weights and of the order of the conversations.
        on_epoch: called after each epoch with {"epoch", "loss"}.
    Returns:
        A `Result`.
    """
    from tinytorch.datasets import TinyTalks
    from tinytorch.tokenization import BPETokenizer

    generator = np.random.default_rng(seed)
    talks, other_words = TinyTalks("train"), TinyTalks("validation")
    tokenizer = BPETokenizer().train(talks.text(), VOCABULARY)
    model = new_gpt(tokenizer, CONTEXT, generator)
    train(model, talks, tokenizer, EPOCHS, generator, on_epoch)
    return Result(
        model=model,
        tokenizer=tokenizer,
        learned=asked(model, tokenizer, talks),
        new=asked(model, tokenizer, other_words),
        nats=nats(model, tokenizer, other_words),
        bigram_nats=bigram_nats(talks, other_words),
        parameters=sum(parameter.size for parameter in model.parameters()),
    )


def without_mask(seed: int = 0) -> tuple[float, float]:
    """What becomes of the same model, trained for a while, if every place may look at the answer.

    Returns:
        (loss in the last epoch of training, share of some of the same questions answered right).
    """
    from tinytorch.datasets import TinyTalks
    from tinytorch.tokenization import BPETokenizer
    from tinytorch.transformers import GPT

    class Unmasked(GPT):
        """A GPT that sees the future."""

        def forward(self, indices: Any) -> Tensor:
            x = self.position(self.token_embedding(indices))
            for block in self.blocks:
                x = block(x)
            return self.ln_f(x) @ self.token_embedding.weight.T

    generator = np.random.default_rng(seed)
    talks = TinyTalks("train")
    tokenizer = BPETokenizer().train(talks.text(), VOCABULARY)
    model = new_gpt(tokenizer, CONTEXT, generator, Unmasked)
    losses: list[float] = []
    keep = lambda record: losses.append(record["loss"])
    train(model, talks, tokenizer, CONTROL_EPOCHS, generator, keep)
    return losses[-1], asked(model, tokenizer, talks, CONTROL_QUESTIONS).exact


def asked(
    model: GPT, tokenizer: BPETokenizer, talks: TinyTalks, count: int | None = None
) -> Answers:
    """The `Answers` of a model to so many questions of a split, from all over it; to all unless given."""
    total = len(talks.questions)
    chosen = range(0, total, 1 if count is None else total // count)[:count]
    questions, expected = ([texts[i] for i in chosen] for texts in (talks.questions, talks.answers))
    return Answers(questions, expected, answer(model, tokenizer, questions))


def answer(
    model: GPT, tokenizer: BPETokenizer, questions: Sequence[str], **choice: Any
) -> list[str]:
    """What the model answers to each question; equally long ones are asked at once.

    Args:
        choice: how tokens are chosen, as for `GPT.generate`; greedily unless given.
    """
    prompts = [tokenizer.encode(prompt(question)) for question in questions]
    given = [""] * len(prompts)
    choice = choice or {"temperature": 0}
    for length in sorted({len(tokens) for tokens in prompts}):
        group = [i for i, tokens in enumerate(prompts) if len(tokens) == length]
        rows = np.stack([prompts[i] for i in group])
        texts = model.generate(rows, max(0, CONTEXT - length), stop=NEWLINE, **choice)
        for i, text in zip(group, texts, strict=True):
            given[i] = tokenizer.decode(text[length:]).split("\n")[0].strip()
    return given


def logits_of(model: GPT, tokens: np.ndarray) -> np.ndarray:
    """The scores of a trained model for one row of tokens: (T, V) array."""
    from tinytorch.autograd import no_grad

    model.eval()
    with no_grad():
        return model(tokens[None]).data[0].astype(np.float64)


def nats(model: GPT, tokenizer: BPETokenizer, talks: TinyTalks) -> float:
    """How surprised the model is by the right answers, in nats per character."""
    total = characters = 0
    for question, answer in zip(talks.questions, talks.answers, strict=True):
        start, rest = tokenizer.encode(prompt(question)), tokenizer.encode(f" {answer}\n")
        tokens = np.concatenate([start, rest])
        scores = logits_of(model, tokens[:-1])[len(start) - 1 :]  # (len(rest), V)
        highest = scores.max(axis=1, keepdims=True)
        sums = np.log(np.exp(scores - highest).sum(axis=1)) + highest[:, 0]
        total += (sums - scores[np.arange(len(rest)), rest]).sum()
        characters += len(answer) + 2
    return float(total / characters)


def bigram_nats(talks: TinyTalks, other_words: TinyTalks, smoothing: float = 0.1) -> float:
    """The same of a model that knows only which character follows which, in all answers learned."""
    text = "".join(f" {answer}\n" for answer in talks.answers)
    pairs, single = Counter(pairwise(text)), Counter(text)
    total = characters = 0
    for answer in other_words.answers:
        shown = f"\n {answer}\n"
        for before, after in pairwise(shown):
            seen = single[before] + smoothing * (len(single) + 1)
            total -= np.log((pairs[before, after] + smoothing) / seen)
            characters += 1
    return float(total / characters)


def future_changes_nothing(result: Result) -> bool:
    """Whether the scores before a place stay exactly as they are, whatever follows it."""
    tokens = result.tokenizer.encode(prompt(result.learned.questions[0]) + " " + "?" * 9)
    other = tokens.copy()
    place = len(tokens) // 2
    other[place:] = other[place:][::-1] // 2
    first, second = (logits_of(result.model, row)[:place] for row in (tokens, other))
    return bool(np.array_equal(first, second))


def changed_by_shuffling(result: Result, least: float = 0.01, seed: int = 0) -> float:
    """How often shuffling what stands before the last token moves what is expected next.

    Looked at in the middle of each answer. Probabilities have moved if they differ by ``least`` in all
    (total variation). For a model that knows only pairs of tokens nothing would move, and neither for
    one that knows which tokens there are but not in which order.
    """
    generator = np.random.default_rng(seed)
    moved = []
    for question, expected in zip(result.learned.questions, result.learned.expected, strict=True):
        start = result.tokenizer.encode(prompt(question))
        written = result.tokenizer.encode(f" {expected}")
        tokens = np.concatenate([start, written[: len(written) // 2 + 1]])
        mixed = np.append(generator.permutation(tokens[:-1]), tokens[-1])
        first, second = (probabilities(result.model, row) for row in (tokens, mixed))
        moved.append(np.abs(first - second).sum() / 2 > least)
    return float(np.mean(moved))


def probabilities(model: GPT, tokens: np.ndarray) -> np.ndarray:
    """Of each token to come next, (V,)."""
    scores = logits_of(model, tokens)[-1]
    shares = np.exp(scores - scores.max())
    return shares / shares.sum()


def known_words(result: Result, seed: int = 0) -> float:
    """The share of words that exist, in answers drawn at temperature 0.5 to questions in other words."""
    choice = {"temperature": 0.5, "generator": np.random.default_rng(seed)}
    given = answer(result.model, result.tokenizer, result.new.questions, **choice)
    known = set(
        re.findall(
            "[a-z]+", " ".join([*result.learned.expected, *result.learned.questions]).lower()
        )
    )
    words = re.findall("[a-z]+", " ".join(given).lower())
    return sum(word in known for word in words) / max(1, len(words))


def attention_maps(result: Result, question: str) -> tuple[list[str], np.ndarray]:
    """How much each token of a question and its answer looks at each other one.

    Returns:
        (tokens as text, weights of the last block, (H, T, T)).
    """
    from tinytorch.attention import attention_weights, causal_mask
    from tinytorch.autograd import no_grad

    model, tokenizer = result.model, result.tokenizer
    given = answer(model, tokenizer, [question])[0]
    tokens = tokenizer.encode(f"{prompt(question)} {given}")[:CONTEXT]
    mask = causal_mask(len(tokens))
    with no_grad():
        x = model.position(model.token_embedding(tokens[None]))
        *before, last = model.blocks
        for block in before:
            x = block(x, mask)
        query, key, _ = last.attn.project(last.ln_1(x))
        weights = attention_weights(query, key, mask).data[0]
    return [tokenizer.decode([token]) for token in tokens], weights
