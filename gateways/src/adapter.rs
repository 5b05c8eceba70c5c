//! What is known of a gateway's language.

use quittance_avro::records::{GatewayEffect, SetUpEffect};

use crate::{Capabilities, Credentials, Exchange, Notice, NoticeError, Request, Verdict};

/// A gateway's language. Pure: requests are built and answers judged, somebody else exchanges them.
pub trait Adapter: Sync {
    /// What the gateway can do.
    fn capabilities(&self) -> &'static Capabilities;

    /// What to ask the gateway for this effect, in this order; or what is to be told of it where it cannot even be asked, and
    /// nothing is sent. A try is one request. A query may be several: the next is sent once the one before was answered with
    /// success.
    fn requests(&self, effect: &GatewayEffect, credentials: &Credentials) -> Result<Vec<Request>, Box<Verdict>>;

    /// What the ends of the exchanges mean for the attempt. They are those of [`Adapter::requests`], without the ones that were
    /// not begun because one before them did not succeed.
    fn judge(&self, effect: &GatewayEffect, exchanges: &[Exchange]) -> Verdict;

    /// What to ask the gateway to set a payment method up, or what became of that: one request, as of a try. Only asked of gateways
    /// that [save methods](Capabilities::saves_methods).
    fn set_up_requests(&self, effect: &SetUpEffect, credentials: &Credentials) -> Result<Vec<Request>, Box<Verdict>>;

    /// What the end of that exchange means for the attempt.
    fn judge_set_up(&self, effect: &SetUpEffect, exchanges: &[Exchange]) -> Verdict;

    /// What a webhook of the gateway is about. Its body is believed only as far as that: what happened, the gateway is asked.
    fn notice(&self, body: &[u8]) -> Result<Notice, NoticeError>;

    /// The header of a webhook that has its signature, for [`crate::is_signed`].
    fn signature_header(&self) -> &'static str;
}
