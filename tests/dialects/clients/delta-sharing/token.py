"""Asks for a token as delta-sharing does for a profile with a private key."""

import json
import sys
import tempfile
from pathlib import Path

from delta_sharing._internal_auth import AuthCredentialProviderFactory
from delta_sharing.protocol import DeltaSharingProfile

question = json.load(sys.stdin)
folder = Path(tempfile.mkdtemp())
(folder / "key.pem").write_text(question["key"])
question["profile"]["auth"]["privateKey"]["privateKeyFile"] = str(folder / "key.pem")
(folder / "node.share").write_text(json.dumps(question["profile"]))
profile = DeltaSharingProfile.read_from_file(str(folder / "node.share"))
provider = AuthCredentialProviderFactory.create_auth_credential_provider(profile)
print(json.dumps(provider.oauth_client.client_credentials().access_token))
