//! One zero-knowledge argument for any set of relations between integer tensors.
