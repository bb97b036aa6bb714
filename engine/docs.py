"""Descriptions read from where they stand: the string below an attribute is its description."""

import ast
import inspect
import itertools
import textwrap
from enum import Enum

import strawberry


def of_attributes(owner: type) -> dict[str, str]:
    """The description of each attribute of a class: {name: text}, own attributes only."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(owner)))
    body = next(node for node in tree.body if isinstance(node, ast.ClassDef)).body
    found = {}
    for statement, below in itertools.pairwise(body):
        match statement, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = inspect.cleandoc(text)
    return found


def enum(choices: type[Enum]) -> type[Enum]:
    """A GraphQL enum, described by its docstring and the strings below its members."""
    described = of_attributes(choices)
    if not hasattr(choices, "__strawberry_definition__"):  # else a type has named it before
        strawberry.enum(choices)
    definition = choices.__strawberry_definition__  # type: ignore[attr-defined] # set just above
    definition.description = inspect.getdoc(choices)
    for value in definition.values:
        value.description = described.get(value.name)
    return choices
