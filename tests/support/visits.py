"""A browser without a screen: it keeps cookies as browsers do, and follows redirects one by one."""

import asyncio
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from tests.support.asgi import Reply, exchange

FORM = (b"content-type", b"application/x-www-form-urlencoded")


@dataclass(slots=True)
class Browser:
    """One browser at one application; `host` is what it calls it."""

    app: Any
    host: str
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> Reply:
        """Ask for a page."""
        return self._send("GET", path, b"", headers)

    def post(self, path: str, fields: dict[str, str], **headers: str) -> Reply:
        """Send a form."""
        return self._send("POST", path, urlencode(fields).encode(), headers)

    def form_token(self, path: str) -> str:
        """Return the token that stands in the forms of a page."""
        page = self.get(path).body.decode()
        found = re.search(r'name="form_token" value="([^"]+)"', page)
        assert found, page
        return found[1]

    def _send(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        address = urlsplit(path)
        sent = [(b"host", self.host.encode()), (b"accept", b"text/html")]
        sent += [
            (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
        ]
        if self.cookies:
            jar = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            sent.append((b"cookie", jar.encode()))
        if method == "POST":
            sent += [FORM, (b"content-length", str(len(body)).encode())]
        reply = asyncio.run(
            exchange(
                self.app,
                address.path,
                method=method,
                headers=sent,
                query=address.query.encode(),
                chunks=[body],
            )
        )
        for name, value in reply.headers:
            if name == b"set-cookie":
                self._keep(value.decode())
        return reply

    def _keep(self, line: str) -> None:
        pair, *attributes = (part.strip() for part in line.split(";"))
        name, _, value = pair.partition("=")
        assert name.startswith("__Host-")
        assert {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"} <= set(attributes)
        if "Max-Age=0" in attributes:
            self.cookies.pop(name, None)
        else:
            self.cookies[name] = value


def at_provider(address: str) -> str:
    """Sign in at the provider; return the address, without host, that it sends the browser to."""
    answer = httpx.get(address)
    assert answer.status_code == 302, answer.text
    back = urlsplit(answer.headers["location"])
    return f"{back.path}?{back.query}"
