"""Wrong ways to write 20 competition."""

from tests.proofs.mistakes.catalogue import Mistake


def mistake(title, of, replace, by, turns_red, says=""):
    return Mistake(title, of, replace, by, f"Test{turns_red}", says)


MISTAKES = (
    mistake(
        "a digest in whatever order",
        "digest_of",
        "sorted(model.state_dict().items())",
        "reversed(model.state_dict().items())",
        "Fingerprints",
        "digest_of",
    ),
    mistake(
        "a digest without dtypes",
        "digest_of",
        'f"{name} {value.dtype.str} {value.shape}\\n"',
        'f"{name} {value.shape}\\n"',
        "Fingerprints",
        "digest_of",
    ),
    mistake(
        "a digest of rounded numbers",
        "digest_of",
        "np.ascontiguousarray(value)",
        "np.round(value, 4)",
        "Fingerprints",
        "digest_of",
    ),
    mistake(
        "line ends are part of the source",
        "digest_of_source",
        'file.read_text(encoding="utf-8")',
        'file.read_bytes().decode("utf-8")',
        "Fingerprints",
        "digest_of_source",
    ),
    mistake(
        "names of files are not",
        "digest_of_source",
        'f"{file.name} {len(text)}\\n{text}"',
        'f"{len(text)}\\n{text}"',
        "Fingerprints",
        "expected",
    ),
    mistake(
        "everything is sparse",
        "stored_bytes",
        "total += min(value.nbytes, sparse)",
        "total += sparse",
        "Measures",
        "stored_bytes",
    ),
    mistake(
        "kernels are never sparse",
        "stored_bytes",
        "value.ndim >= 2",
        "value.ndim == 2",
        "Measures",
        "stored_bytes",
    ),
    mistake(
        "INT8 layers cost nothing",
        "energy_of",
        "whole += 2 * layer.codes.size * rows",
        "whole += 0",
        "Measures",
        "energy_of",
    ),
    mistake(
        "INT8 costs as much as FP32",
        "energy_of",
        "INT8_ENERGY * whole",
        "FLOAT_ENERGY * whole",
        "Measures",
        "energy_of",
    ),
    mistake(
        "the counter is left on the layer",
        "energy_of",
        "del layer.forward",
        "pass",
        "Measures",
        "energy_of",
    ),
    mistake(
        "the highest score along the wrong axis",
        "accuracy_of",
        "scores.argmax(axis=-1)",
        "scores.argmax(axis=1)",
        "Measures",
        "accuracy_of",
    ),
    mistake(
        "the baseline's numbers are the model's",
        "measurements",
        '("baseline_", baseline)',
        '("baseline_", model)',
        "Measures",
        "measurements",
    ),
    mistake(
        "the model is measured as the baseline",
        "measurements",
        "compare(lambda: baseline(inputs), lambda: model(inputs), **timing)",
        "compare(lambda: model(inputs), lambda: baseline(inputs), **timing)",
        "Measures",
        "measurements",
    ),
    mistake(
        "a seal of the seal",
        "seal_of",
        'name != "seal"',
        "True",
        "Submissions",
        "seal",
    ),
    mistake(
        "a seal that depends on the order",
        "seal_of",
        'json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True)',
        'json.dumps(told, sort_keys=False, separators=(",", ":"), ensure_ascii=True)',
        "Submissions",
        "seal",
    ),
    mistake(
        "a seal of the names only",
        "seal_of",
        'json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True)',
        'json.dumps(sorted(told), sort_keys=True, separators=(",", ":"), ensure_ascii=True)',
        "Submissions",
        "seal",
    ),
    mistake(
        "the seal is not looked at",
        "validate",
        'document["seal"] != seal_of(document)',
        "False",
        "Submissions",
        "seal",
    ),
    mistake(
        "more than is known is let in",
        "validate",
        '[f"{name} does not belong here" for name in document if name not in PROPERTIES]',
        '[f"{name} does not belong here" for name in ()]',
        "Submissions",
        "prize",
    ),
    mistake(
        "only the first problem is told",
        "validate",
        "raise InvalidSubmission(problems)",
        "raise InvalidSubmission(problems[:1])",
        "Submissions",
    ),
    mistake(
        "true is a number",
        "problems_of",
        'not isinstance(value, TYPES[rule["type"]]) or isinstance(value, bool)',
        'not isinstance(value, TYPES[rule["type"]])',
        "Submissions",
        "bytes",
    ),
    mistake(
        "NaN is a number of seconds",
        "problems_of",
        "if isinstance(value, (int, float)) and not abs(value) <= sys.float_info.max:",
        "if False:",
        "Submissions",
        "finite",
    ),
    mistake(
        "no time at all is a time",
        "problems_of",
        'not value > rule["exclusiveMinimum"]',
        'value < rule["exclusiveMinimum"]',
        "Submissions",
        "seconds",
    ),
    mistake(
        "a pattern that the beginning fits",
        "problems_of",
        're.fullmatch(rule["pattern"], value)',
        're.match(rule["pattern"].rstrip("$"), value + "0" * 64)',
        "Submissions",
    ),
    mistake(
        "no digest of the model",
        "Submission.measure",
        "digest_of(model)",
        "digest_of(baseline)",
        "Submissions",
        "expected",
    ),
    mistake(
        "a document that is believed",
        "Submission.from_document",
        "validate(document)",
        "",
        "Submissions",
        "seal",
    ),
    mistake(
        "the score upside down",
        "score",
        'getattr(submission, f"baseline_{counted}") / getattr(submission, counted)',
        'getattr(submission, counted) / getattr(submission, f"baseline_{counted}")',
        "Scores",
        "score",
    ),
    mistake(
        "accuracy does not matter",
        "score",
        "submission.accuracy < submission.baseline_accuracy - floor - 1e-12",
        "False",
        "Scores",
        "score",
    ),
    mistake(
        "the floor itself is below the floor",
        "score",
        "submission.baseline_accuracy - floor - 1e-12",
        "submission.baseline_accuracy - floor + 1e-12",
        "Scores",
        "score",
    ),
    mistake(
        "the last attempt counts",
        "Leaderboard.ranking",
        "if points > 0 and submission.name not in names:",
        "best = [b for b in best if b[1].name != submission.name]\nif points > 0:",
        "Scores",
        "ranking",
    ),
    mistake(
        "the worst first",
        "Leaderboard.ranking",
        "(-entry[0], -entry[1].accuracy)",
        "(entry[0], -entry[1].accuracy)",
        "Scores",
        "ranking",
    ),
    mistake(
        "who lost too much is ranked",
        "Leaderboard.ranking",
        "points > 0 and submission.name not in names",
        "submission.name not in names",
        "Scores",
        "ranking",
    ),
    mistake(
        "any model may be judged",
        "Leaderboard.judge",
        "if digest_of(model) != submission.model:",
        "if False:",
        "Scores",
        "model",
    ),
    mistake(
        "the judge believes what was claimed",
        "Leaderboard.judge",
        "replace(submission, **measured, environment=environment())",
        "submission",
        "Scores",
        "score",
    ),
    mistake(
        "anything is entered",
        "Leaderboard.enter",
        "validate(submission.document())",
        "",
        "Scores",
        "seconds",
    ),
    mistake(
        "the file is written in place",
        "Leaderboard.save",
        'whole = path.with_name(path.name + ".new")',
        "whole = path\nwhole.write_text('')",
        "Scores",
    ),
    mistake(
        "a damaged file without its name",
        "Leaderboard.load",
        'f"{path} is not JSON: {error}"',
        'f"not JSON: {error}"',
        "Scores",
        "board.json",
    ),
    mistake(
        "percentiles four in a hundred too low",
        "Monitor.report",
        "lasted.percentile(p)",
        "lasted.percentile(p - 4)",
        "Monitor",
        "report",
    ),
    mistake(
        "throughput by the time of the answers only",
        "Monitor.report",
        "self.last - self.first",
        "sum(self.latencies)",
        "Monitor",
        "report",
    ),
    mistake(
        "drift in the units of the input",
        "Monitor.report",
        "abs(np.mean(self.means) - self.mean) / self.spread",
        "abs(np.mean(self.means) - self.mean)",
        "Monitor",
        "report",
    ),
    mistake(
        "drift of one direction",
        "Monitor.report",
        "abs(np.mean(self.means) - self.mean)",
        "(np.mean(self.means) - self.mean)",
        "Monitor",
        "report",
    ),
    mistake(
        "errors are answers, too",
        "Monitor.record",
        "self.errors += 1\nreturn",
        "self.errors += 1",
        "Monitor",
        "report",
    ),
    mistake(
        "everything is remembered for ever",
        "Monitor.__init__",
        "deque(maxlen=window), deque(maxlen=window)",
        "deque(), deque()",
        "Monitor",
        "report",
    ),
    mistake(
        "the spread of all pixels",
        "Monitor.__init__",
        "float(means.mean()), float(means.std())",
        "float(known.mean()), float(known.std())",
        "Monitor",
        "report",
    ),
    mistake(
        "one by one, as if there were no batches",
        "Server.step",
        "self.answer(self.batcher.take())",
        "sum(self.answer([request]) for request in self.batcher.take())",
        "Server",
        "expected",
    ),
    mistake(
        "one failure fails the batch",
        "Server.answer",
        """
            if len(batch) > 1:
                return sum(self.answer([request]) for request in batch)
            outcomes = [error]
        """,
        "outcomes = [error] * len(batch)",
        "Server",
    ),
    mistake(
        "a failure ends the server",
        "Server.answer",
        """
            try:
                outcomes = self.outputs([sample for _, sample, _ in batch])
            except Exception as error:
                if len(batch) > 1:
                    return sum(self.answer([request]) for request in batch)
                outcomes = [error]
        """,
        """
            try:
                outcomes = self.outputs([sample for _, sample, _ in batch])
            except ZeroDivisionError as error:
                if len(batch) > 1:
                    return sum(self.answer([request]) for request in batch)
                outcomes = [error]
        """,
        "Server",
    ),
    mistake(
        "answers in the wrong hands",
        "Server.answer",
        "zip(batch, outcomes, strict=True)",
        "zip(batch, outcomes[::-1], strict=True)",
        "Server",
        "result",
    ),
    mistake(
        "latency from the moment the batch left",
        "Server.answer",
        "self.monitor.record(sample, arrived, left, failed)",
        "self.monitor.record(sample, left, left, failed)",
        "Server",
    ),
    mistake(
        "rows are not counted",
        "Server.outputs",
        "if len(rows) != len(samples):",
        "if False:",
        "Server",
    ),
    mistake(
        "answers are kept for ever",
        "Server.result",
        "self.results.pop(ticket)",
        "self.results[ticket]",
        "Server",
        "KeyError",
    ),
    mistake(
        "who waits is unknown",
        "Server.result",
        "if ticket in self.pending:\n    return None",
        "",
        "Server",
    ),
    mistake(
        "only one batch is drained",
        "Server.drain",
        "while len(self.batcher):",
        "if len(self.batcher):",
        "Server",
        "drain",
    ),
    mistake(
        "sleeping past the deadline, until the next request",
        "serve",
        "nexts += [batcher.deadline] if len(batcher) else []",
        "nexts = nexts or ([batcher.deadline] if len(batcher) else [])",
        "Server",
    ),
    mistake(
        "a claim that nobody checks",
        "Leaderboard.judge",
        "validate(submission.document())",
        "",
        "Scores",
        "seconds",
    ),
    mistake(
        "time until the answer that was told last",
        "Monitor.record",
        "self.last = left if self.last is None else max(self.last, left)",
        "self.last = left",
        "Monitor",
        "0.3",
    ),
    Mistake(
        "a fingerprint without Buffers",
        of="digest_of",
        replace="model.state_dict().items()",
        by="((name, p.data) for name, p in model.named_parameters())",
        turns_red="TestFingerprints",
        says="digest_of",
    ),
    Mistake(
        "bytes of parameters alone, which a quantized model has none of",
        of="stored_bytes",
        replace="model.state_dict().values()",
        by="(parameter.data for parameter in model.parameters())",
        turns_red="TestMeasures",
        says="stored_bytes",
    ),
    Mistake(
        "a forward of the layer's own that is lost",
        of="energy_of",
        replace="forward is not None",
        by="False",
        turns_red="TestMeasures",
        says="another forward",
    ),
    Mistake(
        "operations counted while gradients are recorded",
        of="energy_of",
        replace="with no_grad():",
        by="if True:",
        turns_red="TestMeasures",
        says="gradient",
    ),
    Mistake(
        "seconds that were not measured in pairs",
        of="measurements",
        replace="times.baseline.median / times.ratio",
        by="times.candidate.median",
        turns_red="TestMeasures",
        says="1.5",
    ),
    Mistake(
        "times that include recording",
        of="measurements",
        replace="with no_grad():",
        by="if True:",
        turns_red="TestMeasures",
        says="gradient",
    ),
    Mistake(
        "a seal that depends on how letters are written",
        of="seal_of",
        replace="json.dumps(told, sort_keys=True, separators=(',', ':'), ensure_ascii=True)",
        by="json.dumps(told, sort_keys=True, separators=(',', ':'), ensure_ascii=False)",
        turns_red="TestSubmissions",
        says="seal",
    ),
    Mistake(
        "a line end behind a digest",
        of="problems_of",
        replace="re.fullmatch",
        by="re.match",
        turns_red="TestSubmissions",
        says="should mention",
    ),
    Mistake(
        "an environment that was claimed",
        of="Leaderboard.judge",
        replace="replace(submission, **measured, environment=environment())",
        by="replace(submission, **measured)",
        turns_red="TestScores",
        says="python",
    ),
    Mistake(
        "the old file overwritten",
        of="Leaderboard.save",
        replace="""
            whole.write_text(json.dumps(documents, indent=1), encoding="utf-8")
            whole.replace(path)
        """,
        by='path.write_text(json.dumps(documents, indent=1), encoding="utf-8")',
        turns_red="TestScores",
        says="overwritten",
    ),
    Mistake(
        "a floor that is forgotten",
        of="Leaderboard.load",
        replace="cls(floor)",
        by="cls()",
        turns_red="TestScores",
        says="0.5",
    ),
    Mistake(
        "inputs of failures among those that drift",
        of="Monitor.record",
        replace="self.errors += 1",
        by="""
            self.errors += 1
            self.means.append(float(np.mean(sample)))
        """,
        turns_red="TestMonitor",
        says="drift",
    ),
    Mistake(
        "an input that changes while it waits",
        of="Server.submit",
        replace="np.array(sample)",
        by="np.asarray(sample)",
        turns_red="TestServer",
        says="expected",
    ),
    Mistake(
        "an error that may be fetched again and again",
        of="Server.result",
        replace="outcome = self.results.pop(ticket)",
        by="""
            outcome = self.results[ticket]
            if not isinstance(outcome, Exception):
                del self.results[ticket]
        """,
        turns_red="TestServer",
        says="KeyError",
    ),
    Mistake(
        "a server that cannot be stopped",
        of="Server.answer",
        replace="""
            try:
                outcomes = self.outputs([sample for _, sample, _ in batch])
            except Exception as error:
                if len(batch) > 1:
                    return sum(self.answer([request]) for request in batch)
                outcomes = [error]
        """,
        by="""
            try:
                outcomes = self.outputs([sample for _, sample, _ in batch])
            except BaseException as error:
                if len(batch) > 1:
                    return sum(self.answer([request]) for request in batch)
                outcomes = [error]
        """,
        turns_red="TestServer",
        says="Stop",
    ),
)
