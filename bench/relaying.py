"""`python -m bench.relaying PORT TARGET DELAY CERTIFICATE`: a TCP relay that hands bytes on late, or ends TLS."""

import asyncio
import ssl
import sys


async def serve(port: int, target: int, delay: float, certificate: str) -> None:
    """Relays until it is ended."""
    context = None
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target)
        await asyncio.gather(_hand_on(reader, far_writer, delay), _hand_on(far_reader, writer, delay))

    server = await asyncio.start_server(accept, "127.0.0.1", port, ssl=context)
    await server.serve_forever()


async def _hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    loop = asyncio.get_running_loop()
    try:
        while data := await reader.read(65_536):
            if delay:
                loop.call_later(delay, writer.write, data)
            else:
                writer.write(data)
    except ConnectionError:
        pass
    loop.call_later(delay, writer.close)


if __name__ == "__main__":
    listening, behind, late, secured = sys.argv[1:]
    asyncio.run(serve(int(listening), int(behind), float(late), secured))
