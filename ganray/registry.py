"""Open lists: a field of a file that may hold any of several, told apart by one word."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Annotated, Any, Generic, TypeVar, get_args

from pydantic import GetCoreSchemaHandler, TypeAdapter, ValidationError
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from ganray.errors import RefusedInput
from ganray.spec import NO_MEMBER, Spec, refused, unknown_name

S = TypeVar("S", bound=Spec)


class Registry(Generic[S]):
    """Specs of one kind by their word; the word alone stands for a group with its defaults.

    As the metadata of a field's type, `Annotated[Base, registry]`, it lets the field hold any
    member, also one that was added since; problems are told of the member that was meant.

    Args:
        tag: the field that holds the word, a `Literal` of one value in each member.
        implied: whether a group without the word is of the first member; else it is refused.
        others: words that people use for a member with something else, and what to write instead.
    """

    def __init__(
        self,
        tag: str,
        *members: type[S],
        implied: bool = True,
        others: Mapping[str, str] | None = None,
    ) -> None:
        self.tag, self.implied, self.others = tag, implied, dict(others or {})
        self._members: dict[str, type[S]] = {}
        for member in members:
            self.add(member)

    def add(self, member: type[S]) -> type[S]:
        """Let the list have one more member; also as a decorator.

        Raises:
            ValueError: its word is another's, or it has none.
        """
        field = member.model_fields.get(self.tag)
        words = get_args(field.annotation) if field else ()
        if len(words) != 1 or not isinstance(words[0], str):
            raise ValueError(f"{member.__name__}.{self.tag} must be a Literal of one word")
        word = words[0]
        if self._members.setdefault(word, member) is not member:
            raise ValueError(f"{self.tag} {word!r} is {self._members[word].__name__}'s")
        return member

    @contextmanager
    def including(self, member: type[S]) -> Iterator[None]:
        """The list has one more member meanwhile."""
        known = member in self._members.values()
        self.add(member)
        try:
            yield
        finally:
            if not known:
                del self._members[self.word(member)]

    def member(self, word: str) -> type[S]:
        """The member of that word.

        Raises:
            RefusedInput: there is none; says the nearest.
        """
        if word not in self._members:
            raise RefusedInput(f"{self.tag}: {unknown_name(word, list(self._members))}")
        return self._members[word]

    def word(self, member: type[S]) -> str:
        """What a member is called."""
        return next(word for word, known in self._members.items() if known is member)

    def __iter__(self) -> Iterator[type[S]]:
        """The members, the first one first."""
        return iter(self._members.values())

    def parse(self, values: Any, where: str) -> S:
        """The spec that `values` are, as a plan or a file has them.

        Raises:
            RefusedSettings: naming `where`, the path, the value and what would be valid.
        """
        try:
            return self._reader.validate_python(values)
        except ValidationError as error:
            raise refused(where, error) from None

    @cached_property
    def _reader(self) -> TypeAdapter[S]:
        return TypeAdapter(Annotated[Any, self])

    def __get_pydantic_core_schema__(self, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        """How pydantic reads such a field: by the member that the value's word names."""
        return core_schema.no_info_plain_validator_function(self._validate)

    def _validate(self, value: Any) -> S:
        if isinstance(value, Spec):
            if type(value) in self._members.values():
                return value  # type: ignore[return-value]
            # Taken for its parent or a namesake, it would lose what it does otherwise.
            raise ValueError(f"{type(value).__name__} is not in the list, which `add` puts it into")
        if isinstance(value, str):
            value = {self.tag: value}
        member = self._member(value)
        try:
            return member.model_validate(value)
        except ValidationError as error:
            if isinstance(value, dict) and self.tag in value:
                raise self._named(error, value[self.tag]) from None
            raise

    def _named(self, error: ValidationError, word: str) -> ValidationError:
        """The same problems, each with the word that somebody wrote: a member's fields are its
        own."""
        details: list[InitErrorDetails] = []
        for problem in error.errors():
            message, ctx = problem["msg"], problem.get("ctx", {})
            if problem["type"] != NO_MEMBER and repr(word) not in message:
                message = f"{message} ({self.tag}: {word})"
            kind = PydanticCustomError(problem["type"], "{said}", ctx | {"said": message})
            details.append({"type": kind, "loc": problem["loc"], "input": problem["input"]})
        return ValidationError.from_exception_data(error.title, details)

    def _member(self, values: Any) -> type[S]:
        first = next(iter(self._members)) if self.implied else None
        word = values.get(self.tag, first) if isinstance(values, dict) else first
        member = self._members.get(word) if isinstance(word, str) else None
        if member is None and isinstance(word, str) and word.lower() in self.others:
            raise ValueError(f"{word!r} is {self.others[word.lower()]}")
        if member is None:
            # Its words are for `explain`, which puts them and the path together.
            raise PydanticCustomError(NO_MEMBER, " ".join([self.tag, *self._members]))
        return member


class OneOf:
    """As metadata of a text field's type: it holds a word of an open list, or one of `others`."""

    def __init__(self, known: Collection[str], *others: str) -> None:
        self._known, self._others = known, others

    @property
    def words(self) -> list[str]:
        """What may be there now."""
        return [*self._others, *self._known]

    def __get_pydantic_core_schema__(self, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        """How pydantic reads such a field."""
        return core_schema.no_info_plain_validator_function(self._validate)

    def _validate(self, word: Any) -> str:
        if not isinstance(word, str) or word not in self.words:
            raise ValueError(f"must be one of {', '.join(self.words)}")
        return word
