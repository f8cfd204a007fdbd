"""The GitHub forge: issues, pull requests, checks and reviews of one repository, over its REST API.

Owns: both adapters and what they share. Must not: decide anything; every fact that cannot be read is unknown.
"""

from forge_loop.forge.github.client import Client
from forge_loop.forge.github.code_host import GitHubCodeHost
from forge_loop.forge.github.opening import GitHub, open_github
from forge_loop.forge.github.place import Place, TokenFound, find_token, place_of
from forge_loop.forge.github.repository import Repository
from forge_loop.forge.github.tracker import GitHubTracker
from forge_loop.forge.github.wire import Wire

__all__ = [
    "Client",
    "GitHub",
    "GitHubCodeHost",
    "GitHubTracker",
    "Place",
    "Repository",
    "TokenFound",
    "Wire",
    "find_token",
    "open_github",
    "place_of",
]
