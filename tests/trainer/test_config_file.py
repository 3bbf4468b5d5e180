"""Configurations are read, overridden, and refused in lines that say what would be valid."""

from pathlib import Path

import pytest

from trainer.config_file import load_config
from trainer.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]


def write(tmp_path, text):
    path = tmp_path / "train.yaml"
    path.write_text(text)
    return path


def test_a_file_with_variables_and_overrides(tmp_path, monkeypatch):
    monkeypatch.setenv("RUNS", "/somewhere")
    path = write(tmp_path, 'shards: "${RUNS}/shards"\nout: "${MODELS:-models}/a"\n')
    config = load_config(path, ["model.layers=2", "optimizer.learning_rate=6e-4", "max_steps=1e3"])
    assert (config.shards, config.out) == ("/somewhere/shards", "models/a")
    assert config.model.layers == 2
    assert config.optimizer.learning_rate == 6e-4  # which YAML reads as text
    assert config.max_steps == 1000


@pytest.mark.parametrize(
    ("variables", "shards"),
    [({}, "runs/mix"), ({"BASE": "/b"}, "/b/mix"), ({"SHARDS": "/s", "BASE": "/b"}, "/s")],
)
def test_a_default_may_hold_a_variable(tmp_path, monkeypatch, variables, shards):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    text = "shards: ${SHARDS:-${BASE:-runs}/mix}\nout: a\nphases: ['${PHASE:-anneal}']\n"
    config = load_config(write(tmp_path, text))
    assert (config.shards, config.phases) == (shards, ["anneal"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("out: a", "train.yaml: shards: is missing"),
        ("shards: a\nout: b\nmodel:\n  # wide\n  hiden_size: 8\n",
         "train.yaml:5: model.hiden_size: unknown key (did you mean 'model.hidden_size'? valid: "
         "architecture, layers,"),
        ("shards: a\nout: b\nbeta_1: 0.8\n",
         "train.yaml:3: beta_1: unknown key (did you mean 'optimizer.beta1'? valid: shards, out,"),
        ("shards: a\nout: b\nmodel:\n  heads: 3\n",
         "train.yaml:3: model: hidden_size is 256; a multiple of 3 (heads) is wanted"),
        ("shards: a\nout: ${NOWHERE_SET}\n",
         "train.yaml:2: out: ${NOWHERE_SET} is not set, and has no default (${NOWHERE_SET:-…})"),
        ("- a", "train.yaml:1: is not a mapping"),
        ("a: b: c", "train.yaml:1: is not valid YAML: mapping values are not allowed here"),
        ("run: {}\nsources: []\n", "train.yaml: is a recipe of the pipeline, not a training"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_is_named_with_its_line(tmp_path, text, message):
    with pytest.raises(ConfigError) as raised:
        load_config(write(tmp_path, text))
    assert str(raised.value).startswith(f"{tmp_path}/{message}")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model.layers=two", "a whole number is wanted (found: 'two')"),
        ("model.layers=2.5", "a whole number is wanted (found: 2.5)"),
        ("model.qk_norm=perhaps", "true or false is wanted (found: 'perhaps')"),
        ("shards=3", "a text is wanted (found: 3)"),
        ("phases=anneal", "a list is wanted (found: 'anneal')"),
        ("model.layers=true", "a number is wanted (found: True)"),
        ("model.layers=0", "1 or more is wanted (found: 0)"),
        ("model=3", "a mapping of keys to values is wanted"),
        ("optimizer.beta2=1", "less than 1 is wanted (found: 1)"),
        ("optimizer.decay_share=2", "at most 1 is wanted (found: 2)"),
        ("optimizer.weight_decay=-1", "0 or more is wanted (found: -1)"),
        ("optimizer.eps=.nan", "(found: nan)"),
        ("optimizer.learning_rate=fast", "a number is wanted (found: 'fast')"),
        ("device=gpu", "valid: 'auto', 'cpu' or 'cuda' (found: 'gpu')"),
        ("out=s3://a/b", "a local folder is wanted (only shards may be a URL)"),
        ("layers", "write it as key=value, such as model.layers=2"),
        ("layers=2", "unknown key (did you mean 'model.layers'? valid: shards, out"),
        ("out=[a", "the value is not valid YAML"),
    ],
)  # fmt: skip
def test_a_mistake_on_the_command_line_is_named_as_typed(tmp_path, override, message):
    with pytest.raises(ConfigError) as raised:
        load_config(write(tmp_path, "{shards: a, out: b}"), [override])
    assert str(raised.value).startswith(f"command line: {override}: ")
    assert message in str(raised.value)


def test_what_one_key_demands_of_another(tmp_path):
    path = write(tmp_path, "{shards: a, out: b}")
    with pytest.raises(ConfigError, match="global_batch_rows is 20; a multiple of 16"):
        load_config(path, ["global_batch_rows=20"])
    with pytest.raises(ConfigError, match=r"\(hidden_size / heads\) is 3; an even number"):
        load_config(path, ["model.hidden_size=12"])


def test_all_mistakes_are_said_at_once(tmp_path):
    path = write(tmp_path, "out: b\nmodel: {layers: 0}\nsed: 3\n")
    with pytest.raises(ConfigError) as raised:
        load_config(path)
    places = [line.split(": ")[:2] for line in str(raised.value).splitlines()]
    assert places == [[f"{path}", "shards"], [f"{path}:2", "model.layers"], [f"{path}:3", "sed"]]


def test_a_missing_file(tmp_path):
    with pytest.raises(ConfigError, match=r"none.yaml: No such file"):
        load_config(tmp_path / "none.yaml")


@pytest.mark.parametrize("path", sorted((ROOT / "configs" / "train").glob("*.yaml")))
def test_every_configuration_that_we_ship_loads(path):
    load_config(path)
