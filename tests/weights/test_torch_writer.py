"""Files that are written without torch, read by torch itself."""

import pickletools
import zipfile

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from tgbench.weights.torch_writer import write_tensors

ARRAYS = st.dictionaries(
    st.text(max_size=8),
    arrays(np.float32, array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=5)),
    max_size=4,
)


@given(content=ARRAYS)
def test_torch_reads_what_was_written(content, tmp_path_factory):
    path = tmp_path_factory.mktemp("tensors") / "some.pt"
    write_tensors(path, content)
    for mapped in (False, True):
        read = torch.load(path, weights_only=True, mmap=mapped)
        assert list(read) == list(content)
        for name, array in content.items():
            assert read[name].dtype == torch.float32
            np.testing.assert_array_equal(read[name].numpy(), array)


def test_the_pickle_does_as_that_of_torch(tmp_path):
    # Of one tensor: torch refers back to what a second one would repeat.
    euler = np.ones((4, 3), np.float32)
    write_tensors(tmp_path / "ours.pt", {"euler": euler})
    torch.save({"euler": torch.from_numpy(euler)}, tmp_path / "theirs.pt")
    ours, theirs = (_steps(tmp_path / name) for name in ("ours.pt", "theirs.pt"))
    assert ours == theirs


@pytest.mark.parametrize("side", [1, 1000])
def test_tensors_are_aligned(tmp_path, side):
    path = tmp_path / "some.pt"
    write_tensors(path, {"a": np.ones(side, np.float32), "b": np.ones((side, 3), np.float32)})
    with zipfile.ZipFile(path) as archive, path.open("rb") as stream:
        for entry in archive.infolist():
            if "/data/" in entry.filename:
                stream.seek(entry.header_offset + 26)
                name, extra = np.frombuffer(stream.read(4), "<u2").astype(int)
                assert (entry.header_offset + 30 + name + extra) % 64 == 0


def _steps(path):
    """Return the values that a pickle is made of, without how they are remembered and encoded."""
    with zipfile.ZipFile(path) as archive:
        (name,) = [each for each in archive.namelist() if each.endswith("data.pkl")]
        steps = pickletools.genops(archive.read(name))
        return [value for code, value, _ in steps if value is not None and "PUT" not in code.name]
