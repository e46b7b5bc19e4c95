"""An HTTP client with one persistent connection, for set-up and checks. The load comes from wrk."""

import http.client
import json

from .process import PASSWORD, Failure


class Client:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {"Content-Type": "application/json"}

    def send(self, method, path, body=None):
        self.connection.request(method, path, body and json.dumps(body), self.headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def expect(self, method, path, body=None, status=200):
        received, text = self.send(method, path, body)
        if received != status:
            raise Failure(f"{method} {path}: {received} {text.decode()}")
        return json.loads(text) if text else None

    def sign_up(self, name):
        account = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
        self.expect("POST", "/api/auth/signup", account, 201)

    def log_in(self, name):
        answer = self.expect("POST", "/api/auth/login", {"username": name, "password": PASSWORD})
        self.authorize(answer["token"])
        return answer

    def authorize(self, token):
        self.headers["Authorization"] = f"Bearer {token}"
