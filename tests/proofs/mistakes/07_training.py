"""Wrong ways to write 07 training."""

from tests.proofs.mistakes.catalogue import Mistake

MISTAKES = (
    Mistake(
        "warm-up starts at a rate of zero",
        of="CosineSchedule.__call__",
        replace="self.lr * (step + 1) / self.warmup_steps",
        by="self.lr * step / self.warmup_steps",
        turns_red="TestSchedule",
        says="CosineSchedule.__call__",
    ),
    Mistake(
        "the cosine counts the warm-up as its own",
        of="CosineSchedule.__call__",
        replace="(step - self.warmup_steps) / (self.total_steps - self.warmup_steps)",
        by="step / self.total_steps",
        turns_red="TestSchedule",
        says="CosineSchedule.__call__",
    ),
    Mistake(
        "the cosine comes back up after the end",
        of="CosineSchedule.__call__",
        replace="if step >= self.total_steps:\n    return self.min_lr",
        by="if self.total_steps == self.warmup_steps:\n    return self.min_lr",
        turns_red="TestSchedule",
        says="CosineSchedule.__call__",
    ),
    Mistake(
        "every gradient is clipped by its own length",
        of="clip_grad_norm_",
        replace="grad *= scale",
        by="grad *= min(1.0, max_norm / (float(np.linalg.norm(grad)) + 1e-6))",
        turns_red="TestClipping",
        says="clip_grad_norm_",
    ),
    Mistake(
        "short gradients are stretched",
        of="clip_grad_norm_",
        replace="if not scale >= 1:",
        by="if True:",
        turns_red="TestClipping",
        says="clip_grad_norm_",
    ),
    Mistake(
        "clipping makes new arrays",
        of="clip_grad_norm_",
        replace="grad *= scale",
        by="grad = grad * scale",
        turns_red="TestClipping",
        says="clip_grad_norm_",
    ),
    Mistake(
        "the length is the sum of the lengths",
        of="clip_grad_norm_",
        replace="math.sqrt(sum(np.square(grad, dtype=np.float64).sum() for grad in grads))",
        by="sum(math.sqrt(np.square(grad, dtype=np.float64).sum()) for grad in grads) * 1.0",
        turns_red="TestClipping",
        says="clip_grad_norm_",
    ),
    Mistake(
        "squares overflow in float32",
        of="clip_grad_norm_",
        replace="np.square(grad, dtype=np.float64)",
        by="np.square(grad)",
        turns_red="TestClipping",
        says="inf",
    ),
    Mistake(
        "the iterator of parameters is used up before the scaling",
        of="clip_grad_norm_",
        replace="for grad in grads:\n    grad *= scale",
        by="""
            for param in parameters:
                if param.grad is not None:
                    param.grad *= scale
        """,
        turns_red="TestClipping",
        says="clip_grad_norm_",
    ),
    Mistake(
        "the prediction is the highest score of each column",
        of="accuracy",
        replace="scores.argmax(axis=-1)",
        by="scores.argmax(axis=0)",
        turns_red="TestAccuracy",
        says="in accuracy",
    ),
    Mistake(
        "targets of another shape are broadcast",
        of="accuracy",
        replace="scores.shape[:-1] == classes.shape and scores.shape[-1] != 1",
        by="scores.ndim > 1",
        turns_red="TestAccuracy",
        says="in accuracy",
    ),
    Mistake(
        "one class that is always right",
        of="accuracy",
        replace="scores.shape[:-1] == classes.shape and scores.shape[-1] != 1",
        by="scores.shape[:-1] == classes.shape",
        turns_red="TestAccuracy",
        says="in accuracy",
    ),
    Mistake(
        "gradients that count for the clipping and never move",
        of="Trainer.train_step",
        replace="clip_grad_norm_(self.optimizer.parameters(), self.clip_norm)",
        by="clip_grad_norm_(self.model.parameters(), self.clip_norm)",
        turns_red="TestTrainStep",
        says="Trainer.train_step",
    ),
    Mistake(
        "gradients that add up where the optimizer moves nothing",
        of="Trainer.train_step",
        replace="self.model.zero_grad()",
        by="",
        turns_red="TestTrainStep",
        says="add up over steps",
    ),
    Mistake(
        "gradients add up from step to step",
        of="Trainer.train_step",
        replace="""
            self.model.zero_grad()
            self.optimizer.zero_grad()
        """,
        by="",
        turns_red="TestTrainStep",
        says="Trainer.train_step",
    ),
    Mistake(
        "gradients are forgotten after backward",
        of="Trainer.train_step",
        replace="loss.backward()",
        by="loss.backward()\nself.optimizer.zero_grad()",
        turns_red="TestTrainStep",
        says="Trainer.train_step",
    ),
    Mistake(
        "clipping comes after the step",
        of="Trainer.train_step",
        replace="""
            if self.clip_norm is not None:
                clip_grad_norm_(self.optimizer.parameters(), self.clip_norm)
            self.optimizer.step()
        """,
        by="""
            self.optimizer.step()
            if self.clip_norm is not None:
                clip_grad_norm_(self.optimizer.parameters(), self.clip_norm)
        """,
        turns_red="TestTrainStep",
        says="Trainer.train_step",
    ),
    Mistake(
        "a clip_norm of 0 is taken for None",
        of="Trainer.train_step",
        replace="if self.clip_norm is not None:",
        by="if self.clip_norm:",
        turns_red="TestTrainStep",
        says="does not mean None",
    ),
    Mistake(
        "the schedule is one step ahead",
        of="Trainer.train_step",
        replace="self.schedule(self.step)",
        by="self.schedule(self.step + 1)",
        turns_red="TestTrainStep",
        says="Trainer.train_step",
    ),
    Mistake(
        "the loss returned is a Tensor",
        of="Trainer.train_step",
        replace="loss.item()",
        by="loss",
        turns_red="TestTrainStep",
        says="losses that are floats",
    ),
    Mistake(
        "training mode is set once, before the first epoch",
        of="Trainer.fit",
        replace="self.model.train()",
        by="if epoch == 1:\n    self.model.train()",
        turns_red="TestFit",
        says="Every epoch runs in training mode",
    ),
    Mistake(
        "a small batch counts as much as a large one",
        of="Trainer.fit",
        replace="total += loss * len(targets)\nexamples += len(targets)",
        by="total += loss\nexamples += 1",
        turns_red="TestFit",
        says="mean loss over examples",
    ),
    Mistake(
        "evaluation averages over batches",
        of="Trainer.evaluate",
        replace="loss += self.loss(outputs, targets).item() * len(targets)",
        by="loss += self.loss(outputs, targets).item() * len(inputs) ** 0",
        turns_red="TestEvaluate",
        says="means over examples",
    ),
    Mistake(
        "the model is left in training mode by evaluation",
        of="Trainer.evaluate",
        replace="module.training = mode",
        by="module.training = True",
        turns_red="TestEvaluate",
        says="its earlier mode",
    ),
    Mistake(
        "evaluation in training mode",
        of="Trainer.evaluate",
        replace="self.model.eval()",
        by="",
        turns_red="TestEvaluate",
        says="evaluation mode",
    ),
    Mistake(
        "evaluation records for backward",
        of="Trainer.evaluate",
        replace="with no_grad():",
        by="if True:",
        turns_red="TestEvaluate",
        says="no result requires a gradient",
    ),
    Mistake(
        "the state of the optimizer is not saved",
        of="save_checkpoint",
        replace='for number, remembered in saved["state"].items():',
        by="for number, remembered in ():",
        turns_red="TestSaving",
        says="exactly the same losses",
    ),
    Mistake(
        "transposed views are written as they lie in memory",
        of="save_checkpoint",
        replace='np.asarray(array, order="C")',
        by="array.copy('K')",
        turns_red="TestSaving",
        says="transposed views",
    ),
    Mistake(
        "the checkpoint is written over the old one",
        of="save_checkpoint",
        replace="save_file(arrays, unfinished, metadata={HEADER: text})\nunfinished.replace(path)",
        by="save_file(arrays, path, metadata={HEADER: text})",
        turns_red="TestSaving",
        says="no error",
    ),
    Mistake(
        "an unfinished file is left behind",
        of="save_checkpoint",
        replace="unfinished.unlink(missing_ok=True)",
        by="pass",
        turns_red="TestSaving",
        says=".unfinished",
    ),
    Mistake(
        "the model changes before the optimizer is checked",
        of="load_checkpoint",
        replace='optimizer.load_state_dict({"state": state, "param_groups": header["param_groups"]})',
        by="model.load_state_dict(weights)\n"
        'optimizer.load_state_dict({"state": state, "param_groups": header["param_groups"]})',
        turns_red="TestDamage",
        says="the model stays too",
    ),
    Mistake(
        "missing parameters are passed over",
        of="load_checkpoint",
        replace="model.load_state_dict(weights, strict)",
        by="model.load_state_dict(weights, False)",
        turns_red="TestDamage",
        says="Names or shapes",
    ),
    Mistake(
        "strict is taken and forgotten",
        of="load_checkpoint",
        replace="model.load_state_dict(weights, strict)",
        by="model.load_state_dict(weights)",
        turns_red="TestSaving",
        says="strict=False",
    ),
    Mistake(
        "the optimizer is not put back",
        of="load_checkpoint",
        replace="optimizer.load_state_dict(before)",
        by="pass",
        turns_red="TestDamage",
        says="stays as it was",
    ),
    Mistake(
        "a damaged file shows the reader's own error",
        of="read_checkpoint",
        replace="(RecursionError, ValueError)",
        by="ZeroDivisionError",
        turns_red="TestDamage",
        says="it should mention",
    ),
    Mistake(
        "a header that holds no dictionary is believed",
        of="read_checkpoint",
        replace="if not isinstance(header, dict):",
        by="if header is None:",
        turns_red="TestDamage",
        says="AttributeError",
    ),
    Mistake(
        "an infinite length makes all gradients NaN",
        of="clip_grad_norm_",
        replace="scale = max_norm / (length + 1e-6)",
        by="scale = max_norm / (length + 1e-6) if math.isfinite(length) else math.nan",
        turns_red="TestClipping",
        says="become 0",
    ),
    Mistake(
        "an epoch is told before it is in the history",
        of="Trainer.fit",
        replace="""
            self.history.append(record)
            if on_epoch is not None:
                on_epoch(record)
        """,
        by="""
            if on_epoch is not None:
                on_epoch(record)
            self.history.append(record)
        """,
        turns_red="TestFit",
        says="in the history",
    ),
    Mistake(
        "parts of parts stay in evaluation mode",
        of="Trainer.evaluate",
        replace="[(module, module.training) for module in self.model.modules()]",
        by="[(module, module.training) for module in [self.model, *self.model.children()]]",
        turns_red="TestEvaluate",
        says="in its earlier mode",
    ),
    Mistake(
        "an unfinished file is removed after errors of the disk only",
        of="save_checkpoint",
        replace="""
            try:
                save_file(arrays, unfinished, metadata={HEADER: text})
                unfinished.replace(path)
            finally:
                unfinished.unlink(missing_ok=True)
        """,
        by="""
            try:
                save_file(arrays, unfinished, metadata={HEADER: text})
                unfinished.replace(path)
            except OSError:
                unfinished.unlink(missing_ok=True)
                raise
        """,
        turns_red="TestSaving",
        says="unfinished",
    ),
    Mistake(
        "damaged state shows the error of the optimizer",
        of="load_checkpoint",
        replace="(AttributeError, KeyError, TypeError, ValueError)",
        by="(KeyError, ValueError)",
        turns_red="TestDamage",
        says="without state",
    ),
)
