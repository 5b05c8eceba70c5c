//! The rules as scenarios ([`results`], [`timers`], [`commands`], [`amounts`]), held against everything that must be
//! true of every change ([`invariants`]) under random inputs ([`random`]) and against a gateway that loses answers
//! ([`gateway`]).

mod amounts;
mod commands;
mod folded;
mod gateway;
mod invariants;
mod random;
mod results;
mod scenario;
mod timers;
