"""A GitHub that the tests own: REST, a little GraphQL and git over HTTP, all over one real bare repository.

Owns: what GitHub answers, with its states, permissions, ETags, pages, limits and refusals; a record of every request;
faults on demand; the hands of people. Must not: use the product.
"""

from support.fake_github.faults import Fault, FaultKind
from support.fake_github.hub import FakeGitHub, serving
from support.fake_github.state import Account, Token

__all__ = ["Account", "FakeGitHub", "Fault", "FaultKind", "Token", "serving"]
