"""What every partner view shares: bearer tokens, scopes, problem documents, RateLimit headers."""

from typing import Any, ClassVar

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.partners import problems
from portal.partners.access import BearerAuthentication, Caller, HasScope, Quota, count_call


class Endpoint(APIView):
    """A view for partners; `scopes` maps each HTTP method to the scope it needs."""

    authentication_classes = (BearerAuthentication,)
    permission_classes = (HasScope,)
    scopes: ClassVar[dict[str, str]] = {}
    quota: Quota | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Count the call before anything is looked up; one too many is a 429."""
        super().initial(request, *args, **kwargs)
        if isinstance(request.user, Caller):
            self.quota = count_call(request.user.client, timezone.now())
            if self.quota.left < 0:
                raise problems.Problem(
                    429,
                    "too_many_calls",
                    f"This client may make {self.quota.limit} calls a minute.",
                    retry_after_s=self.quota.resets_in_s,
                )

    def get_exception_handler(self) -> Any:
        return problems.handle

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().finalize_response(request, response, *args, **kwargs)
        if isinstance(answer, Response):
            for name, value in (self.quota.headers() if self.quota else {}).items():
                answer[name] = value
            if answer.status_code == 429 and self.quota:
                answer["Retry-After"] = str(self.quota.resets_in_s)
            answer["Cache-Control"] = answer.get("Cache-Control", "no-store")
        return answer
