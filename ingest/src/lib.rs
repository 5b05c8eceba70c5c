//! Ingest: the HTTP side. It authenticates, authorizes, validates, and publishes one command; what it keeps it can read anew from the log,
//! so any number of instances run behind a load balancer.
//!
//! A request's way: `front` adds what every answer has, `routes` has `screen` look for what must not be sent and `router` find the row of
//! `endpoints`, [`auth`] says who asks, [`limits`] whether there is room, and one of `handlers` answers. If something is asked for,
//! [`create`], `operation` or `configure` parse the body (all of it pure), `publish` and `writer` write the command, `wait` watches for what
//! became of it, and [`view`] shows it. `list`, `search` and `feed` are for who only reads; [`problem`] is every answer that is no success.

mod api_keys;
mod app;
pub mod auth;
mod body;
mod call;
mod card_number;
mod command_view;
mod config;
mod configurations;
mod configure;
pub mod create;
mod edge;
mod endpoints;
mod feed;
mod fields;
mod front;
mod handlers;
mod idempotency;
mod json_value;
mod ledger_view;
pub mod limits;
mod list;
mod metadata;
mod method;
mod notices;
mod openapi;
mod operation;
mod prefer;
pub mod problem;
mod publish;
mod query;
mod reads;
mod router;
mod routes;
mod screen;
mod search;
mod shape;
mod table;
mod tag;
mod text;
mod version;
pub mod view;
mod wait;
mod waiting;
mod writer;

pub use self::{
    api_keys::ApiKeyTable,
    app::{App, AppParts, IngestMetrics},
    auth::AuthArgs,
    config::IngestArgs,
    configurations::Configurations,
    edge::{EdgeArgs, EdgeSettingsError},
    feed::Tail,
    front::{Origin, service},
    notices::Notices,
    publish::Commands,
    reads::Reads,
    writer::Writer,
};
