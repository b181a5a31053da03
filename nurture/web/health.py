"""`/healthz`, `/readyz`, `/metrics`: for whoever watches the machine, not for customers."""

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from nurture.store import reading

from .office import Office

READY_SECONDS = 300
"""A tick is a minute; after five without one something is stuck."""


class Watching:
    """The three endpoints."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def alive(self, request: Request) -> Response:
        """200 while the process answers at all."""
        return PlainTextResponse("ok\n")

    async def ready(self, request: Request) -> Response:
        """200 while the database answers and planning ticks, else 503; the age of the last tick in seconds."""
        age = self._office.health()
        database = await run_in_threadpool(self._database)
        ready = database and age is not None and age <= READY_SECONDS
        state = {"ready": ready, "database": database, "last_tick_seconds": age}
        return JSONResponse(state, 200 if ready else 503)

    async def metrics(self, request: Request) -> Response:
        """Everything counted, as Prometheus reads it."""
        return Response(generate_latest(self._office.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    def _database(self) -> bool:
        try:
            with reading(self._office.engine) as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return False
        return True
