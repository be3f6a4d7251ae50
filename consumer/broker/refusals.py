"""kafka-python's errors in our words: which exit code, and what to do."""

from __future__ import annotations

from kafka import errors as kafka_errors

from consumer.errors import BrokerGoneError, ConfigurationError, ConsumerError

# What waiting does not cure. The broker's own words stand in the error; they never hold a password.
REFUSALS = (
    kafka_errors.SaslAuthenticationFailedError,
    kafka_errors.UnsupportedSaslMechanismError,
    kafka_errors.IllegalSaslStateError,
    kafka_errors.AuthorizationError,
    kafka_errors.UnsupportedVersionError,
)

_CURES = {
    kafka_errors.SaslAuthenticationFailedError: "KAFKA_SASL_USERNAME or KAFKA_SASL_PASSWORD is refused",
    kafka_errors.UnsupportedSaslMechanismError: "the broker does not offer this KAFKA_SASL_MECHANISM",
    kafka_errors.IllegalSaslStateError: "KAFKA_SECURITY_PROTOCOL should be without SASL_ here",
    kafka_errors.TopicAuthorizationFailedError: "a right on the topic is missing",
    kafka_errors.GroupAuthorizationFailedError: "READ on KAFKA_CONSUMER_GROUP is missing",
    kafka_errors.TransactionalIdAuthorizationFailedError: "WRITE on the transactional id is missing",
    kafka_errors.ClusterAuthorizationFailedError: "a right on the cluster is missing",
    kafka_errors.UnsupportedVersionError: "the broker is too old for this client",
    kafka_errors.InvalidTransactionTimeoutError: (
        "KAFKA_SESSION_TIMEOUT_MS is above the broker's transaction.max.timeout.ms"
    ),
    kafka_errors.InvalidSessionTimeoutError: (
        "KAFKA_SESSION_TIMEOUT_MS is outside the broker's group.min.session.timeout.ms to "
        "group.max.session.timeout.ms"
    ),
    kafka_errors.InvalidReplicationFactorError: "there are fewer brokers than --replication-factor",
    kafka_errors.PolicyViolationError: "a policy of the cluster forbids it",
}


def named(error: BaseException, doing: str) -> ConsumerError:
    """Our error for the client's, with what was being done, the cause and its exit code."""
    for kind, cure in _CURES.items():
        # Where the client did not foresee an answer, it wraps it in words.
        if isinstance(error, kind) or kind.__name__ in str(error):
            return ConfigurationError(f"{doing}: {cure} ({_words(error)})")
    if isinstance(error, kafka_errors.AuthorizationError):
        return ConfigurationError(f"{doing}: a right is missing ({_words(error)})")
    if isinstance(error, kafka_errors.RetriableError):
        return BrokerGoneError(f"{doing}: the broker did not answer in time ({_words(error)})")
    return ConsumerError(f"{doing}: {_words(error)}")


def _words(error: BaseException) -> str:
    """The error's class and message on one line."""
    text = " ".join(str(error).split())
    return text if type(error).__name__ in text else f"{type(error).__name__}: {text}".removesuffix(": ")
