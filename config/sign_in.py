"""Settings of django-allauth, part of config/settings.py."""

from config.environment import DEBUG, env

ACCOUNT_ADAPTER = "portal.sign_in.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "http" if DEBUG else "https"
ACCOUNT_EMAIL_NOTIFICATIONS = True
# A signed confirmation link would contain the counted id of the address (specification 9); stored keys are random.
ACCOUNT_EMAIL_CONFIRMATION_HMAC = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_PREVENT_ENUMERATION = True
MFA_ADAPTER = "portal.sign_in.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
# No session exists before the address is confirmed, so only a change of address leaves one that is not.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_ISSUER = env.str("PROGRAM_NAME", default="Accord")

# Wrong passwords are limited by portal/sign_in_limits.py. "ip" is the client address, "key" an e-mail address or,
# for `login_failed`, the account whose second factor is tried.
ACCOUNT_RATE_LIMITS = {
    "login": None,
    "login_failed": "5/5m/key",
    "reset_password": "20/m/ip,5/5m/key",  # nosec B105
    "reset_password_from_key": "20/m/ip",  # nosec B105
    "signup": "20/m/ip",
    "reauthenticate": "30/m/ip,10/m/user",
    "change_password": "5/m/user",  # nosec B105
    "manage_email": "10/m/user",
    "confirm_email": "1/3m/key",
}
ACCOUNT_FORMS = {
    "login": "accounts.forms.LoginForm",
    "add_email": "accounts.forms.AddEmailForm",
    "reset_password": "accounts.forms.ResetPasswordForm",  # nosec B105
    "change_password": "portal.account_forms.ChangePasswordForm",  # nosec B105
    "user_token": "portal.account_forms.UserTokenForm",  # nosec B105
}
MFA_RATE_LIMITS = {"webauthn_login": "20/m/ip"}
MFA_FORMS = {
    "add_webauthn": "portal.account_forms.AddPasskeyForm",
    "edit_webauthn": "portal.account_forms.RenamePasskeyForm",
    "authenticate_webauthn": "portal.account_forms.AuthenticatePasskeyForm",
    "reauthenticate_webauthn": "portal.account_forms.ReauthenticatePasskeyForm",
    "login_webauthn": "portal.account_forms.LoginPasskeyForm",
}

SETTINGS = {name: value for name, value in dict(vars()).items() if name.startswith(("ACCOUNT_", "MFA_"))}
