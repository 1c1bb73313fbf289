"""Parse XML and YAML from anywhere: nothing is executed, resolved, fetched or unfolded, and size is limited."""

from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from calibration.errors import FormatError
from calibration.formats.fields import refused

MAX_BYTES = 4_000_000
MAX_DEPTH = 40


@dataclass
class Element:
    """An XML element: its tag, its attributes, its children; text between them is dropped."""

    tag: str
    attributes: dict[str, str]
    children: list["Element"] = field(default_factory=list)

    def find(self, *tags: str) -> list["Element"]:
        """Elements along a path of tags."""
        found = [self]
        for tag in tags:
            found = [child for element in found for child in element.children if child.tag == tag]
        return found


def check_size(data: bytes, name: str) -> None:
    """Refuse a file that no calibration has.

    Raises
    ------
    FormatError
        CALIBRATION_FORMAT
    """
    if len(data) > MAX_BYTES:
        raise refused(f"{name} has more than {MAX_BYTES // 10**6} MB.", "Give a calibration file.")


def text_of(data: bytes, name: str, limit: bool = True) -> str:
    """Return the text of a file: UTF-8, else Latin-1, which older Windows programs write."""
    if limit:
        check_size(data, name)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def parse_xml(data: bytes, name: str) -> Element:
    """Return the root of an XML document; document types, and so all entities, are refused.

    Raises
    ------
    FormatError
        CALIBRATION_FORMAT, with the line.
    """
    check_size(data, name)
    stack, root = [], Element("", {})
    stack.append(root)

    def started(tag: str, attributes: dict[str, str]) -> None:
        if len(stack) > MAX_DEPTH:
            raise refused(f"{name} is nested deeper than {MAX_DEPTH}.")
        element = Element(tag, attributes)
        stack[-1].children.append(element)
        stack.append(element)

    def doctype(*_: object) -> None:
        raise refused(f"{name} declares a document type.", "Take the <!DOCTYPE ...> out of the file.")

    parser = expat.ParserCreate()
    parser.StartElementHandler = started
    parser.EndElementHandler = lambda _: stack.pop()
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(data, True)
    except FormatError:
        raise
    except (expat.ExpatError, UnicodeError, LookupError, ValueError) as error:
        raise refused(f"{name} is not XML: {error}.", "Export the file again.") from error
    return root.children[0]


def parse_yaml(data: bytes, name: str) -> Any:
    """Return a YAML document as plain lists, dictionaries, numbers and texts.

    OpenCV's `%YAML:1.0` header, which is no YAML, and its tag `!!opencv-matrix` are understood: a matrix becomes a
    dictionary of rows, cols, dt and data. Anchors and aliases are refused, as a short text unfolds with them to any
    size; so are all tags that make objects.

    Raises
    ------
    FormatError
        CALIBRATION_FORMAT, with the line.
    """
    import yaml

    text = text_of(data, name)
    if text.startswith("%YAML:"):
        text = "\n" + text.partition("\n")[2]  # the empty line keeps the numbers of the lines
    try:
        loader = _loader(yaml)(text)
        return loader.get_single_data()
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError, TypeError, AttributeError, KeyError) as error:
        told = " ".join(str(error).split())[:200]
        raise refused(f"{name} is not YAML: {told}.", "Export the file again.") from error


def _loader(yaml: Any) -> Any:
    class Loader(yaml.SafeLoader):
        depth = 0

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent) or getattr(self.peek_event(), "anchor", None):
                raise yaml.YAMLError("anchors and aliases are not read")
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise yaml.YAMLError(f"nested deeper than {MAX_DEPTH}")
            node = super().compose_node(parent, index)
            self.depth -= 1
            return node

    Loader.add_constructor("tag:yaml.org,2002:opencv-matrix", lambda loader, node: loader.construct_mapping(node, True))
    return Loader
