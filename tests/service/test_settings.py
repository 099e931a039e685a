"""Settings are read once, checked, and closed by default."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from planner.structures import Side
from service.errors import SettingsError, UnknownSettingError
from service.settings import Action, Publish, Settings, load_settings
from service.settings.loading import _part_of

PLANNING_RULE = """
[[rules]]
name = "order 1"
action = "plan"
match = {{ {match} }}
procedure = "prt"
root = "L3"
{side}
"""


def settings_from(tmp_path: Path, text: str, **environment: str):
    path = tmp_path / "needleplan.toml"
    path.write_text(text)
    return load_settings(path, environment)


def planning_rule(match='study_uid = "1.2", patient_id = "7"', side='side = "left"'):
    return PLANNING_RULE.format(match=match, side=side)


def test_without_a_file_nobody_may_send_and_nothing_leaves_unsigned():
    settings = load_settings(None, {})
    assert settings.receiver.host == "127.0.0.1"
    assert settings.receiver.allowed_calling_ae_titles == ()
    assert settings.publish is Publish.ON_SIGNATURE
    assert settings.rules == ()


def test_an_unknown_key_is_refused_with_the_valid_ones(tmp_path):
    with pytest.raises(UnknownSettingError, match=r"'receiver\.prot' is not known; valid here: .*port"):
        settings_from(tmp_path, "[receiver]\nprot = 1\n")
    with pytest.raises(UnknownSettingError, match=r"'reciever' is not known; valid here: .*receiver"):
        settings_from(tmp_path, "[reciever]\nport = 1\n")
    with pytest.raises(UnknownSettingError, match=r"match\.studyuid.*study_uid"):
        settings_from(tmp_path, planning_rule(match='studyuid = "1.2"'))


def test_the_environment_wins_and_is_checked_too(tmp_path):
    text = "[receiver]\nport = 104\n"
    settings = settings_from(
        tmp_path,
        text,
        NEEDLEPLAN_RECEIVER__PORT="11113",
        NEEDLEPLAN_RECEIVER__ALLOWED_CALLING_AE_TITLES='["CT1", "CT2"]',
        NEEDLEPLAN_PUBLISH="drafts",
        NEEDLEPLAN_DATA="/elsewhere",
        HOME="/root",
    )
    assert settings.receiver.port == 11113
    assert settings.receiver.allowed_calling_ae_titles == ("CT1", "CT2")
    assert settings.publish is Publish.DRAFTS
    with pytest.raises(UnknownSettingError, match=r"receiver\.prot"):
        settings_from(tmp_path, text, NEEDLEPLAN_RECEIVER__PROT="1")


@pytest.mark.parametrize(
    "text", ["[receiver]\nport = 70000\n", '[receiver]\nae_title = "MORE THAN SIXTEEN CHARS"\n', "x = "]
)
def test_a_value_out_of_range_is_refused(tmp_path, text):
    with pytest.raises(SettingsError):
        settings_from(tmp_path, text)


def test_a_planning_rule_says_what_where_and_whose(tmp_path):
    rule = settings_from(tmp_path, planning_rule()).rules[0]
    assert rule.action is Action.PLAN
    assert rule.request().side is Side.LEFT


@pytest.mark.parametrize(
    ("rule", "missing"),
    [
        (planning_rule(match='patient_id = "7"'), "study_uid or accession_number"),
        (planning_rule(match='study_uid = "1.2"'), "patient_id"),
        (planning_rule(side=""), "--side"),
        (planning_rule(side='side = "L"'), "left, right"),
        (planning_rule(side='side = "left"\nlevel = "L3/L4"'), "name the place once"),
        (planning_rule().replace('"plan"', '"segment"'), "names a target"),
    ],
)
def test_a_planning_rule_that_leaves_something_open_is_refused(tmp_path, rule, missing):
    with pytest.raises(SettingsError, match=missing):
        settings_from(tmp_path, rule)


def test_destination_names_differ(tmp_path):
    one = '[[destinations]]\nname = "pacs"\nae_title = "P"\nhost = "h"\nport = 104\n'
    with pytest.raises(SettingsError, match="must differ"):
        settings_from(tmp_path, one + one)


def documented_settings() -> str:
    page = Path(__file__).parents[2] / "docs" / "operations.md"
    return "\n".join(block.split("```")[0] for block in page.read_text().split("```toml")[1:])


def test_the_documented_settings_are_valid_and_name_every_key(tmp_path):
    text = documented_settings()
    settings = settings_from(tmp_path, text)
    assert settings.rules[0].request().side is Side.LEFT
    assert [key for key in every_key(Settings) if not re.search(rf"\b{key}\b", text)] == []


def every_key(part: type[BaseModel]):
    """Each key of a table and of the tables below it."""
    for name, field in part.model_fields.items():
        yield name
        below = _part_of(field.annotation)
        if below is not None:
            yield from every_key(below)


def test_the_documented_defaults_are_the_defaults(tmp_path):
    documented, default = settings_from(tmp_path, documented_settings()), load_settings(None, {})
    for part in ("storage", "inbox", "jobs", "outbox", "publish"):
        assert getattr(documented, part) == getattr(default, part)


def test_beyond_loopback_the_receiver_says_for_whom(tmp_path):
    with pytest.raises(SettingsError, match=r"networks .*or tls"):
        settings_from(tmp_path, '[receiver]\nhost = "0.0.0.0"\n')
    assert settings_from(tmp_path, '[receiver]\nhost = "0.0.0.0"\nnetworks = ["10.1.0.0/16"]\n').receiver.networks
    with pytest.raises(SettingsError, match="does not appear to be"):
        settings_from(tmp_path, '[receiver]\nnetworks = ["10.1.0.0/33"]\n')


def test_with_tls_every_sender_has_a_certificate(tmp_path):
    tls = 'tls = { certificate = "a", private_key = "b", authority = "c", senders = { CT1 = "ct1.example" } }\n'
    assert settings_from(tmp_path, f'[receiver]\nallowed_calling_ae_titles = ["CT1"]\n{tls}').receiver.tls
    with pytest.raises(SettingsError, match="no certificate for CT2"):
        settings_from(tmp_path, f'[receiver]\nallowed_calling_ae_titles = ["CT1", "CT2"]\n{tls}')
