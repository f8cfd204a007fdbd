"""The domain's values: nobody changes one, and nobody makes one by counting arguments."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from typing import Any

import pytest

import forge_loop.domain

MODULES = [
    importlib.import_module(f"forge_loop.domain.{entry.name}")
    for entry in pkgutil.iter_modules(forge_loop.domain.__path__)
]
VALUES = [
    value
    for module in MODULES
    for _, value in inspect.getmembers(module, inspect.isclass)
    if dataclasses.is_dataclass(value)
    if value.__module__ == module.__name__
]


def test_there_are_values() -> None:
    assert len(MODULES) > 15
    assert len(VALUES) > 70


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value.__name__)
def test_a_value_is_frozen_small_and_made_by_name(value: Any) -> None:
    assert value.__dataclass_params__.frozen
    assert "__slots__" in vars(value)
    assert all(field.kw_only for field in dataclasses.fields(value))
