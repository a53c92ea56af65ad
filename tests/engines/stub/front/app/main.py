"""Passes a buyer's visit on to the back, and asks the teller for greetings."""

import os

import grpc
import httpx
from fastapi import FastAPI, Request

app = FastAPI()


@app.get("/readyz")
async def ready() -> str:
    return os.environ["COLOUR"]


@app.post("/visits")
async def visit(request: Request, patience_s: float = 30.0) -> int:
    headers = {"X-Request-ID": request.headers.get("X-Request-ID", "")}
    async with httpx.AsyncClient(base_url=os.environ["BACK_URL"], timeout=patience_s) as back:
        return (await back.post("/visits", headers=headers)).json()


@app.get("/greetings")
async def greeting(request: Request, name: str = "") -> str:
    async with grpc.aio.insecure_channel(os.environ["TELLER_URL"].removeprefix("grpc://")) as channel:
        greet = channel.unary_unary("/stub.Teller/Greet")
        metadata = [("x-request-id", request.headers.get("X-Request-ID", ""))]
        try:
            return (await greet(name.encode(), metadata=metadata, timeout=10)).decode()
        except grpc.aio.AioRpcError as error:
            return error.code().name
