"""Settings of Stemma: one file, read from the environment (docs/settings.md lists every variable).

`STEMMA_ENV` says where we are: `production` (the default for nobody but production: it has no
defaults for secrets and fails loudly), `demo` and `test` (embedded parts, loopback only). Without
it the environment is `bare`: enough for commands that need no database, and nothing listens.
"""

import hashlib
from pathlib import Path

from csp.constants import NONCE, NONE, SELF
from django.templatetags.static import static

from portal import environment as env
from portal.logs import logging_settings

BASE_DIR = Path(__file__).resolve().parent.parent
STEMMA_ENV = env.text("STEMMA_ENV", "bare")
if STEMMA_ENV not in {"bare", "demo", "test", "production"}:
    raise env.BadEnvironment("STEMMA_ENV must be demo, test or production.")
PRODUCTION = STEMMA_ENV == "production"
VAR_DIR = Path(env.text("STEMMA_VAR", str(BASE_DIR / "var"))).absolute()

# Outside production the key only signs loopback sessions; it is derived so that restarts keep them.
_LOCAL_KEY = None if PRODUCTION else hashlib.sha512(str(BASE_DIR).encode()).hexdigest()
SECRET_KEY = env.text("SECRET_KEY", _LOCAL_KEY)
# Digests the addresses that consent came from; a new one makes all earlier digests say nothing.
CONSENT_KEY = env.text("CONSENT_KEY", SECRET_KEY)
DEBUG = False
BASE_URL = env.text("BASE_URL", None if PRODUCTION else "http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "" if PRODUCTION else "127.0.0.1,localhost,[::1]")
if PRODUCTION and not ALLOWED_HOSTS:
    raise env.BadEnvironment("ALLOWED_HOSTS is not set, and production has no default for it.")
CSRF_TRUSTED_ORIGINS = [BASE_URL]

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "csp",
    "django_htmx",
    "django_prometheus",
    "rest_framework",
    "drf_spectacular",
    "licensing.audit",
    "licensing.ledger",
    "licensing.catalog",
    "licensing.clearance",
    "licensing.receipts",
    "licensing.attribution",
    "licensing.deductions",
    "licensing.royalties",
    "licensing.corrections",
    "licensing.subscriptions",
    "licensing.invoicing",
    "licensing.payouts",
    "licensing.releases",
    "licensing.compliance",
    "generation.work",
    "generation.serving",
    "generation.analysis",
    "generation.taste",
    "generation.uploads",
    "generation.variations",
    "generation.sessions",
    "generation.worker",
    "portal.accounts",
    "portal.artists",
    "portal.listeners",
    "portal.partners",
    "portal.verify",
    "portal.backoffice",
    "portal.demo",
]
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "portal.mining.reserve",
    "portal.logs.RequestLogMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.accounts.caching.keep_private",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "portal.audio.unreadable.Explained",
    "portal.accounts.repeating.SaidAgain",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
    "portal.one_thread.InOneThread",
]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
ASGI_APPLICATION = "portal.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ]
        },
    }
]

# -- the database and the doorbell ---------------------------------------------------------------

_BARE_DATABASE = None if PRODUCTION else "postgresql://stemma_app@/stemma?host=/nowhere"
# A connection that is opened anew costs a request more than its statements do.
_POOL = env.whole("DATABASE_POOL", 16 if STEMMA_ENV in {"demo", "production"} else 0)
DATABASES = {"default": env.database(env.text("DATABASE_URL", _BARE_DATABASE), _POOL)}
BROKER_URL = env.text("BROKER_URL", None if PRODUCTION else "redis+socket:///nowhere")

# The channel that grants name when they mean this site and no partner.
OWN_CHANNEL = "SITE"

# -- payouts -----------------------------------------------------------------------------------

