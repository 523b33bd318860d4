"""Small YAML documents that expand to a huge size through aliases."""


def nested(levels: int, link: str) -> bytes:
    """Each level contains the previous one 9 times; ``link`` sets the kind of reference."""
    lines = ["a0: &a0 {canary: 1}"]
    lines += [f"a{n}: &a{n} " + link.format(", ".join([f"*a{n - 1}"] * 9)) for n in range(1, levels)]
    return "\n".join(lines).encode()


def billion_laughs() -> bytes:
    """10 levels: 9 to the power of 9 values."""
    return nested(10, "[{}]")
