"""The harness's own subcommands."""

from __future__ import annotations

from ..specs import CommandSpec

RUN = CommandSpec("run", "run methods under a protocol and measure them", "tgbench.commands.run")
RUN_JOB = CommandSpec(
    "run-job", "run one job that `tgbench run --jobs` planned", "tgbench.commands.run_job"
)
STATUS = CommandSpec(
    "status",
    "show what of a run is done, running, failed and waiting, and the time left",
    "tgbench.commands.status",
    computes=False,
)
LIST = CommandSpec(
    "list",
    "list methods, protocols, metrics, identities and settings",
    "tgbench.commands.list",
    computes=False,
)
DOCTOR = CommandSpec(
    "doctor", "check what works here, what is missing and how to get it", "tgbench.commands.doctor"
)
PREPARE = CommandSpec(
    "prepare", "turn a video of one person into an identity", "tgbench.commands.prepare"
)
EXPORT = CommandSpec(
    "export", "write what a method learned to a file for other programs", "tgbench.commands.export"
)
SPLIT = CommandSpec(
    "split", "hold out the frames in which a head turns most", "tgbench.commands.split"
)
SCORE = CommandSpec("score", "measure any two videos, or one", "tgbench.commands.score")
COMPARE = CommandSpec(
    "compare", "test whether two results differ on the same frames", "tgbench.commands.compare"
)
SCHEMA = CommandSpec(
    "schema", "print the JSON Schema of result.json", "tgbench.commands.schema", computes=False
)
VALIDATE = CommandSpec(
    "validate",
    "report everything that is wrong with an identity folder",
    "tgbench.commands.validate",
)
FEATURES = CommandSpec(
    "features",
    "run audio encoders on the sound of identities or on any sound",
    "tgbench.commands.features",
)
WEIGHTS = CommandSpec(
    "weights", "list, fetch, add and verify pretrained files", "tgbench.commands.weights"
)
SYSTEMS = CommandSpec(
    "systems",
    "declared systems of others: list, show, add, remove, new, check",
    "tgbench.commands.systems",
    computes=False,
)
BUNDLE = CommandSpec(
    "bundle", "pack results with their frames, for others to verify", "tgbench.commands.bundle"
)
VERIFY = CommandSpec(
    "verify",
    "measure the frames of a bundle again and compare the numbers",
    "tgbench.commands.verify",
)
CHECK_METHOD = CommandSpec(
    "check-method",
    "check that a method does what its contract and its declaration say",
    "tgbench.commands.check_method",
)
