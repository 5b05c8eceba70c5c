//! How much anybody may have of this process, so that one tenant's flood is nobody else's outage.
//!
//! - *at a time*: requests, waits for outcomes and streams of events are counted ([`Shares`]); a tenant has a share of each.
//! - *a second*: requests of a tenant, and of a credential, are metered over all instances ([`Rates`]).
//!
//! Who asks too much is told at once, before anything of the request is read, and after how long to come again. Health is no part of
//! this: a process that is busy is alive.

mod rates;
mod shares;

pub use self::{
    rates::{Rate, Rates},
    shares::{Full, Share, Shares},
};
