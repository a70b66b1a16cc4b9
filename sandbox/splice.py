"""Edits of a JSON body at a pointer, with the new text spliced in exactly as given: for values no encoder would write.

The place is first filled with a marker string, the body written, and the quoted marker then replaced by the raw text.
A pointer that leads nowhere leaves the body alone: a rule may match answers of several shapes.
"""

import json

from sandbox.answers import dump
from sandbox.faults import Rule

_MARK = "\ue000splice\ue000"  # private-use characters: no answer holds them


def edit(body: bytes, rules: list[Rule]) -> bytes:
    for rule in rules:
        tree = json.loads(body)
        segments = [part.replace("~1", "/").replace("~0", "~") for part in rule.pointer.split("/")[1:]]
        if not segments:
            return rule.raw.encode()
        _at(tree, segments, rule.kind)
        body = dump(tree).replace(json.dumps(_MARK, ensure_ascii=False).encode(), rule.raw.encode())
        if rule is not rules[-1] and not _readable(body):
            return body  # no further edit can find its way through broken text
    return body


def _at(node: object, segments: list[str], kind: str) -> None:
    head, *rest = segments
    if isinstance(node, dict):
        names = list(node) if head == "*" else [head]
        for name in names:
            if rest and name in node:
                _at(node[name], rest, kind)
            elif not rest and kind == "remove":
                node.pop(name, None)
            elif not rest and (kind == "add" or name in node):
                node[name] = _MARK
    elif isinstance(node, list):
        if head == "-" and not rest and kind == "add":
            node.append(_MARK)
            return
        places = range(len(node) - 1, -1, -1) if head == "*" else [int(head)] if head.isdigit() else []
        for place in places:
            if place >= len(node) and not (kind == "add" and place == len(node)):
                continue
            if rest and place < len(node):
                _at(node[place], rest, kind)
            elif not rest and kind == "remove":
                del node[place]
            elif not rest and kind == "add":
                node.insert(place, _MARK)
            elif not rest:
                node[place] = _MARK


def _readable(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True
