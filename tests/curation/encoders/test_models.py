"""Models by name: what is accepted, where it is looked for, what is refused and how."""

import json
import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from curation.embeddings import check_model, load_encoder, model_key, split_name
from curation.encoders import models
from curation.encoders.base import Tier
from curation.errors import ModelUnavailable


def test_the_key_is_a_safe_name_and_follows_the_weights(static_model: Path, tmp_path: Path) -> None:
    assert model_key() == "all-MiniLM-L6-v2-53aa51172d14"
    copy = tmp_path / static_model.name
    shutil.copytree(static_model, copy)
    before = model_key(str(copy))
    assert before.startswith("static-model-")
    assert before == model_key(str(static_model))
    (copy / "modules.json").write_text((copy / "modules.json").read_text() + " ")
    assert model_key(str(copy)) != before


def test_a_model_that_is_not_there_is_refused_without_asking_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    for load in (load_encoder, model_key, check_model):
        with pytest.raises(ModelUnavailable, match="no model 'nobody/nothing'") as caught:
            load("nobody/nothing")
        assert "Nothing is downloaded" in caught.value.hint
        with pytest.raises(ModelUnavailable, match=r"modules\.json"):
            load(str(tmp_path))


def test_a_folder_that_does_not_load_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "modules.json").write_text(json.dumps([{"idx": 0, "type": "no.such.Module"}]))
    (tmp_path / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        load_encoder(str(tmp_path))


def test_tampered_default_weights_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "modules.json").write_text("[]")
    (tmp_path / "model.safetensors").write_bytes(b"other weights")
    monkeypatch.setattr(models, "_default_folder", lambda: tmp_path)
    with pytest.raises(ModelUnavailable, match="not the published ones"):
        load_encoder()


@pytest.mark.parametrize(
    ("name", "model", "tier"),
    [
        ("all-MiniLM-L6-v2", "all-MiniLM-L6-v2", Tier.FULL),
        ("all-MiniLM-L6-v2:fast", "all-MiniLM-L6-v2", Tier.FAST),
        ("my/models/small:static", "my/models/small", Tier.STATIC),
        (r"C:\models\small", r"C:\models\small", Tier.FULL),
        (r"C:\models\small:fast", r"C:\models\small", Tier.FAST),
        ("C:/models/static", "C:/models/static", Tier.FULL),
    ],
)
def test_what_follows_the_colon_is_the_tier(name: str, model: str, tier: Tier) -> None:
    assert split_name(name) == (model, tier)


def test_a_folder_may_have_a_colon_in_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "odd:fast"
    folder.mkdir()
    assert split_name(str(folder)) == (str(folder), Tier.FULL)


@pytest.mark.parametrize("name", ["all-MiniLM-L6-v2:quick", "all-MiniLM-L6-v2:", ":fast"])
def test_another_tier_is_refused_with_the_choices(name: str) -> None:
    for check in (check_model, model_key, load_encoder):
        with pytest.raises(ModelUnavailable, match="no way to run a model") as caught:
            check(name)
        choices = ("all-MiniLM-L6-v2 ", "all-MiniLM-L6-v2:fast", "all-MiniLM-L6-v2:static")
        assert all(choice in caught.value.hint for choice in choices)


def test_each_tier_has_a_key_of_its_own() -> None:
    assert model_key("all-MiniLM-L6-v2:fast") == "all-MiniLM-L6-v2-53aa51172d14-fast-2"
    assert model_key("all-MiniLM-L6-v2:static") == "all-MiniLM-L6-v2-53aa51172d14-static-1"
