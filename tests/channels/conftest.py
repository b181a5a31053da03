"""A certificate authority for the mail servers of these tests."""

import ssl
from dataclasses import dataclass

import pytest
import trustme


@dataclass(frozen=True)
class Certificates:
    """What a server shows and what a client trusts."""

    server: ssl.SSLContext
    client: ssl.SSLContext
    elsewhere: ssl.SSLContext
    """A server's, for another name."""


@pytest.fixture(scope="session")
def certificates() -> Certificates:
    authority = trustme.CA()
    server, elsewhere = (ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) for _ in range(2))
    authority.issue_cert("127.0.0.1").configure_cert(server)
    authority.issue_cert("mail.elsewhere.test").configure_cert(elsewhere)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return Certificates(server, client, elsewhere)
