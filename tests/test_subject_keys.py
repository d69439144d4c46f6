"""Keys of persons' sealed fields: one for each, destroyed once and for all, whatever was cut off or restored."""

from __future__ import annotations

from pathlib import Path

import pytest

from service import private_files
from service.application.erasing import Subject, SubjectErasedError
from service.application.ports import LedgerUnavailableError
from service.storage import subject_keys
from service.storage.subject_keys import KeysInUseError, SubjectKeys

ONE = Subject("ev-0123456789abcdef", "harbour.2026")
SAME_ID = Subject(ONE.id, "harbour")
ACCOUNT = Subject("person-0123456789abcdef")


def test_what_is_sealed_is_opened_for_its_own_person_and_field_alone(tmp_path: Path) -> None:
    keys = SubjectKeys(tmp_path)
    sealed = keys.seal(ONE, "name", b"Hong Gil-dong")
    assert keys.seal(ONE, "name", b"Hong Gil-dong") != sealed
    keys.seal(SAME_ID, "name", b"another")
    elsewhere = SubjectKeys(tmp_path)
    assert elsewhere.open(ONE, "name", sealed) == b"Hong Gil-dong"
    assert elsewhere.open(ONE, "contact", sealed) is None
    assert elsewhere.open(SAME_ID, "name", sealed) is None
    assert elsewhere.open(ACCOUNT, "name", sealed) is None


def test_once_erased_nothing_is_opened_nor_sealed_again(tmp_path: Path) -> None:
    keys = SubjectKeys(tmp_path)
    sealed, other = keys.seal(ONE, "name", b"x"), keys.seal(SAME_ID, "name", b"y")
    for _twice in range(2):
        keys.erase(ONE)
        keys.erase(ACCOUNT)
    assert keys.open(ONE, "name", sealed) is None
    with pytest.raises(SubjectErasedError):
        keys.seal(ONE, "name", b"x")
    assert keys.open(SAME_ID, "name", other) == b"y"
    assert keys.erased() == [ACCOUNT, ONE]


def test_a_key_that_comes_back_from_a_backup_or_was_cut_off_goes_again(tmp_path: Path) -> None:
    keys = SubjectKeys(tmp_path)
    sealed = keys.seal(ONE, "name", b"x")
    (file,) = (tmp_path / "keys").iterdir()
    content = file.read_bytes()
    keys.erase(ONE)
    file.write_bytes(content)
    file.with_name(f"{file.name}.17.4").write_bytes(content)
    with pytest.raises(SubjectErasedError):
        keys.seal(ONE, "name", b"x")
    assert list((tmp_path / "keys").iterdir()) == []
    assert keys.open(ONE, "name", sealed) is None


def test_a_key_made_while_the_person_is_erased_does_not_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys, write = SubjectKeys(tmp_path), private_files.write_private

    def erased_meanwhile(file: Path, content: bytes, *, replace: bool) -> None:
        monkeypatch.setattr(subject_keys, "write_private", write)
        SubjectKeys(tmp_path).erase(ONE)
        write(file, content, replace=replace)

    monkeypatch.setattr(subject_keys, "write_private", erased_meanwhile)
    with pytest.raises(SubjectErasedError):
        keys.seal(ONE, "name", b"x")
    assert list((tmp_path / "keys").iterdir()) == []


def test_a_folder_that_cannot_be_used_is_no_erased_person(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("")
    with pytest.raises(LedgerUnavailableError, match="keys"):
        SubjectKeys(tmp_path).seal(ONE, "name", b"x")


def test_a_key_that_was_changed_opens_until_the_next_change(tmp_path: Path) -> None:
    keys = SubjectKeys(tmp_path)
    first = keys.seal(ONE, "name", b"x")
    keys.change(ONE)
    second = keys.seal(ONE, "name", b"y")
    assert [keys.open(ONE, "name", each) for each in (first, second)] == [b"x", b"y"]
    keys.change(ONE)
    assert [keys.open(ONE, "name", each) for each in (first, second)] == [None, b"y"]
    keys.seal(ACCOUNT, "name", b"z")
    assert keys.every() == [ACCOUNT, ONE]
    keys.erase(ONE)
    with pytest.raises(SubjectErasedError):
        keys.change(ONE)
    assert keys.every() == [ACCOUNT]
    with keys.held(), pytest.raises(KeysInUseError), SubjectKeys(tmp_path).held():
        pass