# Without a key nobody can be paid; everything else works. The base leads to the stand-in.
STRIPE_SECRET_KEY = env.text("STRIPE_SECRET_KEY", "")
# The registrant prefix of the ISRCs that releases get.
ISRC_PREFIX = env.text("ISRC_PREFIX", "").strip().upper()
# A TrueType font for statements as PDF; empty: the one that reportlab brings.
STATEMENT_FONT = env.text("STATEMENT_FONT", "")
# Production says outright where it does without one: "none".
_NEEDED_WITH_MONEY = None if PRODUCTION and STRIPE_SECRET_KEY else "none"
# The bank's statement, compared with the books every night; without it nobody compares.
BANK_FILE = env.path_or_none("BANK_FILE", _NEEDED_WITH_MONEY)
# The heads of both hash chains, a line each night; without it they go into the log alone.
ANCHOR_FILE = env.path_or_none("ANCHOR_FILE", None if PRODUCTION else "none")
STRIPE_API_BASE = env.text("STRIPE_API_BASE", "")
STRIPE_WEBHOOK_SECRETS = env.words("STRIPE_WEBHOOK_SECRETS")
# Where the provider's pages for paying are; a browser follows a form nowhere else.
_STRIPE_PAGES = "https://checkout.stripe.com,https://billing.stripe.com"
STRIPE_PAGES = env.words("STRIPE_PAGES", STRIPE_API_BASE or _STRIPE_PAGES)

# -- people --------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
if STEMMA_ENV == "test":
    # Slow on purpose, and no test is about how slow.
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "portal.accounts.signup.SignupForm"
ACCOUNT_FORMS = {
    "login": "portal.accounts.wording.LoginForm",
    "signup": "portal.accounts.wording.SignupForm",
    "reset_password": "portal.accounts.wording.ResetPasswordForm",
}
ACCOUNT_ADAPTER = "portal.accounts.adapter.AccountAdapter"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# A notice needs no login: so many from one network address, and mails to one mail address.
ACCOUNT_RATE_LIMITS = {
    "invite": "20/h/user",
    "ask": "20/m/user",
    "notice": "5/h/ip",
    "notice_mail": "5/d/key",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if PRODUCTION else "optional"
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_LOGOUT_ON_GET = False
MFA_ADAPTER = "portal.accounts.second_factor.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Stemma"
# One step either way, as RFC 6238 (5.2) allows: a code typed as its half minute ends holds.
MFA_TOTP_TOLERANCE = 1
MFA_FORMS = {
    "add_webauthn": "portal.accounts.wording.AddPasskeyForm",
    "authenticate": "portal.accounts.wording.CodeForm",
    "reauthenticate": "portal.accounts.wording.FreshCodeForm",
}
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_FORM_FIELD = "login"
AXES_CLIENT_IP_CALLABLE = "portal.accounts.addresses.client_address"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "stemma_cache",
        # Rate limits live here: culled after 300 rows, as is the default, they would forget.
        "OPTIONS": {"MAX_ENTRIES": 200_000},
    }
}

# The administrators' pages: ink on paper, as far as unfold's dress goes.
# 500 is text in the dark, 600 in the light and the ground of white words.
_INK = {50: 97, 100: 94, 200: 91, 300: 88, 400: 85, 500: 80, 600: 40, 700: 33, 800: 27, 900: 22}
UNFOLD = {
    "SITE_TITLE": "Stemma",
    "SITE_HEADER": "Stemma",
    "SITE_SUBHEADER": "Rights administration",
    "SIDEBAR": {"navigation": "portal.backoffice.menu.navigation"},
    "SHOW_VIEW_ON_SITE": False,
    "SITE_ICON": lambda request: static("mark.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("mark.svg")}
    ],
    "COLORS": {"primary": {str(step): f"oklch({light}% .01 100)" for step, light in _INK.items()}},
}

# -- mail, files, pages --------------------------------------------------------------------------

if PRODUCTION:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = env.text("EMAIL_HOST")
    EMAIL_PORT = env.whole("EMAIL_PORT", 587, lowest=1)
    EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
    EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "")
    EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", True)
    EMAIL_TIMEOUT = 20
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(VAR_DIR / "outbox")
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Stemma <stemma@localhost>")

