"""A person at a browser without a screen: opens pages, fills in the forms it finds, sends them.

It knows HTML forms and cookies, nothing of the product. Invariant: it sends only what a form on the
page offers, so a form that disappears makes the visit fail.
"""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

LONGEST_WAIT_S = 30


class VisitFailed(RuntimeError):
    """A page did not answer as it should; the message says which and how."""


@dataclass
class Form:
    """A form of a page: where it goes and what stands in it."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    offered: dict[str, list[str]] = field(default_factory=dict)


class _FormReader(HTMLParser):
    """Collects the forms of a page with the values a browser would send."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open: Form | None = None
        self._select: str | None = None
        self._options: list[tuple[str, bool]] = []
        self._area: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(values.get("action", ""), values.get("method", "get").lower())
            self.forms.append(self._open)
        elif self._open is not None and "disabled" not in values:
            self._read(self._open, tag, values)

    def _read(self, form: Form, tag: str, values: dict[str, str]) -> None:
        name = values.get("name", "")
        if tag == "input" and name:
            self._read_input(form, name, values)
        elif tag == "select" and name:
            self._select, self._options = name, []
        elif tag == "option" and self._select is not None:
            self._options.append((values.get("value", ""), "selected" in values))
        elif tag == "textarea" and name:
            self._area = (name, [])

    def _read_input(self, form: Form, name: str, values: dict[str, str]) -> None:
        kind = values.get("type", "text")
        value = values.get("value", "on" if kind in {"checkbox", "radio"} else "")
        form.offered.setdefault(name, []).append(value)
        chosen = kind not in {"checkbox", "radio", "submit", "button", "file"}
        if chosen or "checked" in values:
            form.fields.append((name, value))

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "select" and self._select is not None and self._open is not None:
            chosen = [value for value, is_chosen in self._options if is_chosen]
            first = chosen or [value for value, _ in self._options[:1]]
            self._open.fields += [(self._select, value) for value in first]
            self._open.offered[self._select] = [value for value, _ in self._options]
            self._select = None
        elif tag == "textarea" and self._area is not None and self._open is not None:
            self._open.fields.append((self._area[0], "".join(self._area[1])))
            self._open.offered[self._area[0]] = []
            self._area = None


def said(answer: requests.Response) -> str:
    """What an answer says in words: its alerts and field errors, or its JSON."""
    if "json" in answer.headers.get("Content-Type", ""):
        return answer.text[:300]
    loud = re.findall(r'role="alert".*?</(?:div|p)>|class="error".*?</', answer.text, re.DOTALL)
    return re.sub(r"<[^>]*>?|role=\S+>|class=\S+>|\s+", " ", " ".join(loud)).strip()[:300]


class Visitor:
    """One browser's session on the site at `base_url`."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.session = requests.Session()
        self._password = ""

    def address(self, path: str) -> str:
        """The whole address of a path of the site."""
        return urljoin(self.base_url, path)

    def get(self, path: str, **options: Any) -> requests.Response:
        """A page or file; raises VisitFailed for any answer of 400 or more."""
        url = self.address(path)
        return self._checked(self.session.get(url, timeout=LONGEST_WAIT_S, **options))

    def forms(self, path: str) -> tuple[str, list[Form]]:
        """The final address of a page, and its forms."""
        page = self.get(path)
        reader = _FormReader()
        reader.feed(page.text)
        return page.url, reader.forms

    def form(self, path: str, to: str) -> tuple[str, Form]:
        """The page's final address and its first form whose action ends with `to`.

        Raises VisitFailed when there is none.
        """
        url, forms = self.forms(path)
        for one in forms:
            if one.method == "post" and urlsplit(urljoin(url, one.action or url)).path.endswith(to):
                return url, one
        raise VisitFailed(f"{url} has no form that leads to {to}.")

    def submit(self, path: str, to: str, **values: str | list[str]) -> requests.Response:
        """Fill in and send a form of the page; see `form` for which.

        `values` take the place of what stands in the form; a list sends the name several times, and
        "*" stands for everything the page offers under that name. A dash in a name is written `__`.
        Raises VisitFailed when there is no such form, field or answer.
        """
        url, form = self.form(path, to)
        wanted = {name.replace("__", "-"): value for name, value in values.items()}
        missing = set(wanted) - set(form.offered)
        if missing:
            raise VisitFailed(f"The form on {url} has no field {sorted(missing)[0]}.")
        sent = [(name, value) for name, value in form.fields if name not in wanted]
        for name, value in wanted.items():
            many = form.offered[name] if value == "*" else value
            sent += [(name, one) for one in ([many] if isinstance(many, str) else many)]
        return self._send(urljoin(url, form.action or url), sent, url)

    def _send(self, url: str, sent: list[tuple[str, str]], page: str) -> requests.Response:
        answer = self.session.post(
            url, data=sent, headers={"Referer": page}, timeout=LONGEST_WAIT_S
        )
        return self._checked(answer)

    def post(self, path: str, **options: Any) -> requests.Response:
        """A script's POST: carries the CSRF cookie in its header."""
        return self._script("POST", path, **options)

    def put(self, path: str, data: bytes) -> requests.Response:
        """A script's PUT of bytes."""
        return self._script("PUT", path, data=data)

    def _script(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"X-CSRFToken": self.session.cookies.get("csrftoken") or ""}
        url = self.address(path)
        answer = self.session.request(
            method, url, headers=headers, timeout=LONGEST_WAIT_S, **options
        )
        return self._checked(answer)

    def _checked(self, answer: requests.Response) -> requests.Response:
        if answer.status_code >= 400:
            raise VisitFailed(f"{answer.url} answered {answer.status_code}. {said(answer)}".strip())
        return answer

    def log_in(self, email: str, password: str) -> None:
        """Log in by the form that people use."""
        self._password = password
        answer = self.submit("/account/login/", "/account/login/", login=email, password=password)
        if "/login" in answer.url:
            raise VisitFailed(f"{email} could not log in. {said(answer)}")

    def sign(self, path: str, to: str, **values: str | list[str]) -> requests.Response:
        """`submit` for what may ask for the password again; once given, the deed goes on."""
        answer = self.submit(path, to, **values)
        if "/reauthenticate/" not in answer.url:
            return answer
        page = answer.url.removeprefix(self.base_url)
        return self.submit(page, "/reauthenticate/", password=self._password)
