//! The names of fields that messages of the gateway may have, by their protocols.

use tollgate_network::Vocabulary;

/// Attributes and pairs of RADIUS.
pub(crate) static RADIUS: Vocabulary = Vocabulary {
    example: "{ User-Name: \"…\" }",
    naming: tollgate_radius::naming,
    names: tollgate_radius::names,
    pair: tollgate_radius::pair_in,
};

/// AVPs of Diameter.
pub(crate) static DIAMETER: Vocabulary = Vocabulary {
    example: "{ Service-Identifier: 7 }",
    naming: tollgate_diameter::naming,
    names: tollgate_diameter::names,
    pair: |_, _| None,
};
