"""The harness's own subcommands."""

from __future__ import annotations

from ..specs import CommandSpec

RUN = CommandSpec(
    "run", "run a method under a protocol, measure it, leave a result", "tgbench.commands.run"
)
RUN_JOB = CommandSpec(
    "run-job", "do one job that `tgbench run --jobs` planned", "tgbench.commands.run_job"
)
LIST = CommandSpec(
    "list",
    "what is installed: methods, protocols, metrics, identities",
    "tgbench.commands.list",
    computes=False,
)
DOCTOR = CommandSpec(
    "doctor", "what works here, what is missing, how to get it", "tgbench.commands.doctor"
)
PREPARE = CommandSpec(
    "prepare", "turn a video of one person into an identity", "tgbench.commands.prepare"
)
EXPORT = CommandSpec(
    "export", "write what a method learned as a file for other programs", "tgbench.commands.export"
)
SCORE = CommandSpec("score", "metrics alone, for any two videos", "tgbench.commands.score")
COMPARE = CommandSpec(
    "compare", "is one result better than another, on the same frames", "tgbench.commands.compare"
)
SCHEMA = CommandSpec(
    "schema", "print the JSON Schema of result.json", "tgbench.commands.schema", computes=False
)
VALIDATE = CommandSpec(
    "validate", "say everything that is wrong with an identity folder", "tgbench.commands.validate"
)
WEIGHTS = CommandSpec(
    "weights", "the pretrained files: list, fetch, add, verify", "tgbench.commands.weights"
)
BUNDLE = CommandSpec(
    "bundle", "pack results with their frames, for others to verify", "tgbench.commands.bundle"
)
VERIFY = CommandSpec(
    "verify", "measure a bundle again: do its numbers follow?", "tgbench.commands.verify"
)
