"""Access to AWS: sessions, assumed roles, retries, rate limits, and the meaning of each error."""

from audit.aws.settings import AwsSettings, AwsSetupError, ScopeError

__all__ = ["AwsSettings", "AwsSetupError", "ScopeError"]
