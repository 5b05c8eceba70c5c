//! The rules as scenarios, held against everything that must be true of every change ([`invariants`]), under random inputs
//! ([`random`]), and against a gateway that loses answers ([`gateway`]).

mod accounts;
mod actions;
mod amounts;
mod closing;
mod commands;
mod diagram;
mod disputes;
mod excess;
mod failover;
mod fees;
mod gateway;
mod invariants;
mod ledger;
mod notices;
mod operations;
mod random;
mod reports;
mod results;
mod scenario;
mod timers;
mod two_steps;
