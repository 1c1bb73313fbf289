"""How long work reports where it stands."""

from collections.abc import Callable

#: `progress(label, done, total)`, from any thread; the total is None where the footage does not say.
Progress = Callable[[str, int, int | None], None]
