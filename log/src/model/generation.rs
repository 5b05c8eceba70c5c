//! A generation of a group, as one of its members knew it.

/// A generation of a group, as one of its members knew it when it was asked. It may be out of date: that is what a
/// transaction which carries it is refused for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelGeneration {
    /// The group.
    pub group: String,
    /// Number of the generation; -1 before the first.
    pub generation: i32,
    /// Id of the member; empty before it has one.
    pub member_id: String,
    /// The member's slot.
    pub instance: String,
}
