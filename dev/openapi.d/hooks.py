"""Which requests may be turned down though every member of them is as the description of the API has it.

Anything else that is 422 `invalid` means that the description promises more than the parser takes.
"""

import json
import re
import uuid

import schemathesis

# By operation: the fields whose rules are about other fields, other requests, or what is there.
BEYOND_A_SCHEMA = {
    "createPayment": r"gateway_account|stored_credential|payment_method_id|payment_method\.tokens\[\d+\]\.gateway_account",
    "createPaymentMethod": r"tokens\[\d+\]\.gateway_account",
    # What there is of metadata already counts.
    "updatePayment": r"metadata",
    # The name is the path's.
    "putGatewayAccount": r"name|gateway|secret",
    "putRoutingRules": r"rules\[\d+\]\.(name|accounts|conditions\.maximum_amount)",
    "putLimits": r"currencies\[\d+\]\.(currency|maximum_amount)",
    "putFees": r"fees\[\d+\]\.currency",
    # A cursor is opaque; what is told of the ledger is 30 seconds old.
    "listPayments": r"cursor|created_to|amount_to",
    "readEvents": r"cursor",
    "followPayment": r"Last-Event-ID",
    "readAccounts": r"cursor",
    "readPostings": r"cursor",
    "readGatewayAnomalies": r"cursor",
    "readTrialBalance": r"at|by",
}
# Text may have no card number in it, wherever it stands.
CARD_NUMBER = "must not contain a card number"
# Patterns leave out those beyond the first plane.
NO_CHARACTER = "must not contain code points that are no characters"
# JSON Schema takes 5.0 for an integer. Quittance does not, lest somebody's floats are taken for money.
INTEGER = re.compile("must be (a positive|an) integer")


# The one that the description shows.
IDEMPOTENCY_KEY = "7f3c1a52-2f0e-4d4b-9d0a-51c97a3eb0d1"


@schemathesis.hook
def before_call(context, case, kwargs):
    """The key that the description shows is one key: under it only the first request would be carried out."""
    is_positive = case.meta is not None and case.meta.generation.mode.is_positive
    if is_positive and case.headers and case.headers.get("Idempotency-Key") == IDEMPOTENCY_KEY:
        case.headers["Idempotency-Key"] = str(uuid.uuid4())


@schemathesis.hook
def filter_failure(context, failure, case, response):
    """What the client asked for, and no schema can leave out.

    What is waited for (`after`) and does not come in time is 503 `behind`. Digits that look like a card number are 400 `malformed` wherever
    they stand beside the body.
    """
    if response.status_code not in (400, 503):
        return True
    problem = json.loads(response.content)
    errors = problem.get("errors", [])
    is_card_number = bool(errors) and all(CARD_NUMBER in error["message"] for error in errors)
    return not (problem["type"].endswith(":behind") or is_card_number)


def has_fraction(value):
    """Whether a number in it is written as a fraction."""
    if isinstance(value, dict):
        return any(has_fraction(member) for member in value.values())
    if isinstance(value, list):
        return any(has_fraction(item) for item in value)
    return isinstance(value, float)


def is_beyond(case, error):
    """Whether no schema can say that it is wrong."""
    if CARD_NUMBER in error["message"] or NO_CHARACTER in error["message"]:
        return True
    if INTEGER.match(error["message"]):
        return has_fraction(case.body)
    return re.fullmatch(BEYOND_A_SCHEMA.get(case.operation.definition.raw["operationId"], r"(?!)"), error["field"])


@schemathesis.check
def valid_requests_are_not_invalid(ctx, response, case):
    """A request that the description allows is turned down for the reasons above alone."""
    if response.status_code != 422 or case.meta is None or not case.meta.generation.mode.is_positive:
        return
    problem = json.loads(response.content)
    if not problem["type"].endswith(":invalid"):
        return
    for error in problem["errors"]:
        if not is_beyond(case, error):
            raise AssertionError(f"a request that is as it is described is turned down: {error}")
