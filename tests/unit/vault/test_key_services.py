"""A vault whose key a key service holds: AWS KMS and HashiCorp Vault with their real clients, up to the wire."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import import_module

import pytest

from llmops.errors import MissingExtraError, RecipeError
from llmops.recipe import load_keys, load_recipe, missing_keys, open_vault, resolve, vault_key
from llmops.vault import AwsKms, HashicorpVault, Vault, WrappedKey, rotate

CONTEXT = {"purpose": "llmops-vault-key"}


class Folding:
    """A key service of a few lines, to try what the real ones do not change."""

    def wrap(self, secret):
        return b"folded:" + base64.b64encode(secret)

    def unwrap(self, wrapped):
        return base64.b64decode(wrapped.removeprefix(b"folded:"))


@pytest.fixture
def wrapped(tmp_path):
    """A key that is nowhere in the clear."""
    return WrappedKey(path=tmp_path / "keys" / "vault.key.wrapped", service=Folding())


def test_a_wrapped_key_is_made_once_and_opens_the_vault(wrapped, vault_path, number, patient):
    """In a file that only its owner reads, without the key in it; rotated, it is another."""
    with Vault.open(vault_path, wrapped) as vault:
        vault.register([patient(number("p1"))])
        name = vault.pseudonym(vault.subject([number("p1")]))
    before = wrapped.key()
    assert wrapped.key() == before
    assert before not in wrapped.path.read_bytes()
    assert wrapped.path.stat().st_mode & 0o077 == 0
    assert rotate(vault_path, wrapped) == 1
    assert wrapped.key() != before
    assert [path.name for path in wrapped.path.parent.iterdir()] == ["vault.key.wrapped"]
    with Vault.open(vault_path, wrapped, read_only=True) as vault:
        assert vault.pseudonym(vault.subject([number("p1")])) == name


def test_a_recipe_names_its_service(tmp_path):
    """By a tag; an unknown key, another tag and two holders at once are refused."""
    path = tmp_path / "recipe.yaml"
    head = "recipe: 1\nname: trial\ninput: {paths: [in]}\noutput: out\nraw_zone: raw\nvault: "
    path.write_text(head + "{key_service: {use: aws_kms, key_id: alias/llmops, region: eu-west-1}}\n")
    holder = vault_key(load_recipe(path))
    assert holder.service == AwsKms(key_id="alias/llmops", region="eu-west-1")
    assert "vault.key.wrapped" in missing_keys(load_recipe(path))
    path.write_text(head + "{key_service: {use: hashicorp_vault, key_name: llmops}}\n")
    assert vault_key(load_recipe(path)).service == HashicorpVault(key_name="llmops", mount="transit")
    for wrong, says in (
        ("{key_service: {use: aws_kms, key_id: k, regoin: x}}", "unknown key"),
        ("{key_service: {use: my.Own, key_id: k}}", "aws_kms"),
        ("{key_service: {use: aws_kms, key_id: k}, key_variable: K}", "not both"),
    ):
        path.write_text(head + wrong + "\n")
        with pytest.raises(RecipeError, match=says):
            load_recipe(path)


@pytest.mark.parametrize(
    ("service", "module", "extra"),
    [(AwsKms(key_id="k"), "boto3", "kms"), (HashicorpVault(key_name="k"), "hvac", "hashicorp-vault")],
)
def test_a_missing_client_names_its_extra(monkeypatch, service, module, extra):
    """And nothing is made."""
    monkeypatch.setitem(__import__("sys").modules, module, None)
    with pytest.raises(MissingExtraError, match=rf"clinical-llmops\[{extra}\]"):
        service.wrap(b"x")


@pytest.fixture
def kms(monkeypatch):
    """AWS's own client with botocore's stub in the place of its connection."""
    boto3 = pytest.importorskip("boto3", reason="boto3 is not installed: pip install 'clinical-llmops[kms]'")
    stubs = import_module("botocore.stub")
    real, asked = boto3.client, {}

    def client(*arguments, **options):
        made = real(*arguments, aws_access_key_id="x", aws_secret_access_key="y", **options)
        stub = stubs.Stubber(made)
        asked["answer"](stub)
        stub.activate()
        return made

    monkeypatch.setattr(boto3, "client", client)
    return asked


def test_kms_encrypts_and_decrypts_under_its_context(kms):
    """Each request is what AWS expects, which its client checks against the service's model."""
    service = AwsKms(key_id="alias/llmops", region="eu-west-1")
    asked = {"KeyId": "alias/llmops", "EncryptionContext": CONTEXT}
    kms["answer"] = lambda stub: stub.add_response(
        "encrypt", {"CiphertextBlob": b"sealed"}, asked | {"Plaintext": b"key"}
    )
    assert service.wrap(b"key") == b"sealed"
    kms["answer"] = lambda stub: stub.add_response(
        "decrypt", {"Plaintext": b"key"}, asked | {"CiphertextBlob": b"sealed"}
    )
    assert service.unwrap(b"sealed") == b"key"


