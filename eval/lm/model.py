"""A run's model as lm-eval asks for it: likelihoods of texts, and texts that go on from others."""

import collections
import math
from collections.abc import Callable, Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import sentencepiece
from jax.sharding import Mesh
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.utils import get_rolling_token_windows, make_disjoint_window

from eval.lm.generation import Prompt, fit, generate, sampling_key
from eval.lm.requests import arguments_of
from eval.lm.scoring import Likelihood, score_texts
from eval.lm.seam import moved_seam
from eval.lm.settings import settings_of
from eval.lm.trees import Text, cut_left
from mixsched.errors import UsageError
from model.serving import serving
from model.transformer import Transformer

Progress = Callable[[int, int], None]
_NOT_FINITE = "not finite numbers; take an earlier `--step`, or start a new run with a lower `--optimizer.peak-lr`"


class RunLM(LM):
    """A model with its tokenizer, answering what lm-eval's tasks request (Gao et al. 2024).

    Every text begins after EOS, as in training, where EOS ends the document before; lm-eval's Hugging Face models put
    no token before a context unless it is empty. Texts that are longer than the context are cut on the left.

    - `mesh`: the devices that requests are shared out to; the model is copied to each.
    - `seed`: of what is sampled; a sample depends on it, its context, and its number among the samples of that context,
        and on nothing else that is asked.
    - `temperature`: where given, stands in for what tasks say.

    Raises UsageError, when it is made or later, if the model's numbers are not finite.
    """

    truncated: int
    """Requests so far whose text was cut."""
    progress: Progress | None
    """Hears how many requests of a call are answered, of how many; it may be changed between calls."""

    def __init__(
        self,
        model: Transformer,
        tokenizer: sentencepiece.SentencePieceProcessor,
        *,
        mesh: Mesh,
        temperature: float | None = None,
        progress: Progress | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.truncated = 0
        self._model, self._mesh, self._tokenizer = serving(model, mesh), mesh, tokenizer
        # Generation would go on from NaN without a sign.
        if not all(jnp.isfinite(array).all() for array in jax.tree.leaves(eqx.filter(self._model, eqx.is_array))):
            raise UsageError(f"the model's parameters are {_NOT_FINITE}")
        self.progress, self._temperature, self._seed = progress, temperature, seed
        self._context_tokens = model.config.context_tokens
        self._shapes: set[tuple[int, ...]] = set()

    @property
    def traces(self) -> int:
        """Shapes of batches so far; each is compiled once (generation: once to read prompts and once to go on)."""
        return len(self._shapes)

    def count_tokens(self, text: str) -> int:
        """How many tokens a text has."""
        return len(self._tokenizer.encode(text))

    def loglikelihood(self, requests: Sequence[Instance]) -> list[tuple[float, bool]]:
        """Log-probability of each request's continuation after its context, in nats, and whether it is greedy's."""
        pairs = self._encode_pairs([arguments_of(request) for request in requests])
        found = self._score([Text(context + end, len(end)) for context, end in pairs])
        return [(each.nats, each.greedy) for each in found]

    def loglikelihood_rolling(self, requests: Sequence[Instance]) -> list[float]:
        """Log-probability in nats of each request's text, every token after as much as fits before it.

        A text longer than the context is read in windows, each as long as the context, and each token counts once.
        """
        texts, owner = [], []
        for number, tokens in enumerate(self._tokenizer.encode([arguments_of(request)[0] for request in requests])):
            windows = get_rolling_token_windows(tokens, self._tokenizer.eos_id(), self._context_tokens, 1)
            for before, predicted in map(make_disjoint_window, windows):
                texts.append(Text(before + predicted, len(predicted)))
                owner.append(number)
        totals = [0.0] * len(requests)
        for number, found in zip(owner, self._score(texts), strict=True):
            totals[number] += found.nats
        return totals

    def generate_until(self, requests: Sequence[Instance]) -> list[str]:
        """What each request's context goes on with, up to EOS, its limit, or the first of its `until` (cut off).

        Where context and limit (256 tokens, unless the request says) exceed the model's context, `generation.fit` says
        what gives way. Raises UsageError for an argument that would change the answer and is not honoured.
        """
        repeats: collections.Counter[str] = collections.Counter()
        prompts = []
        contexts = [arguments_of(request)[0] for request in requests]
        for request, tokens in zip(requests, self._tokenizer.encode(contexts), strict=True):
            context, asked = arguments_of(request)
            settings = settings_of(asked, temperature=self._temperature)
            whole = [self._tokenizer.eos_id(), *tokens]
            kept, limit = fit(whole, settings.limit, context_tokens=self._context_tokens)
            self.truncated += len(kept) < len(whole)
            key = sampling_key(context, seed=self._seed, repeat=repeats[context])
            repeats[context] += 1
            prompts.append(Prompt(kept, limit, settings.until, settings.temperature, key))
        texts, shapes = generate(self._model, prompts, tokenizer=self._tokenizer, mesh=self._mesh, told=self.progress)
        self._shapes |= shapes
        return texts

    def _score(self, texts: Sequence[Text]) -> list[Likelihood]:
        cut = [cut_left(text, context_tokens=self._context_tokens) for text in texts]
        self.truncated += sum(len(short.tokens) < len(text.tokens) for short, text in zip(cut, texts, strict=True))
        found, shapes = score_texts(self._model, cut, mesh=self._mesh, told=self.progress)
        self._shapes |= shapes
        if not all(math.isfinite(each.nats) for each in found):
            raise UsageError(f"the model's likelihoods of some texts are {_NOT_FINITE}")
        return found

    def _encode_pairs(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[list[int], list[int]]]:
        """Tokens of contexts, with EOS before them, and of continuations, cut apart as lm-eval's TemplateLM does it.

        A context's last spaces go to its continuation, whose tokens are those of both after as many as the context has.
        """
        moved = [moved_seam(context, end) for context, end in pairs]
        contexts = {context: None for context, _ in moved}
        encoded = dict(zip(contexts, self._tokenizer.encode(list(contexts)), strict=True))
        wholes = self._tokenizer.encode([context + end for context, end in moved])
        eos = self._tokenizer.eos_id()
        cut = []
        for (context, end), whole in zip(moved, wholes, strict=True):
            before = encoded[context]
            # Where the tokenizer merged all of it into the context's last token, there would be nothing to score.
            after = whole[len(before) :] or self._tokenizer.encode(end)
            cut.append(([eos, *before], after))
        return cut
