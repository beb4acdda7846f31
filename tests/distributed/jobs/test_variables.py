"""Environment variables of a job: what is passed on, and what a failed one lacked."""

from __future__ import annotations

import pytest

from ganray.distributed.jobs.variables import missed, passed_on
from ganray.errors import RefusedInput

LOG = "2026-01-01 INFO worker.py\nerror: store s3://b/p: no credentials found (x)\n"


def test_variables_go_by_name_and_secrets_do_not(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://here:9000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    assert passed_on(["AWS_ENDPOINT_URL"]) == {"AWS_ENDPOINT_URL": "http://here:9000"}
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "RAY_AUTH_TOKEN", "DB_PASSWORD"):
        with pytest.raises(RefusedInput, match=name) as refused:
            passed_on([name])
        assert "hush" not in str(refused.value)
    monkeypatch.setenv("OPENAI_APIKEY", "hush")
    monkeypatch.setenv("HTTPS_PROXY", "http://me:hush@proxy:3128")
    monkeypatch.setenv("SET", "https://host/set.zip?X-Amz-Signature=hush")
    for name in ("OPENAI_APIKEY", "HTTPS_PROXY", "SET"):
        with pytest.raises(RefusedInput, match=f"--env .='{name}'. may be a secret") as refused:
            passed_on([name])
        assert "hush" not in str(refused.value)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    assert passed_on(["HTTPS_PROXY"]) == {"HTTPS_PROXY": "http://proxy:3128"}
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    with pytest.raises(RefusedInput, match="not set here"):
        passed_on(["AWS_ENDPOINT_URL"])


@pytest.fixture
def nothing_set(monkeypatch):
    for name in ("ENDPOINT_URL", "ENDPOINT_URL_S3", "REGION", "DEFAULT_REGION", "ACCESS_KEY_ID",
                 "SECRET_ACCESS_KEY", "SESSION_TOKEN"):  # fmt: skip
        monkeypatch.delenv(f"AWS_{name}", raising=False)


@pytest.mark.usefixtures("nothing_set")
def test_a_job_that_failed_at_a_bucket_is_told_what_it_was_not_given(monkeypatch):
    assert missed(LOG, {}) is None
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://here:9000")
    monkeypatch.setenv("AWS_REGION", "eu")
    assert missed(LOG, {}) == (
        "AWS_ENDPOINT_URL, AWS_REGION are set here and not given to the job; where the nodes lack "
        "them, submit with --env AWS_ENDPOINT_URL --env AWS_REGION"
    )
    assert missed(LOG, {"AWS_ENDPOINT_URL": "x", "AWS_REGION": "y"}) is None


@pytest.mark.usefixtures("nothing_set")
def test_secrets_are_named_and_never_shown(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "hush-hush")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush-hush")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://me:hush@here:9000")
    said = missed(LOG, {})
    assert "AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY are set here" in said
    assert "on the nodes before `ray start`" in said
    assert "--env" not in said
    assert "hush" not in said


@pytest.mark.parametrize(
    "log",
    [
        "error: data.source (='/data'): there is nothing there\n",
        "error: model.width (=0) must be at least 1\n",
        "reading s3://b/p\nsteps: 3\n",
        "",
    ],
)
def test_other_failures_need_no_such_advice(log, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://here:9000")
    assert missed(log, {}) is None
    for failed in ("failed: class 3 r0: store s3://b/p: access denied", "error: AWS_ENDPOINT_URL"):
        assert missed(f"{log}{failed}\n", {})
