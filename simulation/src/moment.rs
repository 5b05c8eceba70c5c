//! Where processes stand still, and what they are about to do when something befalls them.

use quittance_avro::topics::Topic;
use quittance_log::model::Call;

use crate::topics;

/// Where a process stands still.
pub(crate) enum Pause {
    /// A call or request is about to take effect.
    Call {
        /// Whether it can go wrong.
        is_local: bool,
        /// What it is for.
        moment: Moment,
    },
    /// There is nothing to do until then, by the model's clock.
    Wait(i64),
    /// Its stores keep it until then, by the model's clock.
    Kept(i64),
    /// It dies of what the rules made of a record, or of this timer.
    Dies(Option<Timer>),
}

/// The key of an aggregate, and when its timer is due, milliseconds since the epoch.
pub(crate) type Timer = (String, i64);

/// What a process is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// To take over a transactional id.
    TakeOver,
    /// To ask where the partitions stand that it takes over.
    AskPositions,
    /// To read on in the changelog.
    Restore,
    /// To begin a window.
    Begin,
    /// To add something to the window.
    Write,
    /// To commit the positions of the window.
    CommitPositions,
    /// To end the window.
    End,
    /// To ask how the window ended.
    AskEnd,
    /// To give its partitions back.
    Release,
    /// To ask or to look for something.
    Other,
}

impl Moment {
    /// All that mean something.
    pub(crate) const ALL: [Self; 9] = [
        Self::TakeOver,
        Self::AskPositions,
        Self::Restore,
        Self::Begin,
        Self::Write,
        Self::CommitPositions,
        Self::End,
        Self::AskEnd,
        Self::Release,
    ];

    pub(crate) fn of(call: &Call) -> Self {
        match call {
            Call::TakeOver { .. } => Self::TakeOver,
            // One position tells how a window ended; who takes over needs those of all inputs.
            Call::Committed { partitions, .. } if partitions.len() == 1 => Self::AskEnd,
            Call::Committed { .. } => Self::AskPositions,
            Call::PollRange { topic, .. } if *topic == topics::name(Topic::PaymentChangelog) => Self::Restore,
            Call::Begin { .. } => Self::Begin,
            Call::Send { .. } | Call::AddPartition { .. } | Call::Produce { .. } | Call::AddOffsets { .. } => {
                Self::Write
            }
            Call::CommitOffsets { .. } => Self::CommitPositions,
            Call::EndTransaction { .. } => Self::End,
            Call::Release { .. } => Self::Release,
            Call::Join { .. }
            | Call::Poll { .. }
            | Call::Start { .. }
            | Call::Pause { .. }
            | Call::Resume { .. }
            | Call::Generation { .. }
            | Call::CommittedSoFar { .. }
            | Call::End { .. }
            | Call::OpenRange { .. }
            | Call::PollRange { .. } => Self::Other,
        }
    }

    /// How often something befalls a process at this moment that does one time in so many at others. Who asks how a window
    /// ended is rare enough.
    pub(crate) fn odds(self, times: u32) -> u32 {
        if self == Self::AskEnd { times.min(8) } else { times }
    }

    /// What a process that dies then is counted as.
    pub(crate) fn crash(self) -> String {
        format!("crash before {self:?}")
    }

    /// What one that is stopped then is counted as.
    pub(crate) fn pause(self) -> String {
        format!("pause before {self:?}")
    }
}
