//! The ledger.

use crate::openapi::{
    description::{Answer, Description, Tag},
    parameters,
};

pub(super) fn accounts() -> Description {
    Description::new(
        "readAccounts",
        Tag::Ledger,
        "List the accounts",
        "Accounts and their balances, in pages, by their ids.",
    )
    .takes(parameters::page())
    .answers(Answer::ok("AccountPage", "A page of accounts."))
}

pub(super) fn account() -> Description {
    Description::new("readAccount", Tag::Ledger, "Read an account", "An account and its balance.")
        .takes([parameters::account()])
        .answers(Answer::ok("Account", "The account."))
}

pub(super) fn postings() -> Description {
    Description::new(
        "readPostings",
        Tag::Ledger,
        "List the postings of an account",
        "Postings, the newest first, in pages.",
    )
    .takes([parameters::account()])
    .takes(parameters::page())
    .answers(Answer::ok("PostingPage", "A page of postings."))
}

pub(super) fn trial_balance() -> Description {
    let about = "Debits and credits of all accounts, as far as the log is folded, or up to a moment. The same question about a moment has the same \
                 answer for ever, once the ledger has reached it.";
    Description::new("readTrialBalance", Tag::Ledger, "Read the trial balance", about)
        .takes(parameters::moment())
        .answers(Answer::ok("TrialBalance", "The accounts, and their sums by currency."))
}
