"""A plugin in Python: it keeps notes in its own schema. Python's own library is there, with an empty sandbox below it."""

import datetime
import json
import sys
import uuid
from urllib.parse import parse_qs

from componentize_py_types import Err
from wit_world import exports
from wit_world.imports import log, settings, sql
from wit_world.imports.problem import Problem
from wit_world.imports.types import Content_Text, Request, Response


class Handler(exports.Handler):
    def handle(self, request: Request) -> Response:
        print(f"{request.method()} {request.path()}")
        match request.method():
            case "POST":
                return answer(201, add(json.loads(content(request))))
            case "GET":
                return answer(200, listed(parse_qs(request.query() or "")))
            case method:
                raise Err(Problem("http.method-not-allowed", f"notes have no {method}", None, None))


def add(note: dict) -> dict:
    text = sql.Parameter_Text(note["text"])
    rows = sql.query(sql.Mode.OWN, sql.Access.READ_WRITE, "insert into note (text) values ($1) returning id", [text])
    log.write(log.Level.INFO, "a note was added", [("length", str(len(note["text"])))])
    return {"id": int(rows.value(0, 0)), "receipt": str(uuid.uuid4())}


def listed(query: dict) -> dict:
    pattern = sql.Parameter_Text(f"%{query.get('like', [''])[0]}%")
    rows = sql.query(sql.Mode.OWN, sql.Access.READ_ONLY, "select text from note where text like $1 order by id", [pattern])
    if rows.length() == 0:
        print("there is nothing", file=sys.stderr)
    return {
        "greeting": json.loads(settings.get("greeting")),
        "year": datetime.datetime.now(datetime.UTC).year,
        "notes": [row[0] for row in rows.next(100)],
    }


def content(request: Request) -> bytes:
    body = request.body()
    return body.read_all(100_000) if body else b"{}"


def answer(status: int, value: dict) -> Response:
    return Response(status, [("content-type", "application/json")], Content_Text(json.dumps(value)))
