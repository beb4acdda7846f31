"""`ganray tensorboard`, by the command."""

from __future__ import annotations

from tests.cli.command import ganray


def test_the_curves_of_a_run(finished, tmp_path):
    words = ("tensorboard", "tiny", "--store", finished.url, "--to", tmp_path / "to")
    answer = ganray(*words, "--follow")  # its driver has ended, so there is nothing to wait for
    assert answer.code == 0
    assert f"4 curves in {tmp_path / 'to'}" in answer.out
    assert len(list((tmp_path / "to").glob("*/events.out.tfevents.*"))) == 4
    assert ganray(*words, "--json").json["iterations"]["joint r0"] == 4
    assert len(list((tmp_path / "to").glob("*/events.out.tfevents.*"))) == 4


def test_a_folder_elsewhere_is_refused(finished):
    ganray("tensorboard", "tiny", "--store", finished.url, "--to", "s3://b/x").refused(
        "--to (='s3://b/x')", "folder of this machine"
    )
