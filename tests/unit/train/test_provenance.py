from tilewright.train.provenance import find_revision

REVISION = "0123456789abcdef0123456789abcdef01234567"


def test_the_revision_is_found_detached_loose_and_packed(tmp_path):
    git = tmp_path / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    inside = tmp_path / "src" / "package" / "module.py"
    (git / "HEAD").write_text(f"{REVISION}\n")
    assert find_revision(inside) == REVISION
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    assert find_revision(inside) is None
    (git / "packed-refs").write_text(f"# pack-refs\n{REVISION} refs/heads/main\n")
    assert find_revision(inside) == REVISION
    (git / "refs" / "heads" / "main").write_text(f"{REVISION[::-1]}\n")
    assert find_revision(inside) == REVISION[::-1]


def test_outside_a_checkout_there_is_no_revision(tmp_path):
    assert find_revision(tmp_path / "module.py") is None


def test_a_linked_working_tree_shares_the_references(tmp_path):
    git = tmp_path / "main" / ".git"
    (git / "worktrees" / "linked").mkdir(parents=True)
    (git / "packed-refs").write_text(f"{REVISION} refs/heads/topic\n")
    (git / "worktrees" / "linked" / "HEAD").write_text("ref: refs/heads/topic\n")
    (git / "worktrees" / "linked" / "commondir").write_text("../..\n")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / ".git").write_text(f"gitdir: {git / 'worktrees' / 'linked'}\n")
    assert find_revision(tmp_path / "linked" / "module.py") == REVISION
