"""The body of a request, small and soon, or not at all."""

import asyncio

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

SECONDS = 10
"""How long a body may take to arrive."""


async def read_body(request: Request, limit: int) -> bytes:
    """The raw bytes. Raises HTTPException: 413 past `limit` bytes, 408 past `SECONDS`, 400 when the client left."""
    announced = request.headers.get("content-length", "0")
    if not announced.isdecimal() or int(announced) > limit:
        raise HTTPException(413)
    pieces: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(SECONDS):
            async for piece in request.stream():
                size += len(piece)
                if size > limit:
                    raise HTTPException(413)
                pieces.append(piece)
    except TimeoutError:
        raise HTTPException(408) from None
    except ClientDisconnect:
        raise HTTPException(400) from None
    return b"".join(pieces)
