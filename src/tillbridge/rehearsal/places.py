"""Where a written field's rule stands: the mapping's file and line, or the flow's."""

import re
from collections.abc import Iterator, Sequence

from tillbridge.canonical.errors import Place
from tillbridge.flows.flow import Flow
from tillbridge.mapping.text import Entries, Node, Scalar, read_text, walk

_PART = re.compile(r"([^.\[\]]+)")
_INDEX = re.compile(r"\[\d+\]")


class Places:
    """Finds rules in the texts of one folder's flows."""

    def __init__(self, flows: Sequence[Flow]) -> None:
        self._flows = {flow.name: flow for flow in flows}

    def of(self, flow_name: str, step: str, path: str) -> Place | None:
        """The place of the rule that fills a field ("lines[2].tax") of what a step writes; the
        nearest one above it when the field has none of its own."""
        flow = self._flows.get(flow_name)
        if flow is None:
            return None
        node = _step(read_text(flow.bundle.flow.text, flow.bundle.flow.path), step)
        if node is None:
            return flow.place
        fields = node.nodes.get("fields")
        if isinstance(fields, Scalar):
            fields = self._mapped(flow, fields.text)
        return _descend(fields, path) if fields is not None else node.place

    def _mapped(self, flow: Flow, step: str) -> Node | None:
        """The rules of the mapping that a map step fills."""
        node = _step(read_text(flow.bundle.flow.text, flow.bundle.flow.path), step)
        name = node.nodes.get("mapping") if node is not None else None
        if not isinstance(name, Scalar):
            return None
        for file in flow.bundle.mappings:
            root = read_text(file.text, file.path)
            if isinstance(root, Entries) and _is(root.nodes.get("mapping"), name.text):
                return root.nodes.get("fields")
        return None


def _step(root: Node, name: str) -> Entries | None:
    """The step of that name, wherever it stands."""
    return next(_steps_named(root, name), None)


def _steps_named(root: Node, name: str) -> Iterator[Entries]:
    for node in walk(root):
        if isinstance(node, Entries) and node.nodes:
            first = next(iter(node.nodes.values()))
            if _is(first, name):
                yield node


def _is(node: Node | None, text: str) -> bool:
    return isinstance(node, Scalar) and node.text == text


def _descend(fields: Node, path: str) -> Place:
    place = fields.place
    at: Node | None = fields
    for name in _PART.findall(_INDEX.sub("", path)):
        if isinstance(at, Entries) and "fields" in at.nodes and name not in at.nodes:
            at = at.nodes["fields"]
        if not isinstance(at, Entries) or name not in at.nodes:
            return place
        at = at.nodes[name]
        place = at.place
    return place