def test_what_kms_refuses_is_a_recipe_error_with_its_code(kms):
    """Its message, which names accounts and keys, is not repeated."""
    kms["answer"] = lambda stub: stub.add_client_error("decrypt", "AccessDeniedException", "arn:aws:canary")
    with pytest.raises(RecipeError, match="AccessDeniedException") as refused:
        AwsKms(key_id="k", region="eu-west-1").unwrap(b"sealed")
    assert "canary" not in str(refused.value)
    kms["answer"] = lambda stub: stub.add_response("decrypt", {})
    with pytest.raises(RecipeError, match="did not decrypt"):
        AwsKms(key_id="k", region="eu-west-1").unwrap(b"sealed")


class _Transit(BaseHTTPRequestHandler):
    """A transit engine that turns its plaintext around, for one token."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.paths.append(self.path)
        if self.headers["X-Vault-Token"] != "t-1":
            return self._answer(403, {"errors": ["permission denied for canary"]})
        if self.path == "/v1/transit/encrypt/llmops":
            return self._answer(200, {"data": {"ciphertext": "vault:v1:" + body["plaintext"][::-1]}})
        if self.path == "/v1/transit/decrypt/llmops":
            return self._answer(200, {"data": {"plaintext": body["ciphertext"].removeprefix("vault:v1:")[::-1]}})
        if self.path == "/v1/away/encrypt/llmops":
            self.send_response(307)
            self.send_header("Location", "/v1/transit/encrypt/llmops")
            self.send_header("Content-Length", "0")
            return self.end_headers()
        return self._answer(200, {"data": {}})

    do_PUT = do_POST  # noqa: N815 - the name that http.server looks for

    def _answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def transit(monkeypatch, tmp_path):
    """A server on this machine that hvac talks to."""
    pytest.importorskip("hvac", reason="hvac is not installed: pip install 'clinical-llmops[hashicorp-vault]'")
    server = HTTPServer(("127.0.0.1", 0), _Transit)
    server.paths = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for name, value in (("ADDR", f"http://127.0.0.1:{server.server_port}"), ("TOKEN", "t-1")):
        monkeypatch.setenv(f"VAULT_{name}", value)
    monkeypatch.setenv("HOME", str(tmp_path))
    yield server
    server.shutdown()
    server.server_close()


def test_transit_wraps_and_unwraps_any_bytes(transit):
    """By the paths of the engine's interface."""
    service = HashicorpVault(key_name="llmops")
    secret = bytes(range(256))
    assert service.unwrap(service.wrap(secret)) == secret
    assert transit.paths == ["/v1/transit/encrypt/llmops", "/v1/transit/decrypt/llmops"]


@pytest.mark.parametrize(
    ("mount", "token", "says"),
    [("transit", "other", "Forbidden"), ("odd", "t-1", "KeyError"), ("away", "t-1", "did not")],
)
def test_what_transit_refuses_or_redirects_is_a_recipe_error(transit, monkeypatch, mount, token, says):
    """The token follows no redirect, and what the server said is not repeated."""
    monkeypatch.setenv("VAULT_TOKEN", token)
    with pytest.raises(RecipeError, match=says) as refused:
        HashicorpVault(key_name="llmops", mount=mount).wrap(b"key")
    assert "canary" not in str(refused.value)
    assert len(transit.paths) == 1


def test_a_transit_engine_that_is_not_there_is_a_recipe_error(transit, monkeypatch):
    """Nothing listens at that address."""
    transit.shutdown()
    transit.server_close()
    with pytest.raises(RecipeError, match="did not encrypt"):
        HashicorpVault(key_name="llmops").wrap(b"key")


def test_a_recipe_runs_on_a_key_that_transit_wraps(transit, tmp_path, number, patient):
    """Made on first use, opened by the next; no vault.key lies about."""
    path = tmp_path / "recipe.yaml"
    path.write_text(
        "recipe: 1\nname: trial\ninput: {paths: [in]}\noutput: out\nraw_zone: raw\n"
        "vault: {key_service: {use: hashicorp_vault, key_name: llmops}}\n"
    )
    recipe = load_recipe(path)
    with open_vault(resolve(recipe), load_keys(recipe), read_only=False) as vault:
        vault.register([patient(number("p1"))])
    with open_vault(resolve(recipe), load_keys(recipe), read_only=True) as vault:
        assert vault.subject_count == 1
    assert sorted(key.name for key in (tmp_path / "raw" / "keys").iterdir() if key.name.startswith("vault")) == [
        "vault.key.wrapped"
    ]
