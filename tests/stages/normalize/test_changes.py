"""The names of the changes, and the settings that allow them."""

from stages.normalize import change_kernels as bits
from stages.normalize.changes import KINDS, change_names
from stages.normalize.columns import FUNCTIONS, STEPS
from stages.normalize.normalize import SETTING_BITS, Normalize


def test_names_of_a_value():
    assert change_names(0) == []
    assert change_names(bits.COMPOSED | bits.CONTROLS_REMOVED) == ["controls_removed", "composed"]


def test_every_change_has_a_name_and_a_setting():
    assert list(KINDS.values()) == [1 << n for n in range(len(KINDS))]
    assert sorted(SETTING_BITS.values()) == list(KINDS.values())
    assert set(SETTING_BITS) == set(Normalize.model_fields)
    assert all(name.upper() in vars(bits) for name in KINDS)


def test_every_change_is_made_somewhere():
    assert bits.REWRITE | sum(FUNCTIONS) == sum(KINDS.values())
    assert sorted(STEPS) == sorted([bits.REWRITE, *FUNCTIONS])


def test_settings_say_what_they_do():
    for field in Normalize.model_fields.values():
        assert field.description.endswith(".")
