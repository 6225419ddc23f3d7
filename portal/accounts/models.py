"""Logins and what they may do for a party. The books below know none of this.

It refuses to know money, sound and licences. Invariants: one e-mail is one login; a login has at
most one role in a party; an invitation is used once, and its link is kept only as a digest.
"""

import uuid
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower


class UserManager(BaseUserManager["User"]):
    """Makes users by e-mail address; Django's commands ask for this class."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A login. That a person is 16 or older is kept as fact, method and moment; no birth date is.

    `wants_mail`: mails about what waits for an answer; those of log-in itself always go out.
    Personal data: e-mail address, display name, country, moments of joining and last log-in.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    display_name = models.CharField(max_length=120, blank=True)
    country = models.CharField(max_length=2, blank=True)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    confirmed_16_at = models.DateTimeField(null=True, blank=True)
    confirmed_16_method = models.CharField(max_length=40, blank=True, default="")
    joined_at = models.DateTimeField(auto_now_add=True)
    wants_mail = models.BooleanField(default=True)

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]

    def __str__(self) -> str:
        return self.display_name or self.email


class Role(models.TextChoices):
    """What a login may do for a party; each role may also do what the ones after it may."""

    ADMIN = "ADMIN", "manage the page, sign and see"
    SIGN = "SIGN", "sign and see"
    VIEW = "VIEW", "see"


class Membership(models.Model):
    """A login's role in a party.

    Personal data: which party a login acts for, and since when.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    party = models.ForeignKey("catalog.Party", models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=5, choices=Role.choices)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "party"], name="membership_once"),
            models.CheckConstraint(
                condition=Q(role__in=Role.values), name="membership_role_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} may {self.get_role_display()} for {self.party}"


class Invitation(models.Model):
    """A single-use link by which a contributor gets a role in a party; 14 days.

    Personal data: the e-mail address it was sent to, who sent it and who used it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    party = models.ForeignKey("catalog.Party", models.PROTECT, related_name="invitations")
    role = models.CharField(max_length=5, choices=Role.choices)
    email = models.EmailField()
    token_sha256 = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, models.CASCADE, related_name="invitations_sent")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    used_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="invitations_used"
    )

    class Meta:
        indexes = [models.Index(fields=["party", "created_at"], name="invitation_of_party")]

    def __str__(self) -> str:
        return f"to {self.email} for {self.party}"


class Mailed(models.Model):
    """A login was mailed that something waits for it; it is not mailed about that again.

    Personal data: what a login was asked, and when it was told.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="mailed")
    ref = models.CharField(max_length=120)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "ref"], name="mailed_once")]
        indexes = [models.Index(fields=["user", "at"], name="mailed_lately")]

    def __str__(self) -> str:
        return f"{self.ref} to {self.user}"
