//! Stripe's dialect.

mod intents;
mod requests;
mod setups;
