"""Passes a buyer's visit on to the back."""

import os

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