S3_BUCKET = env.text("S3_BUCKET", "")
if S3_BUCKET:
    AUDIO_STORE = {
        "BACKEND": "licensing.catalog.store_s3.S3AudioStore",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": env.text("S3_ENDPOINT", "") or None,
            "addressing_style": env.text("S3_ADDRESSING", "path"),
            "access_key": env.text("S3_ACCESS_KEY", "") or None,
            "secret_key": env.text("S3_SECRET_KEY", "") or None,
            "region_name": env.text("S3_REGION", "us-east-1"),
            "default_acl": None,
            "file_overwrite": False,
            "querystring_auth": True,
        },
    }
else:
    AUDIO_STORE = {
        "BACKEND": "licensing.catalog.store.LocalAudioStore",
        "OPTIONS": {"location": env.text("AUDIO_DIR", str(VAR_DIR / "audio"))},
    }
STORAGES = {
    "default": AUDIO_STORE,
    "audio": AUDIO_STORE,
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
UPLOAD_DIR = Path(env.text("UPLOAD_DIR", str(VAR_DIR / "uploads")))
PLANAR_CACHE_DIR = Path(env.text("PLANAR_CACHE_DIR", str(VAR_DIR / "planar")))
PLANAR_CACHE_BYTES = env.whole("PLANAR_CACHE_BYTES", 4 * 2**30, lowest=2**26)
UPLOAD_LIMITS = {
    "stem_bytes": env.whole("UPLOAD_STEM_BYTES", 2 * 2**30, lowest=1),
    "in_flight_bytes": env.whole("UPLOAD_IN_FLIGHT_BYTES", 5 * 2**30, lowest=1),
    "hours": env.whole("UPLOAD_HOURS", 24, lowest=1),
}
JOB_LEASE_SECONDS = env.whole("JOB_LEASE_SECONDS", 10, lowest=2)
LIVE_TAPES_BYTES = env.whole("LIVE_TAPES_BYTES", 2 * 2**30, lowest=2**20)
RENDER_WORKERS = env.whole("RENDER_WORKERS", 2, lowest=1)
ENGINE_BACKEND = env.text("ENGINE_BACKEND", "auto")
NETS_DIR = Path(env.text("NETS_DIR", str(VAR_DIR / "released-nets")))
COMMERCIAL = env.flag("COMMERCIAL", True)
EXTERNAL_NET = env.text("EXTERNAL_NET", "")
EXTERNAL_NET_DIR = env.text("EXTERNAL_NET_DIR", "")
# The hour, UTC, from which on the duties of each night are done.
NIGHTLY_HOUR = env.whole("NIGHTLY_HOUR", 3, lowest=0)
STATIC_URL = "/static/"
STATIC_ROOT = env.text("STATIC_ROOT", str(VAR_DIR / "static"))
STATICFILES_DIRS = [BASE_DIR / "portal" / "static"]
WHITENOISE_USE_FINDERS = not PRODUCTION
DATA_UPLOAD_MAX_MEMORY_SIZE = 9 * 2**20

LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = ["portal.formats"]
# Pages are written in one language: a browser's other wish must not change their dates and errors.
LANGUAGES = [("en", "English")]
TIME_ZONE = "UTC"
USE_TZ = True

# -- defences ------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [NONCE, "'strict-dynamic'"],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "media-src": [SELF, "blob:"],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}
HTTPS = env.flag("HTTPS", PRODUCTION)
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
if env.flag("TRUST_PROXY_HEADER", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"

# -- logs, numbers, API --------------------------------------------------------------------------

LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = logging_settings(env.text("LOG_LEVEL", "INFO"))
METRICS_TOKEN = env.text("METRICS_TOKEN", None if PRODUCTION else "")
PROMETHEUS_EXPORT_MIGRATIONS = False
REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["portal.partners.bodies.JsonBody"],
    "URL_FORMAT_OVERRIDE": None,  # ?format= names a file of ours, not a way to print JSON
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Stemma",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_PATCH": False,  # what a PATCH needs is said in its own shape
    "ENUM_NAME_OVERRIDES": {
        "ModeEnum": "portal.partners.capabilities.MODES",
        "SessionModeEnum": "portal.partners.capabilities.SESSION_MODES",
    },
}
