"""The splices that could make a change: each leaves every other line as it is.

Whether one of them means what was asked is for `edit` to find out by reading the result; so these
try what is neat first and what is safe after it, and none has to know all of YAML.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tillbridge.mapping.outline import Member, Outline, Part
from tillbridge.mapping.yaml_text import (
    INDENT,
    WIDTH,
    YamlValue,
    block_lines,
    entry_text,
    flow_text,
    key_texts,
    member_lines,
    scalar_texts,
)


class Splice(NamedTuple):
    """Another text in place of the characters from `start` to `end`."""

    start: int
    end: int
    new: str


_COMMA = re.compile(r"\s*,[ \t]*")


def settings(
    outline: Outline, member: Member | None, part: Part, value: YamlValue, *, flow: bool
) -> Iterator[Splice]:
    """Another value in place of a part; `member` is what it is the value of, None for the root.

    `flow` says that it stands in brackets.
    """
    if isinstance(value, str):
        if part.style in ("|", ">"):
            yield _other_block(outline, part, value)
        style = part.style if part.style in ("'", '"') else ""
        for new in scalar_texts(value, style, flow=flow):
            yield from _in_place(outline, member, part, new)
        return
    new = flow_text(value, flow=flow)
    in_block = not flow and bool(value)
    if in_block and len(member_lines("", value, WIDTH - outline.column(part.start))) > 1:
        yield _as_block(outline, member, part, value)
    yield from _in_place(outline, member, part, new)


def renamings(outline: Outline, member: Member, key: str) -> Iterator[Splice]:
    """Another key."""
    first = outline.text[member.start]
    for new in key_texts(key, first if first in ("'", '"') else ""):
        yield Splice(member.start, member.key_end, new)


def insertions(
    outline: Outline,
    holder: Part,
    at: int,
    new: tuple[str | None, YamlValue],
    raw: Sequence[str] = (),
) -> Iterator[Splice]:
    """A new member (its key, None in a list, and value) of a collection that has some.

    `raw` is how it stood in another collection of that style: see `raw_lines`.
    """
    key, value = new
    if holder.style == "flow":
        written = flow_text(value) if key is None else entry_text(key, value)
        yield _inserted_in_flow(outline, holder, at, raw[0] if raw else written)
        return
    column = outline.column(holder.members[0].start)
    lines = raw or member_lines(key, value, WIDTH - column)
    indented = [" " * column + line if line else "" for line in lines]
    yield from _inserted_lines(outline, holder, at, indented)


def removals(
    outline: Outline, above: Member | None, holder: Part, at: int, *, with_head: bool
) -> Iterator[Splice]:
    """One member less; `above` is the member whose value the holder is.

    Comments above it stay, unless `with_head`.
    """
    text, member = outline.text, holder.members[at]
    if len(holder.members) == 1:
        empty = "{}" if holder.kind == "entries" else "[]"
        lead = 0 if above is None else outline.line_end(_lead_end(above, holder))
        if with_head or "#" not in text[lead : holder.inner]:
            yield from _in_place(outline, above, holder, empty)
        yield Splice(holder.inner, holder.end, empty)
    elif holder.style == "flow":
        yield from _removed_from_flow(outline, holder, at)
    elif text[outline.starts[outline.line(member.start)] : member.start].strip(" "):
        yield from _removed_beside_dash(outline, member, holder.members[1])
    else:
        first = head_of(outline, holder, at) if with_head else outline.line(member.start)
        yield _without_lines(outline, first, _tail_of(outline, member))
        if at + 1 < len(holder.members):
            yield _without_lines(outline, first, outline.line(holder.members[at + 1].start) - 1)


def raw_lines(outline: Outline, holder: Part, at: int) -> list[str]:
    """A member as it is written: in a block its lines, comments above it too, moved to the left
    margin; in brackets its text."""
    member = holder.members[at]
    if holder.style == "flow":
        return [outline.text[member.start : member.end]]
    column = outline.column(member.start)
    first, last = outline.line(member.start), _tail_of(outline, member)
    lines = [outline.line_text(number) for number in range(head_of(outline, holder, at), first)]
    lines.append(" " * column + outline.text[member.start : outline.line_end(member.start)])
    lines += [outline.line_text(number) for number in range(first + 1, last + 1)]
    return [line[min(column, len(line) - len(line.lstrip(" "))) :] for line in lines]


def head_of(outline: Outline, holder: Part, at: int) -> int:
    """The number of the first line of the comment right above a member that stands as far right;
    its own line when there is none. What begins a file is about the file."""
    member = holder.members[at]
    own = line = outline.line(member.start)
    column = outline.column(member.start)
    if outline.line_text(own)[:column].strip(" "):
        return own
    while line and outline.line_text(line - 1).startswith(" " * column + "#"):
        line -= 1
    return own if holder is outline.root and at == 0 else line


def _tail_of(outline: Outline, member: Member) -> int:
    """The number of the last line of a member: comments below it that stand further right are its
    own."""
    column, last = outline.column(member.start), outline.line(member.end)
    for number in range(last + 1, len(outline.starts)):
        line = outline.line_text(number)
        bare = line.lstrip(" ")
        if bare and (not bare.startswith("#") or len(line) - len(bare) <= column):
            break
        if bare:
            last = number
    return last


def _in_place(outline: Outline, member: Member | None, part: Part, new: str) -> Iterator[Splice]:
    """One line of text in place of a part."""
    text = outline.text
    if part.inner == part.end:
        colon = ":" if member is not None and member.sign_end < 0 else ""
        space = "" if text[: part.inner].endswith((" ", "\t")) and not colon else " "
        yield Splice(part.inner, part.end, f"{colon}{space}{new}")
        return
    if member is not None and outline.line(part.inner) > outline.line(member.sign_end):
        lead = _lead_end(member, part)
        kept = text[lead : outline.line_end(lead)]
        yield Splice(lead, outline.line_end(part.end), f" {new}{kept}")
    yield Splice(part.inner, part.end, new)


def _as_block(outline: Outline, member: Member | None, part: Part, value: YamlValue) -> Splice:
    """A collection in lines of its own, below its key or behind its dash."""
    text, eol = outline.text, outline.eol
    if member is None:
        return Splice(part.inner, part.end, eol.join(block_lines(value, WIDTH)))
    indent = " " * outline.column(member.start) + INDENT
    lines = [indent + line for line in block_lines(value, WIDTH - len(indent))]
    lead = _lead_end(member, part)
    below = part.inner == part.end or outline.line(part.inner) > outline.line(lead)
    kept = text[lead if below else part.end : outline.line_end(lead if below else part.end)]
    if not kept.strip() and not member.key and not part.name:
        lines[0] = " " + lines[0].lstrip(" ")
        return Splice(lead, outline.line_end(part.end), eol.join(lines))
    return Splice(lead, outline.line_end(part.end), eol.join([kept.rstrip(), *lines]))


def _lead_end(member: Member, part: Part) -> int:
    """Behind the colon or dash of a value and its anchor."""
    return part.start + 1 + len(part.name) if part.name else max(member.sign_end, member.key_end)


def _other_block(outline: Outline, part: Part, value: str) -> Splice:
    """Another text under the same sign (| or >), as far right as the old one."""
    text = outline.text
    header_end = outline.line_end(part.inner)
    old = text[header_end : part.end]
    lines = [line for line in old.splitlines() if line.strip()]
    first = lines[0] if lines else INDENT
    indent = first[: len(first) - len(first.lstrip(" "))]
    wanted = value.removesuffix("\n").split("\n")
    if part.style == ">":
        wanted = "\n\n".join(wanted).split("\n")
    body = "".join(outline.eol + (indent + line if line else "") for line in wanted)
    return Splice(header_end, part.end, body)


def _inserted_in_flow(outline: Outline, holder: Part, at: int, new: str) -> Splice:
    if at < len(holder.members):
        start = holder.members[at].start
        return Splice(start, start, f"{new}, ")
    end = holder.members[-1].end
    return Splice(end, end, f", {new}")


def _inserted_lines(
    outline: Outline, holder: Part, at: int, lines: Sequence[str]
) -> Iterator[Splice]:
    eol = outline.eol
    whole = eol.join(lines)
    if at == 0:
        start = holder.members[0].start
        line = outline.line(start)
        column = outline.column(start)
        if holder is outline.root or outline.line_text(line)[:column].strip(" "):
            yield Splice(start, start, f"{whole.lstrip(' ')}{eol}{' ' * column}")
            return
        start = outline.starts[head_of(outline, holder, 0)]
        yield Splice(start, start, whole + eol)
        return
    before = holder.members[at - 1]
    end = outline.ends[_tail_of(outline, before)]
    yield Splice(end, end, eol + whole)
    if at < len(holder.members):
        start = outline.starts[outline.line(holder.members[at].start)]
        yield Splice(start, start, whole + eol)


def _removed_from_flow(outline: Outline, holder: Part, at: int) -> Iterator[Splice]:
    text, member = outline.text, holder.members[at]
    if at + 1 < len(holder.members):
        between = text[member.end : holder.members[at + 1].start]
        if "\n" not in between:
            yield Splice(member.start, holder.members[at + 1].start, "")
    else:
        between = text[holder.members[at - 1].end : member.start]
        if "\n" not in between:
            yield Splice(holder.members[at - 1].end, member.end, "")
    comma = _COMMA.match(text, member.end)
    yield Splice(member.start, comma.end() if comma else member.end, "")


def _removed_beside_dash(outline: Outline, member: Member, after: Member) -> Iterator[Splice]:
    """The first entry of a list's item: the next one comes up to the dash."""
    text = outline.text
    between = text[outline.line_end(member.end) : after.start]
    if "#" not in between:
        yield Splice(member.start, after.start, "")
    yield Splice(len(text[: member.start].rstrip(" ")), outline.line_end(member.end), "")


def _without_lines(outline: Outline, first: int, last: int) -> Splice:
    if last + 1 < len(outline.starts):
        return Splice(outline.starts[first], outline.starts[last + 1], "")
    return Splice(outline.ends[first - 1], outline.ends[last], "")
