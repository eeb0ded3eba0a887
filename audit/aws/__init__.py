"""The way to AWS: sessions, assumed roles, retries and rates, and what a refusal means."""

from audit.aws.settings import AwsSettings, AwsSetupError, ScopeError

__all__ = ["AwsSettings", "AwsSetupError", "ScopeError"]
