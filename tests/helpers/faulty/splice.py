"""Edits of a JSON body at a pointer, with the new text spliced in exactly as given: for values no encoder would write.

The place is first filled with a marker string, the body written, and the quoted marker then replaced by the raw text.
A pointer that leads nowhere leaves the body alone: a rule may match answers of several shapes.
"""

import json

from helpers.faulty.rules import Rule
from sandbox.server.answers import dump


def edit(body: bytes, rules: list[Rule]) -> bytes:
    tree = json.loads(body)
    for number, rule in enumerate(rules):
        segments = [part.replace("~1", "/").replace("~0", "~") for part in rule.pointer.split("/")[1:]]
        if not segments:
            return rule.raw.encode()
        _at(tree, segments, rule.kind, _mark(number))
    body = dump(tree)
    for number, rule in enumerate(rules):  # all at the end: what is spliced in is never read again
        body = body.replace(json.dumps(_mark(number), ensure_ascii=False).encode(), rule.raw.encode())
    return body


def _mark(number: int) -> str:
    return f"\ue000splice {number}\ue000"  # private-use characters: no answer holds them


def _at(node: object, segments: list[str], kind: str, mark: str) -> None:
    head, *rest = segments
    if isinstance(node, dict):
        names = list(node) if head == "*" else [head]
        for name in names:
            if rest and name in node:
                _at(node[name], rest, kind, mark)
            elif not rest and kind == "remove":
                node.pop(name, None)
            elif not rest and (kind == "add" or name in node):
                node[name] = mark
    elif isinstance(node, list):
        if head == "-" and not rest and kind == "add":
            node.append(mark)
            return
        places = range(len(node) - 1, -1, -1) if head == "*" else [int(head)] if head.isdigit() else []
        for place in places:
            if place >= len(node) and not (kind == "add" and place == len(node)):
                continue
            if rest and place < len(node):
                _at(node[place], rest, kind, mark)
            elif not rest and kind == "remove":
                del node[place]
            elif not rest and kind == "add":
                node.insert(place, mark)
            elif not rest:
                node[place] = mark
