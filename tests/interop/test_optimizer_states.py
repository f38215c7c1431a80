"""States of optimizers and schedules that PyTorch wrote load here, whole or not at all."""

from __future__ import annotations

import json
from copy import deepcopy

import numpy as np
import pytest

from tests.interop import exchange
from tests.interop.exchange import FOLDER, assert_same, copy_of


class TestOptimizers:
    @pytest.mark.parametrize("name", exchange.OPTIMIZERS)
    def test_goes_on_where_pytorch_stopped(self, torch, nn, results, name):
        model = exchange.network(nn)
        optimizer = exchange.OPTIMIZERS[name](torch.optim, model.parameters())
        path = FOLDER / f"{name}.safetensors"
        assert torch.load_checkpoint(path, model, optimizer)["step"] == exchange.STEPS_BEFORE
        for setting, default in optimizer.defaults.items():
            assert optimizer.param_groups[0][setting] == default
        steps = range(exchange.STEPS_BEFORE, exchange.STEPS_BEFORE + exchange.STEPS_AFTER)
        exchange.train(model, optimizer, torch.tensor, steps)
        for key, array in model.state_dict().items():
            np.testing.assert_allclose(array, results[f"{name}.{key}"], rtol=1e-5, atol=1e-6)

    @pytest.mark.parametrize("way", ["save", "save_checkpoint"])
    @pytest.mark.parametrize("name", exchange.OPTIMIZERS)
    def test_a_run_that_was_stopped_goes_on_to_the_last_bit(self, torch, nn, tmp_path, name, way):
        def start():
            model = exchange.filled(exchange.network(nn), torch.tensor)
            optimizer = exchange.OPTIMIZERS[name](torch.optim, model.parameters())
            return model, optimizer, torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 9)

        def go(model, optimizer, rates, steps):
            for step in steps:
                exchange.train(model, optimizer, torch.tensor, range(step, step + 1))
                rates.step()

        whole, (model, optimizer, rates) = start(), start()
        go(*whole, range(6))
        go(model, optimizer, rates, range(3))
        again = start()
        go(*again, range(1))
        path = tmp_path / "run"
        if way == "save":
            parts = ("model", "optimizer", "rates")
            torch.save(
                dict(zip(parts, map(state_of, (model, optimizer, rates)), strict=True)), path
            )
            for part, saved in zip(again, torch.load(path).values(), strict=True):
                part.load_state_dict(saved)
        else:
            torch.save_checkpoint(path, model, optimizer, metadata=rates.state_dict())
            again[2].load_state_dict(torch.load_checkpoint(path, *again[:2])["metadata"])
        go(*again, range(3, 6))
        for one, other in zip(again, whole, strict=True):
            assert_same(state_of(one), state_of(other))

    @pytest.mark.parametrize(
        ("spoil", "word"),
        [
            (lambda s: s["state"][0].pop("exp_avg_sq"), "param 0.* lacks its exp_avg_sq"),
            (
                lambda s: s["state"][1].update(exp_avg=np.ones((4, 1))),
                r"exp_avg of param 1 .*\(4, 1\)",
            ),
            (
                lambda s: s["state"][1].update(exp_avg=np.ones(4, complex)),
                "exp_avg of param 1 .*complex",
            ),
            (
                lambda s: s["state"][1].update(exp_avg=["1"] * 4),
                "exp_avg of param 1 .*use an array",
            ),
            (lambda s: s["state"][0].update(step=1.5), "step of param 0 .*integer"),
            (lambda s: s["state"][0].update(step="3"), "step of param 0 .*integer"),
            (lambda s: s["state"][0].update(step=np.inf), "step of param 0 .*integer"),
            (lambda s: s["state"][0].update(step=-1), "step of param 0 .*integer"),
            (lambda s: s["state"][0].update(step=[1, 2]), "step of param 0 .*integer"),
            (lambda s: s["state"][1].update(exp_avg=0.5), r"exp_avg of param 1 .*shape \(\)"),
            (lambda s: s["state"][1].update(exp_avg=[0] * 4), "exp_avg of param 1 .*int64"),
            (lambda s: s["param_groups"][0].update(amsgrad=True), "amsgrad=True: use Adam without"),
            (
                lambda s: s["param_groups"][0].update(maximize=True),
                "maximize=True: use the negative",
            ),
            (
                lambda s: s["param_groups"][0].update(decoupled_weight_decay=True),
                "of AdamW: use AdamW",
            ),
            (lambda s: s["param_groups"][0].update(lr="0.1"), "lr .* is a string: use a number"),
            (lambda s: s["param_groups"][0].update(lr=-1), "lr must be at least 0"),
            (lambda s: s["param_groups"][0].update(lr=None), "do not fit"),
            (lambda s: s["param_groups"][0].update(betas=(0.9, 1.0)), "betas must be"),
            (lambda s: s["param_groups"][0].update(betas=0.9), "do not fit"),
            (lambda s: s["param_groups"][0].update(betas="no"), "betas .* is a string"),
            (lambda s: s.pop("state"), "'state' and 'param_groups'"),
            (lambda s: s.update(state=[]), "dictionary of dictionaries"),
            (lambda s: s.update(param_groups={}), "param_groups"),
        ],
    )
    def test_a_state_that_does_not_fit_changes_nothing(self, torch, nn, spoil, word):
        model = exchange.network(nn)
        optimizer = torch.optim.Adam(model.parameters())
        exchange.train(model, optimizer, torch.tensor, range(2))
        before = copy_of(model, optimizer)
        spoiled = deepcopy(optimizer.state_dict())
        spoiled["param_groups"][0]["lr"] = 0.5
        spoil(spoiled)
        with pytest.raises(ValueError, match=word):
            optimizer.load_state_dict(spoiled)
        assert_same(copy_of(model, optimizer), before)

    def test_what_is_none_is_not_remembered(self, torch):
        optimizer = torch.optim.SGD([torch.ones(1)], lr=0.1)
        saved = {"state": {0: {"momentum_buffer": None}}, **groups(optimizer)}
        optimizer.load_state_dict(saved)
        assert optimizer.state_dict()["state"] == {}

    def test_a_rate_may_be_a_tensor_as_in_pytorch(self, torch):
        optimizer = torch.optim.SGD([torch.ones(1)], lr=0.1)
        saved = optimizer.state_dict()
        saved["param_groups"][0]["lr"] = torch.tensor(0.5)
        optimizer.load_state_dict(saved)
        assert (type(optimizer.lr), optimizer.lr) == (float, 0.5)

    def test_an_optimizer_of_ones_own_remembers_what_it_likes(self, torch):
        class Own(torch.optim.Optimizer):
            pass

        optimizer = Own([torch.ones(2)], {"lr": 0.1, "weight_decay": 0.0, "maximize": True})
        optimizer.param_groups[0]["name"] = "head"
        own = {"begun": True, "note": "text", "signs": np.array([1, 0]), "pair": (1, 2)}
        optimizer.load_state_dict({"state": {0: own}, **groups(optimizer)})
        assert_same(optimizer.state_dict()["state"][0], own)

    def test_adam_is_not_adamw(self, torch, nn):
        model = exchange.network(nn)
        optimizer = torch.optim.AdamW(model.parameters())
        with pytest.raises(ValueError, match=r"adam.safetensors does not fit .*Adam: use Adam"):
            torch.load_checkpoint(FOLDER / "adam.safetensors", model, optimizer)

    @pytest.mark.parametrize("name", exchange.RATES)
    def test_schedules_go_on_where_pytorch_stopped(self, torch, nn, name):
        kept = json.loads(exchange.SCHEDULES.read_text(encoding="utf-8"))[name]
        optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.5)
        schedule = exchange.RATES[name](torch.optim.lr_scheduler, optimizer)
        schedule.load_state_dict(kept["state"])
        assert schedule.get_last_lr() == pytest.approx(kept["state"]["_last_lr"])
        assert set(schedule.state_dict()) <= set(kept["state"])
        for rate in kept["rates"]:
            schedule.step()
            assert schedule.get_last_lr() == pytest.approx([rate])

    def test_a_schedule_takes_over_its_settings_and_no_other_schedule(self, torch, nn):
        rates = torch.optim.lr_scheduler
        optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
        schedule = rates.StepLR(optimizer, 5)
        schedule.load_state_dict(rates.StepLR(optimizer, 1, gamma=0.5).state_dict())
        schedule.step()
        assert schedule.get_last_lr() == [0.5]
        before = schedule.state_dict()
        two = torch.optim.SGD([{"params": [torch.ones(1)]}, {"params": [torch.ones(1)]}], lr=1.0)
        for other in (
            rates.ExponentialLR(optimizer, 1.0).state_dict(),
            {**before, "eta_min": 0.1},
            {**before, "base_lrs": ["1.0"]},
            {**before, "last_epoch": None},
            {**before, "gamma": "0.5"},
            {**before, "step_size": 0},
            rates.StepLR(two, 1).state_dict(),
        ):
            with pytest.raises(ValueError, match="state_dict"):
                schedule.load_state_dict(other)
            assert schedule.state_dict() == before
            assert optimizer.lr == 0.5


def groups(optimizer):
    return {"param_groups": optimizer.state_dict()["param_groups"]}


def state_of(part):
    return part.state_dict()
