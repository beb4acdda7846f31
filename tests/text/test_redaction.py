"""Secrets that a log must not hold, and innocent texts that it must."""

from __future__ import annotations

import pytest

from ganray.text.redaction import REDACTED, redacted


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("cannot read https://ann:pa55word@example.org/set.zip now", "pa55word"),
        ("GET s3://bucket/x?X-Amz-Signature=0123abcd&X-Amz-Credential=me", "0123abcd"),
        ("key AKIAIOSFODNN7EXAMPLE is not known", "AKIAIOSFODNN7EXAMPLE"),
        ("Bearer hf_aBcDeFgHiJkLmNoPqRsTuV is none", "hf_aBcDeFgHiJkLmNoPqRsTuV"),
        ("{'aws_secret_access_key': 'wJalrXUtnFEMI/K7MDENG'}", "wJalrXUtnFEMI/K7MDENG"),
        ("session_token=FwoGZXIvYXdzEBYaD", "FwoGZXIvYXdzEBYaD"),
        ("private_key = 'MIIEvQIBADANBg'", "MIIEvQIBADANBg"),
        ("password: hunter2hunter2", "hunter2hunter2"),
        ("Authorization: Bearer abc.def.ghi", "abc.def.ghi"),
    ],
)
def test_secrets_are_taken_out(text, secret):
    assert secret not in redacted(text)


def test_the_values_of_secret_variables_are_taken_out(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "0123456789abcdef")
    monkeypatch.setenv("Tunnel_Private_Part", "MIIEvQIBADANBg")
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", "/home/ann/token")
    text = redacted("sent wJalrXUtnFEMI MIIEvQIBADANBg 0123456789abcdef from /home/ann/token")
    assert text == f"sent {REDACTED} {REDACTED} {REDACTED} from /home/ann/token"


@pytest.mark.parametrize(
    "text",
    [
        "joint r0: 30/100 critic_loss -2.5 images_per_second 812",
        "its input train/0123456789abcdef0123456789abcdef/step-000000100 is not in /data/store",
        "see https://example.org/page for more",
        "tokens: 12",
        "Schlüssel, 鍵 und κλειδί",
    ],
)
def test_other_texts_stay_as_they_are(text):
    assert redacted(text) == text
