# The API that a team writes for itself when no protocol is at hand: one path, a text in, a text out.
import sys

from flask import Flask, request

app = Flask(__name__)


@app.get("/ready")
def ready():
    return {"ready": True}


@app.post("/summarize")
def summarize():
    asked = request.get_json()
    if "text" not in asked:
        return {"error": "text is missing"}, 422
    return {"summary": asked["text"].upper(), "words": len(asked["text"].split())}


app.run(host="127.0.0.1", port=int(sys.argv[1]))
