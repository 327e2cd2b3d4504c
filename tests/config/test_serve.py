"""`python -m config.serve ROLE`: the processes of a deployment."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.files.storage import FileSystemStorage
from django.core.management import CommandError, call_command
from django.db import connection

from config import processes, serve, static_files
from config.variables import SECTIONS

ROOT = Path(settings.BASE_DIR)
STORAGE = {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}


def run_serve(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "config.serve", *arguments],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_unknown_role_is_refused_with_the_list_of_roles() -> None:
    for arguments in ([], ["cron"], ["web", "click"]):
        process = run_serve(*arguments)
        assert process.returncode == 2
        assert "web|click|worker|beat|migrate" in process.stderr


def test_malformed_variable_is_named_without_a_traceback() -> None:
    process = run_serve("click", CLICK_PORT="many")
    assert process.returncode == 2
    assert process.stderr.strip() == "config.serve click: CLICK_PORT must be a whole number of at least 1, not 'many'"


def test_program_becomes_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    monkeypatch.setattr(os, "execv", lambda program, arguments: started.append((program, arguments)))
    monkeypatch.setattr(processes, "WEB_PORT", 8123)
    monkeypatch.setattr(processes, "WEB_THREADS", 20)
    serve.main(["web"])
    [(program, arguments)] = started
    assert program == arguments[0] == sys.executable
    command = " ".join(arguments)
    assert "config.http_server --interface wsgi" in command
    assert "--port 8123 --workers 1 --blocking-threads 20 config.wsgi:application" in command


def test_every_variable_of_processes_is_documented() -> None:
    listed = {variable.name for part in ("Processes", "Directories", "Tracking") for variable in SECTIONS[part]}
    assert set(processes.__all__) <= listed


def test_beat_writes_its_file_where_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "BEAT_SCHEDULE_FILE", tmp_path / "state" / "times")
    assert str(tmp_path / "state" / "times") in serve.prepare_beat()
    assert (tmp_path / "state").is_dir()
    (tmp_path / "file").touch()
    monkeypatch.setattr(processes, "BEAT_SCHEDULE_FILE", tmp_path / "file" / "times")
    with pytest.raises(serve.CannotServeError, match="BEAT_SCHEDULE_FILE cannot be written"):
        serve.prepare_beat()


def test_static_files_are_collected_when_they_change(tmp_path: Path, settings, monkeypatch) -> None:
    source, root = tmp_path / "source", tmp_path / "root"
    source.mkdir()
    (source / "a.css").write_text("a {}")
    settings.STATIC_ROOT, settings.STORAGES = root, settings.STORAGES | STORAGE
    settings.STATICFILES_DIRS = [source]
    finder = finders.FileSystemFinder()
    monkeypatch.setattr(static_files, "get_finders", lambda: [finder])
    monkeypatch.setattr("django.contrib.staticfiles.management.commands.collectstatic.get_finders", lambda: [finder])

    assert static_files.collect_if_changed()
    assert (root / "staticfiles.json").exists()
    [first] = root.glob("a.*.css")
    assert not static_files.collect_if_changed()
    (source / "a.css").write_text("b { color: red }")
    assert static_files.collect_if_changed()
    assert len(list(root.glob("a.*.css"))) == 2, "a page of the version before needs its file"
    assert first.exists()
    (root / "staticfiles.json").unlink()
    assert static_files.collect_if_changed()


def test_static_files_stay_collected_when_a_copy_changes_their_times(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "a.css"
    source.write_text("a {}")
    finder = finders.FileSystemFinder()
    finder.locations, finder.storages = [("", str(tmp_path))], {str(tmp_path): FileSystemStorage(location=tmp_path)}
    monkeypatch.setattr(static_files, "get_finders", lambda: [finder])
    before = static_files.compute_fingerprint()
    os.utime(source, (0, 0))
    assert static_files.compute_fingerprint() == before


def test_migrate_runs_as_the_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://accord_app:secret@127.0.0.1/accord")
    monkeypatch.delenv("DATABASE_OWNER_URL", raising=False)
    assert serve.prepare_migrate()[1:] == ["migrate"]
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgres://accord_owner:secret@127.0.0.1/accord")
    assert serve.prepare_migrate()[1:] == ["migrate_as_owner", "accord_app"]
    assert os.environ["DATABASE_URL"] == "postgres://accord_owner:secret@127.0.0.1/accord"


@pytest.mark.django_db
def test_migrate_as_owner_refuses_roles_that_triggers_do_not_stop() -> None:
    user = connection.settings_dict["USER"]
    with pytest.raises(CommandError, match="both name the role"):
        call_command("migrate_as_owner", user)
    with pytest.raises(CommandError, match="does not exist"):
        call_command("migrate_as_owner", "nobody_at_all")
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE another_superuser SUPERUSER")
    with pytest.raises(CommandError, match="a superuser"):
        call_command("migrate_as_owner", "another_superuser")
