"""Trains the stand-in's adapter on CPU cores; needs torch and PEFT.

Hyper-parameters have the names that axolotl gives them. Parts of a step run side
by side, one thread each, and their gradients are summed in order: the result does
not depend on which core was busy.
"""

import json
import math
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any, Final

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM

from recipe.stand_in.adapter import Heads, write_adapter
from recipe.stand_in.rows import Row, Weights, drawn, row
from recipe.stand_in.settings import Settings, Stage

_SAVE_EVERY_S: Final = 120.0


class Trainer:
    """One stage of training: a model with an adapter, and rows."""

    def __init__(
        self, base: Path, settings: Settings, stage: Stage, out: Path, begin: Path | None
    ) -> None:
        torch.manual_seed(settings.seed)
        self.settings, self.stage = settings, stage
        self.checkpoint, self.log = out / "checkpoint.pt", out / "log.jsonl"
        model = LlamaForCausalLM.from_pretrained(
            base, dtype=torch.bfloat16, attn_implementation="eager"
        )
        self.heads = (model.config.num_attention_heads, model.config.num_key_value_heads)
        lora = LoraConfig(
            r=settings.lora_r,
            lora_alpha=settings.lora_alpha,
            lora_dropout=0.0,
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        )
        self.model = get_peft_model(model, lora, autocast_adapter_dtype=False)
        self.tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
        trained = {n: p for n, p in self.model.named_parameters() if p.requires_grad}
        self.names, self.parameters = list(trained), list(trained.values())
        # Updates are far smaller than bfloat16's steps: they are summed in 32 bits.
        self.masters = [p.detach().float().clone().requires_grad_() for p in self.parameters]
        if begin is not None:
            self._take(torch.load(begin, weights_only=True)["masters"])
        self.optimizer = torch.optim.AdamW(
            self.masters,
            lr=stage.learning_rate,
            betas=(settings.adam_beta1, settings.adam_beta2),
            eps=settings.adam_epsilon,
            weight_decay=settings.weight_decay,
        )
        self.threads = ThreadPoolExecutor(
            settings.gradient_accumulation_steps, initializer=torch.set_num_threads, initargs=(1,)
        )

    def train(self, texts: Sequence[str], *, until: int | None = None) -> None:
        """Train on *texts*, from the last checkpoint on where there is one.

        Args:
            until: break off after so many steps; a later call goes on.
        """
        steps = list(self._steps(texts))[: self.stage.max_steps]
        done = self._resume()
        saved = time.monotonic()
        with self.log.open("a") as log:
            for number in range(done, min(len(steps), until or len(steps))):
                began = time.monotonic()
                report = self._step(steps[number], number, len(steps))
                report |= {"seconds": round(time.monotonic() - began, 2)}
                log.write(json.dumps(report) + "\n")
                log.flush()
                if time.monotonic() - saved > _SAVE_EVERY_S or number + 1 in {until, len(steps)}:
                    self._save(number + 1)
                    saved = time.monotonic()

    def _steps(self, texts: Sequence[str]) -> Iterator[list[Row]]:
        chance = Random(self.settings.seed)  # noqa: S311  # an order, no secret
        size = self.settings.gradient_accumulation_steps
        weights = Weights(self.stage.border, self.settings.reply, self.settings.player)
        for _ in range(self.stage.num_epochs):
            order = chance.sample(texts, k=len(texts))
            rows = [row(drawn(text, chance), self.tokenizer, weights) for text in order]
            for at in range(0, len(rows) - size + 1, size):
                yield rows[at : at + size]

    def _step(self, rows: Sequence[Row], number: int, steps: int) -> dict[str, Any]:
        total = sum(sum(each.weights[1 : self.settings.sequence_len]) for each in rows)
        parts = list(self.threads.map(lambda each: self._gradients(each, total), rows))
        for master, *gradients in zip(self.masters, *(part[1] for part in parts), strict=True):
            master.grad = torch.stack([each.float() for each in gradients]).sum(0)
        norm = torch.nn.utils.clip_grad_norm_(self.masters, self.settings.max_grad_norm)
        rate = self.stage.learning_rate * _cosine(number, steps, self.settings.warmup_steps)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self._take(self.masters)
        return {
            "step": number + 1,
            "of": steps,
            "loss": round(sum(part[0] for part in parts), 4),
            "grad_norm": round(float(norm), 3),
            "learning_rate": rate,
            "tokens": sum(min(len(each.ids), self.settings.sequence_len) for each in rows),
        }

    def _gradients(self, each: Row, total: float) -> tuple[float, Sequence[torch.Tensor]]:
        ids = torch.tensor([each.ids[: self.settings.sequence_len]])
        weights = torch.tensor(each.weights[1 : ids.shape[1]])
        counted = weights.nonzero().squeeze(1)
        inner = self.model.base_model.model
        states = inner.model(input_ids=ids, use_cache=False).last_hidden_state[0, counted]
        logits = inner.lm_head(states).float()
        losses = torch.nn.functional.cross_entropy(logits, ids[0, counted + 1], reduction="none")
        loss = (losses * weights[counted]).sum() / total
        return loss.item(), torch.autograd.grad(loss, self.parameters)

    def _take(self, masters: Sequence[torch.Tensor]) -> None:
        with torch.no_grad():
            for mine, parameter, new in zip(self.masters, self.parameters, masters, strict=True):
                mine.copy_(new)
                parameter.copy_(new)

    def _save(self, done: int) -> None:
        state = {
            "done": done,
            "names": self.names,
            "heads": self.heads,
            "masters": [each.detach() for each in self.masters],
            "optimizer": self.optimizer.state_dict(),
        }
        part = self.checkpoint.with_suffix(".part")
        torch.save(state, part)
        part.replace(self.checkpoint)

    def _resume(self) -> int:
        if not self.checkpoint.exists():
            return 0
        state = torch.load(self.checkpoint, weights_only=True)
        self._take(state["masters"])
        self.optimizer.load_state_dict(state["optimizer"])
        # Steps behind the checkpoint are done, and told, once more.
        lines = self.log.read_text().splitlines(keepends=True)
        self.log.write_text("".join(lines[: state["done"]]))
        return int(state["done"])


def _cosine(number: int, steps: int, warmup: int) -> float:
    if number < warmup:
        return (number + 1) / (warmup + 1)
    return 0.5 * (1 + math.cos(math.pi * (number - warmup) / max(1, steps - warmup)))


def write_gguf(checkpoint: Path, path: Path, settings: Settings, *, name: str) -> None:
    """Write what was trained as llama.cpp's adapter."""
    state = torch.load(checkpoint, weights_only=True)
    tensors = {
        told: master.numpy() for told, master in zip(state["names"], state["masters"], strict=True)
    }
    heads = Heads(*state["heads"])
    write_adapter(path, tensors, alpha=settings.lora_alpha, heads=heads, name=name)
