//! Stripe's dialect.

mod disputes;
mod intents;
mod requests;
mod setups;
