
# What the test needs besides what startproject wrote.
ALLOWED_HOSTS = ["*"]
STATIC_ROOT = BASE_DIR / "static"
