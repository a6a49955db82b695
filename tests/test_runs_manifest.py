"""The origin that a manifest tells: the commit of a checkout, however git keeps it."""

import pytest

from abm.runs.manifest import commit_of

COMMIT, OTHER = "1f" * 20, "2e" * 20


def written(folder, files):
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{text}\n")


@pytest.mark.parametrize(
    "files",
    [
        {".git/HEAD": COMMIT},
        {".git/HEAD": "ref: refs/heads/main", ".git/refs/heads/main": COMMIT},
        {
            ".git/HEAD": "ref: refs/heads/main",
            ".git/packed-refs": f"{OTHER} refs/heads/not-main\n{COMMIT} refs/heads/main",
        },
    ],
    ids=["no branch", "a branch", "a packed branch"],
)
def test_the_commit_of_a_checkout_is_told(tmp_path, files):
    written(tmp_path, files)
    assert commit_of(tmp_path) == COMMIT


@pytest.mark.parametrize(
    "said", ["../first/.git/worktrees/second", "{}/first/.git/worktrees/second"]
)
def test_a_second_work_tree_tells_its_own_commit(tmp_path, said):
    files = {
        "first/.git/HEAD": "ref: refs/heads/main",
        "first/.git/refs/heads/main": OTHER,
        "first/.git/refs/heads/mine": COMMIT,
        "first/.git/worktrees/second/HEAD": "ref: refs/heads/mine",
        "first/.git/worktrees/second/commondir": "../..",
        "second/.git": f"gitdir: {said.format(tmp_path)}",
    }
    written(tmp_path, files)
    assert commit_of(tmp_path / "second") == COMMIT
    assert commit_of(tmp_path / "first") == OTHER


def test_a_folder_that_is_no_checkout_has_no_commit(tmp_path):
    assert commit_of(tmp_path) is None
