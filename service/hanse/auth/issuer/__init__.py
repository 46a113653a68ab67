"""The authorization server, once, for whoever mounts it: client credentials by private_key_jwt."""

from hanse.auth.issuer.endpoint import routes as routes
from hanse.auth.issuer.issuer import Issuer as Issuer
from hanse.auth.issuer.storage import Assertions as Assertions
from hanse.auth.issuer.storage import Client as Client
from hanse.auth.issuer.storage import Registry as Registry
